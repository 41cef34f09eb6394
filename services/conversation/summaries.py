"""The running summary: one sealed item a conversation, of what no longer fits its window.

Owns the item `summary`. In clear it has its generation, so that FORGET takes it with the rest, and
a version, so that of two writers one wins. Its words and how far they reach are sealed together.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from conversation.clocks import Clock, expiry, milliseconds
from conversation.codec import CodecError, Role
from conversation.items import SCHEMA, Item, natural, typed
from conversation.keys import Keys
from conversation.messages import to_json
from conversation.tables import Action, Tables, put

SUMMARY = "summary"
"""Sort key of the item."""


@dataclass(frozen=True)
class Summary:
    """A summary as read; one without words when there is none.

    Attributes:
        text: Its words.
        through: The number of the first message that is not in it.
        version: How often it was written; None when its item does not say so any longer.
    """

    text: str = ""
    through: int = 0
    version: int | None = 0


class Summaries:
    """Reads and writes the summaries of conversations."""

    def __init__(self, tables: Tables, clock: Clock = time.time, message_days: int = 30) -> None:
        self._tables = tables
        self._clock = clock
        self._days = message_days
        self._keys = Keys(tables, clock)

    def read(self, conversation: str, generation: str) -> Summary:
        """The summary. One that is not what was sealed there is counted and made anew.

        Raises:
            ForgottenError: The generation is no longer the conversation's.
            KeyUnavailableError: KMS does not give the key now.
        """
        item = self._tables.get(self._tables.conversations, conversation, SUMMARY)
        if item is None:
            return Summary()
        version, expires_at = item.get("version"), item.get("expires_at")
        unread = Summary(version=version if type(version) is int and version > 0 else None)
        expired = type(expires_at) is int and expires_at <= self._clock()
        if item.get("generation") != generation or expired:
            return unread
        seals = self._keys.seals(conversation, generation)
        try:
            text, through = seals.read(item, "content", Role.SUMMARY, _decoded)
        except CodecError:
            return unread
        return Summary(text, through, unread.version)

    def writing(
        self, conversation: str, generation: str, before: Summary, text: str, through: int
    ) -> list[Action]:
        """Replace a summary as it was read; a transaction, which fails when somebody was faster.

        It fails too when the conversation was forgotten: nothing comes back behind a FORGET.
        """
        held = to_json({"text": text, "through": through})
        seals = self._keys.seals(conversation, generation)
        item: Item = {
            "pk": conversation,
            "sk": SUMMARY,
            "role": Role.SUMMARY.value,
            "generation": generation,
            "version": (before.version or 0) + 1,
            "created_at": milliseconds(self._clock),
            "expires_at": expiry(self._clock, self._days),
            "schema": SCHEMA,
        }
        item["content"] = seals.seal(held, item, Role.SUMMARY)
        unchanged = "version = :seen" if before.version else "attribute_not_exists(pk)"
        replacing = put(
            self._tables.conversations,
            item,
            # A version that was altered says nothing of who was faster.
            condition="attribute_exists(pk)" if before.version is None else unchanged,
            values={":seen": before.version} if before.version else None,
        )
        return [replacing, self._keys.condition(conversation, generation)]


def _decoded(content: str) -> tuple[str, int]:
    held = json.loads(content)
    return typed(held, "text", str), natural(held, "through")
