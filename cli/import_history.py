"""`dialtone import-history`: bring the memory of an earlier program into sealed conversations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options
from cli.problems import CommandError, reporting
from cli.screen import remarks, results

if TYPE_CHECKING:
    from cli.import_run import Outcome, Run

_SHOWN = 10


@reporting
@options.of_a_stack
def import_history(
    place: options.Place,
    source: Annotated[
        str, typer.Argument(metavar="TABLE", help="The table that the other program wrote.")
    ],
    *,
    session_key: Annotated[
        str | None,
        typer.Option(
            "--session-key",
            help="Key attribute with the session id; else SessionId or the partition key.",
        ),
    ] = None,
    history_attribute: Annotated[
        str, typer.Option("--history-attribute", help="Its history_messages_key.")
    ] = "History",
    ttl_attribute: Annotated[
        str, typer.Option("--ttl-attribute", help="Its ttl_key_name.")
    ] = "expireAt",
    session: Annotated[
        str | None, typer.Option("--session", help="Only this session id, for a first try.")
    ] = None,
    numbers: Annotated[
        bool,
        typer.Option(
            "--numbers/--no-numbers",
            help="Session ids that are phone numbers mean these persons. Say no when the other "
            "program let people choose their session id.",
        ),
    ] = True,
    append: Annotated[
        bool,
        typer.Option("--append", help="Also for persons who have texted here: after those words."),
    ] = False,
    message_days: Annotated[
        int, typer.Option("--message-days", min=1, help="Lifetime: your retention.messageDays.")
    ] = 30,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Write one JSON line for each session, readable by you."),
    ] = None,
    source_region: Annotated[
        str | None, typer.Option("--source-region", help="The table's AWS region, if another.")
    ] = None,
    source_profile: Annotated[
        str | None, typer.Option("--source-profile", help="A profile that may read the table.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done and do nothing.")
    ] = False,
    assume_yes: options.AssumeYes = False,
) -> None:
    """Bring a table of langchain-community's DynamoDBChatMessageHistory into sealed conversations.

    Reads the whole table once to show what it would do, asks, and reads it again to do it. The
    table is never written. A session whose id is a phone number becomes that person's memory, any
    other a person of its own. Run it again whenever you like: what was brought is not brought
    twice, and what a person had forgotten stays forgotten. Exits with 1 when something was
    unreadable.

    For example:

        dialtone import-history ChatTable --stack prod --dry-run

        dialtone import-history ChatTable --stack prod --source-region eu-west-1 --yes

        dialtone import-history Chats --stack prod --history-attribute Messages --report told.jsonl
    """
    from cli.import_run import Run, open_source
    from cli.importing import Choices
    from cli.langchain_table import find_layout

    target = place.open()
    if source in (target.tables.people, target.tables.conversations, target.tables.keys):
        raise CommandError(f"{source} is one of the stack's own tables", "name the other one")
    client = open_source(target, source_region, source_profile)
    layout = find_layout(client, source, session_key, history_attribute, ttl_attribute)
    choices = Choices(message_days, append, numbers)
    run = Run(target, client, layout, choices, session)
    with remarks().status(f"reading {source}"):
        seen = run.look()
    _require_sessions(seen, source, history_attribute)
    _show(seen, done=False)
    if dry_run:
        _end(seen, report, "dry run: nothing was done")
    if not seen.to_import:
        _end(seen, report, "nothing to import")
    if not assume_yes:
        typer.confirm("Import them?", abort=True, err=True)
    done = _bring(run, seen)
    _show(done, done=True)
    _end(done, report, f"imported: {done.messages} messages of {done.to_import} sessions")


def _bring(run: Run, seen: Outcome) -> Outcome:
    from rich.progress import MofNCompleteColumn, Progress

    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*columns, console=remarks(), transient=True) as progress:
        bar = progress.add_task("sessions", total=seen.sessions)
        return run.bring(lambda: progress.advance(bar))


def _require_sessions(seen: Outcome, source: str, attribute: str) -> None:
    if seen.sessions:
        return
    if seen.others:
        raise CommandError(
            f"none of the {seen.others} items of {source} has an attribute {attribute!r}",
            "pass the name that the program gave as history_messages_key to --history-attribute",
        )
    raise CommandError(f"{source} holds no such session", "check the table's name and --session")


def _show(outcome: Outcome, *, done: bool) -> None:
    from cli.importing import Verdict

    console = results()
    for verdict, count in outcome.verdicts.items():
        label = "imported" if done and verdict is Verdict.NEW else verdict.value
        console.print(f"{label}: {count} sessions")
    if outcome.others:
        console.print(f"items without a history: {outcome.others}")
    if not done:
        console.print(f"messages to import: {outcome.messages}")
    for problem in outcome.unreadable[:_SHOWN]:
        where = "" if problem.position is None else f", message {problem.position}"
        # A session id may be somebody's number; the report has them in full.
        console.print(f"unreadable: {outcome.mask(problem.session)}{where}: {problem.reason}")
    if len(outcome.unreadable) > _SHOWN:
        console.print(f"and {len(outcome.unreadable) - _SHOWN} more; --report FILE has them all")


def _end(outcome: Outcome, report: Path | None, last: str) -> None:
    """Write the report, say the last word, and exit: 1 when something was unreadable."""
    if report is not None:
        outcome.write(report)
        remarks().print(f"report: {report}")
    results().print(last)
    raise typer.Exit(1 if outcome.unreadable else 0)
