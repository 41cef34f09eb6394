"""A text of our own that is no reply and that nobody waits to see delivered: a code for a call.

Sent once, after one more look at consent and past the meter, and never repeated: whoever needs
another asks for it. Its words rest nowhere here.
"""

from __future__ import annotations

from typing import Final, Protocol

from conversation.deadline import AttemptTimeoutError, Deadline
from conversation.reply_to import ReplyTo
from conversation.tables import Tables
from texting.carrier_outcomes import SendOutcome, Unknown
from texting.consent import Consents
from texting.meter import Meter

_ATTEMPT_SLACK_SECONDS: Final = 0.5


class Sender(Protocol):
    """What a notice needs of the carrier."""

    timeout_seconds: float

    def send(self, *, sender: str, to: str, body: str, status_callback: str) -> SendOutcome:
        """Make one attempt."""


class Notices:
    """Sends notices.

    Args:
        tables: The tables.
        carrier: The carrier.
        meter: Allows notices and counts them.
    """

    def __init__(self, tables: Tables, carrier: Sender, meter: Meter) -> None:
        self._carrier = carrier
        self._meter = meter
        self._consents = Consents(tables)

    def allowed(self, conversation: str, person: str) -> bool:
        """Say whether a notice may be sent now, as far as pause and allowances go."""
        return self._meter.allows(conversation, person)

    def send(
        self, conversation: str, person: str, route: str, reply_to: ReplyTo, body: str
    ) -> SendOutcome | None:
        """Send a notice, unless its person has opted out or the meter does not allow it.

        Args:
            conversation: Whose counters it is counted under.
            person: Who gets it.
            route: From which of our numbers to which of theirs.
            reply_to: The same as the carrier writes it.
            body: What it says.

        Returns:
            What became of the attempt; None when none was made.

        Raises:
            StoreBusyError: Consent or the meter could not be read, so nothing was sent.
        """
        if self._consents.opted_out(person, route) or not self.allowed(conversation, person):
            return None
        self._meter.spend(conversation, person, body)
        try:
            with Deadline.after(self._carrier.timeout_seconds + _ATTEMPT_SLACK_SECONDS).attempt():
                return self._carrier.send(
                    sender=reply_to["from"], to=reply_to["to"], body=body, status_callback=""
                )
        except AttemptTimeoutError:
            return Unknown("time-out")
