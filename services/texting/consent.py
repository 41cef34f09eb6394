"""Whether a person wants our texts: one item for each of our senders and each of their numbers.

Owns the consent item, its conditions, and the ledger of every change. Kept per route because the
carrier's own blocks are: a START on WhatsApp lifts no block on SMS. Nobody has to opt in: they
texted us first. The item also says whether the person was told who answers.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from conversation.clocks import MILLISECONDS
from conversation.items import SCHEMA, Item
from conversation.persons import person_key
from conversation.tables import Action, Tables, check, put, update

DELIVERY_MS: Final = 60 * MILLISECONDS
"""How long a message may take to reach the webhook. The carrier tries it for 15 s and then its
fallback for 15 s (`rc=3` of `DEFAULT_RETRY` in `components/twilio_number.py`); as much again is for
the clocks of two functions. What takes longer is put right by the listing."""

# A START lifts a STOP only when it is certainly newer, and a STOP stands unless it is certainly
# older, which without the carrier's time it never is. A message was sent between `earliest` and
# `at`, which are one where the carrier told it.
START_IS_NEWER: Final = (
    "attribute_not_exists(#at) OR (#state <> :state AND #at < :earliest)"
    " OR (#state = :state AND (attribute_not_exists(#earliest) OR #earliest <= :earliest))"
)
STOP_IS_NOT_OLDER: Final = (
    "attribute_not_exists(#at) OR (#state = :state AND #at <= :at)"
    " OR (#state <> :state AND (attribute_not_exists(#earliest) OR #earliest <= :at))"
)

STOP_WITHOUT_TIME: Final = "attribute_not_exists(#at) OR #state <> :state OR #at <= :at"

_PREFIX = "consent#"
_ROUTES = 50
_CARRIED = ("state", "at", "earliest", "by", "start_by")


class Consent(enum.StrEnum):
    """A person's latest word on a route."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True)
class Standing:
    """How a person stands on a route.

    Attributes:
        opted_out: Whether they want no texts.
        introduced: Whether they were told who answers, and how to stop and be forgotten.
        asks: Whether they are to be asked if they are who wrote before from this number.
        start_by: Their START that may be older than their STOP; empty when there is none.
    """

    opted_out: bool = False
    introduced: bool = False
    asks: bool = False
    start_by: str = ""


@dataclass(frozen=True)
class ConsentWord:
    """A STOP or a START as the carrier has it.

    Attributes:
        sid: The carrier's id of the message.
        consent: What it says.
        sent_at: The carrier's time, in epoch milliseconds.
    """

    sid: str
    consent: Consent
    sent_at: int


@dataclass(frozen=True)
class Recorded:
    """The latest word on a route, as its item holds it.

    Attributes:
        state: What it says.
        by: The carrier's id of its message.
        at: Epoch milliseconds at which it was sent at the latest.
        earliest: The same at the earliest; equal when the carrier told it.
        start_by: A START that may be newer; empty when there is none.
    """

    state: str
    by: str
    at: int
    earliest: int
    start_by: str = ""

    @property
    def is_timed(self) -> bool:
        """Whether the carrier's time of it is known."""
        return self.at == self.earliest


