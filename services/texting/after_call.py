"""What a call leaves to be done once it is over: one text that offers to remember it.

Owns the item `after-call` of a call's conversation, which is in the index of what is pending:
each answered turn moves it on, so that it is due some minutes after the last one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from conversation.clocks import MILLISECONDS, Clock, milliseconds
from conversation.ids import shard_of
from conversation.items import SCHEMA, Item
from conversation.reply_to import ReplyTo, seal_reply_to
from conversation.sealing import Sealer, Seals
from conversation.tables import Action, ConditionFailedError, Tables, delete, put

AFTER_CALL: Final = "after-call"
"""Sort key of the item."""


@dataclass(frozen=True)
class AfterCall:
    """The item as read.

    Attributes:
        conversation: The call's.
        generation: Key generation that `reply_to` is sealed to.
        started_at: Epoch milliseconds of the beginning of the call.
        due_at: Epoch milliseconds of the offer.
        route: From our number for texts to the caller's.
        reply_to: The same as the carrier writes it, sealed.
    """

    conversation: str
    generation: str
    started_at: int
    due_at: int
    route: str
    reply_to: bytes


class AfterCalls:
    """Notes calls that are to be offered, reads and ends the notes."""

    def __init__(self, tables: Tables, clock: Clock = time.time) -> None:
        self._tables = tables
        self._clock = clock

    def noting(
        self,
        conversation: str,
        *,
        started_at: int,
        route: str,
        reply_to: ReplyTo,
        seals: Sealer | Seals,
        keep_after_seconds: float,
    ) -> Action:
        """Part of the commit of an answered turn: the offer is due so long after it.

        Args:
            conversation: The call's.
            started_at: Epoch milliseconds of the beginning of the call.
            route: From our number for texts to the caller's.
            reply_to: The same as the carrier writes it.
            seals: Of the generation that the commit is conditioned on.
            keep_after_seconds: How long after a turn a call counts as over.
        """
        due = milliseconds(self._clock) + int(keep_after_seconds * MILLISECONDS)
        item: Item = {
            "pk": conversation,
            "sk": AFTER_CALL,
            "generation": seals.generation,
            "started_at": started_at,
            "due_at": due,  # the sweep moves `pending_at` on
            "route": route,
            "reply_to": seal_reply_to(reply_to, seals, AFTER_CALL),
            "pending_shard": shard_of(conversation),
            "pending_at": due,
            "schema": SCHEMA,
        }
        return put(self._tables.conversations, item)

    def read(self, conversation: str) -> AfterCall | None:
        """The note; None when there is none. One strong read."""
        item = self._tables.get(self._tables.conversations, conversation, AFTER_CALL)
        if item is None:
            return None
        known = {name: item[name] for name in AfterCall.__dataclass_fields__ if name in item}
        return AfterCall(conversation=item["pk"], **known)

    def ending(self, call: AfterCall) -> Action:
        """Part of the commit of the offer: the note as it was read leaves the index."""
        return delete(
            self._tables.conversations,
            call.conversation,
            AFTER_CALL,
            condition="due_at = :due",
            values={":due": call.due_at},
        )

    def end(self, call: AfterCall) -> None:
        """No offer is made: the note goes, unless the call has gone on meanwhile."""
        try:
            self._tables.write(self.ending(call))
        except ConditionFailedError:
            return
