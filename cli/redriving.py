"""Finding what can be tried again, and trying it: the work behind `dialtone redrive`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from cli.stored_items import Entry, OddItem, text_set_aside
from cli.survey import count_dead_letters, scan_conversations
from cli.target import Target
from conversation.items import Item, OddItemError
from texting.inbox import Inbox
from texting.wakeups import WakeupError, Wakeups, conversation_of

_AT_ONCE = 10
_HIDDEN_SECONDS = 60
"""How long a dead letter that is being worked off stays hidden from a second operator."""


@dataclass(frozen=True)
class Found:
    """What can be tried again."""

    at: float
    texts: list[Entry]
    dead_letters: int
    odd_items: list[OddItem] = field(default_factory=list)
    """What was set aside and cannot be read; it is left as it is."""


@dataclass
class Done:
    """What was done."""

    texts: int = 0
    wakeups: int = 0
    gone: int = 0
    unreadable: int = 0


def find(target: Target, conversation: str | None, *, texts: bool, wakeups: bool) -> Found:
    """Look for texts that were set aside and count the dead wake-ups.

    Args:
        target: The stack.
        conversation: Only this one's texts, which spares reading the whole table.
        texts: Whether to look for texts.
        wakeups: Whether to count wake-ups.
    """
    found: list[Entry] = []
    odd: list[OddItem] = []
    for item in _set_aside(target, conversation) if texts else ():
        try:
            found.append(text_set_aside(item))
        except OddItemError as error:
            odd.append(OddItem(item["pk"], item["sk"], str(error)))
    found.sort(key=lambda entry: entry.id)
    dead_letters = count_dead_letters(target) if wakeups else 0
    return Found(time.time(), found, dead_letters, sorted(odd))


def _set_aside(target: Target, conversation: str | None) -> Iterator[Item]:
    if conversation is None:
        yield from scan_conversations(target.tables, "attribute_exists(set_aside_at)")
        return
    tables = target.tables
    for sk in Inbox(tables).set_aside(conversation):
        item = tables.get(tables.conversations, conversation, sk)
        if item and "set_aside_at" in item:
            yield item


@dataclass
class Redriving:
    """Puts things back, one by one, and counts."""

    target: Target
    done: Done = field(default_factory=Done)

    def __post_init__(self) -> None:
        """Build the inbox and the queue once."""
        self._sqs = self.target.client("sqs")
        self._inbox = Inbox(self.target.tables)
        url = self.target.queue_url("wakeupQueueUrl", "wakeups")
        self._wakeups = Wakeups(url, lambda: self._sqs)

    def redrive_text(self, conversation: str, sk: str) -> None:
        """Put one text back into the inbox and wake its conversation.

        The text is put back first: should the wake-up fail, the sweep finds the text.
        """
        if not self._inbox.redrive(conversation, sk):
            self.done.gone += 1
            return
        self.done.texts += 1
        self._wake(conversation, sk)

    def redrive_dead_letters(self) -> Iterator[str]:
        """Send each dead wake-up again and delete it; yields the conversations.

        SQS can move messages by itself (`StartMessageMoveTask`), but keeps their deduplication
        ids, which the queue may still refuse.
        """
        url = self.target.queue_url("deadLetterQueueUrl", "wakeups-dead")
        while True:
            answer = self._sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=_AT_ONCE,
                VisibilityTimeout=_HIDDEN_SECONDS,
                WaitTimeSeconds=1,
            )
            messages = answer.get("Messages", [])
            if not messages:
                return
            for message in messages:
                try:
                    conversation = conversation_of(message["Body"])
                except WakeupError:
                    self.done.unreadable += 1
                    continue
                self._wake(conversation, message["MessageId"])
                self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                self.done.wakeups += 1
                yield conversation

    def _wake(self, conversation: str, what: str) -> None:
        # Its own group, as the sweep's: a failing message of the conversation holds up its group.
        self._wakeups.send(
            conversation,
            f"redrive:{what}:{int(time.time())}",
            group=f"redrive:{conversation}",
        )
