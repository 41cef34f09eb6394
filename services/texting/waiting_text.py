"""A text that waits in the inbox: what its item says, what is sealed in it, which make a turn."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from conversation.items import Item, OddItemError, natural, typed
from conversation.persons import is_route
from conversation.reply_to import ReplyTo

T = TypeVar("T")
TURN_TEXTS = 20
"""Most texts that one turn takes (protocol rule 7)."""


@dataclass(frozen=True)
class WaitingText:
    """An inbox item as read, its text unopened.

    Attributes:
        sk: Sort key; the order of texts is the order of keys.
        sid: The carrier's message id.
        route: Which of our senders it was sent to, and by whom.
        generation: Key generation it was sealed to.
        received_at: Epoch milliseconds.
        text: The text sealed.
        reply_to: The reply address sealed.
        keeps: The call's conversation that it asks to remember; None for what is conversation.
    """

    sk: str
    sid: str
    route: str
    generation: str
    received_at: int
    text: bytes
    reply_to: bytes
    keeps: str | None = None


@dataclass(frozen=True)
class OpenedText:
    """A text that was opened for its turn.

    Attributes:
        text: The words; empty when only media came.
        media: How many attachments came with it.
        reply_to: Where a reply goes.
    """

    text: str
    media: int
    reply_to: ReplyTo


def leading_run(waiting: Sequence[WaitingText]) -> list[WaitingText]:
    """The texts that one turn takes: from the first on, of one route, at most twenty (rule 7).

    What asks to remember a call is a turn of its own.
    """
    run: list[WaitingText] = []
    for text in waiting[:TURN_TEXTS]:
        if (text.route, text.keeps) != (waiting[0].route, waiting[0].keeps):
            break
        run.append(text)
    return run


def read_item(item: Item, generation: str, now: int) -> WaitingText:
    """Read an item, whatever was made of it: what is no text of ours breaks its turn, later.

    An attribute that is missing or of another type becomes an empty one, and what is bound to it
    does not open.

    Args:
        item: The item.
        generation: The reader's, for an item that names none.
        now: Epoch milliseconds, for one that does not say when it came.
    """
    keeps, route = item.get("keeps"), item.get("route", "")
    return WaitingText(
        sk=item["sk"],
        sid=_or(item.get("sid"), ""),
        route=route if is_route(route) else "",
        generation=_or(item.get("generation"), generation),
        received_at=_moment(item, now),
        text=_or(item.get("text"), b""),
        reply_to=_or(item.get("reply_to"), b""),
        keeps=None if keeps is None else _or(keeps, ""),
    )


def _moment(item: Item, now: int) -> int:
    try:
        return natural(item, "received_at")
    except OddItemError:
        return now


def _or(value: Any, instead: T) -> T:
    return value if type(value) is type(instead) else instead


def pack(text: str, media: int) -> str:
    """What is sealed of a text: its words, and how many attachments came with them."""
    return json.dumps({"text": text, "media": media}, separators=(",", ":"))


def unpack(content: str) -> tuple[str, int]:
    """Read that back.

    Raises:
        OddItemError: It is something else.
        ValueError: It is no JSON.
    """
    held = json.loads(content)
    return typed(held, "text", str), natural(held, "media")
