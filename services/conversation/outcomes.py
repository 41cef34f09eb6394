"""The words for how things end: a turn's outcome, its state while open, its delivery."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How an accepted message ended (protocol, "Outcomes"): exactly one of these."""

    ANSWERED = "answered"
    APOLOGISED = "apologised"
    REFUSED = "refused"
    SET_ASIDE = "set_aside"
    STOPPED = "stopped"
    FORGOTTEN = "forgotten"


class TurnState(StrEnum):
    """Where an open turn is: its model call, its delivery, or between a send and its result."""

    CLAIMED = "claimed"
    ANSWERED = "answered"
    SENDING = "sending"


class DeliveryState(StrEnum):
    """What became of a reply; `waiting` until it was tried."""

    WAITING = "waiting"
    SENDING = "sending"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
