"""Who calls: the person behind a number, and the conversation that a call speaks in.

A caller id can be forged. So a call finds its person (allowances, FORGET and export cover it) and
never their memory, unless the caller proved that the phone is theirs (`codes`). Knows no Lex.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from conversation.clocks import Clock
from conversation.ids import Ids
from conversation.persons import Persons, address_hash, call_key, person_key, route_of
from conversation.reply_to import ReplyTo
from conversation.tables import Tables
from texting.consent import Consents
from texting.screening import Screening
from voice.codes import is_proved

PERSON: Final = "person"
"""The setting with which a proved caller speaks in their own conversation."""


@dataclass(frozen=True)
class Caller:
    """Who calls.

    Attributes:
        contact: The call.
        conversation: What the call speaks in: its own, or the person's once that is proved.
        person: A person id; None for a number that is hidden, malformed or due to be recycled.
        hashed: The number's hash; empty when there is no person.
        route: From our number for texts to theirs; None where nobody can be texted.
        reply_to: The same as the carrier writes it; empty where nobody can be texted.
        proved: Whether the caller proved that the phone is theirs.
    """

    contact: str
    conversation: str
    person: str | None = None
    hashed: str = ""
    route: str | None = None
    reply_to: ReplyTo = field(default_factory=dict, repr=False)
    proved: bool = False


class Callers:
    """Finds out who calls.

    Args:
        tables: The tables.
        address_key: Gives the stack's address key.
        sender: Our number for texts; empty when there is none.
        countries: ISO codes of the countries that are texted; empty for all.
        also_serve: Prefixes of numbers that are texted whatever the number plan says of them.
        memory: "person" when proved callers speak in their own conversation, else "call".
        recycle_after_days: After so long a silence a number is taken for somebody new's; 0 never.
        person_days: Lifetime of a person whom only calls have made: longer than what calls leave
            behind, so that FORGET finds it by the number.
        clock: Epoch seconds.
        ids: Makes person ids.
    """

    def __init__(
        self,
        tables: Tables,
        address_key: Callable[[], bytes],
        *,
        sender: str = "",
        countries: tuple[str, ...] = (),
        also_serve: tuple[str, ...] = (),
        memory: str = "call",
        recycle_after_days: int = 0,
        person_days: int = 31,
        clock: Clock = time.time,
        ids: Ids | None = None,
    ) -> None:
        self._tables = tables
        self._address_key = address_key
        self._sender = sender
        self._proving = memory == PERSON
        self._recycle_after_days = recycle_after_days
        self._person_days = person_days
        self._clock = clock
        self._persons = Persons(tables, clock, ids)
        self._screening = Screening(countries, also_serve)
        self._consents = Consents(tables)

    def resolve(self, number: str, contact: str) -> Caller:
        """Who calls: one read, one more where callers can prove their number.

        A call renews no number and wakes no sleeping one: whether an address has changed hands is
        for its next text to find out, and until then such a call belongs to nobody.

        Args:
            number: As Connect writes it; anything at all.
            contact: The contact id of the call.
        """
        own = call_key(contact)
        if not self._screening.is_number(number):
            return Caller(contact, own)
        key = self._address_key()
        hashed = address_hash(number, key)
        known = self._persons.meet_caller(hashed, self._person_days)
        if known.has_lapsed(self._clock(), self._recycle_after_days):
            return Caller(contact, own)
        person = known.person
        proved = self._proving and is_proved(self._tables, person, contact, self._clock())
        textable = bool(self._sender)
        return Caller(
            contact=contact,
            conversation=person_key(person) if proved else own,
            person=person,
            hashed=hashed,
            route=route_of(self._sender, number, key) if textable else None,
            reply_to={"from": self._sender, "to": number} if textable else {},
            proved=proved,
        )

    def textable(self, caller: Caller) -> bool:
        """Whether the caller can be sent a text now: the kind of number, and their own word.

        Asked only before an offer: the number plan takes a tenth of a second to load.
        """
        if caller.person is None or caller.route is None or not self.reachable(caller):
            return False
        return not self._consents.opted_out(caller.person, caller.route)

    def reachable(self, caller: Caller) -> bool:
        """Whether the caller's is a kind of number that is sent texts, whatever they want."""
        return caller.route is not None and self._screening.takes_texts(caller.reply_to["to"])
