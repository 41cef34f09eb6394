"""Paused, nobody is answered and nothing is lost; resumed, what waited is fed slowly (rule 12)."""

from __future__ import annotations

import pytest

from conversation.deadline import Deadline
from conversation.stack_usage import FRESH_SECONDS
from conversation.switch import Switch
from conversation.tables import Tables
from messaging.waking import Waking
from tests.services.stage import Stage
from texting.carrier_outcomes import NotSent
from texting.wakeups import Wakeups


@pytest.fixture
def stage(memory_tables: Tables) -> Stage:
    """A stage over tables in memory."""
    return Stage(memory_tables)


def pause(stage: Stage, *, paused: bool = True) -> None:
    """The operator throws the switch."""
    Switch(stage.tables, stage.clock).throw(paused=paused)


def sweep(stage: Stage, per_second: float = 5) -> int:
    """One run of the sweep."""
    wakeups = Wakeups("https://queue.test/wakeups.fifo", lambda: stage.queue)
    waking = Waking(
        stage.tables,
        wakeups,
        25,
        resume_per_second=per_second,
        clock=stage.clock,
        sleep=stage.clock.sleep,
    )
    return waking.run(Deadline.after(30, stage.clock))


def test_a_pause_keeps_what_arrives(stage: Stage) -> None:
    """No model is called, nothing is sent, the text waits where the sweep will see it."""
    pause(stage)
    stage.text("hello")
    assert stage.attend() is None
    assert (stage.model.seen, stage.carrier.sent) == ([], [])
    assert "pending_at" in stage.items("inbox#")[0]


def test_a_pause_works_within_seconds(stage: Stage) -> None:
    """A warm worker learns of it as soon as its view of the switch is stale."""
    worker = stage.worker()
    stage.text("one")
    stage.attend(worker)
    pause(stage)
    stage.clock.now += FRESH_SECONDS
    stage.text("two")
    stage.attend(worker)
    assert len(stage.model.seen) == 1


def test_an_answer_that_was_made_is_sent_in_a_pause(stage: Stage) -> None:
    """It was paid for already; only model calls stop."""
    stage.carrier.outcomes = [NotSent("429")]
    stage.text("hello")
    stage.attend()
    pause(stage)
    stage.clock.now += FRESH_SECONDS
    stage.attend()
    assert stage.bodies() == ["you said: hello"]


def test_the_sweep_wakes_nobody_in_a_pause(stage: Stage) -> None:
    """What is due stays due: it is not pushed further and further away."""
    stage.text("hello")
    due = stage.items("inbox#")[0]["pending_at"]
    pause(stage)
    stage.clock.now += 600
    assert sweep(stage) == 0
    assert stage.items("inbox#")[0]["pending_at"] == due
    pause(stage, paused=False)
    assert sweep(stage) == 1


def test_after_a_resume_everybody_is_answered(stage: Stage) -> None:
    """In order and once, as if there had been no pause."""
    pause(stage)
    for words in ("one", "two"):
        stage.text(words)
        stage.attend()
    stage.clock.now += 60
    pause(stage, paused=False)
    sweep(stage)
    stage.attend()
    shown = [str(m.content) for m in stage.model.seen[0] if m.type == "human"]
    assert shown == ["one", "two"]


def test_a_resume_is_fed_at_a_limited_rate(memory_tables: Tables) -> None:
    """So many a second of those that waited, whatever their shard; the next run goes on."""
    stage = Stage(memory_tables)
    conversations = []
    for number in range(8):
        person = stage.ids.new()
        stage.person, stage.conversation = person, f"person#{person}"
        stage.key = stage.keys.ensure_record(stage.conversation, person)
        stage.generation = stage.key.generation
        stage.text(f"hello {number}")
        conversations.append(stage.conversation)
    stage.clock.now += 100
    pause(stage)
    pause(stage, paused=False)
    began = stage.clock.now
    assert sweep(stage, per_second=0.2) == 6
    assert stage.clock.now - began == 30
    stage.clock.now += 20
    assert sweep(stage, per_second=0.2) == 2
    assert sorted(set(stage.queue.conversations())) == sorted(conversations)


def test_what_came_after_the_resume_is_not_slowed(stage: Stage) -> None:
    """The rate is for the backlog only."""
    pause(stage)
    pause(stage, paused=False)
    stage.text("hello")
    stage.clock.now += 30
    before = stage.clock.now
    assert sweep(stage, per_second=0.1) == 1
    assert stage.clock.now == before
