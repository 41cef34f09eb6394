"""What a committed turn leaves outside its transaction: metrics, a log line, the stack's counters.

Ids, durations and models, never words.
"""

from __future__ import annotations

from conversation import observability
from conversation.outcomes import Outcome
from conversation.stack_usage import StackUsage
from conversation.turn import Reply
from conversation.usage import Used

_METRICS = {
    Outcome.ANSWERED: "Answered",
    Outcome.APOLOGISED: "Apologised",
    Outcome.REFUSED: "Refused",
    Outcome.SET_ASIDE: "SetAside",
    Outcome.STOPPED: "Stopped",
    Outcome.TOLD: "Told",
    Outcome.OFFERED: "Offered",
}
# No turn of the person's: their words were not read, or there were none.
_NO_TURNS = {Outcome.REFUSED, Outcome.TOLD}


class Accounting:
    """Writes down how turns ended.

    Args:
        stack_usage: The stack's counters.
    """

    def __init__(self, stack_usage: StackUsage) -> None:
        self._stack_usage = stack_usage

    def tidied(self, conversation: str, tokens: int) -> None:
        """Count what the notes of a conversation took, outside any turn."""
        self._stack_usage.count(conversation, Used(tokens=tokens))

    def note(self, reply: Reply) -> None:
        """Count a committed turn, before its reply is sent.

        So a crash leaves too much counted for the stack, never a reply that nobody counted.
        """
        turn = reply.turn
        used = Used(
            turns=int(turn.outcome not in _NO_TURNS),
            tokens=turn.input_tokens + turn.output_tokens,
            segments=reply.segments,
        )
        if used != Used():
            self._stack_usage.count(turn.conversation, used)
        observability.count(_METRICS[turn.outcome])
        failed = sum("error" in attempt for attempt in turn.model_attempts)
        if failed:
            observability.count("ModelAttemptFailed", failed)
        observability.logger().info(
            "turn committed",
            extra={
                "conversation": turn.conversation,
                "turn": turn.id,
                "outcome": turn.outcome.value,
                "attempts": turn.attempts,
                "texts": len(turn.inbox),
                "model": turn.model,
                "failed_models": failed,
                "stages": turn.stages,
            },
        )
