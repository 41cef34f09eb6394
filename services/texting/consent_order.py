"""The order of a person's STOPs and STARTs: as they were sent, not as they reached us.

A webhook does not say when its message was sent, and the carrier delivers a message again that we
could not take: an older START may arrive after a newer STOP. Such a START waits. Owns how the
carrier's times settle it: those of its listing, or that of the START alone if a text comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Protocol

from conversation import observability
from conversation.tables import Action, ConditionFailedError, Tables
from texting.carrier_outcomes import CarrierMessage, CarrierUnavailableError
from texting.consent import Consent, Consents, ConsentWord, Recorded

_ATTEMPTS: Final = 3


class Asked(Protocol):
    """What is needed of the carrier."""

    def fetch(self, sid: str) -> CarrierMessage | None:
        """Give one message; None when the carrier has it no longer."""


class ConsentOrder:
    """Puts words of consent into the order in which they were sent.

    Args:
        tables: The tables.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._consents = Consents(tables)

    def settle(self, person: str, route: str, words: Sequence[ConsentWord]) -> None:
        """Make the newest word the one that counts, as far as these times tell.

        Args:
            person: Whose they are.
            route: On which route; all of them were accepted there.
            words: At least one, in any order.

        Raises:
            StoreBusyError: The store did not answer.
        """
        newest = max(words, key=lambda word: (word.sent_at, word.consent is Consent.OUT))
        sids = {word.sid for word in words}
        for _ in range(_ATTEMPTS):
            seen = self._consents.recorded(person, route)
            if seen is None:
                return
            decides = seen.start_by in sids
            if seen.by == newest.sid and seen.is_timed and not decides:
                return
            if seen.by not in sids:
                with suppress(ConditionFailedError):  # It is newer, or not certainly older.
                    self._take(person, route, seen, newest)
                return
            replaced = self._consents.ordering(person, route, seen, newest, decides=decides)
            with suppress(ConditionFailedError):  # Another word came: look again.
                self._write(person, route, seen, newest, replaced)
                return

    def ask(self, person: str, route: str, carrier: Asked) -> None:
        """Ask the carrier when the START that waits was sent; it counts if no STOP can be newer.

        Each STOP that was accepted was sent before `Recorded.at`. When that does not tell, or the
        carrier does not, the STOP stands and the listing settles it.

        Raises:
            StoreBusyError: The store did not answer.
        """
        seen = self._consents.recorded(person, route)
        if seen is None or not seen.start_by:
            return
        try:
            start = carrier.fetch(seen.start_by)
        except CarrierUnavailableError as error:
            observability.logger().warning("consent not settled", extra={"why": str(error)})
            return
        if start is None or start.created_at is None:
            return
        with suppress(ConditionFailedError):
            word = ConsentWord(seen.start_by, Consent.IN, start.created_at)
            self._take(person, route, seen, word)

    def _take(self, person: str, route: str, seen: Recorded, word: ConsentWord) -> None:
        """Record a word by its time, if it is the newer one."""
        change = self._consents.changing(
            person, route, word.consent, at=word.sent_at, by=word.sid, at_is_carriers=True
        )
        self._write(person, route, seen, word, change)

    def _write(
        self, person: str, route: str, seen: Recorded, word: ConsentWord, change: Action
    ) -> None:
        """Write a change, and its ledger entry where it is one."""
        logged = []
        if seen.state != word.consent:
            at, by = word.sent_at, word.sid
            logged.append(
                self._consents.logging(person, route, word.consent, at=at, by=by, how="time")
            )
        self._tables.transact([change, *logged])
