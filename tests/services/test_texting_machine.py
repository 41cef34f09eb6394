"""Sending under every order of outcomes, deaths, reports, waits and STOPs.

The carrier here lists what it has at once; the window in which a real one does not is written
down in the protocol and bounded to one repetition.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from conversation.ids import turn_reference
from conversation.outcomes import DeliveryState, TurnState
from messaging.signature import SignatureCheck
from messaging.status import StatusReports, respond
from tests.services.conftest import name_tables
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.texting_parts import PUBLIC, secret, signed
from tests.services.texting_scene import SKEW, TIMEOUT, Scene
from texting.carrier_outcomes import Accepted, NotSent, Refused, SendOutcome, Unknown
from texting.consent import Consent
from texting.delivery_path import STATUS_PATH


class Killed(BaseException):
    """The worker's process ended here."""


OUTCOMES = ["accepted", "refused", "not sent", "lost", "late", "killed before", "killed after"]


class Sending(RuleBasedStateMachine):
    """One answered turn, and as many workers as it takes."""

    @initialize()
    def begin(self) -> None:
        """An answer that waits to be sent."""
        self.memory = MemoryDynamoDB()
        self.scene = Scene(name_tables(self.memory))
        self.arrived: list[str] = []
        self.refused = self.out = False
        self.sids = (f"SM{number}" for number in itertools.count())
        self.reports = StatusReports(SignatureCheck(secret(), PUBLIC), self.scene.tables)
        claim, self.turn = self.scene.open.answered()
        self.scene.open.lease.release(claim)

    @rule(outcome=st.sampled_from(OUTCOMES))
    def worker_comes(self, outcome: str) -> None:
        """Somebody finds the open turn; if that means a send, this is how it ends."""
        self.attend(outcome)

    @rule(
        outcome=st.sampled_from(OUTCOMES),
        number=st.integers(1, 6),
        when=st.sampled_from(["before", "after"]),
    )
    def worker_dies_writing(self, outcome: str, number: int, when: str) -> None:
        """A worker dies at one of its writes."""
        writes = 0

        def kill(now: str, _operation: str) -> None:
            nonlocal writes
            writes += now == when
            if writes == number:
                raise Killed

        self.memory.written = kill
        self.attend(outcome)
        self.memory.written = lambda _when, _operation: None

    @precondition(lambda self: self.arrived)
    @rule(status=st.sampled_from(["queued", "sent", "delivered", "undelivered"]))
    def carrier_reports(self, status: str) -> None:
        """A report on a message that the carrier has."""
        reference = turn_reference(self.turn.conversation, self.turn.id)
        form = {"MessageSid": self.arrived[0], "MessageStatus": status}
        event = signed(STATUS_PATH + reference, form, pathParameters={"turn": reference})
        assert respond(self.reports, event)["statusCode"] == 204

    @rule(seconds=st.sampled_from([1, 21, 70, TIMEOUT + SKEW]))
    def time_passes(self, seconds: int) -> None:
        """Leases run out; reconciliation may begin."""
        self.scene.clock.now += seconds

    @rule(out=st.booleans())
    def person_decides(self, *, out: bool) -> None:
        """STOP or START."""
        self.out = out
        self.scene.stop(Consent.OUT if out else Consent.IN)

    @invariant()
    def at_most_one_message_arrives(self) -> None:
        """However often a worker dies or an answer is lost."""
        assert len(self.arrived) <= 1

    @invariant()
    def what_arrived_is_never_given_up(self) -> None:
        """A closed turn whose message the carrier has says so."""
        if self.arrived and self.scene.meta.open_turn is None:
            state = self.scene.open.read(self.turn).delivery
            assert state not in {DeliveryState.WAITING, DeliveryState.UNKNOWN}

    @invariant()
    def what_was_recorded_as_refused_is_not_sent(self) -> None:
        """A refusal, or a STOP, that is written down is final."""
        error = self.scene.open.read(self.turn).delivery_error
        assert not (self.arrived and error in {"21610", "opted_out"})

    @invariant()
    def what_is_open_is_looked_at_again(self) -> None:
        """An open turn is in the sweep's index."""
        assert (self.scene.meta.open_turn is None) == (self.scene.pending_at() is None)

    def teardown(self) -> None:
        """Left to workers that live, the turn ends, in a way that fits what happened."""
        if not hasattr(self, "scene"):
            return
        for _ in range(8):
            self.scene.clock.now += TIMEOUT + SKEW + 1
            self.attend("accepted")
        self.at_most_one_message_arrives()
        self.what_arrived_is_never_given_up()
        self.what_was_recorded_as_refused_is_not_sent()
        assert self.scene.meta.open_turn is None
        now = self.scene.open.read(self.turn)
        assert now.resent <= 1
        ended = now.delivery is DeliveryState.UNKNOWN or self.refused
        assert self.arrived or ended or now.delivery_error == "opted_out"

    def attend(self, outcome: str) -> None:
        """What a worker does with what it finds."""
        meta = self.scene.meta
        opened = meta.open_turn
        if opened is None or self.scene.open.lease.busy_seconds(meta):
            return
        due = self.scene.delivery.reconcile_at(opened)
        if opened.state is TurnState.SENDING and self.scene.clock.ms < due:
            return
        self.scene.carrier.script = [self.ending(outcome)]
        try:
            claim = self.scene.open.lease.take_over(meta, None, TIMEOUT)
            self.scene.delivery.deliver(claim, self.scene.open.read(self.turn))
        except Killed:
            self.memory.written = lambda _when, _operation: None

    def ending(self, outcome: str) -> Callable[[str], SendOutcome]:
        """A send that ends so."""

        def end(_: str) -> SendOutcome:
            assert not self.out
            if outcome in {"accepted", "late", "killed after"}:
                sid = next(self.sids)
                self.arrived.append(sid)
                self.scene.carrier.arrives(sid)
            return results[outcome](self.arrived[-1] if self.arrived else "")

        def killed(_: str) -> SendOutcome:
            raise Killed

        def refused(_: str) -> SendOutcome:
            self.refused = True
            return Refused(21610)

        results: dict[str, Callable[[str], SendOutcome]] = {
            "accepted": Accepted,
            "refused": refused,
            "not sent": lambda _: NotSent("rate limited"),
            "lost": lambda _: Unknown("500"),
            "late": lambda _: Unknown("time-out"),
            "killed before": killed,
            "killed after": killed,
        }
        return end


TestSending = Sending.TestCase
TestSending.settings = settings(max_examples=100, stateful_step_count=20, deadline=None)
