"""Offers to remember a call: the item `keep#<contact>` of a person, and how many a day there are.

Owns their conditions. What an offer stands for is in the call's own conversation; here is nothing
that was said.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from conversation.clocks import Clock, day_of, expiry, milliseconds
from conversation.codec import CodecError, Role
from conversation.items import SCHEMA, Item, OddItemError, natural, typed
from conversation.keys import KeyBrokenError, Keys
from conversation.persons import call_key, keep_sk, person_key
from conversation.sealing import Seals
from conversation.tables import Action, Tables, put, update

if TYPE_CHECKING:
    from texting.after_call import AfterCall

DAYS: Final = 7
"""How long an offer stands, and how long it is known that a call was kept."""

_MOST: Final = 1000
"""Offers that are read: more than a person can get in the days that one stands."""


@dataclass(frozen=True)
class Keep:
    """An offer.

    Attributes:
        contact: The call.
        generation: Key generation of what was said in it.
        started_at: Epoch milliseconds of the call.
        offered_at: Epoch milliseconds.
        kept_at: Epoch milliseconds; None until the person said yes and it was done.
        offered_to: To whom, sealed under the call's key.
    """

    contact: str
    generation: str
    started_at: int
    offered_at: int
    kept_at: int | None = None
    offered_to: bytes = b""

    @property
    def conversation(self) -> str:
        """The call's."""
        return call_key(self.contact)


class Keeps:
    """Writes offers and finds them."""

    def __init__(self, tables: Tables, clock: Clock = time.time) -> None:
        self._tables = tables
        self._clock = clock
        self._keys = Keys(tables, clock)

    def read(self, person: str, contact: str) -> Keep | None:
        """The offer of a call; None when there is none that stands. One strong read."""
        item = self._tables.get(self._tables.people, person_key(person), keep_sk(contact))
        return self._parse(item) if item else None

    def wanted(self, person: str) -> Keep | None:
        """The offer that a KEEP means: the latest open one, else the latest kept. One Query."""
        items = self._tables.query(
            self._tables.people, person_key(person), keep_sk(""), limit=_MOST
        )
        found = [keep for item in items if (keep := self._parse(item))]
        return max(found, key=lambda keep: (not keep.kept_at, keep.offered_at), default=None)

    def has_room(self, person: str, most: int) -> bool:
        """Whether fewer than `most` were made today. One strong read."""
        item = self._tables.get(self._tables.people, person_key(person), self._day()) or {}
        return bool(item.get("offers", 0) < most)

    def offering(self, person: str, call: AfterCall, contact: str, seals: Seals) -> Action:
        """Part of the commit of the text that makes the offer: one for each call.

        Args:
            person: To whom it is made. Sealed in the offer, by the call's own key: others who
                write in `people` cannot offer a call to somebody else.
            call: The call.
            contact: Its contact id.
            seals: Of the call's generation.
        """
        item: Item = {
            "pk": person_key(person),
            "sk": keep_sk(contact),
            "generation": call.generation,
            "started_at": call.started_at,
            "offered_at": milliseconds(self._clock),
            "expires_at": expiry(self._clock, DAYS),
            "schema": SCHEMA,
        }
        item["offered_to"] = seals.seal(person, item, Role.KEEP)
        return put(self._tables.people, item, condition="attribute_not_exists(pk)")

    def is_for(self, keep: Keep, person: str) -> bool:
        """Whether an offer was made to this person, by us; one that was not is counted.

        Raises:
            ForgottenError: The call was forgotten.
        """
        seals = self._keys.seals(keep.conversation, keep.generation)
        item = {"sk": keep_sk(keep.contact), **vars(keep)}
        try:
            return seals.open(item, "offered_to", Role.KEEP) == person
        except KeyBrokenError:
            raise
        except CodecError:
            return False

    def counting(self, person: str, most: int) -> Action:
        """Part of the same commit: fewer than `most` were made today. May create the day's item."""
        return update(
            self._tables.people,
            person_key(person),
            self._day(),
            "SET #schema = :schema, expires_at = :expires ADD offers :one",
            condition="attribute_not_exists(offers) OR offers < :most",
            values={
                ":schema": SCHEMA,
                ":expires": expiry(self._clock, 2),
                ":one": 1,
                ":most": most,
            },
        )

    def keeping(self, person: str, keep: Keep) -> Action:
        """Part of the commit that remembers the call: once, and only while the offer stands."""
        return update(
            self._tables.people,
            person_key(person),
            keep_sk(keep.contact),
            "SET kept_at = :now",
            condition="generation = :generation AND attribute_not_exists(kept_at)",
            values={":now": milliseconds(self._clock), ":generation": keep.generation},
        )

    def _day(self) -> str:
        return f"offers#{day_of(self._clock())}"

    def _parse(self, item: Item) -> Keep | None:
        """Read an offer; None for one that has expired, or is none of ours."""
        try:
            if typed(item, "expires_at", int) <= self._clock():
                return None
            return Keep(
                contact=item["sk"].removeprefix(keep_sk("")),
                generation=typed(item, "generation", str),
                started_at=natural(item, "started_at"),
                offered_at=natural(item, "offered_at"),
                kept_at=None if "kept_at" not in item else natural(item, "kept_at"),
                offered_to=typed(item, "offered_to", bytes),
            )
        except OddItemError:
            return None
