"""Texts that no webhook saw: the carrier is asked, and what has no receipt is accepted.

By the same function as every text.
The carrier's own retries cover little, so this is what keeps promise 1 through an outage of ours.
Owns which messages of a listing are new. Reserved words found here are recorded but not answered:
an answer that late would be a riddle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from conversation import observability
from conversation.deadline import Deadline
from conversation.keys import KeyLostError, KeyUnavailableError
from conversation.secrets import SecretError
from conversation.tables import StoreBusyError
from messaging.accept import Acceptor
from messaging.inbound import InboundText
from texting.carrier_outcomes import CarrierMessage, CarrierUnavailableError

_INBOUND = "inbound"
_STILL_COMING = "receiving"


class Listing(Protocol):
    """What is needed of the carrier."""

    def list_inbound(self, sender: str, since: int) -> list[CarrierMessage]:
        """List what came in to one of our addresses, newest first."""


def list_and_accept(
    carrier: Listing,
    acceptor: Acceptor,
    wake: Callable[[str, str], None],
    *,
    senders: Sequence[str],
    since: int,
    deadline: Deadline,
) -> int:
    """Accept the texts since then that have no receipt, the oldest of them first.

    Args:
        carrier: Lists messages.
        acceptor: Accepts texts.
        wake: Wakes a conversation; takes it and the `MessageSid`.
        senders: Our addresses, with `whatsapp:` where they have it.
        since: Epoch milliseconds; a look-back far shorter than a receipt's life.
        deadline: No text is begun after it; the next run finds the rest.

    Returns:
        How many texts were accepted.
    """
    accepted = 0
    for sender in senders:
        try:
            listed = carrier.list_inbound(sender, since)
        except CarrierUnavailableError as error:
            observability.count("ListingFailed")
            observability.logger().warning("listing failed", extra={"why": str(error)})
            continue
        # Listed newest first; accepted in the order they were sent, which is the inbox's order.
        for message in reversed(listed):
            if deadline.expired:
                return accepted
            if message.direction == _INBOUND and message.status != _STILL_COMING:
                accepted += _accept(acceptor, wake, _inbound(message))
    return accepted


def _accept(acceptor: Acceptor, wake: Callable[[str, str], None], inbound: InboundText) -> bool:
    """Accept one text if it is new. One that fails keeps no other waiting."""
    try:
        if acceptor.receipt(inbound) is not None:
            return False
        acceptance = acceptor.accept(inbound)
    except (KeyLostError, KeyUnavailableError, SecretError, StoreBusyError) as error:
        extra = {"message_sid": inbound.sid, "error": type(error).__name__}
        observability.logger().error("not accepted from the listing", extra=extra)
        return False
    if acceptance.wakes:
        wake(acceptance.conversation, inbound.sid)
    return not acceptance.duplicate


def _inbound(message: CarrierMessage) -> InboundText:
    return InboundText(
        sid=message.sid,
        sender=message.to,
        address=message.sender,
        text=message.body,
        media=message.media,
        sent_at=message.created_at,
    )
