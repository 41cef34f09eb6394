"""An acceptor over tables, and a look at what it left there."""

from __future__ import annotations

from typing import Any

from conversation.persons import Persons, address_hash, route_of
from conversation.tables import Tables
from messaging.accept import Acceptor
from messaging.acceptance import Acceptance
from messaging.inbound import InboundText
from tests.services.texting_parts import ADDRESS_KEY, PERSON, SENDER, Clock
from texting.consent import Consents
from texting.inbox import Inbox
from texting.meter import Meter


class Door:
    """Accepts for one worker."""

    def __init__(self, tables: Tables, **changes: Any) -> None:
        self.tables = tables
        self.clock = Clock()
        given: dict[str, Any] = {
            "receipt_days": 30,
            "look_after_seconds": 20,
            "carrier_answers_words": True,
            "clock": self.clock,
            "meter": Meter(tables, clock=self.clock),
            **changes,
        }
        self.acceptor = Acceptor(tables, lambda: ADDRESS_KEY, **given)

    def accept(self, text: str = "hi", sid: str = "SM1", **more: Any) -> Acceptance:
        """Accept a text over SMS."""
        inbound = InboundText(
            **{"sid": sid, "sender": SENDER, "address": PERSON, "text": text, **more}
        )
        return self.acceptor.accept(inbound)

    def waiting(self, conversation: str) -> list[str]:
        """The words that wait, in order."""
        inbox = Inbox(self.tables, self.clock)
        key = self.tables.get(self.tables.keys, conversation) or {}
        found = inbox.waiting(conversation, key.get("generation"))
        return [inbox.open(conversation, text).text for text in found]

    def people(self, conversation: str, prefix: str) -> list[dict[str, Any]]:
        """Items of a person."""
        return self.tables.query(self.tables.people, conversation, prefix, limit=50)

    def opted_out(self, sender: str = SENDER) -> bool:
        """Whether the person is out on a route."""
        person = Persons(self.tables).find(address_hash(PERSON, ADDRESS_KEY)) or ""
        route = route_of(sender, PERSON, ADDRESS_KEY)
        return Consents(self.tables).opted_out(person, route)
