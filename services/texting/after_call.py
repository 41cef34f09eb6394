"""What a call leaves to be done once it is over: one text that offers to remember it.

Owns the item `after-call` of a call's conversation, which is in the index of what is pending:
each answered turn moves it on, so that it is due some minutes after the last one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from conversation.clocks import MILLISECONDS, Clock, milliseconds
from conversation.codec import Role
from conversation.ids import shard_of
from conversation.items import SCHEMA, Item, OddItemError, natural, typed
from conversation.keys import Keys
from conversation.persons import is_route
from conversation.reply_to import ReplyTo, open_reply_to, seal_reply_to
from conversation.sealing import Seals, note_broken
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
        self._keys = Keys(tables, clock)

    def noting(
        self,
        conversation: str,
        *,
        started_at: int,
        route: str,
        reply_to: ReplyTo,
        seals: Seals,
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
            "pending_shard": shard_of(conversation),
            "pending_at": due,
            "schema": SCHEMA,
        }
        item["reply_to"] = seal_reply_to(reply_to, seals, item, Role.CALL_REPLY_TO)
        return put(self._tables.conversations, item)

    def read(self, conversation: str) -> AfterCall | None:
        """The note; None when there is none. One strong read.

        A note that cannot be read is counted and goes.
        """
        item = self._tables.get(self._tables.conversations, conversation, AFTER_CALL)
        if item is None:
            return None
        try:
            return _parse(item)
        except OddItemError:
            note_broken(conversation, AFTER_CALL)
            self._tables.write(delete(self._tables.conversations, conversation, AFTER_CALL))
            return None

    def address(self, call: AfterCall) -> ReplyTo:
        """Where the offer goes.

        Raises:
            CodecError: The address cannot be read.
        """
        seals = self._keys.seals(call.conversation, call.generation)
        item = {"sk": AFTER_CALL, **vars(call)}
        return open_reply_to(item, seals, Role.CALL_REPLY_TO)

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


def _parse(item: Item) -> AfterCall:
    """Read the note back.

    Raises:
        OddItemError: It is none of ours.
    """
    if not is_route(item.get("route")):
        raise OddItemError("no route")
    return AfterCall(
        conversation=typed(item, "pk", str),
        generation=typed(item, "generation", str),
        started_at=natural(item, "started_at"),
        due_at=natural(item, "due_at"),
        route=typed(item, "route", str),
        reply_to=typed(item, "reply_to", bytes),
    )
