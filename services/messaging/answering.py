"""One wake-up, from the lease to the carrier: the use case of the responder.

Whoever comes next finishes the open turn first; then the leading run of waiting texts becomes a
turn, is answered and delivered. `docs/turn-protocol.md` has the rules.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from conversation import observability
from conversation.accounting import Accounting
from conversation.clocks import MILLISECONDS, Clock, milliseconds
from conversation.deadline import Deadline
from conversation.forgetting import Forgetting
from conversation.ids import Ids
from conversation.keys import ForgottenError, KeyBrokenError, KeyLostError, KeyUnavailableError
from conversation.lease import Lease, LeaseLostError
from conversation.meta import Claim, Meta
from conversation.outcomes import TurnState
from conversation.secrets import SecretError
from conversation.switch import Switch
from conversation.tables import StoreBusyError
from conversation.turn import Engine, Reply
from conversation.turns import Turns
from messaging.offering import Offering
from messaging.replying import Replying
from messaging.settling import Settling
from messaging.timing import Timing
from texting.delivery import Delivery, DeliveryResult, Progress
from texting.inbox import Inbox
from texting.waiting_text import WaitingText, leading_run
from texting.wakeups import Wakeups

__all__ = ["Answering", "Timing"]

ONE_TEXT_AFTER = 2
"""Claims after which a takeover takes one text (protocol rule 7)."""

_BUSY_POLL_SECONDS = 0.5
_RETRY_SECONDS = 3.0
# What a deletion at the carrier, begun at the last moment, may take.
_LAST_SECONDS = 12.0

# Not the words were at fault: the attempt does not count towards setting them aside.
_EXCUSED = (KeyBrokenError, KeyLostError, KeyUnavailableError, SecretError, StoreBusyError)


class Answering:
    """Attends to conversations that have mail.

    Args:
        lease: The lease on conversations.
        inbox: What waits.
        engine: Answers claimed turns.
        turns: The turns' records.
        delivery: Sends replies.
        switch: Whether the operator has paused the stack.
        accounting: Writes down how turns ended.
        wakeups: Wakes again what this invocation has no time for.
        settling: Lets a burst of texts come in.
        replying: Makes the reply of a claimed turn.
        offering: Offers to remember a call.
        forgetting: Forgets whoever asked for it.
        timing: How long things may take.
        clock: Epoch seconds.
        ids: Makes turn ids.
        sleep: Waits for a busy lease.
    """

    def __init__(
        self,
        *,
        lease: Lease,
        inbox: Inbox,
        engine: Engine,
        turns: Turns,
        delivery: Delivery,
        switch: Switch,
        accounting: Accounting,
        wakeups: Wakeups,
        settling: Settling,
        replying: Replying,
        offering: Offering,
        forgetting: Forgetting,
        timing: Timing,
        clock: Clock = time.time,
        ids: Ids | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._lease = lease
        self._inbox = inbox
        self._engine = engine
        self._turns = turns
        self._delivery = delivery
        self._switch = switch
        self._accounting = accounting
        self._wakeups = wakeups
        self._settling = settling
        self._timing = timing
        self._replying = replying
        self._offering = offering
        self._forgetting = forgetting
        self._clock = clock
        self._ids = ids or Ids(clock)
        self._sleep = sleep

    def attend(self, conversation: str, deadline: Deadline) -> float | None:
        """Finish what is open, then answer what waits, for as long as there is time.

        Args:
            conversation: Which one has mail.
            deadline: The function's own time.

        Returns:
            Seconds after which the wake-up must come back; None when it has been dealt with.
        """
        turns = 0
        while True:
            if turns and deadline.remaining() < self._timing.turn_seconds:
                self._wakeups.send(conversation, f"after:{self._ids.new()}")
                return None
            try:
                meta = self._free(conversation, deadline)
                if meta is None:
                    # Its holder reads the inbox once more; else the sweep looks, once resumed.
                    return None
                result = self._finish(meta) if meta.open_turn else self._begin(meta, deadline)
            except (ForgottenError, LeaseLostError):
                if deadline.expired:
                    return _RETRY_SECONDS
                continue  # Somebody else was faster: see what is left to do.
            if result is None:
                self._tidy(meta, deadline, unseen=None if turns else meta.generation)
                return None
            if result.progress is Progress.RETRY:
                return _RETRY_SECONDS
            if result.progress is Progress.LATER:
                return self._until(result.look_at or 0)
            turns += 1

    def _tidy(self, meta: Meta, deadline: Deadline, *, unseen: str | None) -> None:
        """Nothing waits: there is time to delete what was forgotten and to note the rest.

        A call's function has no such time. It has the conversation woken, where this worker finds
        nothing to answer and looks for itself.
        """
        conversation = meta.conversation
        if meta.forgetting is not None:
            self._forgetting.resume(conversation, deadline.less(_LAST_SECONDS))
        paused = self._switch.position().paused
        if paused:
            return
        if tokens := self._engine.tidy(conversation, deadline, unseen=unseen):
            self._accounting.tidied(conversation, tokens)

    def _is_paused(self, meta: Meta) -> bool:
        """Whether the next step is one that a pause forbids: an answer that was made is sent."""
        open_turn = meta.open_turn
        made = open_turn is not None and open_turn.state is not TurnState.CLAIMED
        return not made and self._switch.position().paused

    def _free(self, conversation: str, deadline: Deadline) -> Meta | None:
        """`meta` once nobody holds the lease; None when that takes too long, or in a pause."""
        while True:
            meta = self._lease.read(conversation)
            if meta.forget_asked is not None:
                # Neither a lease nor a pause holds it up: the epoch fences a running turn off.
                self._forgetting.begin_all(conversation)
                continue
            busy = self._lease.busy_seconds(meta)
            if not busy:
                return None if self._is_paused(meta) else meta
            pause = min(busy, _BUSY_POLL_SECONDS)
            if deadline.remaining() - pause < self._timing.turn_seconds:
                return None
            self._sleep(pause)

    def _begin(self, meta: Meta, deadline: Deadline) -> DeliveryResult | None:
        """Open a turn over the leading run of waiting texts; None when there is nothing to do."""
        spare = deadline.less(self._timing.turn_seconds)
        meta, waiting, settled = self._settling.settle(meta, spare, self._engine.warm)
        run = leading_run(waiting)
        if not run:
            return self._offer(meta)
        if meta.forgetting is not None:
            until = self._forgetting.in_doubt_until(meta.conversation, spare)
            if until is not None:
                return DeliveryResult(Progress.LATER, look_at=until)
        now = milliseconds(self._clock)
        keys = [text.sk for text in run]
        claim = self._lease.claim(
            meta, self._ids.new(), keys, run[0].route, self._timing.lease_seconds
        )
        waited = now - run[0].received_at
        observability.duration("AnswerWait", waited)
        return self._answer(claim, run, {"wait": max(0, waited - settled), "settle": settled})

    def _finish(self, meta: Meta) -> DeliveryResult:
        """Finish the open turn: deliver what is answered, else take it over."""
        opened = meta.open_turn
        if opened is None:
            raise LeaseLostError(meta.conversation)
        if opened.state is TurnState.SENDING:
            due = self._delivery.reconcile_at(opened)
            if milliseconds(self._clock) < due:
                return DeliveryResult(Progress.LATER, look_at=due)
        if opened.state is not TurnState.CLAIMED:
            claim = self._lease.take_over(meta, None, self._timing.lease_seconds)
            turn = self._turns.read(claim.conversation, opened.id)
            if turn is None or turn.generation != claim.generation:
                return self._nothing_left(claim)
            with self._holding(claim):
                return self._delivery.deliver(claim, turn)
        one = opened.attempts >= ONE_TEXT_AFTER
        claim = self._lease.take_over(
            meta, opened.inbox[:1] if one else None, self._timing.lease_seconds
        )
        observability.count("TakenOver")
        waiting = self._inbox.waiting(claim.conversation, claim.generation)
        texts = leading_run([text for text in waiting if text.sk in claim.turn.inbox])
        return self._answer(claim, texts, {}) if texts else self._nothing_left(claim)

    def _answer(
        self, claim: Claim, texts: list[WaitingText], stages: dict[str, int]
    ) -> DeliveryResult:
        """From the claim to the carrier; the lease is handed back if that fails."""
        deadline = Deadline.after(self._timing.answer_seconds)
        with self._holding(claim):
            reply = self._replying.reply(claim, texts, stages, deadline)
        return self._say(reply)

    def _offer(self, meta: Meta) -> DeliveryResult | None:
        """A call is over, and nothing waits in it: offer to remember it, if that is due."""
        call = self._offering.due(meta)
        if call is None:
            return None
        claim = self._lease.claim(meta, self._ids.new(), [], call.route, self._timing.lease_seconds)
        with self._holding(claim):
            deadline = Deadline.after(self._timing.answer_seconds)
            reply = self._offering.offer(claim, call, deadline)
        return self._nothing_left(claim) if reply is None else self._say(reply)

    def _say(self, reply: Reply) -> DeliveryResult:
        """Deliver what was committed, if it says anything."""
        self._accounting.note(reply)
        if not reply.text:
            return DeliveryResult(Progress.CLOSED)
        with self._holding(reply.claim):
            return self._delivery.deliver(reply.claim, reply.turn, reply.text)

    @contextmanager
    def _holding(self, claim: Claim) -> Iterator[None]:
        """Hand the lease back if the body fails, so that the next attempt need not wait for it."""
        try:
            yield
        except LeaseLostError:
            raise
        except Exception as error:
            self._release(claim, excused=isinstance(error, _EXCUSED))
            raise

    def _release(self, claim: Claim, *, excused: bool) -> None:
        try:
            self._lease.release(claim, excused=excused)
        except (LeaseLostError, StoreBusyError):
            return  # It runs out by itself; what failed before is what is reported.

    def _nothing_left(self, claim: Claim) -> DeliveryResult:
        """Its texts or its record are gone (FORGET), or nothing may be said: close the turn."""
        self._lease.close(claim)
        return DeliveryResult(Progress.CLOSED)

    def _until(self, look_at: int) -> float:
        return max(1.0, (look_at - milliseconds(self._clock)) / MILLISECONDS)
