"""STOP and START as texts: what each changes, and what becomes of one that came too late.

Owns the writes of their acceptance. `texting.consent` says which of two words is the newer, and
`texting.consent_order` does once the carrier's times are known.
"""

from __future__ import annotations

from collections.abc import Iterable

from conversation.clocks import Clock, milliseconds
from conversation.items import Item
from conversation.tables import Action, ConditionFailedError, StoreBusyError, Tables
from messaging.acceptance import CONSENT, DEFERRED, IGNORED, Acceptance
from messaging.inbound import InboundText
from messaging.origin import Origin
from messaging.receipts import Receipts
from texting.consent import Consent, Consents
from texting.meter import FixedReply


class ConsentChanges:
    """Accepts STOP and START.

    Args:
        tables: The tables.
        receipts: Writes what became of a text.
        clock: Epoch seconds.
    """

    def __init__(self, tables: Tables, receipts: Receipts, clock: Clock) -> None:
        self._receipts = receipts
        self._consents = Consents(tables)
        self._clock = clock

    def accept(
        self, inbound: InboundText, origin: Origin, consent: Consent, reply: FixedReply | None
    ) -> Acceptance:
        """Accept a word. Its receipt says which it is, so that a listing can order it later.

        Args:
            inbound: The text.
            origin: Where it comes from.
            consent: What it says.
            reply: What to answer.

        Raises:
            StoreBusyError: The store did not answer, or another word came at the same time.
        """
        hashed, whose, said = origin.hashed, origin.person, consent.value
        changes = self._changes(inbound, origin, consent)
        try:
            return self._receipts.record(
                inbound, hashed, whose, CONSENT, changes, reply=reply, consent=said
            )
        except ConditionFailedError as error:
            met = {
                person: error.items[1 + place] or {}
                for place, person in enumerate(origin.persons)
                if error.failed(1 + place)
            }
        if all(item.get("state") == consent for item in met.values()):
            # By a word that is newer: it is so already.
            return self._receipts.record(inbound, hashed, whose, CONSENT, reply=reply, consent=said)
        if consent is Consent.OUT or _is_older(inbound, met.values()):
            return self._receipts.record(inbound, hashed, whose, IGNORED)
        waiting = [
            self._consents.deferring(person, origin.route, inbound.sid)
            for person, item in met.items()
            if item.get("state") == Consent.OUT
        ]
        try:
            return self._receipts.record(inbound, hashed, whose, DEFERRED, waiting, consent=said)
        except ConditionFailedError as error:
            raise StoreBusyError("another word of consent came at the same time") from error

    def _changes(self, inbound: InboundText, origin: Origin, consent: Consent) -> list[Action]:
        """The change for each person, and its ledger entry."""
        told = inbound.sent_at is not None
        at = inbound.sent_at if inbound.sent_at is not None else milliseconds(self._clock)
        by, route = inbound.sid, origin.route
        changes = [
            self._consents.changing(person, route, consent, at=at, by=by, at_is_carriers=told)
            for person in origin.persons
        ]
        how = "carrier" if inbound.opt_out_type else "word"
        return [
            *changes,
            self._consents.logging(origin.person, route, consent, at=at, by=by, how=how),
        ]


def _is_older(inbound: InboundText, met: Iterable[Item]) -> bool:
    """Whether a START was certainly not sent after any STOP that it met."""
    sent_at = inbound.sent_at
    if sent_at is None:
        return False
    stops = [item for item in met if item.get("state") == Consent.OUT]
    return all(sent_at <= item.get("earliest", 0) for item in stops)
