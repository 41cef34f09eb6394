"""`dialtone trace`: a turn's life, without its words unless they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options
from cli.ages import show_milliseconds
from cli.problems import reporting
from cli.screen import remarks, results, show_json, table

if TYPE_CHECKING:
    from rich.console import Console

    from cli.turn_life import TurnLife
    from conversation.turns import Turn

_BAR = 40


@reporting
def trace(
    turn: Annotated[
        str,
        typer.Argument(
            metavar="TURN",
            help="A turn id, a reference (person~01J….01J…) or the carrier's id of the reply.",
        ),
    ],
    *,
    conversation: Annotated[
        str | None,
        typer.Option("--conversation", help="The turn's conversation: spares a table scan."),
    ] = None,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show the words and the reply address too.")
    ] = False,
    as_json: options.AsJson = False,
    stack: options.Stack = "local",
    region: options.Region = None,
    profile: options.Profile = None,
    stack_file: options.StackFile = None,
) -> None:
    """Show a turn's life: outcome, stages, attempts of the models, delivery, what it points to.

    Words and numbers are shown only with --reveal: somebody wrote them to an assistant, not to you.

    For example:

        dialtone trace 01JABCDEFGHJKMNPQRSTVWXYZ0 --stack prod

        dialtone trace SM00000000000000000000000000000000 --stack prod --json

        dialtone trace person~01JABCDEFGHJKMNPQRSTVWXYZ0.01JABCDEFGHJKMNPQRSTVWXYZ1 --reveal
    """
    from cli.target import open_target
    from cli.turn_life import find_turn

    target = open_target(stack, region, profile, stack_file)
    with remarks().status(f"looking at {target.stack}") as line:
        life = find_turn(
            target,
            turn,
            conversation,
            reveal=reveal,
            progress=lambda items: line.update(f"looking for the turn: {items:,} items read"),
        )
    if as_json:
        show_json(life.as_json())
        return
    _show(results(), life)


def _show(console: Console, life: TurnLife) -> None:
    console.print(f"[bold]turn {life.id}[/] of {life.conversation}", soft_wrap=True)
    if life.open_turn:
        _facts(console, vars(life.open_turn), ("state", "attempts", "claimed_at", "sending_at"))
        console.print("  still open: whoever comes next finishes it first")
    if life.turn:
        _show_record(console, life.turn)
    if life.messages:
        _show_messages(console, life)


def _show_record(console: Console, record: Turn) -> None:
    facts = vars(record) | {"tokens": f"{record.input_tokens} in, {record.output_tokens} out"}
    names = ("outcome", "delivery", "delivery_error", "attempts", "created_at", "sending_at")
    _facts(console, facts, (*names, "resent", "route", "model", "tokens", "segments"))
    _facts(console, facts, ("carrier_sids", "inbox"))
    if record.stages:
        longest = max(record.stages.values()) or 1
        stages = table("stages", "stage", "took", "")
        for stage, took in record.stages.items():
            bar = "█" * round(_BAR * took / longest)
            stages.add_row(stage, show_milliseconds(took), bar)
        console.print(stages)
    if record.model_attempts:
        attempts = table("model attempts", "model", "took", "ended")
        for attempt in record.model_attempts:
            ended = str(attempt.get("error") or "answered")
            attempts.add_row(attempt["model"], show_milliseconds(attempt.get("ms", 0)), ended)
        console.print(attempts)


def _show_messages(console: Console, life: TurnLife) -> None:
    from rich.text import Text

    revealed = any(message.text is not None for message in life.messages)
    listed = table("messages", "number", "role", "kind", "bytes", *(["words"] if revealed else []))
    for message in life.messages:
        words = [Text(message.text or "")] if revealed else []
        cells = (str(message.sequence), message.role, message.kind, str(message.size_bytes))
        listed.add_row(*cells, *words)
    console.print(listed)
    if life.reply_to:
        pair = f"{life.reply_to.get('from', '?')} to {life.reply_to.get('to', '?')}"
        console.print(Text(f"reply: {pair}"))
    elif not revealed:
        console.print("words are not shown; --reveal shows them")


def _facts(console: Console, facts: dict[str, Any], names: tuple[str, ...]) -> None:
    from rich.text import Text

    from cli.turn_life import moment

    for name in names:
        value = facts.get(name)
        if value in (None, [], (), "", 0):
            continue
        shown = moment(value) if name.endswith("_at") else value
        if isinstance(shown, (list, tuple)):
            shown = ", ".join(str(part) for part in shown)
        console.print(Text(f"  {name.replace('_', ' '):<15} {shown}"), soft_wrap=True)
