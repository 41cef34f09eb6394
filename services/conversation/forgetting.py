"""FORGET: the key first, then the carrier's copies, then the items (protocol rule 16).

From its first transaction on nothing that was said opens again, in no copy and no backup; the rest
is tidying up that may take hours and survives a crash after each of its writes.
"""

from __future__ import annotations

import time
from dataclasses import replace

from conversation import observability
from conversation.clocks import MILLISECONDS, Clock, milliseconds
from conversation.deadline import Deadline
from conversation.erasing import Copies, Erasing
from conversation.forgotten import ASKED, FORGET, Forgotten, left_behind
from conversation.items import Item
from conversation.keys import conversations_of
from conversation.lease import Lease
from conversation.meta import META, Meta
from conversation.outcomes import TurnState
from conversation.persons import person_of
from conversation.tables import (
    Action,
    ConditionFailedError,
    StoreBusyError,
    Tables,
    delete,
    put,
    update,
)
from conversation.turns import turn_sk

LOOK_AFTER_SECONDS = 60
"""When the sweep looks at a FORGET that was begun, should its worker have died."""

_ATTEMPTS = 8
_PAGE = 50


class Forgetting:
    """Forgets conversations.

    Args:
        tables: The tables.
        copies: Who holds copies of what was said.
        settled_seconds: After which a send that was announced has certainly ended.
        clock: Epoch seconds.
    """

    def __init__(
        self, tables: Tables, copies: Copies, *, settled_seconds: float, clock: Clock = time.time
    ) -> None:
        self._tables = tables
        self._settled_ms = int(settled_seconds * MILLISECONDS)
        self._clock = clock
        self._lease = Lease(tables, clock)
        self._erasing = Erasing(tables, copies, self._settled_ms, clock)

    def begin_all(self, conversation: str) -> list[str]:
        """Begin to forget a conversation, and every other of the person whose it is.

        Its own comes last: with it the request goes, so after a crash before that all begin anew.

        Returns:
            Those that had something to forget.
        """
        person = person_of(conversation)
        listed = conversations_of(self._tables, person) if person else []
        every = [*(one for one in listed if one != conversation), conversation]
        return [one for one in every if self.begin(one)]

    def begin(self, conversation: str) -> bool:
        """Begin to forget one conversation, in one transaction; afterwards nothing of it opens.

        Returns:
            False when it had no key and so nothing to forget.

        Raises:
            StoreBusyError: Others kept writing `meta`, or the store did not answer.
        """
        for _ in range(_ATTEMPTS):
            meta = self._lease.read(conversation)
            if meta.generation is None and meta.forget_asked is None:
                return False
            try:
                self._tables.transact(self._beginning(meta))
            except ConditionFailedError:
                continue  # A worker claimed or committed meanwhile; from the next try on it cannot.
            self._tables.vault.drop(conversation)
            if meta.generation is None:
                return False
            observability.count("Forgotten")
            observability.logger().info("forgetting", extra={"conversation": conversation})
            return True
        raise StoreBusyError("others kept writing the conversation")

    def resume(self, conversation: str, deadline: Deadline) -> bool:
        """Go on where it was left: copies, then items.

        Returns:
            Whether nothing is left to do.
        """
        found = self._pending(conversation)
        left = left_behind(self._tables, conversation, found)
        done = [self._erasing.erase(one, deadline) for one in left]
        if not all(done) or any(item["sk"] == ASKED for item in found):
            return False
        return self._unflag(conversation)

    def in_doubt_until(self, conversation: str, deadline: Deadline) -> int | None:
        """Resolve a send that was under way when it was forgotten, once it has ended.

        Until then nothing new may be sent: two sends in doubt to one address look the same to
        whoever asks the carrier for them.

        Returns:
            When to look again, in epoch milliseconds; None when no send is in doubt.
        """
        until, now = self._in_doubt(conversation), milliseconds(self._clock)
        if until is None or now < until:
            return until
        self.resume(conversation, deadline)
        if self._in_doubt(conversation) is None:
            return None
        return now + LOOK_AFTER_SECONDS * MILLISECONDS

    def _in_doubt(self, conversation: str) -> int | None:
        found = self._pending(conversation)
        for left in left_behind(self._tables, conversation, found):
            if left.sending is None:
                continue
            turn = self._tables.get(self._tables.conversations, conversation, turn_sk(left.sending))
            if turn is not None and not turn.get("carrier_sids"):
                return left.settled_at or 0
        return None

    def _pending(self, conversation: str) -> list[Item]:
        table, found = self._tables.conversations, list[Item]()
        while True:
            after = found[-1]["sk"] if found else None
            page = self._tables.query(table, conversation, FORGET, limit=_PAGE, after=after)
            found += page
            if len(page) < _PAGE:
                return found

    def _beginning(self, meta: Meta) -> list[Action]:
        """The one transaction: it takes the key away and fences every worker off."""
        tables, conversation = self._tables, meta.conversation
        request = delete(tables.conversations, conversation, ASKED)
        if meta.generation is None:
            values: Item = {":by": meta.forget_asked}
            condition = "attribute_not_exists(generation) AND forget_asked = :by"
            return [self._flag(meta, "REMOVE forget_asked", condition, values), request]
        flag = self._flag(
            meta,
            "SET epoch = :next, lease_until = :free, forgetting = :generation "
            "REMOVE generation, open_turn, pending_shard, pending_at, wakes, forget_asked",
            "epoch = :epoch AND generation = :generation",
            {
                ":next": meta.epoch + 1,
                ":epoch": meta.epoch,
                ":free": 0,
                ":generation": meta.generation,
            },
        )
        # Whatever key there is: one that was lost or swapped is no reason to keep the words, and
        # a sound one changes only together with `meta`.
        key = delete(tables.keys, conversation, None)
        left = self._left_to_do(meta, meta.generation)
        return [key, flag, put(tables.conversations, left.item()), request]

    def _flag(self, meta: Meta, expression: str, condition: str, values: Item) -> Action:
        table, pk = self._tables.conversations, meta.conversation
        return update(table, pk, META, expression, condition=condition, values=values)

    def _left_to_do(self, meta: Meta, generation: str) -> Forgotten:
        now = milliseconds(self._clock)
        left = Forgotten(
            conversation=meta.conversation,
            generation=generation,
            begun_at=now,
            pending_at=now + LOOK_AFTER_SECONDS * MILLISECONDS,
        )
        opened = meta.open_turn
        if opened is None or opened.state is not TurnState.SENDING:
            return left
        # Its sender may be at it still; the carrier's id is known once it has ended.
        settled = (opened.sending_at or now) + self._settled_ms
        return replace(left, sending=opened.id, settled_at=settled)

    def _unflag(self, conversation: str) -> bool:
        """Nothing is left of any FORGET: `meta` need not say so any longer."""
        meta = self._lease.read(conversation)
        if meta.forgetting is None:
            return True
        values = {":seen": meta.forgetting}
        try:
            self._tables.write(self._flag(meta, "REMOVE forgetting", "forgetting = :seen", values))
        except ConditionFailedError:
            return False  # Forgotten once more meanwhile; whoever began that goes on with it.
        return True
