"""The record of a turn: pointers, outcome, delivery, durations and costs; no text of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from conversation.codec import CodecError, Role, SealBrokenError
from conversation.items import SCHEMA, Item, OddItemError, natural, typed
from conversation.keys import Keys
from conversation.messages import message_sk, open_message
from conversation.outcomes import DeliveryState, Outcome
from conversation.reply_to import ReplyTo, open_reply_to, seal_reply_to
from conversation.sealing import note_broken
from conversation.tables import Action, Tables, put, update

_TEXTS: Final = ("delivery", "generation", "outcome", "route")
_NUMBERS: Final = ("attempts", "created_at", "expires_at")
_PERHAPS_NUMBERS: Final = ("input_tokens", "output_tokens", "resent", "segments", "sending_at")
_PERHAPS: Final[Mapping[str, type]] = {
    "delivery_error": str,
    "heard": bytes,
    "model": str,
    "reply_to": bytes,
    "stages": dict,
}
_LISTS: Final[Mapping[str, type]] = {
    "carrier_sids": str,
    "inbox": str,
    "messages": int,
    "model_attempts": dict,
}


def turn_sk(turn_id: str) -> str:
    """Sort key of a turn."""
    return f"turn#{turn_id}"


@dataclass(frozen=True)
class Turn:
    """A turn as its item holds it.

    Attributes:
        conversation: The conversation.
        id: Turn id, a ulid.
        generation: Key generation of everything in it.
        outcome: How the words ended.
        route: Which of our senders talks with whom.
        messages: Numbers of the messages it wrote, the reply last.
        inbox: Sort keys of the inbox items it answered.
        attempts: Claims it took.
        created_at: Epoch milliseconds of the commit.
        expires_at: Epoch seconds.
        reply_to: Where the reply goes, sealed.
        delivery: What became of the reply.
        delivery_error: The carrier's code, when it refused.
        carrier_sids: The carrier's ids of what was sent.
        segments: SMS segments sent.
        sending_at: Epoch milliseconds of the announcement of the send.
        resent: Sends that reconciliation repeated.
        model: Which model answered, as the chain names it.
        input_tokens: Tokens read.
        output_tokens: Tokens written.
        stages: Milliseconds per stage.
        model_attempts: Per attempt the model, its error if it had one, and milliseconds.
        heard: A digest of the words that a spoken turn answered, sealed.
    """

    conversation: str
    id: str
    generation: str
    outcome: Outcome
    route: str
    messages: list[int]
    inbox: list[str]
    attempts: int
    created_at: int
    expires_at: int
    reply_to: bytes = b""
    delivery: DeliveryState = DeliveryState.WAITING
    delivery_error: str | None = None
    carrier_sids: list[str] = field(default_factory=list)
    segments: int = 0
    sending_at: int | None = None
    resent: int = 0
    model: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    stages: dict[str, int] = field(default_factory=dict)
    model_attempts: list[dict[str, Any]] = field(default_factory=list)
    heard: bytes | None = None

    def item(self) -> Item:
        """As the table holds it; what is empty is left out."""
        kept = {k: v for k, v in self.__dict__.items() if v not in (None, [], {}, 0, b"")}
        kept["outcome"], kept["delivery"] = self.outcome.value, self.delivery.value
        del kept["conversation"], kept["id"]
        return {"pk": self.conversation, "sk": turn_sk(self.id), "schema": SCHEMA, **kept}

    @classmethod
    def parse(cls, item: Item) -> Turn:
        """Read it back; attributes of a later version are ignored.

        Raises:
            CodecError: It is no turn as we write them; counted.
        """
        known = {k: v for k, v in item.items() if k in cls.__dataclass_fields__}
        known = {"attempts": 0, **known}
        try:
            _check(known)
            known["outcome"] = Outcome(known["outcome"])
            known["delivery"] = DeliveryState(known["delivery"])
        except (OddItemError, ValueError):
            note_broken(item["pk"], item["sk"])
            raise CodecError("no record of a turn") from None
        known["conversation"], known["id"] = item["pk"], item["sk"].partition("#")[2]
        return cls(**{"messages": [], "inbox": [], "reply_to": b"", **known})


class Turns:
    """Reads and annotates turns."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._keys = Keys(tables)

    def read(self, conversation: str, turn_id: str) -> Turn | None:
        """One turn, strongly; None when there is none, or none that can be read."""
        item = self._tables.get(self._tables.conversations, conversation, turn_sk(turn_id))
        return readable(item)

    def address(self, turn: Turn) -> ReplyTo:
        """Where a turn's reply goes.

        Raises:
            CodecError: The address cannot be read.
        """
        seals = self._keys.seals(turn.conversation, turn.generation)
        return open_reply_to(_sealed_in(turn), seals, Role.TURN_REPLY_TO)

    def sealed(self, turn: Turn, reply_to: Mapping[str, str], heard: str | None = None) -> Turn:
        """A new turn with what it seals.

        Args:
            turn: The turn, complete but for this.
            reply_to: Where its reply goes; empty when it is spoken.
            heard: The words that it answered aloud, of which it keeps a digest.
        """
        seals, item = self._keys.seals(turn.conversation, turn.generation), _sealed_in(turn)
        digest = None if heard is None else seals.seal(_digest(heard), item, Role.TURN_HEARD)
        address = seal_reply_to(reply_to, seals, item, Role.TURN_REPLY_TO)
        return replace(turn, reply_to=address, heard=digest)

    def answers(self, turn: Turn, words: str) -> bool:
        """Whether a spoken turn answered these words: a hook's retry brings them again.

        A turn whose digest cannot be read, which is counted, is one that answered other words.
        """
        if turn.heard is None:
            return False
        seals = self._keys.seals(turn.conversation, turn.generation)
        try:
            heard = seals.open(_sealed_in(turn), "heard", Role.TURN_HEARD)
        except CodecError:
            return False
        return heard == _digest(words)

    def reply_text(self, turn: Turn) -> str | None:
        """The words of a turn's reply; None when it has none or they have expired.

        The turn says in clear which message that is. So the message, which is bound to its turn,
        has to say the same.

        Raises:
            CodecError: They cannot be read, or are no reply of this turn.
        """
        if not turn.messages:
            return None
        sk = message_sk(turn.messages[-1])
        item = self._tables.get(self._tables.conversations, turn.conversation, sk)
        if item is None or item.get("generation") != turn.generation:
            return None
        seals = self._keys.seals(turn.conversation, turn.generation)
        message = open_message(item, seals)
        if (message.role, item.get("turn")) != (Role.AI.value, turn.id):
            note_broken(turn.conversation, turn_sk(turn.id))
            raise SealBrokenError("the message is no reply of this turn")
        return message.text

    def putting(self, turn: Turn) -> Action:
        """Part of a commit: the new turn."""
        return put(self._tables.conversations, turn.item(), condition="attribute_not_exists(pk)")

    def annotating(self, turn: Turn, changes: Mapping[str, Any]) -> Action:
        """Part of a transaction: set attributes of a turn that exists."""
        names = list(changes)
        return update(
            self._tables.conversations,
            turn.conversation,
            turn_sk(turn.id),
            "SET " + ", ".join(f"#{name} = :{name}" for name in names),
            condition="attribute_exists(pk)",
            values={f":{name}": changes[name] for name in names},
        )


