"""Bringing the sessions of another program into sealed conversations, each message once.

Owns where a session belongs, how far it was brought, and when it must not be. What was brought is
written down in the transaction that writes the messages: a run that died is simply run again.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cli.langchain_table import (
    Layout,
    Session,
    UnreadableMessageError,
    address_of,
    read_message,
)
from conversation.clocks import Clock, expiry, milliseconds
from conversation.history import BATCH, DynamoDBHistory, GenerationEndedError
from conversation.items import SCHEMA, Item
from conversation.keys import Keys
from conversation.messages import PREFIX, Draft
from conversation.persons import Persons, address_hash, person_key
from conversation.tables import Action, Tables, put

_AT_ONCE = BATCH - 2
"""Messages of one transaction, which also writes how far the session was brought."""


_RECEIPT = "import"


class Verdict(enum.StrEnum):
    """What becomes of a session."""

    NEW = "to import"
    PRESENT = "imported before"
    EMPTY = "without messages"
    EXPIRED = "expired"
    FORGOTTEN = "forgotten since they were imported, or of numbers that changed hands"
    TALKING = "of persons who have texted already (--append puts them after that)"
    CHANGED = "changed since they were imported in part"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Unreadable:
    """What could not be read: a whole session, or one message of it.

    Attributes:
        session: The item's key.
        position: The message's place in the session, from 0; None for a whole session.
        reason: Why, without a word of it.
    """

    session: str
    position: int | None
    reason: str


@dataclass(frozen=True)
class Place:
    """Where a session belongs, as far as that exists."""

    hashed: str
    mark: str
    person: str | None = None
    generation: str | None = None
    progress: Item = field(default_factory=dict)

    @property
    def done(self) -> int:
        """How many messages of the session were brought or passed over."""
        return int(self.progress.get("position", 0))

    @property
    def conversation(self) -> str:
        """The person's conversation."""
        return person_key(self.person or "")


@dataclass(frozen=True)
class Look:
    """What a look at a session found.

    Attributes:
        verdict: What becomes of it.
        conversation: Where it is or goes; None when that does not exist yet.
        messages: How many messages would be written, or were.
        unreadable: What could not be read.
    """

    verdict: Verdict
    conversation: str | None = None
    messages: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)


@dataclass(frozen=True)
class Choices:
    """What the operator chose.

    Attributes:
        message_days: Lifetime of what is brought, if it does not expire earlier by itself.
        append: Bring also what comes before words that were said here already.
        numbers: Whether session ids that are addresses mean these persons.
    """

    message_days: int = 30
    append: bool = False
    numbers: bool = True


