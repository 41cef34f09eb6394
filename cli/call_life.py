"""One call as the tables hold it: its turns, and what is to become of it. No words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cli.problems import CommandError
from cli.survey import scan_conversations
from cli.target import Target
from conversation.items import Item
from conversation.persons import call_key, keep_sk, owner_of, person_key
from conversation.turns import Turn, readable
from texting.after_call import AFTER_CALL

_CONTACT = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_CALL = re.compile(rf"(?:call[#~])?({_CONTACT})")
_CALL_TURN = re.compile(rf"(?:(?P<conversation>[^.]+)\.)?(?P<contact>{_CONTACT})-\d{{4,}}")
_PAGE = 100


def contact_in(wanted: str) -> str | None:
    """The contact id, if a whole call is meant: `call#<contact>`, or the id alone."""
    found = _CALL.fullmatch(wanted)
    return found[1] if found else None


def turn_of_a_call(wanted: str) -> tuple[str, str] | None:
    """Where a turn named `<contact>-0001` most likely is, and its id."""
    found = _CALL_TURN.fullmatch(wanted)
    if found is None:
        return None
    conversation = (found["conversation"] or call_key(found["contact"])).replace("~", "#")
    return conversation, wanted.rpartition(".")[2]


@dataclass
class CallLife:
    """What is known of a call.

    Attributes:
        contact: Connect's id of it.
        owner: Whose it is, `person#<id>`; None for a number that is hidden or unknown.
        turns: Its turns, in order; in the person's own conversation if the caller proved it.
        held: How many utterances wait for a yes before they count as texts.
        after_call: When the offer to remember it is due, if it is still to be made.
        keep: The offer: when it was made, and taken up.
    """

    contact: str
    owner: str | None = None
    turns: list[Turn] = field(default_factory=list)
    held: int = 0
    after_call: Item | None = None
    keep: Item | None = None

    def as_json(self) -> dict[str, Any]:
        """The call as plain data: no address and no digest of words."""
        sealed = ("reply_to", "heard")
        turns = [{k: v for k, v in vars(one).items() if k not in sealed} for one in self.turns]
        return {
            "contact": self.contact,
            "person": self.owner,
            "turns": turns,
            "held": self.held,
            "offer_due_at": self.after_call["due_at"] if self.after_call else None,
            "offered_at": self.keep["offered_at"] if self.keep else None,
            "kept_at": self.keep.get("kept_at") if self.keep else None,
        }


def find_call(target: Target, contact: str, progress: Callable[[int], None]) -> CallLife:
    """Gather a call.

    Args:
        target: The stack.
        contact: Connect's id of it.
        progress: Told how many items were read, should the whole table have to be.

    Raises:
        CommandError: Nothing is known of it.
    """
    life = CallLife(contact)
    conversation = call_key(contact)
    items = list(_items(target, conversation))
    if not any(item["sk"].startswith("turn#") for item in items):
        # A caller who proved the number spoke in the person's own conversation.
        values = {":turn": f"turn#{contact}-", ":sid": f"call#{contact}#"}
        condition = "begins_with(sk, :turn) OR (attribute_exists(held) AND begins_with(sid, :sid))"
        items += scan_conversations(target.tables, condition, values, progress)
    for item in items:
        _file(life, item)
    life.turns.sort(key=lambda turn: turn.id)
    _find_owner(target, life, items)
    if not items and life.keep is None:
        raise CommandError(
            f"no call {contact} in the stack {target.stack}",
            "check --stack; turns are kept for `retention.turnDays`",
        )
    return life


def _file(life: CallLife, item: Item) -> None:
    if item["sk"].startswith("turn#"):
        if (turn := readable(item)) is not None:
            life.turns.append(turn)
    elif "held" in item:
        life.held += 1
    elif item["sk"] == AFTER_CALL:
        life.after_call = item


def _find_owner(target: Target, life: CallLife, items: list[Item]) -> None:
    owner = owner_of(target.tables, call_key(life.contact))
    proved = (item["pk"] for item in items if item["pk"] != call_key(life.contact))
    life.owner = person_key(owner) if owner else next(proved, None)
    if life.owner:
        tables = target.tables
        life.keep = tables.get(tables.people, life.owner, keep_sk(life.contact))


def _items(target: Target, conversation: str) -> list[Item]:
    tables, found, after = target.tables, [], None
    while True:
        page = tables.query(tables.conversations, conversation, "", limit=_PAGE, after=after)
        found += page
        if len(page) < _PAGE:
            return found
        after = page[-1]["sk"]
