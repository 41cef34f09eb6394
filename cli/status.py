"""`dialtone status`: what waits, what is open, what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import options
from cli.ages import parse_seconds, show_age
from cli.odd_items import show_odd
from cli.problems import CommandError, reporting
from cli.screen import line, remarks, results, show_error, show_json, table

if TYPE_CHECKING:
    from cli.survey import Survey
    from cli.target import Target

AGES = ("waiting", "open-turns")
COUNTS = ("set-aside", "undelivered", "unknown", "odd-items", "dead-letters")
_SCANNED = {"set-aside", "undelivered", "unknown"}
_SHOWN = 10


@reporting
@options.of_a_stack
def status(
    place: options.Place,
    *,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-on",
            metavar="NAME=LIMIT",
            help="Exit with 1 when it is exceeded; may be repeated. waiting and open-turns take "
            "the age of the oldest (5m), set-aside, undelivered, unknown, odd-items "
            "and dead-letters a count.",
        ),
    ] = None,
    since: Annotated[
        str, typer.Option("--since", help="How far back a failed delivery counts.")
    ] = "1d",
    scan: Annotated[
        bool,
        typer.Option(
            "--scan/--no-scan",
            help="Read the whole conversations table for texts set aside and failed deliveries.",
        ),
    ] = True,
    as_json: options.AsJson = False,
) -> None:
    """Show the texts that wait, the open turns, what went wrong, and what the stack used.

    The scan costs half a read unit for every 4 KB of the conversations table. A check that runs
    every minute does without it.

    For example:

        dialtone status --stack prod

        dialtone status --stack prod --no-scan --fail-on waiting=5m --fail-on dead-letters=0

        dialtone status --json | jq .set_aside
    """
    limits = [_parse_limit(text) for text in fail_on or []]
    if not scan and any(name in _SCANNED for name, _limit in limits):
        raise CommandError("a limit needs the scan that --no-scan leaves out", "drop --no-scan")
    try:
        since_seconds = parse_seconds(since)
    except ValueError as error:
        raise CommandError(f"--since: {error}") from error

    target = place.open()
    found = _survey(target, scan=scan, since_seconds=since_seconds)
    if as_json:
        show_json({"stack": target.stack, **found.as_json()})
    else:
        _show(target, found)
    exceeded = [name for name, limit in limits if _measure(found, name) > limit]
    if exceeded:
        show_error(f"limit exceeded: {', '.join(exceeded)}")
        raise typer.Exit(1)


def _parse_limit(text: str) -> tuple[str, float]:
    name, equals, limit = text.partition("=")
    if not equals or name not in (*AGES, *COUNTS):
        raise CommandError(
            f"--fail-on {text!r} is not NAME=LIMIT",
            f"NAME is one of {', '.join((*AGES, *COUNTS))}; e.g. --fail-on waiting=5m",
        )
    try:
        return name, parse_seconds(limit) if name in AGES else int(limit)
    except ValueError as error:
        raise CommandError(f"--fail-on {name}: {limit!r} is no limit", "write 5m, or 0") from error


def _measure(found: Survey, name: str) -> float:
    """The number that a limit is held against."""
    if name == "dead-letters":
        return found.dead_letters
    entries = getattr(found, name.replace("-", "_"))
    return found.oldest(entries) if name in AGES else len(entries)


def _survey(target: Target, *, scan: bool, since_seconds: float) -> Survey:
    from cli.survey import survey

    console = remarks()
    with console.status(f"looking at {target.stack}") as shown:
        return survey(
            target,
            scan=scan,
            since_seconds=since_seconds,
            progress=lambda items: shown.update(
                line(f"looking at {target.stack}: {items:,} items read")
            ),
        )


def _show(target: Target, found: Survey) -> None:
    console = results()
    summary = table(f"stack {target.stack}", "", "count", "oldest")
    rows = (
        ("texts waiting", found.waiting, True),
        ("open turns", found.open_turns, True),
        ("calls going on or just over", found.calls, True),
        ("held for a caller's yes", found.held, found.scanned),
        ("texts set aside", found.set_aside, found.scanned),
        ("not delivered", found.undelivered, found.scanned),
        ("delivery unknown", found.unknown, found.scanned),
    )
    for label, entries, looked in rows:
        oldest = show_age(found.oldest(entries)) if entries else ""
        summary.add_row(label, str(len(entries)) if looked else "not looked for", oldest)
    summary.add_row("odd items", str(len(found.odd_items)), "")
    summary.add_row("dead-letter wake-ups", str(found.dead_letters), "")
    console.print(summary)
    for label, used in (("today", found.today), ("this month", found.month)):
        console.print(
            f"used {label} (UTC): {used.turns:,} turns, {used.tokens:,} tokens, "
            f"{used.segments:,} segments"
        )
    if found.paused_since is not None:
        lasted = show_age(found.at - found.paused_since)
        console.print(line(("paused", "bold"), f" for {lasted}: nobody is answered"))
    for label, entries, _looked in rows:
        if not entries:
            continue
        console.print()
        listed = table(label, "conversation", "id", "age", "says")
        for entry in entries[:_SHOWN]:
            listed.add_row(entry.conversation, entry.id, show_age(entry.age(found.at)), entry.says)
        console.print(listed)
        if len(entries) > _SHOWN:
            console.print(f"and {len(entries) - _SHOWN} more; --json lists all")
    show_odd(found.odd_items)
    _suggest(target, found)


def _suggest(target: Target, found: Survey) -> None:
    if found.paused_since is not None:
        remarks().print(f"next: dialtone resume {target.arguments}")
    elif found.set_aside or found.dead_letters:
        remarks().print(f"next: dialtone redrive {target.arguments}")
    elif found.undelivered or found.unknown:
        remarks().print(f"next: dialtone trace TURN {target.arguments}")
