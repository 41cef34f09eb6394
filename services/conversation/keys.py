"""The key of each conversation: its generation, and its seed wrapped by KMS (rules 4, 8, 15).

A generation is random and never reused. Everything a conversation says is sealed under the key of
its generation, and who deletes the `keys` item makes every copy of it unreadable, wherever it is.
Owns the item and how it comes to be; `sealing` has what is derived of it, `vault` has KMS.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from conversation import observability
from conversation.clocks import Clock, milliseconds
from conversation.codec import SealBrokenError
from conversation.deadline import Deadline
from conversation.ids import new_generation
from conversation.items import SCHEMA, Item
from conversation.key_record import KeyRecord
from conversation.persons import person_key, person_of
from conversation.sealing import Seals, new_seed, note_broken
from conversation.tables import Action, ConditionFailedError, Tables, check, put, update
from conversation.vault import ForeignSeedError, KeyUnavailableError

__all__ = [
    "ForgottenError",
    "KeyBrokenError",
    "KeyLostError",
    "KeyRecord",
    "KeyUnavailableError",
    "Keys",
]

_META = "meta"
_LISTED = "conversation#"
_ATTEMPTS = 4
_PAGE = 50


class KeyLostError(Exception):
    """`meta` and `keys` do not name the same generation: an operator must decide (`rekey`)."""


class KeyBrokenError(SealBrokenError):
    """The `keys` item is not what was written: nothing of the conversation opens for now."""


class ForgottenError(Exception):
    """The generation is no longer the conversation's: what was sealed under it is gone."""


