"""Whether a person wants our texts: one item for each of our senders and each of their numbers.

Owns the consent item, its conditions, and the ledger of every change. Kept per route because the
carrier's own blocks are: a START on WhatsApp lifts no block on SMS. Nobody has to opt in: they
texted us first. The item also says whether the person was told who answers.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from conversation.items import SCHEMA, Item
from conversation.persons import person_key
from conversation.tables import Action, Tables, check, put, update

_PREFIX = "consent#"
_ROUTES = 50


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
    """

    opted_out: bool = False
    introduced: bool = False
    asks: bool = False


class Consents:
    """Reads and guards consent."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def standing(self, person: str, route: str) -> Standing:
        """How a person stands on a route. One strong read."""
        item = self._tables.get(self._tables.people, person_key(person), _sk(route)) or {}
        opted_out = item.get("state") == Consent.OUT
        return Standing(opted_out, "introduced_at" in item, item.get("asks", False))

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
            at_is_carriers: Whether the time is the carrier's. Then the change is conditioned on
                being newer, and a STOP wins a tie. A time of ours says only when the message
                reached us, and the clocks of two functions differ: such a change always applies.
        """
        newer = "#at <= :at" if consent is Consent.OUT else "#at < :at"
        return update(
            self._tables.people,
            person_key(person),
            _sk(route),
            "SET #state = :state, #at = :at, #by = :by, #schema = :schema",
            condition=f"attribute_not_exists(#at) OR {newer}" if at_is_carriers else "",
            values={":state": consent.value, ":at": at, ":by": by, ":schema": SCHEMA},
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
            how: "carrier" when it read the word as such, "word" when we did.
        """
        item = {
            "pk": person_key(person),
            "sk": f"consent-log#{at:015d}#{by}",
            "route": route,
            "state": consent.value,
            "at": at,
            "by": by,
            "how": how,
            "schema": SCHEMA,
        }
        return put(self._tables.people, item)

    def carrying(self, person: str, to: str, *, asks: str | None = None) -> list[Action]:
        """Part of an address's renewal: another person id takes over what was said on its routes.

        Args:
            person: Whose word it was.
            to: Whose it becomes.
            asks: A route on which they are to be asked whether they are the same.
        """
        mine = self._tables.query(self._tables.people, person_key(person), _PREFIX, limit=_ROUTES)
        kept: dict[str, Item] = {
            item["sk"]: {name: item[name] for name in ("state", "at", "by") if name in item}
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
