"""The message item: one per message, append only, numbered without gaps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from conversation import codec
from conversation.clocks import Clock, expiry, milliseconds
from conversation.items import SCHEMA, Item
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


class Messages:
    """Reads and drafts the messages of conversations; knows no LangChain."""

    def __init__(self, tables: Tables, clock: Clock, message_days: int) -> None:
        self._tables = tables
        self._clock = clock
        self._days = message_days

    def putting(self, conversation: str, sequence: int, generation: str, draft: Draft) -> Action:
        """Part of a commit: a message under the next free number."""
        sk = message_sk(sequence)
        content = codec.encode(
            draft.text, item=f"{conversation}/{sk}", role=draft.role, generation=generation
        )
        item = {
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
        return put(self._tables.conversations, item, condition="attribute_not_exists(pk)")

    def window(self, conversation: str, generation: str | None, limit: int) -> list[StoredMessage]:
        """The last `limit` messages, oldest first: one Query, however long the conversation.

        What has expired or belongs to another generation is left out, so fewer may come.
        """
        if generation is None or limit <= 0:
            return []
        page = self._tables.query(
            self._tables.conversations, conversation, PREFIX, limit=limit, newest_first=True
        )
        return [self._open(item) for item in reversed(page) if self._is_current(item, generation)]

    def all(self, conversation: str, generation: str | None) -> Iterator[StoredMessage]:
        """Every message, oldest first, page by page."""
        for item in self._items(conversation):
            if self._is_current(item, generation):
                yield self._open(item)

    def sort_keys(self, conversation: str) -> list[str]:
        """The sort key of every message item, expired or not."""
        return [item["sk"] for item in self._items(conversation)]

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

    def _is_current(self, item: Item, generation: str | None) -> bool:
        return bool(item["generation"] == generation and item["expires_at"] > self._clock())

    def _open(self, item: Item) -> StoredMessage:
        text = codec.decode(
            item["content"],
            item=f"{item['pk']}/{item['sk']}",
            role=item["role"],
            generation=item["generation"],
        )
        return StoredMessage(item["sk"], item["role"], text, item.get("form"), item.get("kind"))


def to_json(value: Any) -> str:
    """Compact JSON, for a message that is more than its words."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
