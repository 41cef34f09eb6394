"""How far a text has come on its way to the phone.

Owns the order of the delivery states and what the carrier's words for them mean. A state moves
forward only: callbacks arrive late, twice and out of order.
Source: https://www.twilio.com/docs/messaging/api/message-resource#message-status-values.
"""

from __future__ import annotations

from typing import Final

from conversation.outcomes import DeliveryState

_RANKS: Final = {
    DeliveryState.WAITING: 0,
    DeliveryState.SENDING: 1,
    # A send whose outcome nobody could find out; a late callback may still tell.
    DeliveryState.UNKNOWN: 2,
    DeliveryState.ACCEPTED: 3,
    DeliveryState.SENT: 4,
    DeliveryState.DELIVERED: 5,
    DeliveryState.UNDELIVERED: 5,
    DeliveryState.FAILED: 5,
}

_CARRIER_WORDS: Final = {
    "accepted": DeliveryState.ACCEPTED,
    "scheduled": DeliveryState.ACCEPTED,
    "queued": DeliveryState.ACCEPTED,
    "sending": DeliveryState.ACCEPTED,
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "partially_delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.DELIVERED,
    "undelivered": DeliveryState.UNDELIVERED,
    "failed": DeliveryState.FAILED,
    "canceled": DeliveryState.FAILED,
}


def from_carrier(status: str) -> DeliveryState:
    """Translate the carrier's word; one we do not know still proves that it has the message."""
    return _CARRIER_WORDS.get(status.strip().lower(), DeliveryState.ACCEPTED)


def follows(new: DeliveryState, old: DeliveryState) -> bool:
    """Say whether a text in the old state may go on to the new one; a spoken reply is no text."""
    return new in _RANKS and old in _RANKS and _RANKS[new] > _RANKS[old]
