"""Key generations: which key a conversation's content belongs to (protocol rules 4, 8, 15).

A generation is random and never reused. Cryptographic material will rest in the same item; the
rules that keep a forgotten conversation forgotten hold for the generation already.
"""

from __future__ import annotations

import time

from conversation.clocks import Clock, milliseconds
from conversation.ids import new_generation
from conversation.items import SCHEMA
from conversation.persons import person_key
from conversation.tables import Action, ConditionFailedError, Tables, check, put, update

_ATTEMPTS = 4


class KeyLostError(Exception):
    """`meta` names a generation that `keys` no longer has: an operator must decide (`rekey`)."""


class Keys:
    """The key generation of each conversation."""

    def __init__(self, tables: Tables, clock: Clock = time.time) -> None:
        self._tables = tables
        self._clock = clock

    def find(self, conversation: str) -> str | None:
        """The generation, or None when the conversation has no key. One strong read."""
        item = self._tables.get(self._tables.keys, conversation)
        return item["generation"] if item else None

    def ensure(self, conversation: str, person_id: str | None = None) -> str:
        """The generation; a conversation without any gets one, with its `meta`.

        Args:
            conversation: The conversation.
            person_id: Whose it is: `people` then lists it, so that FORGET finds it. None for a
                conversation that belongs to no person.

        Raises:
            KeyLostError: `meta` has a generation and `keys` has none. Never a silent new key.
        """
        for _ in range(_ATTEMPTS):
            generation = self.find(conversation)
            if generation is not None:
                return generation
            try:
                return self._create(conversation, person_id)
            except ConditionFailedError as error:
                met = error.items[1] or {}
                # Another worker may have made both between our read and our write.
                if met.get("generation") and self.find(conversation) is None:
                    raise KeyLostError(conversation) from error
        raise KeyLostError(conversation)

    def condition(self, conversation: str, generation: str) -> Action:
        """Part of a transaction: `keys` still holds this generation (rule 4)."""
        return check(
            self._tables.keys,
            conversation,
            None,
            condition="generation = :generation",
            values={":generation": generation},
        )

    def _create(self, conversation: str, person_id: str | None) -> str:
        tables, generation, now = self._tables, new_generation(), milliseconds(self._clock)
        born = {"generation": generation, "created_at": now, "schema": SCHEMA}
        actions = [
            put(tables.keys, {"pk": conversation, **born}, condition="attribute_not_exists(pk)"),
            update(
                tables.conversations,
                conversation,
                "meta",
                "SET generation = :generation, #schema = :schema, "
                "#sequence = if_not_exists(#sequence, :zero), "
                "epoch = if_not_exists(epoch, :zero), "
                "lease_until = if_not_exists(lease_until, :zero)",
                condition="attribute_not_exists(generation)",
                values={":generation": generation, ":schema": SCHEMA, ":zero": 0},
            ),
        ]
        if person_id is not None:
            listed = {"pk": person_key(person_id), "sk": f"conversation#{conversation}", **born}
            actions.append(put(tables.people, listed))
        tables.transact(actions)
        return generation