def readable(item: Item | None) -> Turn | None:
    """A turn of its item; None when there is no item, or it cannot be read, which is counted."""
    try:
        return Turn.parse(item) if item else None
    except CodecError:
        return None


def sids_of(item: Item) -> list[str]:
    """The carrier's ids that a turn's item holds, whatever was made of it."""
    held = item.get("carrier_sids")
    return [sid for sid in held if isinstance(sid, str)] if isinstance(held, list) else []


def _check(known: Item) -> None:
    """Hold the fields of a turn to their types. What is empty is never written.

    Raises:
        OddItemError: One is of another.
    """
    for name in _TEXTS:
        typed(known, name, str)
    for name in (*_NUMBERS, *(name for name in _PERHAPS_NUMBERS if name in known)):
        natural(known, name)
    for name in _PERHAPS.keys() & known.keys():
        typed(known, name, _PERHAPS[name])
    for name in _LISTS.keys() & known.keys():
        parts = typed(known, name, list)
        if not parts or any(type(part) is not _LISTS[name] for part in parts):
            raise OddItemError(f"{name} is no list of ours")


def _sealed_in(turn: Turn) -> Item:
    """A turn as much as its sealed attributes are bound to it."""
    return {"sk": turn_sk(turn.id), **vars(turn)}


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()
