"""The message item: one per message, append only, numbered without gaps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from conversation.clocks import Clock, expiry, milliseconds
from conversation.codec import SEALED_BYTES, CodecError
from conversation.ids import new_generation
from conversation.item_size import MOST_ITEM_BYTES, TooLargeError, item_size
from conversation.items import SCHEMA, Item, to_item
from conversation.keys import Keys
from conversation.sealing import Seals
from conversation.tables import Action, Tables, put

PREFIX = "message#"
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
        form: "langchain" for a message that is more than its words.
        kind: "answer" or "apology" for our own; None for another's.
    """

    sk: str
    role: str
    text: str
    form: str | None
    kind: str | None

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
        content = seals.seal(draft.text, sk=sk, role=draft.role)
        item = self._item(conversation, sk, generation, draft, content)
        return put(self._tables.conversations, item, condition="attribute_not_exists(pk)")

    def size(self, conversation: str, draft: Draft) -> int:
        """Bytes of the item that a draft becomes.

        Raises:
            TooLargeError: DynamoDB takes no item of this size.
        """
        content = bytes(len(draft.text.encode("utf-8", "replace")) + SEALED_BYTES)
        item = self._item(conversation, message_sk(0), new_generation(), draft, content)
        size = item_size(to_item(item))
        if size > MOST_ITEM_BYTES:
            raise TooLargeError("item", size, MOST_ITEM_BYTES)
        return size

    def _item(
        self, conversation: str, sk: str, generation: str, draft: Draft, content: bytes
    ) -> Item:
        return {
            "pk": conversation,
            "sk": sk,
            "role": draft.role,
            "content": content,
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
        """Every message, oldest first, page by page.

        Raises:
            CodecError: One is not what was sealed there.
            ForgottenError: The generation is no longer the conversation's.
            KeyUnavailableError: KMS does not give the key now.
        """
        for item in self._items(conversation):
            if generation is not None and self._is_current(item, generation):
                yield _open(item, self._keys.seals(conversation, generation))

    def sort_keys(self, conversation: str) -> Iterator[tuple[str, int]]:
        """The sort key and the size in bytes of every message item, expired or not."""
        for item in self._items(conversation):
            yield item["sk"], item_size(to_item(item))

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
        return bool(item["generation"] == generation and item["expires_at"] > self._clock())


def _open(item: Item, seals: Seals) -> StoredMessage:
    text = seals.open(item["content"], sk=item["sk"], role=item["role"])
    return StoredMessage(item["sk"], item["role"], text, item.get("form"), item.get("kind"))


def _opened(item: Item, seals: Seals) -> StoredMessage | None:
    """A message, or None where it is not what was sealed there."""
    try:
        return _open(item, seals)
    except CodecError:
        return None


def to_json(value: Any) -> str:
    """Compact JSON, for a message that is more than its words."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
