"""The turn protocol under every order of events that hypothesis can think of.

Two webhooks, two responders whose clocks differ by a minute, a sweep, delivery reports, another
writer and the hooks of a call in the same conversation really interleave: each stops before every
call that it makes, and hypothesis says who goes on, who is killed there, and what fails next. The
ledger names what must hold at every write.

`NIGHTLY=1` looks for an hour instead of half a minute.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.services.interleaving import Task
from tests.services.stepped_store import BUSY, CONFLICT, LOST, THROTTLED
from tests.services.world import NAMES, OUTCOMES, SMS, WHATSAPP, World

NIGHTLY = bool(os.environ.get("NIGHTLY"))
MOST_TASKS = 5
CHANNELS = st.sampled_from([SMS, WHATSAPP])
WHICH = st.integers(0, MOST_TASKS - 1)

# Its threads hand over at every call, so a busy machine slows it down more than any other test.
pytestmark = pytest.mark.timeout(3 * 3600 if NIGHTLY else 600)


class Protocol(RuleBasedStateMachine):
    """One person's conversation, and as many workers as it takes."""

    @initialize(
        allowance=st.sampled_from([0, 0, 3]),
        skew=st.sampled_from([0, 60, -60]),
        late=st.sampled_from([0, 30, 55]),
    )
    def begin(self, allowance: int, skew: int, late: int) -> None:
        """Nobody has ever written; the carrier's log is as late as the clocks are not off."""
        listed_after = 0 if skew else late
        self.world = World(turns_a_day=allowance, skew=skew, listed_after=listed_after)

    def task(self, which: int) -> Task:
        """One of those at work."""
        tasks = self.world.scheduler.tasks
        return tasks[which % len(tasks)]

    busy = precondition(lambda self: self.world.scheduler.tasks)
    hands = precondition(lambda self: len(self.world.scheduler.tasks) < MOST_TASKS)
    known = precondition(lambda self: self.world.name and self.world.ledger.generation)

    # Who does something; it begins when it is stepped.

    @hands
    @rule(channel=CHANNELS, door=st.integers(0, 1))
    def person_writes(self, channel: str, door: int) -> None:
        """A text, on either channel."""
        sid = self.world.says(f"<{len(self.world.ledger.said)}>", channel)
        self.world.delivers(sid, door)

    @rule(channel=CHANNELS)
    def person_writes_and_is_heard(self, channel: str) -> None:
        """The same, without trouble on its way."""
        self.world.hears(f"<{len(self.world.ledger.said)}>", channel)

    @hands
    @rule(word=st.sampled_from(["STOP", "START", "YES"]), channel=CHANNELS)
    def person_decides(self, word: str, channel: str) -> None:
        """A word that changes consent, or may."""
        self.world.delivers(self.world.says(word, channel))

    @precondition(lambda self: self.world.ledger.said)
    @hands
    @rule(which=st.integers(0, 99), door=st.integers(0, 1))
    def carrier_delivers_again(self, which: int, door: int) -> None:
        """A duplicate, perhaps while the first is still under way."""
        sids = [sid for sid in self.world.ledger.said if not sid.startswith("call#")]
        self.world.delivers(sids[which % len(sids)], door)

    @known
    @hands
    @rule(worker=st.integers(0, 1))
    def wakeup(self, worker: int) -> None:
        """A wake-up, perhaps a duplicate."""
        self.world.wakes(worker)

    @known
    @rule(worker=st.integers(0, 1))
    def wakeup_is_dealt_with(self, worker: int) -> None:
        """The same, with nobody in between."""
        self.world.scheduler.run(self.world.wakes(worker))

    @hands
    @known
    @rule()
    def sweep(self) -> None:
        """The sweep's minute."""
        self.world.sweeps()

    @hands
    @known
    @rule()
    def carrier_lists(self) -> None:
        """The carrier's log of what came in tells in which order the words were sent."""
        self.world.lists()

    @hands
    @known
    @rule()
    def another_program_writes(self) -> None:
        """A LangChain program shares the memory."""
        self.world.writes_elsewhere(f"other: {self.world.ledger.writes}")

    @hands
    @precondition(lambda self: self.world.carrier.taken)
    @rule()
    def carrier_reports(self) -> None:
        """The carrier's word on what it has."""
        self.world.reports()

    @hands
    @known
    @rule(late=st.booleans())
    def caller_speaks(self, *, late: bool) -> None:
        """An utterance, for whose answer there may be no time: then a text is offered."""
        self.world.utters(late=late)

    @known
    @rule(late=st.booleans())
    def caller_speaks_and_is_heard(self, *, late: bool) -> None:
        """The same, with nobody in between."""
        self.world.scheduler.run(self.world.utters(late=late))

    @hands
    @precondition(lambda self: self.world.utterances)
    @rule(hook=st.integers(0, 1))
    def hook_is_tried_again(self, hook: int) -> None:
        """Lex brings the latest utterance once more, perhaps while the first is under way."""
        self.world.tries_again(hook)

    @hands
    @precondition(lambda self: self.world.offer)
    @rule(yes=st.booleans())
    def caller_decides(self, *, yes: bool) -> None:
        """Yes or no to the offer, perhaps both, perhaps twice."""
        self.world.decides(yes=yes)

    @known
    @hands
    @precondition(lambda self: not any(self.world.faults.tables.values()))
    @rule()
    def person_forgets(self) -> None:
        """FORGET is asked for at once, and confirmed when its delivery is stepped."""
        self.world.delivers(self.world.asks_forget())

    # Who goes on, and who does not.

    @busy
    @rule(which=WHICH, steps=st.integers(1, 12))
    def goes_on(self, which: int, steps: int) -> None:
        """One of those at work makes so many calls more."""
        task = self.task(which)
        for _ in range(steps):
            if not task.done:
                self.world.scheduler.step(task)

    @busy
    @rule(which=WHICH, until=st.sampled_from(["model", "send", "after", "transact", ""]))
    def goes_on_until(self, which: int, until: str) -> None:
        """One of those at work goes on to a certain call, or to its end."""
        task = self.task(which)
        self.world.scheduler.step(task)
        self.world.scheduler.run(task, until)

    @busy
    @rule(which=WHICH)
    def dies(self, which: int) -> None:
        """The process of one of those at work ends where it is."""
        self.world.kill(self.task(which))

    # What fails.

    @rule(
        table=st.sampled_from(NAMES),
        faults=st.lists(st.sampled_from([THROTTLED, CONFLICT, LOST, BUSY]), max_size=3),
        kms=st.sampled_from(["there", "there", "throttles", "away"]),
    )
    def store_is_in_trouble(self, table: str, faults: list[str], kms: str) -> None:
        """Throttles, conflicts and answers that are lost; KMS throttles, is away, or is back."""
        self.world.faults.clear()
        self.world.faults.tables[table] = faults
        self.world.faults.kms_away = kms == "away"
        self.world.faults.kms_throttles = 2 * (kms == "throttles")

    @rule(
        outcomes=st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=3),
        other=st.sampled_from(["", "", "no copies", "no model", "paused"]),
    )
    def others_are_in_trouble(self, outcomes: list[str], other: str) -> None:
        """How the next sends end; copies cannot be erased, no model answers, or a pause."""
        carrier = self.world.carrier
        carrier.outcomes = list(outcomes)
        carrier.away = other == "no copies"
        self.world.model_fails = other == "no model"
        self.world.throws_switch(paused=other == "paused")

    @rule(seconds=st.sampled_from([1, 3, 8, 16, 21, 76]))
    def time_passes(self, seconds: int) -> None:
        """Leases run out, functions are ended, sends become old."""
        self.world.pass_time(seconds)

    @invariant()
    def nothing_is_violated(self) -> None:
        """Whatever a write broke is named by the ledger."""
        if hasattr(self, "world"):
            self.world.check()

    def teardown(self) -> None:
        """When the trouble is over, everything comes to rest, and nothing is left over."""
        if not hasattr(self, "world"):
            return
        try:
            self.world.check()
            if self.world.name and self.world.ledger.said:
                self.world.settle()
        finally:
            self.world.end()


TestProtocol = Protocol.TestCase
TestProtocol.settings = settings(
    max_examples=20_000 if NIGHTLY else 300,
    stateful_step_count=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
