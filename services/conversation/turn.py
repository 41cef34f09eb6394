"""The turn: the only way any channel gets an answer.

    claim → allowance → load window → model with deadline and failover → commit → reply

The channel claims (it knows what waits), the engine answers and commits in one transaction, and
the channel delivers what `Reply` holds. `docs/turn-protocol.md` has the rules.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from conversation import endings
from conversation.allowances import Allowances
from conversation.clocks import Clock, expiry, milliseconds
from conversation.deadline import Deadline
from conversation.endings import Ending
from conversation.exchange import EngineSettings, Incoming, Opening, Profile, Reply
from conversation.lease import Lease, LeaseLostError
from conversation.messages import Messages
from conversation.meta import Claim
from conversation.models import ModelChain, NoAnswerError
from conversation.outcomes import DeliveryState, TurnState
from conversation.recall import Recall
from conversation.tables import Action, ConditionFailedError, Tables
from conversation.texts import Texts
from conversation.turns import ReplyTo, Turn, Turns
from conversation.usage import counting

__all__ = ["Engine", "EngineSettings", "Incoming", "Opening", "Profile", "Reply"]

COMMIT_SECONDS = 3.0
"""Kept back of a turn's deadline, so that an answer that was paid for is also stored."""

_COMMIT_ATTEMPTS = 5


