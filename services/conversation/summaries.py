"""The running summary: one sealed item a conversation, of what no longer fits its window.

Owns the item `summary`. In clear it has its generation, so that FORGET takes it with the rest, and
a version, so that of two writers one wins. Its words and how far they reach are sealed together.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from conversation.clocks import Clock, expiry, milliseconds
from conversation.codec import CodecError
from conversation.items import SCHEMA
from conversation.keys import Keys
from conversation.messages import to_json
from conversation.tables import Action, Tables, put

SUMMARY = "summary"
"""Sort key of the item, and the role of what is sealed in it."""


@dataclass(frozen=True)
class Summary:
    """A summary as read; one without words when there is none.

    Attributes:
        text: Its words.
        through: The number of the first message that is not in it.
        version: How often it was written.
    """

    text: str = ""
    through: int = 0
    version: int = 0


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
        unread = Summary(version=item["version"])
        if item["generation"] != generation or item["expires_at"] <= self._clock():
            return unread
        seals = self._keys.seals(conversation, generation)
        try:
            held = json.loads(seals.open(item["content"], sk=SUMMARY, role=SUMMARY))
        except CodecError:
            return unread
        return Summary(held["text"], held["through"], item["version"])

    def writing(
        self, conversation: str, generation: str, before: Summary, text: str, through: int
    ) -> list[Action]:
        """Replace a summary as it was read; a transaction, which fails when somebody was faster.

        It fails too when the conversation was forgotten: nothing comes back behind a FORGET.
        """
        held = to_json({"text": text, "through": through})
        seals = self._keys.seals(conversation, generation)
        item = {
            "pk": conversation,
            "sk": SUMMARY,
            "role": SUMMARY,
            "content": seals.seal(held, sk=SUMMARY, role=SUMMARY),
            "generation": generation,
            "version": before.version + 1,
            "created_at": milliseconds(self._clock),
            "expires_at": expiry(self._clock, self._days),
            "schema": SCHEMA,
        }
        replacing = put(
            self._tables.conversations,
            item,
            condition="version = :seen" if before.version else "attribute_not_exists(pk)",
            values={":seen": before.version} if before.version else None,
        )
        return [replacing, self._keys.condition(conversation, generation)]
