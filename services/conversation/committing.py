"""The commit of a turn: one transaction, whatever became of it (protocol rule 8).

Owns what the transaction holds and what a failed condition means. Knows neither model nor channel.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from conversation.clocks import Clock, expiry, milliseconds
from conversation.deadline import Deadline
from conversation.endings import Ending
from conversation.exchange import EngineSettings, Reply
from conversation.lease import Lease, LeaseLostError
from conversation.messages import Messages
from conversation.meta import Claim
from conversation.outcomes import DeliveryState, TurnState
from conversation.reply_to import ReplyTo
from conversation.tables import Action, ConditionFailedError, Tables
from conversation.turns import Turn, Turns
from conversation.usage import counting

COMMIT_SECONDS = 3.0
"""Kept back of a turn's deadline, so that an answer that was paid for is also stored."""

_COMMIT_ATTEMPTS = 5


class Commits:
    """Commits turns.

    Args:
        tables: The stack's tables.
        settings: What the operator decides.
        clock: Epoch seconds.
        segments: How many SMS segments a reply takes.
    """

    def __init__(
        self,
        tables: Tables,
        settings: EngineSettings,
        clock: Clock = time.time,
        *,
        segments: Callable[[str], int],
    ) -> None:
        self._tables = tables
        self._settings = settings
        self._clock = clock
        self._segments = segments
        self._lease = Lease(tables, clock)
        self._turns = Turns(tables)
        self._messages = Messages(tables, clock, settings.message_days)

    def commit(
        self,
        claim: Claim,
        ending: Ending,
        extra_items: Sequence[Action],
        *,
        reply_to: ReplyTo,
        stages: dict[str, int],
        deadline: Deadline,
    ) -> Reply:
        """One transaction (rule 8); numbers taken meanwhile by another writer are retaken."""
        began = time.monotonic()
        # The reserve is the store's even when the models were slow to end.
        store = (
            deadline if deadline.remaining() > COMMIT_SECONDS else Deadline.after(COMMIT_SECONDS)
        )
        for _ in range(_COMMIT_ATTEMPTS):
            turn = self._turn(claim, ending, reply_to, stages)
            try:
                self._tables.transact(
                    [*self._actions(claim, ending, turn), *extra_items], deadline=store
                )
            except ConditionFailedError as error:
                moved = self._read_again(claim, turn, error)
                if moved is None:
                    break
                claim = moved
            else:
                break
        else:
            raise LeaseLostError(claim.conversation)
        # Known only now; delivery writes it when it closes the turn.
        turn.stages["commit"] = _lap(began)
        after = _after(claim, len(ending.drafts))
        return Reply(ending.text, turn, after, self._segments(ending.text))

    def _actions(self, claim: Claim, ending: Ending, turn: Turn) -> list[Action]:
        numbers = len(ending.drafts)
        if ending.heard is not None:
            meta = self._lease.ending(claim, numbers)
        elif ending.text:
            meta = self._lease.committing(claim, numbers, TurnState.ANSWERED)
        else:
            meta = self._lease.closing(claim)
        messages = [
            self._messages.putting(
                claim.conversation,
                number,
                claim.generation,
                replace(draft, extra={**draft.extra, "turn": claim.turn.id}),
            )
            for number, draft in zip(turn.messages, ending.drafts, strict=True)
        ]
        expires = expiry(self._clock, self._settings.turn_days)
        segments = self._segments(ending.text)
        now = self._clock()
        usage = counting(self._tables, turn, claim.whose, now, expires, segments=segments)
        return [meta, *messages, self._turns.putting(turn), *usage]

    def _turn(
        self, claim: Claim, ending: Ending, reply_to: ReplyTo, stages: dict[str, int]
    ) -> Turn:
        answer, heard = ending.answer, ending.heard
        turn = Turn(
            conversation=claim.conversation,
            id=claim.turn.id,
            generation=claim.generation,
            outcome=ending.outcome,
            route=claim.turn.route,
            messages=[claim.sequence + offset for offset in range(len(ending.drafts))],
            inbox=list(claim.turn.inbox),
            attempts=claim.turn.attempts,
            created_at=milliseconds(self._clock),
            expires_at=expiry(self._clock, self._settings.turn_days),
            delivery=DeliveryState.WAITING if heard is None else DeliveryState.SPOKEN,
            model=answer.model if answer else None,
            input_tokens=answer.input_tokens if answer else 0,
            output_tokens=answer.output_tokens if answer else 0,
            stages=dict(stages),
            model_attempts=ending.attempts,
        )
        return self._turns.sealed(turn, reply_to, heard)

    def _read_again(self, claim: Claim, turn: Turn, error: ConditionFailedError) -> Claim | None:
        """After a failed condition: None when it was our own commit that got through before.

        Returns:
            The claim with the numbers that are free now, when another writer took ours, or
            something rested there that no writer of ours put there.

        Raises:
            LeaseLostError: Somebody else has the turn now.
            ConditionFailedError: Neither; an item of the channel's part was not as expected.
        """
        meta = self._lease.read(claim.conversation)
        ours = meta.open_turn is not None and meta.open_turn.token == claim.turn.token
        if meta.epoch == claim.epoch + 1:
            committed = self._turns.read(claim.conversation, turn.id)
            if committed is not None and (ours or meta.open_turn is None):
                return None
        if not ours or meta.epoch != claim.epoch or meta.generation != claim.generation:
            raise LeaseLostError(claim.conversation) from error
        if meta.sequence != claim.sequence:
            return replace(claim, sequence=meta.sequence)
        if not any(map(error.failed, range(1, 1 + len(turn.messages)))):
            raise error
        # Whoever writes messages takes their numbers from `meta`: these are somebody else's.
        behind = self._messages.make_way(claim.conversation, claim.generation, turn.messages)
        if behind is None:
            return claim
        with suppress(ConditionFailedError):  # Else another writer was faster: it is re-read again.
            self._lease.skip_to(claim.conversation, claim.sequence, behind)
        return replace(claim, sequence=behind)


def _after(claim: Claim, messages: int) -> Claim:
    """The claim once its commit is through."""
    turn = replace(claim.turn, state=TurnState.ANSWERED)
    return replace(claim, turn=turn, epoch=claim.epoch + 1, sequence=claim.sequence + messages)


def _lap(began: float) -> int:
    return int((time.monotonic() - began) * 1000)
