"""What goes into a call's turn and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass

from conversation.outcomes import Outcome
from conversation.turns import Turn
from voice.call_session import CallSession
from voice.call_texts import CallTexts
from voice.callers import Caller


@dataclass(frozen=True)
class Said:
    """What a turn comes to.

    Attributes:
        outcome: How it ended; None when it did not begin: the words must be said again.
        text: The reply in the model's own words, or a fixed sentence; empty for an offer's.
        turn_id: The turn.
        number: Its number in the call; what did not begin leaves it to the next.
    """

    outcome: Outcome | None
    text: str
    turn_id: str
    number: int


@dataclass(frozen=True)
class Utterance:
    """What a caller said, and in which call.

    Attributes:
        caller: Who said it.
        session: The call.
        words: What was said.
        texts: The fixed sentences.
        number: Number of its turn.
    """

    caller: Caller
    session: CallSession
    words: str
    texts: CallTexts
    number: int

    @property
    def turn_id(self) -> str:
        """Id of its turn."""
        return self.session.turn_id(self.number)


@dataclass(frozen=True)
class Limits:
    """How long things may take.

    Attributes:
        lease_seconds: The function's time and some slack (protocol rule 9).
        keep_after_seconds: How long after a turn a call counts as over.
    """

    lease_seconds: float
    keep_after_seconds: float


def was_late(turn: Turn) -> bool:
    """Whether a caller was told that the answer takes too long."""
    unanswered = turn.outcome in {Outcome.OFFERED, Outcome.APOLOGISED}
    return unanswered and any(tried.get("error") == "timeout" for tried in turn.model_attempts)