class Consents:
    """Reads and guards consent."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def standing(self, person: str, route: str) -> Standing:
        """How a person stands on a route. One strong read."""
        item = self._tables.get(self._tables.people, person_key(person), _sk(route)) or {}
        opted_out = item.get("state") == Consent.OUT
        start_by = item.get("start_by", "")
        return Standing(opted_out, "introduced_at" in item, item.get("asks", False), start_by)

    def recorded(self, person: str, route: str) -> Recorded | None:
        """The latest word of a person on a route; None before the first. One strong read."""
        item = self._tables.get(self._tables.people, person_key(person), _sk(route)) or {}
        if "state" not in item:
            return None
        known = {name: item[name] for name in Recorded.__dataclass_fields__ if name in item}
        return Recorded(**{"earliest": item["at"] - DELIVERY_MS, **known})

    def opted_out(self, person: str, route: str) -> bool:
        """Say whether a person has opted out of a route. One strong read."""
        return self.standing(person, route).opted_out

    def required(self, person: str, route: str) -> Action:
        """Part of the transaction that announces a send: nobody has opted out (rule 13)."""
        return check(
            self._tables.people,
            person_key(person),
            _sk(route),
            condition="attribute_not_exists(#state) OR #state <> :out",
            values={":out": Consent.OUT.value},
        )

    def introducing(self, person: str, route: str, at: int) -> Action:
        """Part of a commit: the reply tells who answers. May create the item: nobody opted in."""
        return update(
            self._tables.people,
            person_key(person),
            _sk(route),
            "SET introduced_at = :at, #schema = :schema REMOVE asks",
            condition="",
            values={":at": at, ":schema": SCHEMA},
        )

    def changing(
        self, person: str, route: str, consent: Consent, *, at: int, by: str, at_is_carriers: bool
    ) -> Action:
        """Part of an acceptance: a change of consent (rule 2).

        Args:
            person: Whose.
            route: On which route.
            consent: The new state.
            at: Epoch milliseconds.
            by: The `MessageSid` of the message that said so.
            at_is_carriers: Whether the time is the carrier's. A time of ours says only when the
                message reached us, so that it was sent up to `DELIVERY_MS` earlier.

        The condition fails when the change may not be made, or would add nothing.
        """
        condition = STOP_IS_NOT_OLDER if at_is_carriers else STOP_WITHOUT_TIME
        if consent is Consent.IN:
            condition = START_IS_NEWER
        return update(
            self._tables.people,
            person_key(person),
            _sk(route),
            "SET #state = :state, #at = :at, #earliest = :earliest, #by = :by, #schema = :schema "
            "REMOVE start_by",
            condition=condition,
            values={
                ":state": consent.value,
                ":at": at,
                ":earliest": at if at_is_carriers else at - DELIVERY_MS,
                ":by": by,
                ":schema": SCHEMA,
            },
        )

    def deferring(self, person: str, route: str, by: str) -> Action:
        """Part of an acceptance: a START that may be older than the STOP waits for its time."""
        return update(
            self._tables.people,
            person_key(person),
            _sk(route),
            "SET start_by = :by",
            condition="#state = :out",
            values={":by": by, ":out": Consent.OUT.value},
        )

    def ordering(
        self, person: str, route: str, seen: Recorded, word: ConsentWord, *, decides: bool
    ) -> Action:
        """Part of a settlement: a word takes the place of an older one, which is as it was seen.

        Args:
            person: Whose.
            route: On which route.
            seen: What was recorded.
            word: The newest that is known; it may be the same, whose time was learnt.
            decides: Whether it was compared with the START that waits, if there is one.
        """
        waits = "start_by = :start" if seen.start_by else "attribute_not_exists(start_by)"
        started = {":start": seen.start_by} if seen.start_by else {}
        return update(
            self._tables.people,
            person_key(person),
            _sk(route),
            "SET #state = :state, #at = :now, #earliest = :now, #by = :by"
            + (" REMOVE start_by" if decides else ""),
            condition=f"#by = :seen AND #at = :at AND {waits}",
            values={
                ":state": word.consent.value,
                ":now": word.sent_at,
                ":by": word.sid,
                ":seen": seen.by,
                ":at": seen.at,
                **started,
            },
        )

    def logging(
        self, person: str, route: str, consent: Consent, *, at: int, by: str, how: str
    ) -> Action:
        """Part of an acceptance: the change as the ledger keeps it, for good; it says no words.

        Args:
            person: Whose.
            route: On which route.
            consent: What was said.
            at: Epoch milliseconds.
            by: The `MessageSid`.
            how: "carrier" when it read the word as such, "word" when we did, "time" when the
                carrier's times of two words decided between them.
        """
        facts = {
            "route": route,
            "state": consent.value,
            "at": at,
            "by": by,
            "how": how,
            "schema": SCHEMA,
        }
        # An update, which creates the item: the responder may put nothing into `people`.
        return update(
            self._tables.people,
            person_key(person),
            f"consent-log#{at:015d}#{by}",
            "SET " + ", ".join(f"#{name} = :{name}" for name in facts),
            condition="",
            values={f":{name}": value for name, value in facts.items()},
        )

    def carrying(self, person: str, to: str, *, asks: str | None = None) -> list[Action]:
        """Part of an address's renewal: another person id takes over what was said on its routes.

        Args:
            person: Whose word it was.
            to: Whose it becomes.
            asks: A route on which they are to be asked whether they are the same.
        """
        mine = self._tables.query(self._tables.people, person_key(person), _PREFIX, limit=_ROUTES)
        kept: dict[str, Item] = {
            item["sk"]: {name: item[name] for name in _CARRIED if name in item}
            for item in mine
            if "state" in item
        }
        if asks is not None:
            kept.setdefault(_sk(asks), {})["asks"] = True
        return [
            put(self._tables.people, {"pk": person_key(to), "sk": sk, "schema": SCHEMA, **item})
            for sk, item in kept.items()
        ]


def _sk(route: str) -> str:
    return f"{_PREFIX}{route}"
