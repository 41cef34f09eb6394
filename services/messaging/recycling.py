"""Numbers change hands: after a long silence whoever texts is met as somebody new.

Owns what becomes of an address then. The new person begins with nothing but the address's refusal
of our texts: a STOP is the number's, not its holder's. When the operator allows it, the earlier
conversation can be taken up again with CONTINUE. Nothing we hold tells the old holder from a new
one, so that is off unless asked for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from conversation.clocks import DAY_SECONDS, Clock, milliseconds
from conversation.ids import Ids
from conversation.items import SCHEMA
from conversation.persons import Known, Persons, address_key, person_key
from conversation.tables import Action, ConditionFailedError, Tables, put, update
from messaging.consent_words import words_of
from messaging.policy import Policy
from texting.consent import Consents

_WORD: Final = ("continue",)
_SK: Final = "person"
_LATELY_DAYS: Final = 60


class Recycling:
    """Renews addresses, and takes that back.

    Args:
        tables: The tables.
        persons: Who is behind an address.
        policy: After how long, and for how long it can be taken back.
        clock: Epoch seconds.
        ids: Makes person ids.
    """

    def __init__(
        self, tables: Tables, persons: Persons, policy: Policy, clock: Clock, ids: Ids
    ) -> None:
        self._tables = tables
        self._persons = persons
        self._policy = policy
        self._consents = Consents(tables)
        self._clock = clock
        self._ids = ids

    def met(self, hashed: str, route: str) -> Known:
        """Who is behind an address now; somebody new when it was silent for too long."""
        known = self._persons.meet(hashed)
        if not known.has_lapsed(self._clock(), self._policy.recycle_after_days):
            self._persons.touch(hashed, known)
            return known
        try:
            return self._renew(hashed, known, route)
        except ConditionFailedError:
            return self._persons.meet(hashed)  # Another delivery was faster.

    def others(self, known: Known) -> tuple[str, ...]:
        """Whom an address stood for lately: their receipts and their STOP count with it still."""
        if self._clock() - known.renewed_at > _LATELY_DAYS * DAY_SECONDS:
            return ()
        return tuple(other for other in (known.former, known.beside) if other is not None)

    def may_continue(self, known: Known, text: str) -> bool:
        """Whether a text asks for the earlier conversation, and may."""
        until = known.renewed_at + self._policy.continue_days * DAY_SECONDS
        return known.former is not None and self._clock() < until and words_of(text) == _WORD

    def continuing(self, hashed: str, known: Known) -> tuple[Known, list[Action]]:
        """Part of an acceptance: the address is its former person's again.

        Returns:
            Who that is, and the writes; the first is conditioned on nothing having changed.
        """
        former = known.former or ""
        back = replace(known, person=former, former=None, beside=known.person)
        address = update(
            self._tables.people,
            address_key(hashed),
            _SK,
            "SET person = :former, beside = :person, renewed_at = :now REMOVE former",
            condition="person = :person AND former = :former",
            values={":person": known.person, ":former": former, ":now": int(self._clock())},
        )
        # So that FORGET and an export of this person reach what was said in between.
        listed = {
            "pk": person_key(former),
            "sk": f"conversation#{person_key(known.person)}",
            "created_at": milliseconds(self._clock),
            "schema": SCHEMA,
        }
        kept = self._consents.carrying(known.person, former)
        return back, [address, put(self._tables.people, listed), *kept]

    def _renew(self, hashed: str, known: Known, route: str) -> Known:
        now = int(self._clock())
        renewed = Known(person=self._ids.new(), last_seen=now, former=known.person, renewed_at=now)
        address = update(
            self._tables.people,
            address_key(hashed),
            _SK,
            "SET person = :new, former = :old, renewed_at = :now, last_seen = :now REMOVE beside",
            condition="person = :old AND last_seen = :seen",
            values={
                ":new": renewed.person,
                ":old": known.person,
                ":now": now,
                ":seen": known.last_seen,
            },
        )
        asks = route if self._policy.continue_days else None
        kept = self._consents.carrying(known.person, renewed.person, asks=asks)
        self._tables.transact([address, *kept])
        return replace(renewed, screened=known.screened, refused=known.refused)
