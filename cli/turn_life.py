"""One turn as the tables hold it: its record, its messages, and whether it is still open."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cli.call_life import turn_of_a_call
from cli.problems import CommandError
from cli.survey import scan_conversations
from cli.target import Target
from conversation.codec import CodecError
from conversation.ids import parse_turn_reference
from conversation.items import Item
from conversation.keys import ForgottenError, KeyLostError, Keys, KeyUnavailableError
from conversation.lease import META
from conversation.messages import message_sk, open_message
from conversation.meta import Meta, OpenTurn
from conversation.turns import Turn, Turns, readable, turn_sk

_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
# Why words stay closed: altered, forgotten, or the key is lost, or the caller's to use it is not.
_CLOSED = (CodecError, ForgottenError, KeyLostError, KeyUnavailableError)
_CARRIER_SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")


@dataclass(frozen=True)
class Message:
    """A message that the turn wrote; `text` only where it was asked for."""

    sequence: int
    role: str
    kind: str
    size_bytes: int
    text: str | None = None


@dataclass(frozen=True)
class TurnLife:
    """What is known of a turn; `turn` is None before its commit, `open_turn` after its close."""

    conversation: str
    id: str
    turn: Turn | None
    open_turn: OpenTurn | None
    messages: list[Message]
    reply_to: dict[str, str] | None = None

    def as_json(self) -> dict[str, Any]:
        """The life as plain data: no reply address and no text but what was revealed."""
        sealed = ("reply_to", "heard")
        known = vars(self.turn).items() if self.turn else ()
        turn = {k: v for k, v in known if k not in sealed} or None
        return {
            "conversation": self.conversation,
            "id": self.id,
            "turn": turn,
            "open_turn": self.open_turn.item() if self.open_turn else None,
            "messages": [vars(message) for message in self.messages],
            **({"reply_to": self.reply_to} if self.reply_to else {}),
        }


def find_turn(
    target: Target,
    wanted: str,
    conversation: str | None,
    *,
    reveal: bool,
    progress: Callable[[int], None] = lambda _items: None,
) -> TurnLife:
    """Find a turn and gather its life.

    Args:
        target: The stack.
        wanted: A turn id, a reference (`person~01J….01J…`, as in callback paths), the carrier's id
            of a reply (`SM…`), or a call's turn (`<contact>-0001`).
        conversation: The turn's conversation when the caller knows it: spares the whole table.
        reveal: Read the words and the reply address too.
        progress: Told how many items were read.

    Raises:
        CommandError: No such turn, or `wanted` is none of these.
    """
    key, turn_id = _locate(target, wanted, conversation, progress)
    tables = target.tables
    item = tables.get(tables.conversations, key, turn_sk(turn_id))
    meta = Meta.parse(key, tables.get(tables.conversations, key, META))
    open_turn = meta.open_turn if meta.open_turn and meta.open_turn.id == turn_id else None
    if item is None and open_turn is None:
        raise CommandError(
            f"{key} has no turn {turn_id}",
            "turns are kept for `retention.turnDays`; `dialtone status` lists the open ones",
        )
    turn = readable(item)
    messages = [_read_message(target, turn, number, reveal=reveal) for number in _numbers(turn)]
    kept = [message for message in messages if message]
    return TurnLife(key, turn_id, turn, open_turn, kept, _address(target, turn) if reveal else None)


def _locate(
    target: Target, wanted: str, conversation: str | None, progress: Callable[[int], None]
) -> tuple[str, str]:
    """The turn's conversation and id."""
    if _ULID.fullmatch(wanted):
        if conversation:
            return conversation, wanted
        condition = "sk = :turn OR (sk = :meta AND open_turn.id = :id)"
        values = {":turn": turn_sk(wanted), ":meta": META, ":id": wanted}
        item = _scan_for_one(target, wanted, condition, values, progress)
        return str(item["pk"]), wanted
    spoken = turn_of_a_call(wanted)
    if spoken is not None:
        return _locate_spoken(target, *spoken, conversation, progress)
    if _CARRIER_SID.fullmatch(wanted):
        condition = "begins_with(sk, :turn) AND contains(carrier_sids, :sid)"
        values = {":turn": "turn#", ":sid": wanted}
        item = _scan_for_one(target, wanted, condition, values, progress)
        return str(item["pk"]), str(item["sk"]).removeprefix("turn#")
    try:
        return parse_turn_reference(wanted)
    except ValueError:
        raise CommandError(
            f"{wanted!r} is no turn",
            "give a turn id (01J…), a reference (person~01J….01J…), the carrier's id of the reply "
            "(SM…), or a call: `dialtone status` and the functions' logs name them",
        ) from None


def _locate_spoken(
    target: Target,
    likely: str,
    turn_id: str,
    conversation: str | None,
    progress: Callable[[int], None],
) -> tuple[str, str]:
    """A turn of a call: in the call's conversation, or, if the caller proved it, the person's."""
    tables, sk = target.tables, turn_sk(turn_id)
    place = conversation or likely
    if conversation or tables.get(tables.conversations, place, sk):
        return place, turn_id
    meta = Meta.parse(place, tables.get(tables.conversations, place, META))
    if meta.open_turn and meta.open_turn.id == turn_id:
        return place, turn_id
    condition = "sk = :turn OR (sk = :meta AND open_turn.id = :id)"
    values = {":turn": sk, ":meta": META, ":id": turn_id}
    item = _scan_for_one(target, turn_id, condition, values, progress)
    return str(item["pk"]), turn_id


def _scan_for_one(
    target: Target,
    wanted: str,
    condition: str,
    values: dict[str, Any],
    progress: Callable[[int], None],
) -> Item:
    found = next(scan_conversations(target.tables, condition, values, progress), None)
    if found is None:
        raise CommandError(
            f"no turn {wanted} in the stack {target.stack}",
            "check --stack; turns are kept for `retention.turnDays`",
        )
    return found


def _numbers(turn: Turn | None) -> list[int]:
    return turn.messages if turn else []


def _read_message(
    target: Target, turn: Turn | None, number: int, *, reveal: bool
) -> Message | None:
    """One message of the turn; None when it has expired."""
    if turn is None:
        return None
    tables, sk = target.tables, message_sk(number)
    item = tables.get(tables.conversations, turn.conversation, sk)
    if item is None:
        return None
    text = _words(target, turn, item) if reveal else None
    size = len(item.get("content") or b"")
    return Message(number, str(item.get("role")), str(item.get("kind", "")), size, text)


def _address(target: Target, turn: Turn | None) -> dict[str, str] | None:
    """Where the reply went; None when there is none to read."""
    try:
        return Turns(target.tables).address(turn) if turn else None
    except _CLOSED:
        return None


def _words(target: Target, turn: Turn, item: Item) -> str:
    try:
        seals = Keys(target.tables).seals(turn.conversation, str(item.get("generation")))
        return open_message(item, seals).text
    except _CLOSED as error:
        return f"(cannot be read: {type(error).__name__}: {error})"


def moment(milliseconds: int | None) -> str:
    """Epoch milliseconds as a UTC time, to the millisecond."""
    if not milliseconds:
        return ""
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return at.isoformat(sep=" ", timespec="milliseconds").replace("+00:00", "Z")
