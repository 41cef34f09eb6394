"""`dialtone forget`: erase what a person and the assistant have said, for good."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options
from cli.problems import reporting
from cli.screen import remarks, results

if TYPE_CHECKING:
    from cli.people import Subject
    from cli.target import Target

NOT_REACHED = (
    "What this does not reach: the person's phone; the carrier's own backups (30 days) and copies "
    "older than our records of them; what the model's provider keeps; the operator's exports. "
    "Consent, receipts and counters stay: they hold neither words nor numbers."
)


@reporting
@options.of_a_stack
def forget(
    place: options.Place,
    *,
    number: options.Number = None,
    person: options.PersonId = None,
    seconds: Annotated[
        int, typer.Option("--wait", min=0, help="Seconds to delete for; the sweep does the rest.")
    ] = 120,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be erased and do nothing.")
    ] = False,
    assume_yes: options.AssumeYes = False,
) -> None:
    """Erase a person's conversations for good, as FORGET by text does.

    The keys go first: from then on nothing opens, in no copy and no backup. Then the carrier's
    copies are deleted, and every item. Run it again, or leave it to the stack, when the carrier
    has not finished with a message yet. Texts that come later begin a new conversation.

    For example:

        dialtone forget --number +13035550111 --stack prod --dry-run

        dialtone forget --person 01JABCDEFGHJKMNPQRSTVWXYZ0 --stack prod --yes
    """
    from cli.people import find_subject

    target = place.open()
    subject = find_subject(target, number, person)
    _show(target, subject)
    if dry_run:
        results().print("dry run: nothing was done")
        return
    if not assume_yes:
        typer.confirm("Erase it for good?", abort=True, err=True)
    left = _forget(target, subject, seconds)
    if left:
        results().print("nothing opens any more; the carrier still has copies: the sweep goes on")
        remarks().print(f"conversations with something left: {', '.join(left)}")
    else:
        results().print("forgotten: no word is left here")
    remarks().print(NOT_REACHED)


def _show(target: Target, subject: Subject) -> None:
    from conversation.keys import Keys

    keys = Keys(target.tables)
    for conversation in subject.conversations(target):
        state = "" if keys.find(conversation) else ": forgotten before, or never had a key"
        results().print(f"conversation {conversation}{state}", soft_wrap=True)


def _forget(target: Target, subject: Subject, seconds: float) -> list[str]:
    """Begin all, then delete; returns the conversations in which something is left."""
    from cli.carrier_account import responder_variables
    from conversation import observability
    from conversation.deadline import Deadline
    from conversation.forgetting import Forgetting
    from conversation.persons import person_key
    from conversation.secrets import JsonSecret
    from texting.carrier import Carrier
    from texting.copies import CarrierCopies

    observability.logger().setLevel(logging.WARNING)  # each step's line is for a function's log
    variables = responder_variables(target)
    secret = JsonSecret(target.name("carrier"), lambda: target.client("secretsmanager"))
    carrier = Carrier(
        secret,
        api_url=variables["CARRIER_API_URL"],
        messaging_service_sid=variables.get("MESSAGING_SERVICE_SID", ""),
    )
    settled = sum(
        float(variables[name]) for name in ("FUNCTION_TIMEOUT_SECONDS", "CLOCK_SKEW_SECONDS")
    )
    work = Forgetting(target.tables, CarrierCopies(carrier), settled_seconds=settled)
    with remarks().status("taking the keys away") as line:
        for one in subject.persons:
            work.begin_all(person_key(one))
        line.update("deleting the carrier's copies and the items")
        deadline = Deadline.after(seconds)
        every = subject.conversations(target)
        return [one for one in every if not work.resume(one, deadline)]
