"""What the carrier may answer: the outcomes of a send, the messages of a listing.

Apart from the client, so that who only reads an outcome need not import the SDK. Every outcome of
a send says whether the message may have gone out: the carrier has no idempotency key.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Accepted:
    """The carrier has the message.

    Attributes:
        sid: The carrier's id of it.
        status: The carrier's word for where it is.
        error_code: The carrier's error, when it was refused after being taken.
    """

    sid: str
    status: str = "queued"
    error_code: int | None = None


@dataclass(frozen=True)
class Refused:
    """The carrier refused the message for good (21610 opted out, 63016 window closed, …)."""

    code: int


@dataclass(frozen=True)
class NotSent:
    """Certainly not sent, and worth another attempt: rate limit, refused connection, account."""

    reason: str


@dataclass(frozen=True)
class Unknown:
    """May have been sent: time-out, server error, connection lost after the request went out."""

    reason: str


SendOutcome = Accepted | Refused | NotSent | Unknown


@dataclass(frozen=True)
class CarrierMessage:
    """A message as the carrier lists it.

    Attributes:
        sid: The carrier's id.
        direction: "inbound", "outbound-api", "outbound-reply" or "outbound-call".
        sender: The address it is from, with `whatsapp:` where it has one.
        to: The address it is to.
        body: Its text.
        media: Attachments.
        status: The carrier's word for where it is.
        error_code: Why it failed, if it did.
        created_at: Epoch milliseconds by the carrier's clock, to the second; None when not told.
        service: The messaging service it was sent through, or empty.
    """

    sid: str
    direction: str
    sender: str
    to: str
    body: str
    media: int
    status: str
    error_code: int | None
    created_at: int | None
    service: str = ""


class CarrierUnavailableError(Exception):
    """The carrier could not be asked."""