class Importer:
    """Brings sessions of one table into a stack.

    Args:
        tables: The stack's tables.
        layout: The source's.
        address_key: The key of the stack's address hashes.
        choices: What the operator chose.
        clock: Epoch seconds.
    """

    def __init__(
        self,
        tables: Tables,
        layout: Layout,
        address_key: bytes,
        choices: Choices,
        clock: Clock = time.time,
    ) -> None:
        self._tables = tables
        self._layout = layout
        self._address_key = address_key
        self._choices = choices
        self._clock = clock
        self._persons = Persons(tables, clock)
        self._keys = Keys(tables, clock)

    def look(self, session: Session) -> Look:
        """Say what `bring` would do. Writes nothing."""
        return self._judge(session, self._place(session))[0]

    def bring(self, session: Session) -> Look:
        """Write what is not there yet.

        Raises:
            KeyLostError: The conversation's key is gone.
            StoreBusyError: The tables did not answer; run it again.
        """
        place = self._place(session)
        look, drafts = self._judge(session, place)
        if look.verdict is not Verdict.NEW:
            return look
        person = place.person or self._persons.find_or_create(place.hashed)
        generation = self._keys.ensure(person_key(person), person)
        place = replace(place, person=person, generation=generation)
        try:
            self._write(session, place, drafts)
        except GenerationEndedError:
            return replace(look, verdict=Verdict.FORGOTTEN, messages=0)
        return replace(look, conversation=place.conversation)

    def _judge(self, session: Session, place: Place) -> tuple[Look, list[tuple[int, Draft]]]:
        verdict = self._standing(session, place)
        conversation = place.conversation if place.person else None
        if verdict is not Verdict.NEW:
            problem = [Unreadable(session.name, None, session.problem)] if session.problem else []
            return Look(verdict, conversation, 0, problem), []
        drafts, unreadable = self._drafts(session, place)
        verdict = Verdict.NEW if drafts else Verdict.UNREADABLE
        return Look(verdict, conversation, len(drafts), unreadable), drafts

    def _standing(self, session: Session, place: Place) -> Verdict:
        if session.problem:
            return Verdict.UNREADABLE
        if session.expires_at is not None and session.expires_at <= self._clock():
            return Verdict.EXPIRED
        return self._record(session, place) if session.messages else Verdict.EMPTY

    def _record(self, session: Session, place: Place) -> Verdict:
        """How a session stands by what was written down of it."""
        known = self._tables.get(self._tables.people, place.mark, _RECEIPT)
        if known is None:
            return Verdict.TALKING if self._has_been_talking(place) else Verdict.NEW
        same = (known["person"], known["generation"]) == (place.person, place.generation)
        if not (same and place.progress):
            return Verdict.FORGOTTEN
        begun = session.messages[: place.done]
        if len(begun) < place.done or place.progress["digest"] != self._digest(begun):
            return Verdict.CHANGED
        return Verdict.NEW if len(session.messages) > place.done else Verdict.PRESENT

    def _has_been_talking(self, place: Place) -> bool:
        """Whether the newest words of the conversation were said here."""
        if self._choices.append or place.generation is None:
            return False
        newest = self._tables.query(
            self._tables.conversations, place.conversation, PREFIX, limit=1, newest_first=True
        )
        return any(
            item["generation"] == place.generation
            and item["expires_at"] > self._clock()
            and "imported" not in item
            for item in newest
        )

    def _place(self, session: Session) -> Place:
        source = f"import:{self._layout.table}:{session.name}"
        mark = f"import#{address_hash(source, self._address_key)}"
        address = address_of(session.id) if self._choices.numbers else None
        # Who spoke in a session without an address is nobody else we know: a person of its own,
        # so that FORGET and export reach it.
        hashed = address_hash(address or source, self._address_key)
        person = self._persons.find(hashed)
        if person is None:
            return Place(hashed, mark)
        conversation = person_key(person)
        progress = self._tables.get(self._tables.conversations, conversation, mark) or {}
        return Place(hashed, mark, person, self._keys.find(conversation), progress)

    def _drafts(
        self, session: Session, place: Place
    ) -> tuple[list[tuple[int, Draft]], list[Unreadable]]:
        """The messages that were not brought yet, with their place in the session."""
        ends = expiry(self._clock, self._choices.message_days)
        extra: Item = {
            "imported": place.mark.partition("#")[2],
            "expires_at": min(ends, session.expires_at or ends),
        }
        drafts: list[tuple[int, Draft]] = []
        unreadable: list[Unreadable] = []
        for position, raw in enumerate(session.messages[place.done :], place.done):
            try:
                draft = read_message(raw)
            except UnreadableMessageError as error:
                unreadable.append(Unreadable(session.name, position, str(error)))
            else:
                drafts.append((position, replace(draft, extra={**draft.extra, **extra})))
        return drafts, unreadable

    def _write(self, session: Session, place: Place, drafts: list[tuple[int, Draft]]) -> None:
        history = DynamoDBHistory(self._tables, place.conversation, clock=self._clock)
        seen = place.done
        positions = iter(position for position, _draft in drafts)
        for batch in history.batches([draft for _, draft in drafts], most=_AT_ONCE):
            newest = [next(positions) for _ in batch][-1]
            last = newest == drafts[-1][0]
            position = len(session.messages) if last else newest + 1
            marks = self._marks(session, place, seen, position)
            history.append(batch, generation=place.generation, also=marks)
            seen = position

    def _marks(self, session: Session, place: Place, seen: int, position: int) -> list[Action]:
        """How far a session was brought, and for good that it was.

        The first is forgotten with the conversation. The second, like a receipt, is not: what a
        person had forgotten does not come back when the import is run again.
        """
        common: Item = {"generation": place.generation, "schema": SCHEMA}
        progress = put(
            self._tables.conversations,
            {
                "pk": place.conversation,
                "sk": place.mark,
                "position": position,
                "digest": self._digest(session.messages[:position]),
                **common,
            },
            condition="#position = :seen" if seen else "attribute_not_exists(pk)",
            values={":seen": seen} if seen else None,
        )
        if seen:
            return [progress]
        now = milliseconds(self._clock)
        receipt = {"pk": place.mark, "sk": _RECEIPT, "person": place.person, "created_at": now}
        condition = "attribute_not_exists(pk)"
        return [progress, put(self._tables.people, {**receipt, **common}, condition=condition)]

    def _digest(self, messages: Sequence[Any]) -> str:
        """What tells whether the beginning of a session is still what was brought."""
        text = json.dumps(messages, sort_keys=True, default=repr)
        key = self._address_key
        return hmac.new(key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