class Keys:
    """The key of each conversation.

    Args:
        tables: The tables, whose vault wraps and unwraps.
        clock: Epoch seconds.
    """

    def __init__(self, tables: Tables, clock: Clock = time.time) -> None:
        self._tables = tables
        self._clock = clock

    def find(self, conversation: str) -> str | None:
        """The generation, or None when the conversation has no key. One strong read."""
        record = self.record(conversation)
        return record.generation if record else None

    def record(self, conversation: str) -> KeyRecord | None:
        """The `keys` item, or None when the conversation has no key. One strong read."""
        item = self._tables.get(self._tables.keys, conversation)
        return KeyRecord.parse(item) if item else None

    def ensure(self, conversation: str, person_id: str | None = None) -> str:
        """The generation; a conversation without any gets a key. See `ensure_record`."""
        return self.ensure_record(conversation, person_id).generation

    def ensure_record(
        self, conversation: str, person_id: str | None = None, *, only_if: Sequence[Action] = ()
    ) -> KeyRecord:
        """The key; a conversation without any gets one, with its `meta`.

        Args:
            conversation: The conversation.
            person_id: Whose it is: `people` then lists it, so that FORGET finds it. None for a
                conversation that belongs to no person.
            only_if: At most one check, without which no key is made.

        Raises:
            ConditionFailedError: What was to be checked failed; it comes first.
            KeyLostError: `meta` has a generation and `keys` has none. Never a silent new key.
            KeyUnavailableError: KMS does not wrap a new key now.
        """
        for _ in range(_ATTEMPTS):
            record = self.record(conversation)
            if record is not None:
                return record
            try:
                return self._create(conversation, person_id, only_if)
            except ConditionFailedError as error:
                if only_if and error.failed(0):
                    raise
                met = error.items[len(only_if) + 1] or {}
                # Another worker may have made both between our read and our write.
                if met.get("generation") and self.find(conversation) is None:
                    raise _lost(conversation) from error
        raise _lost(conversation)

    def seals(self, conversation: str, generation: str, deadline: Deadline | None = None) -> Seals:
        """What opens and seals under a generation: from memory, else a read and a call of KMS.

        Args:
            conversation: The conversation.
            generation: The one that the caller read beside what it wants to open.
            deadline: Bounds the retries.

        Raises:
            ForgottenError: The conversation has another generation now, or none.
            KeyLostError: `meta` has this generation and `keys` has none.
            KeyUnavailableError: KMS does not unwrap it now.
            KeyBrokenError: The `keys` item is not what was written.
        """
        held = self._tables.vault.held(conversation, generation)
        if held is not None:
            return held
        record = self.record(conversation)
        if record is None or record.generation != generation:
            raise self._gone(conversation, generation)
        seals = self._unwrap(record, deadline)
        self._tables.vault.hold(seals)
        return seals

    def require_agreement(self, conversation: str) -> None:
        """See that `meta` and `keys` name the same generation: they change in one transaction.

        They do not when one table was restored to an earlier time than the other. Four reads, so
        that none of a change between them is taken for that: no generation comes back.

        Raises:
            KeyLostError: They differ.
        """
        seen = [(self.find(conversation), self._named(conversation)) for _ in range(2)]
        if seen[0] == seen[1] and seen[0][0] != seen[0][1]:
            raise _lost(conversation)

    def condition(self, conversation: str, generation: str) -> Action:
        """Part of a transaction: `keys` still holds this generation (rule 4)."""
        return check(
            self._tables.keys,
            conversation,
            None,
            condition="generation = :generation",
            values={":generation": generation},
        )

    def conditions(self, conversation: str, generation: str) -> list[Action]:
        """Part of an acceptance: `keys` still holds this generation, and `meta` names it (15)."""
        named = check(
            self._tables.conversations,
            conversation,
            _META,
            condition="generation = :generation",
            values={":generation": generation},
        )
        return [self.condition(conversation, generation), named]

    def lost(self, conversation: str) -> KeyLostError:
        """What to raise where one transaction saw that `meta` and `keys` differ; counted."""
        return _lost(conversation)

    def _unwrap(self, record: KeyRecord, deadline: Deadline | None) -> Seals:
        """Unwrap a key, and see that its halves belong together.

        Else who can write `keys`, and nothing more, could have texts sealed to a key of theirs.
        """
        conversation = record.conversation
        try:
            seed = self._tables.vault.unwrap(conversation, record.wrapped_seed, deadline)
        except ForeignSeedError as error:
            note_broken(conversation, "keys")
            raise KeyBrokenError("KMS did not wrap this seed for its conversation") from error
        except KeyUnavailableError:
            observability.count("KeyUnavailable")
            raise
        seals = Seals(conversation, record.generation, seed)
        if seals.public_key != record.public_key:
            note_broken(conversation, "keys")
            raise KeyBrokenError("the public key is not the seed's")
        return seals

    def _gone(self, conversation: str, generation: str) -> ForgottenError | KeyLostError:
        """Why `keys` does not have a generation."""
        # FORGET takes the key and the generation in one; a key alone does not go by itself.
        if self._named(conversation) == generation and self.find(conversation) != generation:
            return _lost(conversation)
        return ForgottenError(conversation)

    def _named(self, conversation: str) -> str | None:
        """The generation that `meta` names. One strong read."""
        meta = self._tables.get(self._tables.conversations, conversation, _META) or {}
        generation: str | None = meta.get("generation")
        return generation

    def _create(
        self, conversation: str, person_id: str | None, only_if: Sequence[Action]
    ) -> KeyRecord:
        tables, record = self._tables, self.make(conversation)
        # A call's conversation does not say in its name whose it is.
        named = {":person": person_id} if person_id and person_of(conversation) is None else {}
        naming = ", person = :person" if named else ""
        actions = [
            *only_if,
            put(tables.keys, record.item(), condition="attribute_not_exists(pk)"),
            update(
                tables.conversations,
                conversation,
                _META,
                "SET generation = :generation, #schema = :schema, "
                "#sequence = if_not_exists(#sequence, :zero), "
                "epoch = if_not_exists(epoch, :zero), "
                f"lease_until = if_not_exists(lease_until, :zero){naming}",
                condition="attribute_not_exists(generation)",
                values={":generation": record.generation, ":schema": SCHEMA, ":zero": 0, **named},
            ),
        ]
        if person_id is not None:
            actions.append(put(tables.people, listing(person_id, record)))
        tables.transact(actions)
        return record

    def make(self, conversation: str) -> KeyRecord:
        """A new key of a new generation, which rests nowhere yet.

        Raises:
            KeyUnavailableError: KMS does not wrap it now.
        """
        seed, generation = new_seed(), new_generation()
        try:
            wrapped = self._tables.vault.wrap(conversation, seed)
        except KeyUnavailableError:
            observability.count("KeyUnavailable")
            raise
        public_key = Seals(conversation, generation, seed).public_key
        born = milliseconds(self._clock)
        return KeyRecord(conversation, generation, public_key, wrapped, born)


def listing(person_id: str, record: KeyRecord) -> Item:
    """The item by which `people` lists a conversation of a person, written with its key."""
    return {
        "pk": person_key(person_id),
        "sk": f"{_LISTED}{record.conversation}",
        "generation": record.generation,
        "created_at": record.created_at,
        "schema": SCHEMA,
    }


def conversations_of(tables: Tables, person_id: str, *, since: int = 0) -> list[str]:
    """A person's conversations: `people` lists each, written with its key.

    Args:
        tables: The tables.
        person_id: Whose.
        since: Epoch milliseconds: only those that were begun after it.
    """
    found: list[str] = []
    after: str | None = None
    while True:
        page = tables.query(tables.people, person_key(person_id), _LISTED, limit=_PAGE, after=after)
        found += [one["sk"].removeprefix(_LISTED) for one in page if one["created_at"] >= since]
        if len(page) < _PAGE:
            return found
        after = page[-1]["sk"]


def _lost(conversation: str) -> KeyLostError:
    observability.count("KeyLost")
    return KeyLostError(conversation)
