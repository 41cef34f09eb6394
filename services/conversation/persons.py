"""Persons: who writes from an address. Knows no number in clear and no channel's spelling."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from dataclasses import dataclass
from typing import Any

from conversation.clocks import DAY_SECONDS, Clock, expiry
from conversation.ids import Ids
from conversation.items import SCHEMA, Item
from conversation.tables import ConditionFailedError, Tables, put, update

_PERSON = "person"
_META = "meta"
_ROUTE_CHARACTERS = 16
_CALL = "call#"
_NEVER = float("inf")
_ROUTE = re.compile(r"[0-9a-f]{16}#[0-9a-f]{64}")


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


def is_route(value: Any) -> bool:
    """Whether a value has the form of a route: it is part of the keys of other items."""
    return isinstance(value, str) and _ROUTE.fullmatch(value) is not None


def person_key(person_id: str) -> str:
    """A person's partition in `people`; also the name of their conversation."""
    return f"person#{person_id}"


def address_key(hashed: str) -> str:
    """An address's partition in `people`."""
    return f"address#{hashed}"


def person_of(conversation: str) -> str | None:
    """The person id of a person's own conversation; None for a call's or an HTTP client's."""
    kind, _, rest = conversation.partition("#")
    return rest if kind == "person" and rest else None


def call_key(contact: str) -> str:
    """The conversation of a call."""
    return f"{_CALL}{contact}"


def keep_sk(contact: str) -> str:
    """Sort key of the offer to remember a call, in its person's partition."""
    return f"keep#{contact}"


def proof_sk(contact: str) -> str:
    """Sort key of a caller's proof that a number is theirs, in the person's partition."""
    return f"proof#{contact}"


def contact_of(conversation: str) -> str | None:
    """The contact id of a call's conversation; None for any other."""
    return conversation.removeprefix(_CALL) if conversation.startswith(_CALL) else None


def owner_of(tables: Tables, conversation: str) -> str | None:
    """Whose any conversation is: of a call's, its `meta` says so. One strong read for a call."""
    person = person_of(conversation)
    if person is not None or contact_of(conversation) is None:
        return person
    meta = tables.get(tables.conversations, conversation, _META) or {}
    owner: str | None = meta.get("person")
    return owner


@dataclass(frozen=True)
class Known:
    """What is known of an address.

    Attributes:
        person: Whose it is: a person id.
        last_seen: Epoch seconds, to the day.
        screened: Name of the rules that `refused` was decided under; empty before that.
        refused: Why its texts are not taken; None when they are.
        former: Whose it was before a long silence, while they can still say that they are the same.
        renewed_at: Epoch seconds of its latest change of person.
        beside: Whose it was for a while, before `person` said that they are the same.
    """

    person: str
    last_seen: int = 0
    screened: str = ""
    refused: str | None = None
    former: str | None = None
    renewed_at: int = 0
    beside: str | None = None

    @classmethod
    def parse(cls, item: Item) -> Known:
        """Read it from its item."""
        known = {name: item[name] for name in cls.__dataclass_fields__ if name in item}
        return cls(**{**known, "refused": item.get("refused") or None})

    def has_lapsed(self, now: float, after_days: int) -> bool:
        """Whether the address was silent for so long that it is taken for somebody new's."""
        after = after_days * DAY_SECONDS
        return bool(after) and now - self.last_seen >= after


