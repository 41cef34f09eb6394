"""The words for how things end: a turn's outcome, its state while open, its delivery."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How an accepted message ended (protocol, "Outcomes"): exactly one of these.

    Two are not a text's: `OFFERED` is a call's, whose words wait for the caller's yes (rule 18),
    and `TOLD` is the turn in which we said something that nobody asked for.
    """

    ANSWERED = "answered"
    APOLOGISED = "apologised"
    REFUSED = "refused"
    SET_ASIDE = "set_aside"
    STOPPED = "stopped"
    FORGOTTEN = "forgotten"
    OFFERED = "offered"
    TOLD = "told"


class TurnState(StrEnum):
    """Where an open turn is: its model call, its delivery, or between a send and its result."""

    CLAIMED = "claimed"
    ANSWERED = "answered"
    SENDING = "sending"


class DeliveryState(StrEnum):
    """What became of a reply; `waiting` until it was tried, `spoken` when none was to be sent."""

    WAITING = "waiting"
    SENDING = "sending"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SPOKEN = "spoken"
