"""`DynamoDBHistory`: LangChain's chat-message-history interface over our messages.

One item per message and append only: two writers cannot lose each other's messages, and a turn
costs the same however long the conversation is. `BaseChatMessageHistory` is deprecated towards
LangChain 2.0; only this class leans on it, so that any LangChain program can use the memory.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress

from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    message_to_dict,
    messages_from_dict,
)

from conversation.clocks import Clock
from conversation.codec import CodecError
from conversation.item_size import MOST_ITEM_BYTES, batches
from conversation.keys import Keys
from conversation.lease import META, Lease, Meta
from conversation.messages import LANGCHAIN, Draft, Messages, StoredMessage, to_json
from conversation.sealing import note_broken
from conversation.summaries import SUMMARY
from conversation.tables import (
    Action,
    ConditionFailedError,
    StoreBusyError,
    Tables,
    delete,
    update,
)

_ROLES: dict[str, type[BaseMessage]] = {
    "human": HumanMessage,
    "ai": AIMessage,
    "system": SystemMessage,
}
BATCH = 90
"""Most messages of one transaction: it takes a hundred writes, one of them `meta`."""

_BATCH_BYTES = 3_000_000
"""Most bytes of its messages: they stay below the 4 MB of a transaction in base64 too."""

_ATTEMPTS = 12
_PAUSE_SECONDS = 0.05


class GenerationEndedError(Exception):
    """The key generation that a writer relied on is no longer the conversation's."""