class Persons:
    """Finds the person behind an address, and makes one at the first contact."""

    def __init__(self, tables: Tables, clock: Clock = time.time, ids: Ids | None = None) -> None:
        self._tables = tables
        self._clock = clock
        self._ids = ids or Ids(clock)

    def find(self, hashed: str) -> str | None:
        """The person id of an address (by its `address_hash`), or None. One strong read."""
        known = self.known(hashed)
        return known.person if known else None

    def known(self, hashed: str) -> Known | None:
        """What is known of an address, or None. One strong read."""
        item = self._read(address_key(hashed))
        return Known.parse(item) if item else None

    def owners(self, hashed: str) -> frozenset[str]:
        """Whose what was texted from an address can be: its person's, and the one's in between.

        The one in between is who it stood for until `person` said that they are the same.
        """
        item = self._tables.get(self._tables.people, address_key(hashed), _PERSON) or {}
        found = (item.get("person"), item.get("beside"))
        return frozenset(one for one in found if isinstance(one, str))

    def find_or_create(self, hashed: str) -> str:
        """The person id of an address; a first contact creates the person."""
        known = self.meet(hashed)
        self.touch(hashed, known)
        return known.person

    def meet(self, hashed: str) -> Known:
        """What is known of an address that proved itself; a first contact creates the person.

        Two webhooks at once agree on one person: the loser of the conditional put reads the
        winner's. A person whom only a call has made stays from now on.
        """
        pk = address_key(hashed)
        item = self._read(pk)
        if item is not None and "expires_at" in item and not self._expiring(pk, item, None):
            item = self._read(pk)
        return Known.parse(item if item is not None else self._create(pk))

    def meet_caller(self, hashed: str, days: int) -> Known:
        """What is known of a number that somebody claims to call from, which may be forged.

        A person made for it expires, so that forged numbers do not pile up. Each call puts that
        off, at most once a day; `meet` ends it.

        Args:
            hashed: The number's `address_hash`.
            days: How long what a call leaves behind lives, so that FORGET finds it by the number.
        """
        pk, expires_at = address_key(hashed), expiry(self._clock, days)
        item = self._read(pk)
        if item is None:
            item = self._create(pk, expires_at)
        elif expires_at - item.get("expires_at", expires_at) >= DAY_SECONDS:
            self._expiring(pk, item, expires_at)
        return Known.parse(item)

    def touch(self, hashed: str, known: Known) -> None:
        """Note that the person was heard of, at most once a day: the usual text writes nothing."""
        now = int(self._clock())
        if now - known.last_seen >= DAY_SECONDS:
            self._note(hashed, {"last_seen": now})

    def screened(self, hashed: str, fingerprint: str, refused: str | None) -> None:
        """Keep the verdict on an address, and the name of the rules that it was made under."""
        self._note(hashed, {"screened": fingerprint, "refused": refused or ""})

    def _read(self, pk: str) -> Item | None:
        """The item of an address; None when there is none, or it has expired."""
        item = self._tables.get(self._tables.people, pk, _PERSON)
        return item if item and item.get("expires_at", _NEVER) > self._clock() else None

    def _expiring(self, pk: str, item: Item, at: int | None) -> bool:
        """Have an item expire later, or never; False when it is another's, or kept, by now."""
        action = update(
            self._tables.people,
            pk,
            _PERSON,
            "REMOVE expires_at" if at is None else "SET expires_at = :at",
            condition="person = :person AND attribute_exists(expires_at)",
            values={":person": item["person"], **({} if at is None else {":at": at})},
        )
        try:
            self._tables.write(action)
        except ConditionFailedError:
            return False
        return True

    def _create(self, pk: str, expires_at: int | None = None) -> Item:
        item: Item = {
            "pk": pk,
            "sk": _PERSON,
            "person": self._ids.new(),
            "last_seen": int(self._clock()),
            "schema": SCHEMA,
            **({} if expires_at is None else {"expires_at": expires_at}),
        }
        action = put(
            self._tables.people,
            item,
            # DynamoDB takes days to delete what has expired.
            condition="attribute_not_exists(pk) OR expires_at <= :now",
            values={":now": int(self._clock())},
        )
        try:
            self._tables.write(action)
        except ConditionFailedError:
            winner = self._read(pk)
            if winner is None:
                raise
            item = winner
        return item

    def _note(self, hashed: str, facts: Item) -> None:
        action = update(
            self._tables.people,
            address_key(hashed),
            _PERSON,
            "SET " + ", ".join(f"#{name} = :{name}" for name in facts),
            condition="attribute_exists(pk)",
            values={f":{name}": value for name, value in facts.items()},
        )
        try:
            self._tables.write(action)
        except ConditionFailedError:
            return  # The address was removed meanwhile; nothing to note.
