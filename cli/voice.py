"""`dialtone voice`: the versions that a stack's bot has left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import options
from cli.problems import CommandError, reporting
from cli.screen import line, remarks, results, show_json, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.bot_versions import Ending, Version
    from cli.target import Target
    from cli.voice_line import Line

Keep = Annotated[
    int, typer.Option("--keep", min=1, help="How many of the newest stay, used or not.")
]
AlsoKeep = Annotated[
    list[int] | None,
    typer.Option("--also", metavar="VERSION", help="A version that stays; may be repeated."),
]


@reporting
@options.of_a_stack
def versions(
    place: options.Place,
    *,
    keep: Keep = 5,
    also: AlsoKeep = None,
    as_json: options.AsJson = False,
) -> None:
    """List the bot's versions: when each was made, what uses it, and whether prune would take it.

    For example:

        dialtone voice versions --stack prod
    """
    target = place.open()
    _line, found = _find(target, keep, also)
    if as_json:
        show_json([one.as_json() for one in found])
        return
    _show(target, found)


@reporting
@options.of_a_stack
def prune(
    place: options.Place,
    *,
    keep: Keep = 5,
    also: AlsoKeep = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be deleted and do nothing.")
    ] = False,
    assume_yes: options.AssumeYes = False,
) -> None:
    """Delete the bot's old versions: Lex keeps a hundred, and each change of the bot makes one.

    What an alias means stays, and what `voice.botVersion` of Pulumi.STACK.yaml in this folder pins,
    and the newest. What is deleted cannot be rolled back to. Run it again after an interruption.

    For example:

        dialtone voice prune --stack prod --dry-run

        dialtone voice prune --stack prod --keep 10 --also 7 --yes
    """
    target = place.open()
    line, found = _find(target, keep, also)
    old = [one for one in found if not one.kept]
    if not old:
        results().print(f"nothing to delete: {len(found)} versions, each of them stays")
        return
    _show(target, found)
    if dry_run:
        results().print("dry run: nothing was done")
        return
    if not assume_yes:
        typer.confirm(f"Delete {len(old)} versions for good?", abort=True, err=True)
    _delete(line, old)


def _find(target: Target, keep: int, also: list[int] | None) -> tuple[Line, list[Version]]:
    from cli.bot_versions import find_versions, pinned_version
    from cli.findings import MissingError
    from cli.voice_line import find_line

    if target.is_local:
        raise CommandError(
            "the stack on this machine keeps no bot versions: the emulator has no Amazon Lex",
            "for a stack in AWS pass --stack NAME",
        )
    line = find_line(target, None)
    pinned = {*(also or []), pinned_version(line)} - {None}
    numbers = frozenset(number for number in pinned if number is not None)
    try:
        with remarks().status("asking Lex"):
            return line, find_versions(line, newest=keep, pinned=numbers)
    except MissingError as error:
        raise CommandError(str(error), "check --stack and --region") from None


def _show(target: Target, found: Sequence[Version]) -> None:
    shown = table(f"bot versions of {target.stack}", "version", "made", "status", "stays because")
    for one in found:
        made = f"{one.created:%Y-%m-%d %H:%M}" if one.created else ""
        why = one.kept or line(("prune would delete it", "yellow"))
        shown.add_row(str(one.number), made, one.status, why)
    results().print(shown)


def _delete(line: Line, old: Sequence[Version]) -> None:
    from rich.progress import MofNCompleteColumn, Progress

    from cli.bot_versions import Ending, delete

    ended: dict[Ending, list[int]] = {one: [] for one in Ending}
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    try:
        with Progress(*columns, console=remarks(), transient=True) as progress:
            bar = progress.add_task("versions", total=len(old))
            for version, ending in delete(line, old):
                ended[ending].append(version.number)
                progress.advance(bar)
    finally:  # what was done is said, whatever stopped it
        _sum_up(ended)


def _sum_up(ended: dict[Ending, list[int]]) -> None:
    for ending, numbers in ended.items():
        if numbers:
            listed = ", ".join(map(str, numbers))
            results().print(f"{ending.value}: {len(numbers)} ({listed})")
