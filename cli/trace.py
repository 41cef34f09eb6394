"""`dialtone trace`: a turn's life, or a call's, without words unless they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options
from cli.ages import show_milliseconds
from cli.problems import reporting
from cli.screen import line, remarks, results, show_json, table, words

if TYPE_CHECKING:
    from rich.console import Console

    from cli.call_life import CallLife
    from cli.target import Target
    from cli.turn_life import TurnLife
    from conversation.turns import Turn

_BAR = 40
_SHORT = 8


@reporting
@options.of_a_stack
def trace(
    place: options.Place,
    turn: Annotated[
        str,
        typer.Argument(
            metavar="TURN",
            help="A turn id, a reference (person~01J….01J…), the carrier's id of the reply, a "
            "call's turn (its contact id and -0001), or a whole call (call#… or its contact id).",
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
) -> None:
    """Show a turn's life: outcome, stages, attempts of the models, delivery, what it points to.

    Words and numbers are shown only with --reveal: somebody wrote them to an assistant, not to you.

    For example:

        dialtone trace 01JABCDEFGHJKMNPQRSTVWXYZ0 --stack prod

        dialtone trace SM00000000000000000000000000000000 --stack prod --json

        dialtone trace person~01JABCDEFGHJKMNPQRSTVWXYZ0.01JABCDEFGHJKMNPQRSTVWXYZ1 --reveal

        dialtone trace 'call#11111111-2222-3333-4444-555555555555' --stack prod
    """
    from cli.call_life import contact_in
    from cli.turn_life import find_turn

    target = place.open()
    contact = contact_in(turn)
    if contact is not None:
        _trace_call(target, contact, as_json=as_json)
        return
    with remarks().status(f"looking at {target.stack}") as shown:
        life = find_turn(
            target,
            turn,
            conversation,
            reveal=reveal,
            progress=lambda items: shown.update(f"looking for the turn: {items:,} items read"),
        )
    if as_json:
        show_json(life.as_json())
        return
    _show(results(), life)


def _trace_call(target: Target, contact: str, *, as_json: bool) -> None:
    from cli.call_life import find_call

    with remarks().status(f"looking at {target.stack}") as shown:
        life = find_call(
            target,
            contact,
            lambda items: shown.update(f"looking for the call: {items:,} items read"),
        )
    if as_json:
        show_json(life.as_json())
        return
    _show_call(results(), life)
    remarks().print(f"next: dialtone trace TURN {target.arguments}")


def _show_call(console: Console, life: CallLife) -> None:
    title, of = f"call {life.contact}", f" of {life.owner or 'nobody known'}"
    console.print(line((title, "bold"), of), soft_wrap=True)
    facts = {
        "offer_due_at": life.after_call["due_at"] if life.after_call else None,
        "offered_at": life.keep["offered_at"] if life.keep else None,
        "kept_at": life.keep.get("kept_at") if life.keep else None,
        "held for a yes": life.held,
    }
    _facts(console, facts, tuple(facts))
    if life.turns and life.turns[0].conversation == life.owner:
        console.print("  proved: it speaks in the person's own conversation")
    turns = table("turns", "turn", "at", "outcome", "delivery", "took", "model")
    for turn in life.turns:
        cells = (turn.outcome.value, turn.delivery.value)
        took = show_milliseconds(sum(turn.stages.values())) if turn.stages else ""
        turns.add_row(turn.id, _moment(turn.created_at), *cells, took, turn.model or "")
    console.print(turns)


def _moment(milliseconds: int) -> str:
    from cli.turn_life import moment

    return moment(milliseconds)


def _show(console: Console, life: TurnLife) -> None:
    console.print(line((f"turn {life.id}", "bold"), f" of {life.conversation}"), soft_wrap=True)
    if life.open_turn:
        _facts(console, vars(life.open_turn), ("state", "attempts", "claimed_at", "sending_at"))
        console.print("  still open: whoever comes next finishes it first")
    if life.turn:
        _show_record(console, life.turn)
    if life.messages:
        _show_messages(console, life)


def _show_record(console: Console, record: Turn) -> None:
    facts = vars(record) | {
        "tokens": f"{record.input_tokens} in, {record.output_tokens} out",
        "route": _short_route(record.route),
    }
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


def _short_route(route: str) -> str:
    """A route is two hashes, told apart by their beginnings; --json has them whole."""
    return "#".join(_shortened(part) for part in route.split("#")) if route else ""


def _shortened(part: str) -> str:
    return part if len(part) <= _SHORT else f"{part[:_SHORT]}…"


def _show_messages(console: Console, life: TurnLife) -> None:
    revealed = any(message.text is not None for message in life.messages)
    listed = table("messages", "number", "role", "kind", "bytes", *(["words"] if revealed else []))
    for message in life.messages:
        said = [words(message.text or "")] if revealed else []
        cells = (str(message.sequence), message.role, message.kind, str(message.size_bytes))
        listed.add_row(*cells, *said)
    console.print(listed)
    if life.reply_to:
        pair = f"{life.reply_to.get('from', '?')} to {life.reply_to.get('to', '?')}"
        console.print(f"reply: {pair}")
    elif not revealed:
        console.print("words are not shown; --reveal shows them")


def _facts(console: Console, facts: dict[str, Any], names: tuple[str, ...]) -> None:
    from cli.turn_life import moment

    for name in names:
        value = facts.get(name)
        if value in (None, [], (), "", 0):
            continue
        shown = moment(value) if name.endswith("_at") else value
        if isinstance(shown, (list, tuple)):
            shown = ", ".join(str(part) for part in shown)
        console.print(f"  {name.replace('_', ' '):<15} {shown}", soft_wrap=True)
