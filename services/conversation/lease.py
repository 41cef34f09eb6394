"""The lease on a conversation and its open turn, both in `meta` (protocol rules 6, 7, 9).

The epoch is a fencing token: every claim, commit and release is conditioned on the epoch that
was read and raises it, so a worker whose lease ran out can write nothing more.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from conversation.clocks import MILLISECONDS, Clock, milliseconds
from conversation.ids import shard_of
from conversation.items import Item
from conversation.meta import META, Claim, Meta, OpenTurn
from conversation.outcomes import TurnState
from conversation.tables import Action, ConditionFailedError, StoreBusyError, Tables, update

__all__ = ["META", "Claim", "Lease", "LeaseLostError", "Meta", "OpenTurn"]


class LeaseLostError(Exception):
    """Somebody else raised the epoch: whatever this worker was doing is no longer its to do."""


class Lease:
    """Claims, hands back and closes; one open turn per conversation."""

    def __init__(self, tables: Tables, clock: Clock = time.time) -> None:
        self._tables = tables
        self._clock = clock

    def read(self, conversation: str) -> Meta:
        """`meta`, strongly: always before the inbox (rule 6)."""
        item = self._tables.get(self._tables.conversations, conversation, META)
        return Meta.parse(conversation, item)

    def busy_seconds(self, meta: Meta) -> float:
        """How long the lease still runs; 0 when it is free."""
        return max(0.0, (meta.lease_until - milliseconds(self._clock)) / MILLISECONDS)

    def claim(
        self, meta: Meta, turn_id: str, inbox: Sequence[str], route: str, seconds: float
    ) -> Claim:
        """Open a turn over these inbox items.

        Raises:
            LeaseLostError: Somebody else claimed since `meta` was read.
        """
        turn = OpenTurn(turn_id, tuple(inbox), TurnState.CLAIMED, 0, 0, route, "")
        return self._take(meta, turn, seconds)

    def take_over(self, meta: Meta, inbox: Sequence[str] | None, seconds: float) -> Claim:
        """Take on the open turn, whose lease ran out or was handed back.

        Args:
            meta: As read; it has an open turn.
            inbox: The items to answer now, when not all that the turn was opened over.
            seconds: How long the lease is to run.

        Raises:
            LeaseLostError: Somebody else took it first, or there is no open turn.
        """
        if meta.open_turn is None:
            raise LeaseLostError(meta.conversation)
        kept = meta.open_turn.inbox if inbox is None else tuple(inbox)
        return self._take(meta, replace(meta.open_turn, inbox=kept), seconds)

    def release(self, claim: Claim, *, excused: bool = False, look_at: int | None = None) -> None:
        """Hand the lease back with the turn still open, for whoever comes next to finish.

        Args:
            claim: Ours.
            excused: The attempt does not count: not the words were at fault but the store.
            look_at: Epoch milliseconds at which the sweep is to look next, when that is known.

        Raises:
            LeaseLostError: It was no longer ours.
        """
        expression, values = "SET lease_until = :free, epoch = :next", {}
        if excused:
            expression += ", open_turn.attempts = open_turn.attempts - :one"
            values[":one"] = 1
        if look_at is not None:
            expression += ", pending_at = :look_at"
            values[":look_at"] = look_at
        self._end(claim, expression, values)

    def close(self, claim: Claim) -> None:
        """End the turn and the lease. Success also when the turn is closed already.

        Raises:
            LeaseLostError: Somebody else has taken the turn over.
        """
        self._end(claim, _CLOSE)

    @contextmanager
    def closing_on_error(self, claim: Claim) -> Iterator[None]:
        """Close the turn when the body fails: nothing of it was taken in, nobody takes it on."""
        try:
            yield
        except LeaseLostError:
            raise
        except Exception:
            with suppress(LeaseLostError, StoreBusyError):
                self.close(claim)
            raise

    def close_unheld(self, meta: Meta) -> bool:
        """Close the open turn without holding the lease: the carrier told how its send ended.

        Returns:
            False when `meta` has moved on since it was read.
        """
        if meta.open_turn is None:
            return True
        try:
            self._tables.write(self._fenced(meta.conversation, meta.open_turn, meta.epoch, _CLOSE))
        except ConditionFailedError:
            return False
        return True

    def committing(self, claim: Claim, messages: int, state: TurnState) -> Action:
        """Part of the commit: take `messages` numbers, move the turn on (rule 8)."""
        return update(
            self._tables.conversations,
            claim.conversation,
            META,
            "SET epoch = :next, #sequence = :after, open_turn.#state = :state",
            condition="epoch = :epoch AND #sequence = :sequence AND generation = :generation "
            "AND open_turn.id = :turn",
            values={
                ":next": claim.epoch + 1,
                ":epoch": claim.epoch,
                ":sequence": claim.sequence,
                ":after": claim.sequence + messages,
                ":generation": claim.generation,
                ":turn": claim.turn.id,
                ":state": state.value,
            },
        )

    def skip_to(self, conversation: str, seen: int, number: int) -> None:
        """Have `meta` name a later number as the next free one, if it is as it was seen.

        Raises:
            ConditionFailedError: It has moved on.
        """
        self._tables.write(
            update(
                self._tables.conversations,
                conversation,
                META,
                "SET #sequence = :number",
                condition="#sequence = :seen",
                values={":seen": seen, ":number": number},
            )
        )

    def ending(self, claim: Claim, messages: int) -> Action:
        """Part of a commit that is the turn's end, since its reply is spoken: numbers and all."""
        return self._fenced(
            claim.conversation,
            claim.turn,
            claim.epoch,
            f"SET #sequence = :after, {_CLOSE.removeprefix('SET ')}",
            {
                ":sequence": claim.sequence,
                ":after": claim.sequence + messages,
                ":generation": claim.generation,
            },
            also=" AND #sequence = :sequence AND generation = :generation",
        )

    def closing(self, claim: Claim) -> Action:
        """Part of a commit that leaves nothing to send: end turn and lease in it."""
        return self._fenced(claim.conversation, claim.turn, claim.epoch, _CLOSE)

    def sending(self, claim: Claim) -> tuple[Action, Claim]:
        """Part of the transaction that announces a send (rule 13).

        Returns:
            The action, and the claim as it is once the transaction is through. The epoch stays:
            the worker that announces is the one that sends.
        """
        now = milliseconds(self._clock)
        turn = replace(claim.turn, state=TurnState.SENDING, sending_at=now)
        action = update(
            self._tables.conversations,
            claim.conversation,
            META,
            "SET open_turn = :open",
            condition="epoch = :epoch AND generation = :generation AND open_turn.id = :turn",
            values={
                ":open": turn.item(),
                ":epoch": claim.epoch,
                ":generation": claim.generation,
                ":turn": turn.id,
            },
        )
        return action, replace(claim, turn=turn)

    def unsent(self, claim: Claim) -> Claim:
        """Back to `answered`: the carrier certainly did not take the send (429, refused).

        Raises:
            LeaseLostError: It was no longer ours.
        """
        turn = replace(claim.turn, state=TurnState.ANSWERED, sending_at=None)
        action = update(
            self._tables.conversations,
            claim.conversation,
            META,
            "SET open_turn = :open",
            condition="epoch = :epoch AND open_turn.id = :turn",
            values={":open": turn.item(), ":epoch": claim.epoch, ":turn": turn.id},
        )
        try:
            self._tables.write(action)
        except ConditionFailedError as error:
            raise LeaseLostError(claim.conversation) from error
        return replace(claim, turn=turn)

    def _take(self, meta: Meta, turn: OpenTurn, seconds: float) -> Claim:
        """One plain write; the attempts are counted here, where a crash cannot skip it."""
        if meta.generation is None or self.busy_seconds(meta) > 0:
            raise LeaseLostError(meta.conversation)
        now = milliseconds(self._clock)
        turn = replace(turn, attempts=turn.attempts + 1, claimed_at=now, token=secrets.token_hex(4))
        until = now + int(seconds * MILLISECONDS)
        action = update(
            self._tables.conversations,
            meta.conversation,
            META,
            "SET epoch = :next, lease_until = :until, open_turn = :open, "
            "pending_shard = :shard, pending_at = :until REMOVE wakes",
            condition="epoch = :epoch AND generation = :generation",
            values={
                ":next": meta.epoch + 1,
                ":epoch": meta.epoch,
                ":until": until,
                ":open": turn.item(),
                ":shard": shard_of(meta.conversation),
                ":generation": meta.generation,
            },
        )
        try:
            self._tables.write(action)
        except ConditionFailedError as error:
            # The response to our own write may have been lost before the retry.
            if _open_turn(error).get("token") != turn.token:
                raise LeaseLostError(meta.conversation) from error
        epoch, generation = meta.epoch + 1, meta.generation
        return Claim(meta.conversation, turn, epoch, meta.sequence, generation, meta.person)

    def _fenced(
        self,
        conversation: str,
        turn: OpenTurn,
        epoch: int,
        expression: str,
        values: Item | None = None,
        *,
        also: str = "",
    ) -> Action:
        fence = {":epoch": epoch, ":next": epoch + 1, ":turn": turn.id, ":free": 0}
        return update(
            self._tables.conversations,
            conversation,
            META,
            expression,
            condition=f"epoch = :epoch AND open_turn.id = :turn{also}",
            values={**fence, **(values or {})},
        )

    def _end(self, claim: Claim, expression: str, values: Item | None = None) -> None:
        action = self._fenced(claim.conversation, claim.turn, claim.epoch, expression, values)
        try:
            self._tables.write(action)
        except ConditionFailedError as error:
            if _open_turn(error).get("id") == claim.turn.id:
                raise LeaseLostError(claim.conversation) from error


_CLOSE = "SET lease_until = :free, epoch = :next REMOVE open_turn, pending_shard, pending_at"


def _open_turn(error: ConditionFailedError) -> dict[str, Any]:
    """The open turn that a failed condition met."""
    met = error.items[0] or {}
    found: dict[str, Any] = met.get("open_turn") or {}
    return found