class Engine:
    """Answers claimed turns.

    Args:
        tables: The stack's tables.
        models: The chain of models.
        settings: What the operator decides.
        texts: The fixed sentences.
        clock: Epoch seconds.
        allowances: How much of it there is; None for no limits.
        segments: How many SMS segments a reply takes; None where replies are no texts.
    """

    def __init__(
        self,
        tables: Tables,
        models: ModelChain,
        settings: EngineSettings,
        texts: Texts | None = None,
        clock: Clock = time.time,
        *,
        allowances: Allowances | None = None,
        segments: Callable[[str], int] | None = None,
    ) -> None:
        self._tables = tables
        self._allowances = allowances
        self._segments = segments or (lambda _text: 0)
        self._models = models
        self._settings = settings
        self._texts = texts or Texts()
        self._clock = clock
        self._lease = Lease(tables, clock)
        self._turns = Turns(tables)
        self._messages = Messages(tables, clock, settings.message_days)
        self._recall = Recall(tables, models, settings, clock, may_spend=self._may_spend)

    def warm(self) -> None:
        """Build what the first answer needs, while there is time for it."""
        self._models.warm()

    def tidy(self, conversation: str, deadline: Deadline) -> int:
        """Keep notes of what the next prompt has no room for, now that nobody waits.

        Returns:
            How many tokens that took.
        """
        return self._recall.tidy(conversation, deadline)

    def answer(
        self,
        claim: Claim,
        texts: Sequence[Incoming],
        profile: Profile,
        deadline: Deadline,
        extra_items: Sequence[Action] = (),
        *,
        reply_to: ReplyTo,
        stages: dict[str, int] | None = None,
        opening: Opening | None = None,
    ) -> Reply:
        """Answer a claimed turn, or apologise in time; commit either with the person's words.

        Args:
            claim: The turn, in state `claimed`.
            texts: The person's messages, in order.
            profile: The channel's.
            deadline: When the reply must be committed.
            extra_items: The channel's part of the commit, such as the end of its inbox items.
            reply_to: Where the reply will go.
            stages: Milliseconds of the stages before this call; the turn's own are added.
            opening: What has to be said before the first reply of all, when this is it.

        Raises:
            LeaseLostError: Somebody else has the turn now.
            StoreBusyError: The store did not answer within the deadline.
        """
        stages = {} if stages is None else stages
        ending = self._refusal(claim) or self._answered(claim, texts, profile, deadline, stages)
        if opening is not None and ending.text:
            ending, extra_items = ending.after(opening.words), [*extra_items, *opening.items]
        return self._commit(
            claim, ending, extra_items, reply_to=reply_to, stages=stages, deadline=deadline
        )

    def set_aside(
        self,
        claim: Claim,
        extra_items: Sequence[Action],
        *,
        reply_to: ReplyTo | None,
        deadline: Deadline,
    ) -> Reply:
        """End a turn whose words break it each time: unopened, with an apology (rule 7).

        `reply_to` is None when not even the address can be read: then nobody is told.
        """
        text = self._texts.set_aside if reply_to else ""
        ending = endings.set_aside(text)
        reply_to = reply_to or {}
        return self._commit(
            claim, ending, extra_items, reply_to=reply_to, stages={}, deadline=deadline
        )

    def stop(
        self, claim: Claim, extra_items: Sequence[Action], *, reply_to: ReplyTo, deadline: Deadline
    ) -> Reply:
        """End a turn of a person who has opted out: no model call, nothing to send (rule 14)."""
        ending = endings.stopped()
        return self._commit(
            claim, ending, extra_items, reply_to=reply_to, stages={}, deadline=deadline
        )

    def _may_spend(self, conversation: str) -> bool:
        return not (self._allowances and self._allowances.spent(conversation))

    def _refusal(self, claim: Claim) -> Ending | None:
        """How the turn ends when an allowance is used up: before anything is loaded or opened."""
        spent = self._allowances and self._allowances.spent(claim.conversation)
        if not spent:
            return None
        return endings.refused("" if spent.told else self._texts.refused)

    def _answered(
        self,
        claim: Claim,
        texts: Sequence[Incoming],
        profile: Profile,
        deadline: Deadline,
        stages: dict[str, int],
    ) -> Ending:
        """Window and model, each with its time."""
        began = time.monotonic()
        prompt = self._recall.prompt(claim, texts, profile)
        stages["load"] = _lap(began)
        began = time.monotonic()
        try:
            answer = self._models.answer(prompt, deadline.less(COMMIT_SECONDS))
            ending = endings.answered(texts, answer)
        except NoAnswerError as error:
            ending = endings.apologised(texts, self._texts.apology, error.attempts)
        stages["model"] = _lap(began)
        return ending

    def _commit(
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
        meta = (
            self._lease.committing(claim, len(ending.drafts), TurnState.ANSWERED)
            if ending.text
            else self._lease.closing(claim)
        )
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
        usage = counting(self._tables, turn, self._clock(), expires, segments=segments)
        return [meta, *messages, self._turns.putting(turn), *usage]

    def _turn(
        self, claim: Claim, ending: Ending, reply_to: ReplyTo, stages: dict[str, int]
    ) -> Turn:
        sealed = self._turns.seal_reply_to(
            reply_to, claim.conversation, claim.turn.id, claim.generation
        )
        answer = ending.answer
        return Turn(
            conversation=claim.conversation,
            id=claim.turn.id,
            generation=claim.generation,
            outcome=ending.outcome,
            route=claim.turn.route,
            reply_to=sealed,
            messages=[claim.sequence + offset for offset in range(len(ending.drafts))],
            inbox=list(claim.turn.inbox),
            attempts=claim.turn.attempts,
            created_at=milliseconds(self._clock),
            expires_at=expiry(self._clock, self._settings.turn_days),
            delivery=DeliveryState.WAITING,
            model=answer.model if answer else None,
            input_tokens=answer.input_tokens if answer else 0,
            output_tokens=answer.output_tokens if answer else 0,
            stages=dict(stages),
            model_attempts=ending.attempts,
        )

    def _read_again(self, claim: Claim, turn: Turn, error: ConditionFailedError) -> Claim | None:
        """After a failed condition: None when it was our own commit that got through before.

        Returns:
            The claim with the numbers that are free now, when another writer took ours.

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
        if meta.sequence == claim.sequence:
            raise error
        return replace(claim, sequence=meta.sequence)


def _after(claim: Claim, messages: int) -> Claim:
    """The claim once its commit is through."""
    turn = replace(claim.turn, state=TurnState.ANSWERED)
    return replace(claim, turn=turn, epoch=claim.epoch + 1, sequence=claim.sequence + messages)


def _lap(began: float) -> int:
    return int((time.monotonic() - began) * 1000)
