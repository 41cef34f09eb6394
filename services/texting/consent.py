"""Whether a person wants our texts: one item for each of our senders and each of their numbers.

Owns the consent item and its conditions. Kept per route because the carrier's own blocks are: a
START on WhatsApp lifts no block on SMS. Nobody has to opt in: they texted us first.
"""

from __future__ import annotations

import enum

from conversation.items import SCHEMA
from conversation.persons import person_key
from conversation.tables import Action, Tables, check, put


class Consent(enum.StrEnum):
    """A person's latest word on a route."""

    IN = "in"
    OUT = "out"


class Consents:
    """Reads and guards consent."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def opted_out(self, person: str, route: str) -> bool:
        """Say whether a person has opted out of a route. One strong read."""
        item = self._tables.get(self._tables.people, person_key(person), _sk(route))
        return item is not None and item["state"] == Consent.OUT

    def required(self, person: str, route: str) -> Action:
        """Part of the transaction that announces a send: nobody has opted out (rule 13)."""
        return check(
            self._tables.people,
            person_key(person),
            _sk(route),
            condition="attribute_not_exists(#state) OR #state <> :out",
            values={":out": Consent.OUT.value},
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
        item = {
            "pk": person_key(person),
            "sk": _sk(route),
            "state": consent.value,
            "at": at,
            "by": by,
            "schema": SCHEMA,
        }
        if not at_is_carriers:
            return put(self._tables.people, item)
        newer = "#at <= :at" if consent is Consent.OUT else "#at < :at"
        return put(
            self._tables.people,
            item,
            condition=f"attribute_not_exists(#at) OR {newer}",
            values={":at": at},
        )


def _sk(route: str) -> str:
    return f"consent#{route}"