class DynamoDBHistory(BaseChatMessageHistory):
    """The messages of one conversation.

    Args:
        tables: The stack's tables.
        conversation: The conversation's name, such as `person#<id>`.
        message_days: Lifetime of what is added.
        clock: Epoch seconds.
    """

    def __init__(
        self,
        tables: Tables,
        conversation: str,
        *,
        message_days: int = 30,
        clock: Clock = time.time,
    ) -> None:
        super().__init__()
        self._tables = tables
        self._conversation = conversation
        self._messages = Messages(tables, clock, message_days)
        self._keys = Keys(tables, clock)
        self._lease = Lease(tables, clock)

    @property
    def messages(self) -> list[BaseMessage]:  # type: ignore[override]  # the base declares a field
        """Every message that has not expired, oldest first. Reads the whole conversation."""
        stored = self._messages.all(self._conversation, self._keys.find(self._conversation))
        return readable(stored)

    def window(self, limit: int) -> list[BaseMessage]:
        """The last `limit` messages, oldest first, in one Query."""
        generation = self._keys.find(self._conversation)
        stored = self._messages.window(self._conversation, generation, limit)
        return readable(stored)

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Append messages, in order, under the next free numbers.

        Safe beside a running turn and other writers: whoever finds its numbers taken takes the
        next. Up to ninety messages, of 3 MB together, are added in one transaction, more in
        several: each of those is added whole or not at all.

        Raises:
            KeyLostError: The conversation's key is gone.
            StoreBusyError: Other writers were faster again and again.
            TooLargeError: A message is larger than an item can be (400 KB). Nothing was added.
        """
        for batch in self.batches([to_draft(message) for message in messages]):
            self.append(batch)

    def batches(self, drafts: Sequence[Draft], most: int = BATCH) -> list[list[Draft]]:
        """Cut drafts, in order, into what `append` takes at once.

        Args:
            drafts: The drafts.
            most: Most drafts of a batch, where other writes go with each.

        Raises:
            TooLargeError: A message is larger than an item can be.
        """
        sized = [(draft, self._messages.size(self._conversation, draft)) for draft in drafts]
        return list(batches(sized, most=most, most_bytes=_BATCH_BYTES))

    def clear(self) -> None:
        """Delete the messages and their summary. Numbers are not reused, and the key stays."""
        # What is deleted counts as what is written: an item of 400 KB is 400 KB.
        keys = [*self._messages.sort_keys(self._conversation), (SUMMARY, MOST_ITEM_BYTES)]
        for batch in batches(keys, most=BATCH, most_bytes=_BATCH_BYTES):
            self._tables.transact(
                [delete(self._tables.conversations, self._conversation, sk) for sk in batch]
            )

    def append(
        self,
        drafts: Sequence[Draft],
        *,
        generation: str | None = None,
        also: Sequence[Action] = (),
    ) -> None:
        """Append one of `batches` in one transaction, with other writes if they must agree.

        Args:
            drafts: In order.
            generation: Write only while the conversation has this key generation. None: whatever
                it has, and a new one if it has none.
            also: Further writes of the same transaction.

        Raises:
            ConditionFailedError: A condition of `also` did not hold; its reasons are those of
                `also` alone.
            GenerationEndedError: The conversation was forgotten meanwhile.
            KeyLostError: The conversation's key is gone.
            StoreBusyError: Other writers were faster again and again.
            TooLargeError: A draft is larger than an item can be, or all are than a transaction.
        """
        for attempt in range(_ATTEMPTS):
            current = generation or self._keys.ensure(self._conversation)
            meta = self._lease.read(self._conversation)
            if meta.generation != current:
                self._keys.require_agreement(self._conversation)
            if generation is not None and meta.generation != generation:
                raise GenerationEndedError(self._conversation)
            actions = [self._numbering(meta, len(drafts), current)] + [
                self._messages.putting(self._conversation, meta.sequence + offset, current, it)
                for offset, it in enumerate(drafts)
            ]
            try:
                self._tables.transact([*actions, *also])
            except ConditionFailedError as error:
                reasons, items = error.reasons[len(actions) :], error.items[len(actions) :]
                if "ConditionalCheckFailed" in reasons:
                    raise ConditionFailedError(reasons, items) from error
                if not error.failed(0):
                    self._make_way(meta, len(drafts), current)
                pause = random.uniform(0, _PAUSE_SECONDS * (attempt + 1))  # noqa: S311  jitter
                self._tables.sleep(pause)
            else:
                return
        raise StoreBusyError("other writers took the numbers again and again")

    def _make_way(self, meta: Meta, count: int, generation: str) -> None:
        numbers = range(meta.sequence, meta.sequence + count)
        behind = self._messages.make_way(self._conversation, generation, numbers)
        if behind is not None:
            with suppress(ConditionFailedError):  # Another writer was faster.
                self._lease.skip_to(self._conversation, meta.sequence, behind)

    def _numbering(self, meta: Meta, count: int, generation: str) -> Action:
        """Take `count` numbers. The epoch stays: a running turn is not ours to fence off."""
        return update(
            self._tables.conversations,
            self._conversation,
            META,
            "SET #sequence = :after",
            condition="#sequence = :sequence AND generation = :generation",
            values={
                ":after": meta.sequence + count,
                ":sequence": meta.sequence,
                ":generation": generation,
            },
        )


def readable(stored: Iterable[StoredMessage]) -> list[BaseMessage]:
    """Stored messages as LangChain's, without those that it cannot read, which are counted."""
    read = []
    for message in stored:
        with suppress(CodecError):
            read.append(to_langchain(message))
    return read


def to_langchain(stored: StoredMessage) -> BaseMessage:
    """A stored message as LangChain's; our apologies say so in their metadata.

    Raises:
        CodecError: It is no message that this LangChain can read; counted.
    """
    if stored.form == LANGCHAIN:
        try:
            return messages_from_dict([json.loads(stored.text)])[0]
        except Exception:  # noqa: BLE001  a shape of another LangChain's, or of nobody's
            note_broken(stored.conversation, stored.sk)
            raise CodecError("no message of LangChain's") from None
    metadata = {"kind": stored.kind} if stored.kind else {}
    return _ROLES[stored.role](content=stored.text, response_metadata=metadata)


def to_draft(message: BaseMessage) -> Draft:
    """A LangChain message as a draft: words where words are all there is, else its JSON."""
    plain = type(message) is _ROLES.get(message.type) and isinstance(message.content, str)
    parts = ("additional_kwargs", "tool_calls", "invalid_tool_calls", "name")
    if plain and not any(getattr(message, part, None) for part in parts):
        return Draft(message.type, str(message.content), {})
    role = message.type if message.type in {*_ROLES, "tool"} else "system"
    return Draft(role, to_json(message_to_dict(message)), {"form": LANGCHAIN})
