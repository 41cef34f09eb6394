"""A turn that waits to be delivered, and what is needed for that."""

from __future__ import annotations

from typing import Any

from conversation.tables import Tables
from tests.services.texting_parts import PUBLIC, Clock, OpenTurns, PlayedCarrier, recipients
from texting.consent import Consent, Consents
from texting.delivery import Delivery, DeliveryResult

TIMEOUT, SKEW = 65, 60


class Scene:
    """One conversation whose open turn is delivered."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.clock = Clock()
        self._words = 0
        self.open = OpenTurns(tables, self.clock)
        self.carrier = PlayedCarrier(self.clock)
        self.consents = Consents(tables)
        self.delivery = self.delivering(tables)

    def delivering(self, tables: Tables, **changes: Any) -> Delivery:
        """A delivery over these tables."""
        given = {
            "public_url": PUBLIC,
            "function_timeout_seconds": TIMEOUT,
            "clock_skew_seconds": SKEW,
            "clock": self.clock,
            "monotonic": self.clock,
            **changes,
        }
        return Delivery(tables, self.carrier, self.open.lease, recipients(tables), **given)

    def again(self, turn: Any, *, later_seconds: float = 0) -> DeliveryResult:
        """What the next worker does with the open turn."""
        claim = self.open.taken(later_seconds=later_seconds)
        return self.delivery.deliver(claim, self.open.read(turn))

    def stop(self, consent: Consent = Consent.OUT) -> None:
        """The person opts out."""
        self._words += 1
        change = self.consents.changing(
            self.open.person,
            self.open.route,
            consent,
            at=self.clock.ms + self._words,
            by="SMstop",
            at_is_carriers=True,
        )
        self.tables.write(change)

    @property
    def meta(self) -> Any:
        """The conversation's meta."""
        return self.open.lease.read(self.open.conversation)

    def pending_at(self) -> int | None:
        """When the sweep is to look."""
        item = self.tables.get(self.tables.conversations, self.open.conversation, "meta") or {}
        return item.get("pending_at")
