"""How long the parts of a text's turn may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """How long things may take, in seconds.

    Attributes:
        answer_seconds: From the claim to the committed reply.
        lease_seconds: How long a claim holds; function time-out plus slack (rule 9).
        send_seconds: The carrier's time-out.
        message_days: How long a text that was set aside is kept.
    """

    answer_seconds: float
    lease_seconds: float
    send_seconds: float
    message_days: int

    @property
    def turn_seconds(self) -> float:
        """What must be left of the function's time to begin another turn."""
        return self.answer_seconds + self.send_seconds + 2
