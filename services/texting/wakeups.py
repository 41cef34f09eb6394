"""Wake-ups: "this conversation has mail", and nothing else, on the FIFO queue."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

_LONGEST_VISIBILITY_SECONDS = 43_200
# Names of conversations are ASCII without blanks, far shorter than a key may be.
_NAME = re.compile(r"[!-~]{1,256}")


class WakeupError(ValueError):
    """The queue held something that is no wake-up."""


class Wakeups:
    """Sends wake-ups and decides when one that failed comes back.

    Args:
        queue_url: The FIFO queue.
        client: Returns the SQS client; called on first use.
    """

    def __init__(self, queue_url: str, client: Callable[[], Any]) -> None:
        self._queue_url = queue_url
        self._client = client

    def send(self, conversation: str, deduplication_id: str, *, group: str | None = None) -> None:
        """Wake a conversation.

        Args:
            conversation: Which one.
            deduplication_id: The queue takes one message per id and five minutes: the
                `MessageSid` of a text, never its body, since equal words are not one text.
            group: Message group; by default the conversation, so its wake-ups come in turn.
        """
        self._client().send_message(
            QueueUrl=self._queue_url,
            MessageBody=json.dumps({"conversation": conversation}),
            MessageGroupId=group or conversation,
            MessageDeduplicationId=deduplication_id,
        )

    def send_from_sweep(self, conversation: str, pending_at: int) -> None:
        """Wake a conversation from the sweep, in its own group (protocol rules 11, 12).

        A group whose message is in flight or failing must not hold the sweep's wake-up back: the
        lease keeps order, not the queue.
        """
        group = f"sweep:{conversation}"
        self.send(conversation, f"{group}:{pending_at}", group=group)

    def come_back(self, receipt_handle: str, seconds: float) -> None:
        """Let a wake-up that is about to be reported as failed return after `seconds`."""
        timeout = min(max(0, round(seconds)), _LONGEST_VISIBILITY_SECONDS)
        self._client().change_message_visibility(
            QueueUrl=self._queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=timeout
        )


def is_conversation(name: str) -> bool:
    """Whether a text can be the name of a conversation."""
    return _NAME.fullmatch(name) is not None


def conversation_of(body: Any) -> str:
    """The conversation that a wake-up names.

    Raises:
        WakeupError: The body is no wake-up.
    """
    try:
        conversation = json.loads(body)["conversation"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise WakeupError("not a wake-up") from error
    if not isinstance(conversation, str) or not is_conversation(conversation):
        raise WakeupError("a wake-up names a conversation")
    return conversation
