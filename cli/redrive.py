"""`dialtone redrive`: give what was set aside, and wake-ups that died, another try."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import options
from cli.ages import show_age
from cli.odd_items import show_odd
from cli.problems import CommandError, reporting
from cli.screen import remarks, results, table

if TYPE_CHECKING:
    from cli.redriving import Found
    from cli.target import Target

_SHOWN = 10


@reporting
@options.of_a_stack
def redrive(
    place: options.Place,
    *,
    conversation: Annotated[
        str | None,
        typer.Option("--conversation", help="Only this conversation, e.g. person#01J…"),
    ] = None,
    texts: Annotated[
        bool, typer.Option("--texts/--no-texts", help="Texts that were set aside.")
    ] = True,
    wakeups: Annotated[
        bool, typer.Option("--wakeups/--no-wakeups", help="Wake-ups in the dead-letter queue.")
    ] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done and do nothing.")
    ] = False,
    assume_yes: options.AssumeYes = False,
) -> None:
    """Put texts that were set aside back into the inbox, and send dead wake-ups again.

    Shows what it found and asks first. Mend the cause before you answer yes: a text that breaks its
    turn again is set aside again. It is answered now, however long ago it was sent.

    For example:

        dialtone redrive --stack prod --dry-run

        dialtone redrive --stack prod --yes

        dialtone redrive --stack prod --conversation 'person#01JABCDEFGHJKMNPQRSTVWXYZ0'
    """
    if not (texts or wakeups):
        raise CommandError("there is nothing to redrive", "drop --no-texts or --no-wakeups")
    if conversation and not conversation.partition("#")[2]:
        raise CommandError(f"{conversation!r} is no conversation", "e.g. person#01J…, in quotes")
    from cli.redriving import find

    target = place.open()
    with remarks().status(f"looking at {target.stack}"):
        # A queue cannot be asked for one conversation's messages.
        found = find(target, conversation, texts=texts, wakeups=wakeups and conversation is None)
    show_odd(found.odd_items)
    if not found.texts and not found.dead_letters:
        nothing = "nothing else" if found.odd_items else "nothing"
        results().print(f"{nothing} was set aside, and no wake-up is dead")
        return
    _show(found)
    if dry_run:
        results().print("dry run: nothing was done")
        return
    if not assume_yes:
        typer.confirm("Try them again?", abort=True, err=True)
    _redrive(target, found)


def _show(found: Found) -> None:
    console = results()
    if found.texts:
        listed = table("texts set aside", "conversation", "id", "age")
        for text in found.texts[:_SHOWN]:
            listed.add_row(text.conversation, text.id, show_age(text.age(found.at)))
        console.print(listed)
        if len(found.texts) > _SHOWN:
            console.print(f"and {len(found.texts) - _SHOWN} more")
    if found.dead_letters:
        console.print(f"dead wake-ups: about {found.dead_letters}")


def _redrive(target: Target, found: Found) -> None:
    from rich.progress import Progress

    from cli.redriving import Redriving

    work = Redriving(target)
    with Progress(console=remarks(), transient=True) as progress:
        bar = progress.add_task("texts", total=len(found.texts))
        for text in found.texts:
            work.redrive_text(text.conversation, text.id)
            progress.advance(bar)
        if found.dead_letters:
            bar = progress.add_task("wake-ups", total=found.dead_letters)
            for _ in work.redrive_dead_letters():
                progress.advance(bar)
    done = work.done
    results().print(f"texts back in the inbox: {done.texts}; wake-ups sent: {done.wakeups}")
    if done.gone:
        results().print(f"gone meanwhile: {done.gone}")
    if done.unreadable:
        results().print(f"left in the dead-letter queue, no wake-ups: {done.unreadable}")
    remarks().print(f"next: dialtone status {target.arguments}")
