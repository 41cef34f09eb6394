"""Receipts: what became of each text, written with its effect and the cost of its reply.

One transaction, so a duplicate changes nothing and costs nothing. A reply that the meter does not
allow is left out; the effect is written all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from conversation import observability
from conversation.clocks import MILLISECONDS, Clock, expiry, milliseconds
from conversation.items import SCHEMA, Item
from conversation.persons import person_key
from conversation.tables import Action, ConditionFailedError, Tables, put
from messaging.acceptance import INBOX, Acceptance
from messaging.inbound import InboundText
from texting.meter import FixedReply, Meter

RECEIPT: Final = 0
"""Where in a transaction the receipt is."""
REPEAT_SECONDS: Final = 60
"""How long a duplicate is answered as the first was. That costs nothing more: the carrier shows one
answer for each text. It tries for 15 s, and its fallback for 15 s more
(`components/twilio_number.py`); what comes later is no retry but a request that somebody kept."""


class Receipts:
    """Writes receipts and finds them.

    Args:
        tables: The tables.
        receipt_days: How long a duplicate is recognised.
        clock: Epoch seconds.
        meter: Allows replies; None where nobody would hear them.
    """

    def __init__(
        self, tables: Tables, receipt_days: int, clock: Clock, meter: Meter | None
    ) -> None:
        self._tables = tables
        self._receipt_days = receipt_days
        self._clock = clock
        self._meter = meter

    def find(self, inbound: InboundText, persons: Iterable[str]) -> Item | None:
        """Find a text's receipt at one of these persons. One strong read each."""
        for person in persons:
            item = self._tables.get(self._tables.people, person_key(person), receipt_sk(inbound))
            if item is not None:
                return item
        return None

    def put_action(self, inbound: InboundText, person: str, effect: str, **facts: Any) -> Action:
        """Build the part of an acceptance that makes it the first.

        Args:
            inbound: The text.
            person: Whose it is.
            effect: What becomes of it.
            **facts: Of a text that is sealed its route and generation: by these FORGET finds the
                carrier's copies, of its words and of replies.
        """
        item: Item = {
            "pk": person_key(person),
            "sk": receipt_sk(inbound),
            "accepted_at": milliseconds(self._clock),
            "effect": effect,
            "expires_at": expiry(self._clock, self._receipt_days),
            "schema": SCHEMA,
            **facts,
        }
        return put(self._tables.people, item, condition="attribute_not_exists(pk)")

    def record(
        self,
        inbound: InboundText,
        hashed: str,
        person: str,
        effect: str,
        actions: Sequence[Action] = (),
        *,
        reply: FixedReply | None = None,
        **facts: Any,
    ) -> Acceptance:
        """Write a receipt with an effect, and with the cost of the reply if the meter allows it.

        Args:
            inbound: The text.
            hashed: Hash of the address that it came from.
            person: Whose it is.
            effect: What becomes of it.
            actions: The effect's own writes.
            reply: What to answer at once.
            **facts: What else the receipt says.

        Raises:
            ConditionFailedError: A condition of `actions` did not hold; indexes are one more.
        """
        conversation = person_key(person)
        if self._meter is None or (
            reply and not self._meter.allows_reply(conversation, person, reply)
        ):
            reply = None
        while True:
            cost, said = [], {}
            if self._meter is not None and reply is not None:
                cost = self._meter.reply_actions(hashed, conversation, person, reply)
                said = {"replied": True}
            receipt = self.put_action(inbound, person, effect, **facts, **said)
            try:
                self._tables.transact([receipt, *actions, *cost])
            except ConditionFailedError as error:
                if error.failed(RECEIPT):
                    return self.duplicate(conversation, error, reply)
                if reply is None or any(error.failed(1 + n) for n in range(len(actions))):
                    raise
                observability.count("TextLeftOut")
                reply = None  # The day's replies are used up.
                continue
            if self._meter is None or reply is None:
                return Acceptance(conversation, duplicate=False, effect=effect)
            self._meter.count_stack(conversation, reply.text)
            return Acceptance(conversation, duplicate=False, effect=effect, reply=reply.text)

    def duplicate(
        self, conversation: str, error: ConditionFailedError, reply: FixedReply | None = None
    ) -> Acceptance:
        """Say what a duplicate is told: the same as the first, whose answer may have been lost."""
        met = error.items[RECEIPT] or {}
        effect = met.get("effect", INBOX)
        age = milliseconds(self._clock) - met.get("accepted_at", 0)
        again = "replied" in met and age <= REPEAT_SECONDS * MILLISECONDS
        text = reply.text if again and reply is not None else None
        return Acceptance(conversation, duplicate=True, effect=effect, reply=text)


def receipt_sk(inbound: InboundText) -> str:
    """Sort key of a text's receipt."""
    return f"receipt#{inbound.sid}"
