"""What became of a delivery, as far as one worker brought it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from conversation.outcomes import DeliveryState


class Progress(enum.Enum):
    """Where a delivery stands when a worker is done with it.

    In each case the claim is spent: the lease was closed, handed back or lost.
    """

    CLOSED = "closed"
    RETRY = "retry"
    LATER = "later"
    LOST = "lost"


@dataclass(frozen=True)
class DeliveryResult:
    """What became of a delivery.

    Attributes:
        progress: `CLOSED`: done. `RETRY`: certainly not sent, try again in seconds. `LATER`: may
            have been sent, look again at `look_at`. `LOST`: another worker has the turn.
        delivery: The state that was recorded, when the turn was closed.
        error: The carrier's code or our reason, when it did not go well.
        look_at: Epoch milliseconds, for `LATER`.
        resent: Whether this was a repeated send.
    """

    progress: Progress
    delivery: DeliveryState | None = None
    error: str | None = None
    look_at: int | None = None
    resent: bool = False
