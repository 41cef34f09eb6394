"""Reading the items that a survey finds, each into what it tells.

An item that is not as its writer left it (damaged, or written by something else) is told too, as
an odd one: a survey that dies of it would hide everything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ulid import ULID

from cli.ages import show_age
from conversation.items import Item, OddItemError, natural, typed

INBOX = "inbox#"
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


@dataclass(frozen=True)
class Entry:
    """One thing that somebody should know of."""

    conversation: str
    id: str
    since: float
    """Epoch seconds since when it is so."""
    says: str = ""

    def age(self, now: float) -> float:
        """Seconds since it is so."""
        return max(now - self.since, 0.0)


@dataclass(frozen=True, order=True)
class OddItem:
    """An item that cannot be read."""

    pk: str
    sk: str
    says: str = ""


def waiting_text(key: Item) -> Entry:
    """Read when a text came from its place in an inbox.

    Raises:
        OddItemError: No text of ours has this key.
    """
    return Entry(key["pk"], key["sk"], _came_at(key["sk"]))


def call_over(item: Item, now: float) -> Entry:
    """Read a call whose offer is due.

    Raises:
        OddItemError: It does not say when it began and when the offer is due.
    """
    due = show_age(_seconds(item, "due_at") - now)
    return Entry(item["pk"], "", _seconds(item, "started_at"), f"offer to remember it due in {due}")


def open_turn(meta: Item, now: float) -> Entry | None:
    """Read the open turn of a conversation; None when none is open.

    Raises:
        OddItemError: What is there is no turn.
    """
    if meta.get("open_turn") is None:
        return None
    turn = typed(meta, "open_turn", dict)
    says = f"{turn.get('state', '?')}, attempt {turn.get('attempts', '?')}"
    since = _seconds(turn, "claimed_at") if "claimed_at" in turn else now
    return Entry(meta["pk"], typed(turn, "id", str), since or now, says)


def held_words(item: Item, now: float) -> Entry | None:
    """Read what a caller said and may still have answered; None when it is too late.

    Raises:
        OddItemError: It does not say when it was said.
    """
    since = _seconds(item, "received_at")
    if "expires_at" in item and natural(item, "expires_at") < now:
        return None
    return Entry(item["pk"], item["sk"], since)


def text_set_aside(item: Item) -> Entry:
    """Read a text that was set aside.

    Raises:
        OddItemError: It is no text, or does not say since when.
    """
    _came_at(item["sk"])
    return Entry(item["pk"], item["sk"], _seconds(item, "set_aside_at"))


def delivery(item: Item) -> Entry:
    """Read a turn whose reply was not delivered, or perhaps not.

    Raises:
        OddItemError: It does not say of when it is.
    """
    named = next((name for name in ("sending_at", "created_at") if item.get(name)), None)
    since = _seconds(item, named) if named else 0.0
    state, code = typed(item, "delivery", str), item.get("delivery_error")
    says = f"{state} {code}" if code else state
    return Entry(item["pk"], item["sk"].removeprefix("turn#"), since, says)


def _came_at(sk: str) -> float:
    name = sk.removeprefix(INBOX)
    if not sk.startswith(INBOX) or not _ULID.fullmatch(name):
        raise OddItemError("sk is no text's")
    return float(ULID.from_str(name).timestamp)


def _seconds(item: Item, name: str) -> float:
    """Read a time, which items hold in milliseconds."""
    return natural(item, name) / 1000
