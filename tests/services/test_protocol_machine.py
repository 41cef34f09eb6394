"""The turn protocol under every order of events that hypothesis can think of.

Duplicate deliveries, leases that run out, crashes before and after each write, two workers, slow
models, a STOP, and a carrier that fails: whatever comes, each text ends in exactly one way.
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from conversation.lease import LeaseLostError
from conversation.outcomes import Outcome
from tests.services.conftest import name_tables
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.stage import Stage
from texting.carrier_outcomes import NotSent, Refused
from texting.consent import Consent


class Killed(BaseException):
    """The worker's process ended here."""


class Protocol(RuleBasedStateMachine):
    """One conversation, as many workers as it takes."""

    @initialize()
    def begin(self) -> None:
        """A conversation with nothing in it."""
        self.memory = MemoryDynamoDB()
        self.stage = Stage(name_tables(self.memory))
        self.stage.model.script = self.answering
        self.texts: list[str] = []
        self.interrupting: Any = None
        self.crashed = 0
        self.out = False

    def answering(self, messages: Any) -> str:
        """The model; while it thinks, another worker or the person may act."""
        act, self.interrupting = self.interrupting, None
        if act is not None:
            act()
        return "re " + ",".join(str(m.content) for m in messages if m.type == "human")

    @rule()
    def text_arrives(self) -> None:
        """The person writes."""
        words = f"<{len(self.texts)}>"
        self.texts.append(words)
        self.stage.text(words)

    @rule()
    def wakeup(self) -> None:
        """A wake-up, perhaps a duplicate."""
        self.attend()

    @rule(number=st.integers(1, 12), when=st.sampled_from(["before", "after"]))
    def wakeup_that_kills_its_worker(self, number: int, when: str) -> None:
        """A worker dies at one of its writes."""
        writes = 0

        def kill(now: str, _operation: str) -> None:
            nonlocal writes
            writes += now == when
            if writes == number:
                self.memory.written = lambda _when, _operation: None
                raise Killed

        self.memory.written = kill
        try:
            self.attend()
        except Killed:
            self.crashed += 1
        finally:
            self.memory.written = lambda _when, _operation: None

    @rule()
    def lease_runs_out_during_the_model_call(self) -> None:
        """The first worker thinks too long; a second takes over and finishes."""

        def overtaken() -> None:
            self.stage.clock.now += 21
            self.attend()

        self.interrupting = overtaken
        self.attend()
        self.interrupting = None

    @rule()
    def text_arrives_during_the_model_call(self) -> None:
        """The person goes on writing while the model thinks."""
        self.interrupting = self.text_arrives
        self.attend()
        self.interrupting = None

    @rule()
    def carrier_is_in_trouble(self) -> None:
        """The carrier certainly did not take the text."""
        self.stage.carrier.outcomes = [NotSent("429")]
        self.attend()
        self.stage.carrier.outcomes = []

    @rule()
    def worker_dies_sending(self) -> None:
        """The carrier took the text, and nobody lived to hear it."""
        self.stage.carrier.outcomes = [Killed()]
        try:
            self.attend()
        except Killed:
            self.crashed += 1
        self.stage.carrier.outcomes = []

    @rule()
    def carrier_refuses(self) -> None:
        """The carrier will never take the text."""
        self.stage.carrier.outcomes = [Refused(63016)]
        self.attend()
        self.stage.carrier.outcomes = []

    @rule(seconds=st.sampled_from([1, 21, 80]))
    def time_passes(self, seconds: int) -> None:
        """Leases run out and sends become old."""
        self.stage.clock.now += seconds

    @precondition(lambda self: not self.out)
    @rule()
    def person_says_stop(self) -> None:
        """From here on nothing may be announced."""
        self.consent(Consent.OUT)
        self.out = True
        self.sent_before_stop = len(self.stage.carrier.sent)

    @precondition(lambda self: self.out)
    @rule()
    def person_says_start(self) -> None:
        """The person wants answers again."""
        self.consent(Consent.IN)
        self.out = False

    @invariant()
    def nothing_is_sent_after_a_stop(self) -> None:
        """STOP means stop."""
        if self.out:
            assert len(self.stage.carrier.sent) == self.sent_before_stop

    @invariant()
    def numbers_have_no_gap_and_no_repeat(self) -> None:
        """Messages are numbered one by one."""
        numbers = [int(item["sk"].partition("#")[2]) for item in self.stage.items("message#")]
        assert numbers == list(range(len(numbers)))
        assert self.stage.items("meta")[0]["sequence"] == len(numbers)

    @invariant()
    def no_text_is_answered_twice_or_out_of_order(self) -> None:
        """The memory has each text once, in the order of their arrival."""
        said = self.stage.words()
        heard = [words for words in said if words in self.texts]
        assert heard == sorted(heard, key=self.texts.index)
        assert len(set(heard)) == len(heard)

    @invariant()
    def each_text_is_in_one_place(self) -> None:
        """It waits, or exactly one turn has it."""
        waiting = [item["sk"] for item in self.stage.items("inbox#")]
        ended = [sk for turn in self.turns() for sk in turn["inbox"]]
        aside = [sk for turn in self.turns(Outcome.SET_ASIDE) for sk in turn["inbox"]]
        assert len(set(ended)) == len(ended)
        assert set(waiting) & set(ended) <= set(aside)
        assert len(set(waiting) | set(ended)) == len(self.texts)

    @invariant()
    def no_reply_is_sent_twice(self) -> None:
        """One send per turn, and one reply per text."""
        bodies = [b for b in self.stage.bodies() if not b.startswith("Sorry")]
        assert len(set(bodies)) == len(bodies)
        replies = [turn for turn in self.turns() if turn["outcome"] != Outcome.STOPPED]
        assert len(self.stage.carrier.sent) <= len(replies) + 1

    @invariant()
    def whatever_waits_is_in_the_index(self) -> None:
        """So the sweep sees it, whatever becomes of its wake-up."""
        for item in self.stage.items("inbox#") + self.stage.items("meta"):
            due = "pending_at" in item and "pending_shard" in item
            open_or_waiting = "open_turn" in item or item["sk"].startswith("inbox#")
            assert due == (open_or_waiting and "set_aside_at" not in item)

    def teardown(self) -> None:
        """When the trouble is over, everything comes to rest."""
        if not hasattr(self, "stage"):
            return
        self.memory.written = lambda _when, _operation: None
        self.stage.attend_until_done(60)
        assert "open_turn" not in self.stage.items("meta")[0]
        waiting = [item for item in self.stage.items("inbox#") if "set_aside_at" not in item]
        assert waiting == []
        self.each_text_is_in_one_place()
        self.no_reply_is_sent_twice()
        spent = len(self.stage.model.seen)
        overtaken = sum(turn["attempts"] - 1 for turn in self.turns())
        assert spent <= len(self.turns()) + overtaken + self.crashed

    def attend(self) -> None:
        """A wake-up reaches a worker."""
        try:
            self.stage.attend()
        except LeaseLostError as error:
            raise AssertionError("a lost lease is no failure of a wake-up") from error

    def consent(self, consent: Consent) -> None:
        """The person changes their mind."""
        change = self.stage.consents.changing(
            self.stage.person,
            self.stage.route,
            consent,
            at=int(self.stage.clock.now * 1000),
            by="SM0",
            at_is_carriers=False,
        )
        self.stage.tables.write(change)

    def turns(self, outcome: Outcome | None = None) -> list[dict[str, Any]]:
        """The turns on record."""
        return [t for t in self.stage.items("turn#") if outcome in (None, t["outcome"])]


TestProtocol = Protocol.TestCase
TestProtocol.settings = settings(max_examples=60, stateful_step_count=30)
