"""Persons: who writes from an address. Knows no number in clear and no channel's spelling."""

from __future__ import annotations

import hashlib
import hmac
import time

from conversation.clocks import DAY_SECONDS, Clock
from conversation.ids import Ids
from conversation.items import SCHEMA
from conversation.tables import ConditionFailedError, Tables, put, update

_PERSON = "person"
_ROUTE_CHARACTERS = 16


def address_hash(value: str, key: bytes) -> str:
    """HMAC-SHA256 of an address, in hexadecimal: the only form in which we keep it in clear."""
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()


def route_of(sender: str, number: str, key: bytes) -> str:
    """The route of a text: which of our senders talks with which number.

    Args:
        sender: Our address as the carrier writes it (with `whatsapp:` where it has one).
        number: The person's E.164 number, without any prefix.
        key: The stack's address key.
    """
    return f"{address_hash(sender, key)[:_ROUTE_CHARACTERS]}#{address_hash(number, key)}"


def person_key(person_id: str) -> str:
    """A person's partition in `people`; also the name of their conversation."""
    return f"person#{person_id}"


def person_of(conversation: str) -> str | None:
    """The person id of a person's conversation; None for a call's or an HTTP client's."""
    kind, _, rest = conversation.partition("#")
    return rest if kind == "person" and rest else None


class Persons:
    """Finds the person behind an address, and makes one at the first contact."""

    def __init__(self, tables: Tables, clock: Clock = time.time, ids: Ids | None = None) -> None:
        self._tables = tables
        self._clock = clock
        self._ids = ids or Ids(clock)

    def find(self, hashed: str) -> str | None:
        """The person id of an address (by its `address_hash`), or None. One strong read."""
        item = self._tables.get(self._tables.people, f"address#{hashed}", _PERSON)
        return item["person"] if item else None

    def find_or_create(self, hashed: str) -> str:
        """The person id of an address; a first contact creates the person.

        Two webhooks at once agree on one person: the loser of the conditional put reads the
        winner's. `last_seen` is rewritten at most once a day, so that the usual text costs a
        read and no write.
        """
        pk = f"address#{hashed}"
        item = self._tables.get(self._tables.people, pk, _PERSON)
        if item is None:
            return self._create(pk)
        if int(self._clock()) - item.get("last_seen", 0) >= DAY_SECONDS:
            self._touch(pk)
        person: str = item["person"]
        return person

    def _create(self, pk: str) -> str:
        person = self._ids.new()
        item = {
            "pk": pk,
            "sk": _PERSON,
            "person": person,
            "last_seen": int(self._clock()),
            "schema": SCHEMA,
        }
        action = put(self._tables.people, item, condition="attribute_not_exists(pk)")
        try:
            self._tables.write(action)
        except ConditionFailedError:
            winner = self._tables.get(self._tables.people, pk, _PERSON)
            if winner is None:
                raise
            person = winner["person"]
        return person

    def _touch(self, pk: str) -> None:
        action = update(
            self._tables.people,
            pk,
            _PERSON,
            "SET last_seen = :now",
            condition="attribute_exists(pk)",
            values={":now": int(self._clock())},
        )
        try:
            self._tables.write(action)
        except ConditionFailedError:
            return  # The address was removed meanwhile; nothing to note.
