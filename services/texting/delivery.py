"""Delivering a turn's answer: announced, attempted once, and reconciled before it is repeated.

Owns rules 13 and 14 of the turn protocol. Creating a message has no idempotency key at the
carrier, so a send whose outcome is unknown is never simply repeated: first the carrier is asked.
Knows no inbox and no model, and never raises for what the carrier does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, Protocol

from conversation import observability
from conversation.clocks import MILLISECONDS, Clock, milliseconds
from conversation.codec import CodecError
from conversation.deadline import AttemptTimeoutError, Deadline
from conversation.ids import turn_reference
from conversation.keys import KeyBrokenError
from conversation.lease import Claim, Lease, LeaseLostError, OpenTurn
from conversation.outcomes import DeliveryState, Outcome, TurnState
from conversation.reply_to import ReplyTo
from conversation.tables import ConditionFailedError, Tables
from conversation.turns import Turn, Turns
from texting.carrier_outcomes import (
    Accepted,
    CarrierUnavailableError,
    NotSent,
    Refused,
    SendOutcome,
    Unknown,
)
from texting.consent import Consents
from texting.delivery_path import STATUS_PATH
from texting.delivery_result import DeliveryResult, Progress
from texting.recipients import Recipients
from texting.reconciliation import Asked, sent_for
from texting.rendering import render
from texting.segments import count
from texting.states import from_carrier
from texting.tracking import News, record

__all__ = ["Delivery", "DeliveryResult", "Progress"]

BEGIN_SECONDS: Final = 2.0
"""An attempt begins within this of the write that announced it, or not at all (rule 13)."""

OPTED_OUT: Final = "opted_out"
NO_TEXT: Final = "no_text"
UNREADABLE: Final = "unreadable"

_ASK_AGAIN_SECONDS: Final = 60
_ATTEMPT_SLACK_SECONDS: Final = 0.5
_RESENDS: Final = 1
_BAD_ENDS: Final = {
    # Not "Refused": that is a person's allowance.
    DeliveryState.FAILED: "SendRefused",
    DeliveryState.UNDELIVERED: "Undelivered",
    DeliveryState.UNKNOWN: "SendUnknown",
}


class Sender(Asked, Protocol):
    """What delivery needs of the carrier."""

    timeout_seconds: float

    def send(self, *, sender: str, to: str, body: str, status_callback: str) -> SendOutcome:
        """Make one attempt."""


class Delivery:
    """Delivers the open turn of a conversation.

    Args:
        tables: The tables.
        carrier: The carrier.
        lease: The lease on conversations.
        recipients: Says whether a reply may go to an address.
        public_url: Where the carrier reports to, no trailing slash.
        function_timeout_seconds: Longest a worker lives after it announced a send.
        clock_skew_seconds: How far the clocks of two workers and the carrier may differ.
        clock: Epoch seconds.
        monotonic: Seconds that never step.
    """

    def __init__(
        self,
        tables: Tables,
        carrier: Sender,
        lease: Lease,
        recipients: Recipients,
        *,
        public_url: str,
        function_timeout_seconds: float,
        clock_skew_seconds: float = 60,
        clock: Clock = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tables = tables
        self._carrier = carrier
        self._lease = lease
        self._recipients = recipients
        self._turns = Turns(tables)
        self._consents = Consents(tables)
        self._public_url = public_url.rstrip("/")
        self._skew_ms = int(clock_skew_seconds * MILLISECONDS)
        self._settled_ms = int(function_timeout_seconds * MILLISECONDS) + self._skew_ms
        self._clock = clock
        self._monotonic = monotonic

    def reconcile_at(self, turn: OpenTurn) -> int:
        """Give the earliest time, in epoch milliseconds, to ask what became of a send (rule 14).

        Before it the worker that announced the send may still be making it. Whoever finds an open
        turn in `sending` earlier leaves it alone.
        """
        return (turn.sending_at or turn.claimed_at) + self._settled_ms

    def deliver(self, claim: Claim, turn: Turn, text: str | None = None) -> DeliveryResult:
        """Deliver the answer of an open turn that is answered, or reconcile one in `sending`.

        A turn whose answer or address cannot be read, or whose reply may not go there, is closed.

        Args:
            claim: The lease, with the turn as open. It is spent afterwards, whatever happens.
            turn: The turn's record.
            text: The answer, if the caller has just made it, for an address that was looked at;
                else both are read.

        Raises:
            StoreBusyError: The store did not answer; the turn stays open for the sweep.
            KeyBrokenError: The conversation's key does not fit; likewise.
        """
        if turn.delivery is not DeliveryState.WAITING:
            # Whoever wrote that died, or lost the race, before it closed `meta`.
            return self._close(claim, turn, News(turn.delivery))
        sending = claim.turn.state is TurnState.SENDING
        try:
            address = self._recipients.of_turn(turn, claim.whose, proved=text is not None)
            if text is None:
                text = self._turns.reply_text(turn) or ""
        except KeyBrokenError:
            raise
        except CodecError:
            state = DeliveryState.UNKNOWN if sending else DeliveryState.FAILED
            return self._close(claim, turn, News(state, error=UNREADABLE))
        proceed = self._reconcile if sending else self._attempt
        return proceed(claim, turn, address, text)

    def _reconcile(self, claim: Claim, turn: Turn, address: ReplyTo, text: str) -> DeliveryResult:
        """Find out what became of a send, and repeat it once if the carrier knows nothing of it."""
        due = self.reconcile_at(claim.turn)
        if milliseconds(self._clock) < due:
            return self._later(claim, due, "too early")
        try:
            found = sent_for(turn, address, self._carrier, self._tables, skew_ms=self._skew_ms)
        except CarrierUnavailableError as error:
            look_at = milliseconds(self._clock) + _ASK_AGAIN_SECONDS * MILLISECONDS
            return self._later(claim, look_at, str(error))
        if found:
            newest = found[0]
            error_code = None if newest.error_code is None else str(newest.error_code)
            sids = tuple(message.sid for message in found)
            return self._close(claim, turn, News(from_carrier(newest.status), sids, error_code))
        if turn.resent >= _RESENDS:
            # FORGET looks once more, at that time.
            when = {"sending_at": claim.turn.sending_at}
            return self._close(claim, turn, News(DeliveryState.UNKNOWN, (), "not found", when))
        return self._attempt(claim, turn, address, text, {"resent": turn.resent + 1})

    def _attempt(
        self,
        claim: Claim,
        turn: Turn,
        address: ReplyTo,
        text: str,
        facts: Mapping[str, Any] | None = None,
    ) -> DeliveryResult:
        """Announce the send, make it once and write down how it ended (rule 13)."""
        facts, body = facts or {}, render(text)
        if not body:
            return self._close(claim, turn, News(DeliveryState.FAILED, error=NO_TEXT))
        begun, began_at = self._monotonic(), self._clock()
        try:
            claim = self._announce(claim, turn, facts)
        except ConditionFailedError as error:
            return self._not_announced(claim, turn, error)
        if facts:
            observability.count("Resent")
        turn = replace(turn, **facts)
        # A machine that slept saw no time pass, but its wall clock did.
        waited = max(self._monotonic() - begun, self._clock() - began_at)
        if waited > BEGIN_SECONDS:
            # Whoever reconciles may already count on nothing more being sent.
            return self._later(claim, self.reconcile_at(claim.turn), "not begun in time")
        outcome = self._send(turn, address, body)
        took = int((self._monotonic() - begun) * MILLISECONDS)
        learnt = {
            "segments": count(body).segments,
            "sending_at": claim.turn.sending_at,
            "stages": {**turn.stages, "send": took},
        }
        return replace(self._settle(claim, turn, outcome, learnt), resent=bool(facts))

    def _announce(self, claim: Claim, turn: Turn, facts: Mapping[str, Any]) -> Claim:
        """Write `sending` and check consent, as one; STOP wins over what is not yet written."""
        sending, announced = self._lease.sending(claim)
        actions = [sending, self._consents.required(claim.whose or "", turn.route)]
        if facts:
            actions.append(self._turns.annotating(turn, facts))
        self._tables.transact(actions, deadline=Deadline.after(BEGIN_SECONDS, self._monotonic))
        return announced

    def _not_announced(
        self, claim: Claim, turn: Turn, error: ConditionFailedError
    ) -> DeliveryResult:
        if error.failed(0):
            return DeliveryResult(Progress.LOST)
        if error.failed(1):
            stopped = {"outcome": Outcome.STOPPED.value}
            return self._close(claim, turn, News(DeliveryState.FAILED, (), OPTED_OUT, stopped))
        return self._close(claim, turn, News(DeliveryState.FAILED, error=NO_TEXT))

    def _send(self, turn: Turn, address: ReplyTo, body: str) -> SendOutcome:
        limit = self._carrier.timeout_seconds + _ATTEMPT_SLACK_SECONDS
        reference = turn_reference(turn.conversation, turn.id)
        try:
            # The carrier's own time-outs bound silences; this bounds the whole.
            with Deadline.after(limit).attempt():
                return self._carrier.send(
                    sender=address["from"],
                    to=address["to"],
                    body=body,
                    status_callback=f"{self._public_url}{STATUS_PATH}{reference}",
                )
        except AttemptTimeoutError:
            return Unknown("time-out")

    def _settle(
        self, claim: Claim, turn: Turn, outcome: SendOutcome, learnt: Mapping[str, Any]
    ) -> DeliveryResult:
        match outcome:
            case Accepted(sid, status, code):
                error = None if code is None else str(code)
                return self._close(claim, turn, News(from_carrier(status), (sid,), error, learnt))
            case Refused(code):
                facts = {**learnt, "segments": 0}
                news = News(DeliveryState.FAILED, (), str(code), facts)
                return self._close(claim, turn, news)
            case NotSent(reason):
                return self._hand_back(claim, turn, reason)
            case Unknown(reason):
                return self._later(claim, self.reconcile_at(claim.turn), reason)

    def _close(self, claim: Claim, turn: Turn, news: News) -> DeliveryResult:
        """Write the turn, then `meta`: a crash between the two leaves a turn that is closed again.

        A turn that is gone (FORGET, expired) needs no record.
        """
        recorded = record(self._tables, turn, news)
        state = recorded.delivery if recorded else news.state
        if state in _BAD_ENDS:
            observability.count(_BAD_ENDS[state])
            extra = {"turn": turn.id, "error": news.error}
            observability.logger().warning(f"ended {state}", extra=extra)
        try:
            self._lease.close(claim)
        except LeaseLostError:
            return DeliveryResult(Progress.LOST, state, news.error)
        return DeliveryResult(Progress.CLOSED, state, news.error)

    def _hand_back(self, claim: Claim, turn: Turn, reason: str) -> DeliveryResult:
        observability.count("Unsent")
        observability.logger().warning("not sent", extra={"turn": turn.id, "reason": reason})
        try:
            self._lease.release(self._lease.unsent(claim))
        except LeaseLostError:
            return DeliveryResult(Progress.LOST, error=reason)
        return DeliveryResult(Progress.RETRY, error=reason)

    def _later(self, claim: Claim, look_at: int, reason: str) -> DeliveryResult:
        """Leave the turn in `sending`, with nobody holding it and the sweep due at the time."""
        extra = {"turn": claim.turn.id, "reason": reason, "look_at": look_at}
        observability.logger().warning("left to reconciliation", extra=extra)
        try:
            self._lease.release(claim, look_at=look_at)
        except LeaseLostError:
            return DeliveryResult(Progress.LOST, error=reason)
        return DeliveryResult(Progress.LATER, error=reason, look_at=look_at)
