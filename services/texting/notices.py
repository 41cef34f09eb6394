"""A text of our own that is no reply and that nobody waits to see delivered: a code for a call.

Sent once, after one more look at consent, and never repeated: whoever needs another asks for it.
Its words rest nowhere here.
"""

from __future__ import annotations

from typing import Final, Protocol

from conversation.deadline import AttemptTimeoutError, Deadline
from conversation.reply_to import ReplyTo
from conversation.tables import Tables
from texting.carrier_outcomes import SendOutcome, Unknown
from texting.consent import Consents

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
    """

    def __init__(self, tables: Tables, carrier: Sender) -> None:
        self._carrier = carrier
        self._consents = Consents(tables)

    def send(self, person: str, route: str, reply_to: ReplyTo, body: str) -> SendOutcome | None:
        """Send a notice, unless its person has opted out.

        Returns:
            What became of the attempt; None when none was made.

        Raises:
            StoreBusyError: Consent could not be read, so nothing was sent.
        """
        if self._consents.opted_out(person, route):
            return None
        try:
            with Deadline.after(self._carrier.timeout_seconds + _ATTEMPT_SLACK_SECONDS).attempt():
                return self._carrier.send(
                    sender=reply_to["from"], to=reply_to["to"], body=body, status_callback=""
                )
        except AttemptTimeoutError:
            return Unknown("time-out")
