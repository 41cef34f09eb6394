"""The message item: one per message, append only, numbered without gaps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from conversation.clocks import Clock, expiry, milliseconds
from conversation.codec import SEALED_BYTES, CodecError, Role
from conversation.ids import new_generation
from conversation.item_size import MOST_ITEM_BYTES, TooLargeError, item_size
from conversation.items import SCHEMA, Item, to_item
from conversation.keys import Keys
from conversation.sealing import Seals, note_broken
from conversation.tables import Action, ConditionFailedError, Tables, delete, put

PREFIX = "message#"
LANGCHAIN = "langchain"
"""Form of a message that is more than its words."""

KINDS = frozenset({"answer", "apology", "notes", "notice"})
"""What a message of ours can be."""

_PAGE = 100


def message_sk(sequence: int) -> str:
    """Sort key of a message; twelve digits keep number order in text order."""
    return f"{PREFIX}{sequence:012d}"


@dataclass(frozen=True)
class Draft:
    """A message before it has a number.

    Attributes:
        role: "human", "ai", "system" or "tool".
        text: Its words.
        extra: Attributes in clear beside them (turn, model, tokens, kind, answered).
    """

    role: str
    text: str
    extra: Item


@dataclass(frozen=True)
class StoredMessage:
    """A message as read, opened.

    Attributes:
        sk: Sort key.
        role: "human", "ai", "system" or "tool".
        text: Its words, or the JSON of a LangChain message when `form` says so.
        form: `LANGCHAIN` for a message that is more than its words.
        kind: One of `KINDS` for our own; None for another's.
        conversation: The conversation that it is of.
    """

    sk: str
    role: str
    text: str
    form: str | None
    kind: str | None
    conversation: str = ""

    @property
    def number(self) -> int:
        """Its number in the conversation."""
        return int(self.sk.removeprefix(PREFIX))


class Messages:
    """Reads and drafts the messages of conversations; knows no LangChain."""

    def __init__(self, tables: Tables, clock: Clock, message_days: int) -> None:
        self._tables = tables
        self._clock = clock
        self._days = message_days
        self._keys = Keys(tables, clock)

    def putting(self, conversation: str, sequence: int, generation: str, draft: Draft) -> Action:
        """Part of a commit: a message under the next free number."""
        sk = message_sk(sequence)
        seals = self._keys.seals(conversation, generation)
        item = self._item(conversation, sk, generation, draft)
        item["content"] = seals.seal(draft.text, item, Role.of_message(draft.role))
        return put(self._tables.conversations, item, condition="attribute_not_exists(pk)")

    def size(self, conversation: str, draft: Draft) -> int:
        """Bytes of the item that a draft becomes.

        Raises:
            TooLargeError: DynamoDB takes no item of this size.
        """
        item = self._item(conversation, message_sk(0), new_generation(), draft)
        item["content"] = bytes(len(draft.text.encode("utf-8", "replace")) + SEALED_BYTES)
        size = item_size(to_item(item))
        if size > MOST_ITEM_BYTES:
            raise TooLargeError("item", size, MOST_ITEM_BYTES)
        return size

    def _item(self, conversation: str, sk: str, generation: str, draft: Draft) -> Item:
        """The item of a message, but for its content."""
        return {
            "pk": conversation,
            "sk": sk,
            "role": draft.role,
            "generation": generation,
            "created_at": milliseconds(self._clock),
            "expires_at": expiry(self._clock, self._days),
            "schema": SCHEMA,
            **draft.extra,
        }

    def window(self, conversation: str, generation: str | None, limit: int) -> list[StoredMessage]:
        """The last `limit` messages, oldest first: one Query, however long the conversation.

        What has expired or belongs to another generation is left out, so fewer may come. So is
        what is not what was sealed there, which is counted: nobody is answered with it.

        Raises:
            ForgottenError: The generation is no longer the conversation's.
            KeyUnavailableError: KMS does not give the key now.
        """
        if generation is None or limit <= 0:
            return []
        page = self._tables.query(
            self._tables.conversations, conversation, PREFIX, limit=limit, newest_first=True
        )
        return self._opened(conversation, generation, reversed(page))

    def since(
        self, conversation: str, generation: str, number: int, limit: int
    ) -> tuple[list[StoredMessage], bool]:
        """The messages from a number on, oldest first, and whether `limit` left some out.

        Raises:
            ForgottenError: The generation is no longer the conversation's.
            KeyUnavailableError: KMS does not give the key now.
        """
        after = message_sk(number - 1) if number > 0 else None
        page = self._tables.query(
            self._tables.conversations, conversation, PREFIX, limit=limit, after=after
        )
        return self._opened(conversation, generation, page), len(page) == limit

    def all(self, conversation: str, generation: str | None) -> Iterator[StoredMessage]:
        """Every message, oldest first, page by page; as in a window, without what does not open.

        Raises:
            ForgottenError: The generation is no longer the conversation's.
            KeyUnavailableError: KMS does not give the key now.
        """
        for item in self._items(conversation):
            if generation is not None and self._is_current(item, generation):
                message = _opened(item, self._keys.seals(conversation, generation))
                if message is not None:
                    yield message

    def make_way(self, conversation: str, generation: str, numbers: Iterable[int]) -> int | None:
        """Clear the numbers that the next messages take, where `meta` says that they are free.

        What rests there and does not open was put there by nobody of ours: it is counted, and goes.

        Returns:
            The first number behind a message of ours that rests there, as when `meta` was restored
            from before it; None when there is none.
        """
        behind = None
        for number in numbers:
            sk = message_sk(number)
            item = self._tables.get(self._tables.conversations, conversation, sk)
            if item is None:
                continue
            if item.get("generation") == generation and _opened(
                item, self._keys.seals(conversation, generation)
            ):
                behind = number + 1
            else:
                self._drop(item)
        return behind

    def _drop(self, item: Item) -> None:
        """Delete an item that does not open, if it is still the one that was read.

        Content of ours is bytes; any other is of a type that a condition may not be able to name.
        """
        content = item.get("content")
        sealed = isinstance(content, bytes)
        action = delete(
            self._tables.conversations,
            item["pk"],
            item["sk"],
            condition="#content = :seen" if sealed else "NOT attribute_type(#content, :bytes)",
            values={":seen": content} if sealed else {":bytes": "B"},
        )
        with suppress(ConditionFailedError):
            self._tables.write(action)

    def sort_keys(self, conversation: str) -> Iterator[tuple[str, int]]:
        """The sort key and the size in bytes of every message item, expired or not."""
        for item in self._items(conversation):
            yield item["sk"], _size_as_read(item)

    def _items(self, conversation: str) -> Iterator[Item]:
        after: str | None = None
        while True:
            page = self._tables.query(
                self._tables.conversations, conversation, PREFIX, limit=_PAGE, after=after
            )
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1]["sk"]

    def _opened(
        self, conversation: str, generation: str, page: Iterable[Item]
    ) -> list[StoredMessage]:
        current = [item for item in page if self._is_current(item, generation)]
        if not current:
            return []
        seals = self._keys.seals(conversation, generation)
        return [message for item in current if (message := _opened(item, seals))]

    def _is_current(self, item: Item, generation: str | None) -> bool:
        """Whether it is to be opened; one whose time to live was altered does not open."""
        expires_at = item.get("expires_at")
        living = type(expires_at) is not int or expires_at > self._clock()
        return item.get("generation") == generation and living


def open_message(item: Item, seals: Seals) -> StoredMessage:
    """A message as its item holds it.

    Raises:
        CodecError: It is not what was sealed there; counted.
    """
    try:
        role = Role.of_message(item.get("role"))
    except CodecError:
        note_broken(seals.conversation, str(item.get("sk")))
        raise
    text = seals.open(item, "content", role)
    form, kind = item.get("form"), item.get("kind")
    if form not in (None, LANGCHAIN) or kind not in (None, *KINDS):
        note_broken(seals.conversation, item["sk"])
        raise CodecError("no form or kind of a message")
    return StoredMessage(item["sk"], str(role.value), text, form, kind, seals.conversation)


def _opened(item: Item, seals: Seals) -> StoredMessage | None:
    """A message, or None where it is not what was sealed there."""
    try:
        return open_message(item, seals)
    except CodecError:
        return None


def _size_as_read(item: Item) -> int:
    """The size of an item; the largest there is where it holds what we never write."""
    try:
        return item_size(to_item(item))
    except TypeError:
        return MOST_ITEM_BYTES


def to_json(value: Any) -> str:
    """Compact JSON, for a message that is more than its words."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
