"""The record of a turn: pointers, outcome, delivery, durations and costs; no text of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conversation.items import SCHEMA, Item
from conversation.keys import Keys
from conversation.messages import message_sk
from conversation.outcomes import DeliveryState, Outcome
from conversation.reply_to import ReplyTo, open_reply_to, seal_reply_to
from conversation.tables import Action, Tables, put, update

_HEARD = "heard"


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
        reply_to: Where the reply goes, sealed.
        messages: Numbers of the messages it wrote, the reply last.
        inbox: Sort keys of the inbox items it answered.
        attempts: Claims it took.
        created_at: Epoch milliseconds of the commit.
        expires_at: Epoch seconds.
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
    reply_to: bytes
    messages: list[int]
    inbox: list[str]
    attempts: int
    created_at: int
    expires_at: int
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
        kept = {k: v for k, v in self.__dict__.items() if v not in (None, [], {}, 0)}
        kept["outcome"], kept["delivery"] = self.outcome.value, self.delivery.value
        del kept["conversation"], kept["id"]
        return {"pk": self.conversation, "sk": turn_sk(self.id), "schema": SCHEMA, **kept}

    @classmethod
    def parse(cls, item: Item) -> Turn:
        """Read it back; attributes of a later version are ignored."""
        known = {k: v for k, v in item.items() if k in cls.__dataclass_fields__}
        known["outcome"] = Outcome(item["outcome"])
        known["delivery"] = DeliveryState(item["delivery"])
        known["conversation"], known["id"] = item["pk"], item["sk"].partition("#")[2]
        for name in ("messages", "inbox"):
            known.setdefault(name, [])
        return cls(**{"attempts": 0, **known})


class Turns:
    """Reads and annotates turns."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._keys = Keys(tables)

    def read(self, conversation: str, turn_id: str) -> Turn | None:
        """One turn, strongly; None when there is none."""
        item = self._tables.get(self._tables.conversations, conversation, turn_sk(turn_id))
        return Turn.parse(item) if item else None

    def address(self, turn: Turn) -> ReplyTo:
        """Where a turn's reply goes.

        Raises:
            CodecError: The address cannot be read.
        """
        seals = self._keys.seals(turn.conversation, turn.generation)
        return open_reply_to(turn.reply_to, seals, turn_sk(turn.id))

    def seal_reply_to(
        self, reply_to: Mapping[str, str], conversation: str, turn_id: str, generation: str
    ) -> bytes:
        """A reply address as a new turn holds it."""
        return seal_reply_to(reply_to, self._keys.seals(conversation, generation), turn_sk(turn_id))

    def seal_heard(self, words: str, conversation: str, turn_id: str, generation: str) -> bytes:
        """What a new turn keeps of the words that it answered aloud."""
        seals = self._keys.seals(conversation, generation)
        return seals.seal(_digest(words), sk=turn_sk(turn_id), role=_HEARD)

    def answers(self, turn: Turn, words: str) -> bool:
        """Whether a spoken turn answered these words: a hook's retry brings them again.

        Raises:
            CodecError: The digest cannot be read.
        """
        if turn.heard is None:
            return False
        seals = self._keys.seals(turn.conversation, turn.generation)
        return seals.open(turn.heard, sk=turn_sk(turn.id), role=_HEARD) == _digest(words)

    def reply_text(self, turn: Turn) -> str | None:
        """The words of a turn's reply; None when it has none or they have expired.

        Raises:
            CodecError: They cannot be read.
        """
        if not turn.messages:
            return None
        sk = message_sk(turn.messages[-1])
        item = self._tables.get(self._tables.conversations, turn.conversation, sk)
        if item is None or item.get("generation") != turn.generation:
            return None
        seals = self._keys.seals(turn.conversation, turn.generation)
        return seals.open(item["content"], sk=sk, role=item["role"])

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


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()
