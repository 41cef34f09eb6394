"""What a person and the stack may use up, and what happens when it is."""

from __future__ import annotations

import pytest

from conversation import observability
from conversation.allowances import Limits
from conversation.clocks import DAY_SECONDS
from conversation.outcomes import Outcome
from conversation.stack_usage import FRESH_SECONDS, StackUsage
from conversation.tables import StoreBusyError, Tables
from conversation.texts import Texts
from conversation.usage import Used, read_usage
from tests.services.stage import Stage

NOTICE = Texts().refused


@pytest.fixture
def stage(memory_tables: Tables) -> Stage:
    """A stage over tables in memory."""
    return Stage(memory_tables)


def turns(stage: Stage, count: int) -> list[Outcome]:
    """Text and attend so often; how each turn ended."""
    for number in range(count):
        stage.text(f"<{number}>")
        stage.attend()
    return [Outcome(turn["outcome"]) for turn in stage.items("turn#")][-count:]


def day(stage: Stage) -> dict[str, int]:
    """The person's latest day of counters."""
    return stage.tables.query(stage.tables.people, stage.conversation, "usage#", limit=99)[-1]


@pytest.mark.parametrize(
    "limits",
    [
        Limits(turns_per_day=2),
        Limits(turns_per_month=2),
        Limits(segments_per_day=2),
        Limits(segments_per_month=2),
    ],
    ids=str,
)
def test_a_used_up_allowance_refuses(stage: Stage, limits: Limits) -> None:
    """What reaches the limit is answered; from then on no model is called, and one notice goes."""
    stage.person_limits = limits
    assert turns(stage, 4) == ["answered", "answered", "refused", "refused"]
    assert len(stage.model.seen) == 2
    assert stage.bodies()[2:] == [NOTICE]


def test_tokens_are_an_allowance(stage: Stage) -> None:
    """Tokens read and written add up, as the commits counted them."""
    stage.person_limits = Limits(tokens_per_day=1)
    stage.text("hello")
    stage.attend()
    usage = read_usage(stage.tables, stage.person, stage.clock())
    assert usage.day.tokens == day(stage)["input_tokens"] + day(stage)["output_tokens"]
    person = stage.tables.client.tables[stage.tables.people]
    person[stage.conversation, day(stage)["sk"]]["input_tokens"] = {"N": "9"}
    assert turns(stage, 1) == ["refused"]


def test_a_refused_turn_leaves_nothing_behind(stage: Stage) -> None:
    """The texts leave the inbox, the notice alone is remembered, nothing stays open."""
    stage.person_limits = Limits(turns_per_day=1)
    turns(stage, 3)
    assert stage.items("inbox#") == []
    assert [item.get("kind") for item in stage.items("message#")] == [None, "answer", "notice"]
    assert "open_turn" not in stage.items("meta")[0]
    assert day(stage)["turns"] == 1
    assert day(stage)["refused"] == 2


def test_there_is_one_notice_a_day(stage: Stage) -> None:
    """A month's allowance that is used up is said again the next day, once."""
    stage.person_limits = Limits(turns_per_month=1)
    turns(stage, 3)
    stage.clock.now += DAY_SECONDS
    turns(stage, 2)
    assert stage.bodies().count(NOTICE) == 2


def test_a_new_day_begins_anew(stage: Stage) -> None:
    """The day's allowance is whole again; no model is shown the notice."""
    stage.person_limits = Limits(turns_per_day=1)
    turns(stage, 2)
    stage.clock.now += DAY_SECONDS
    assert turns(stage, 1) == ["answered"]
    assert NOTICE not in str(stage.model.seen[-1])


def test_one_person_uses_up_nobody_elses(stage: Stage) -> None:
    """Allowances are each person's own."""
    stage.person_limits = Limits(turns_per_day=1)
    turns(stage, 1)
    allowances = stage.engine()._allowances
    assert allowances is not None
    assert allowances.spent(stage.conversation)
    assert allowances.spent("person#somebody-else") is None


def test_segments_are_counted_with_the_commit(stage: Stage) -> None:
    """As the reply will be sent: 200 letters are two of them, a notice is one."""
    stage.model.script = lambda _messages: "x" * 200
    turns(stage, 1)
    assert day(stage)["segments"] == 2
    stage.person_limits = Limits(turns_per_day=1)
    turns(stage, 2)
    assert day(stage)["segments"] == 3


def test_the_stack_has_an_allowance_of_its_own(stage: Stage) -> None:
    """Once the stack's turns are used up everybody is refused, within seconds."""
    stage.stack_limits = Limits(turns_per_day=2)
    assert turns(stage, 2) == ["answered", "answered"]
    stage.clock.now += FRESH_SECONDS
    assert turns(stage, 1) == ["refused"]


def test_a_stack_that_is_spent_says_so_to_whom_it_answered_today(stage: Stage) -> None:
    """Whoever had no answer today, such as each forged sender, costs no notice."""
    stage.stack_limits = Limits(turns_per_month=1)
    turns(stage, 1)
    stage.clock.now += FRESH_SECONDS
    assert turns(stage, 2)[-2:] == ["refused", "refused"]
    assert stage.bodies()[1:] == [NOTICE]
    stage.clock.now += DAY_SECONDS
    assert turns(stage, 1) == ["refused"]
    assert stage.bodies()[1:] == [NOTICE]


def test_a_forged_sender_hears_nothing_of_a_spent_stack(stage: Stage) -> None:
    """Neither the notice nor the introduction before it."""
    stage.introduced = False
    stage.stack_limits = Limits(turns_per_day=1)
    StackUsage(stage.tables, stage.clock).count("person#somebody-else", Used(1))
    assert turns(stage, 2) == ["refused", "refused"]
    assert stage.bodies() == []


def test_the_stacks_overshoot_is_bounded_by_its_freshness(stage: Stage) -> None:
    """A worker that saw room does not look again for five seconds; then it does."""
    stage.stack_limits = Limits(turns_per_day=1)
    worker = stage.worker()
    for _ in range(3):
        stage.text("again")
        stage.attend(worker)
    assert [turn["outcome"] for turn in stage.items("turn#")] == ["answered"] * 3
    stage.clock.now += FRESH_SECONDS
    stage.text("again")
    stage.attend(worker)
    assert stage.items("turn#")[-1]["outcome"] == "refused"


def test_counters_equal_what_was_committed(stage: Stage) -> None:
    """The stack's counters are the sum of the turns: tokens and the segments that were sent."""
    turns(stage, 3)
    stage.clock.now += FRESH_SECONDS
    today, month = StackUsage(stage.tables, stage.clock).read()
    mine = read_usage(stage.tables, stage.person, stage.clock())
    assert today == month == mine.day == mine.month
    assert (mine.day.turns, mine.day.segments) == (3, 3)


@pytest.mark.parametrize(
    ("days", "left"), [(0, (2, 2)), (1, (1, 2)), (40, (1, 1))], ids=["same", "day", "month"]
)
def test_the_stacks_counters_roll_over(tables: Tables, days: int, left: tuple[int, int]) -> None:
    """A new day begins at nothing and a new month too; on the emulator's own expressions."""
    stage = Stage(tables)
    usage = StackUsage(tables, stage.clock)
    usage.count(stage.conversation, Used(1, 10, 1))
    stage.clock.now += days * DAY_SECONDS
    usage.count(stage.conversation, Used(1, 10, 1))
    today, month = usage.read()
    assert (today.turns, month.turns) == left
    assert (today.tokens, month.tokens) == (left[0] * 10, left[1] * 10)


def test_a_counter_fails_no_turn(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store too busy to count for the stack does not keep a person from their answer."""

    def busy(*_arguments: object, **_named: object) -> None:
        raise StoreBusyError("busy")

    usage = StackUsage(stage.tables, stage.clock)
    monkeypatch.setattr(Tables, "write", busy)
    usage.count(stage.conversation, Used(1))


def test_a_stack_that_is_spent_says_so(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """One person who may not go on is one's own matter; that nobody may, is the operator's."""
    names: list[str] = []
    monkeypatch.setattr(observability, "count", lambda name, value=1: names.append(name))
    stage.person_limits = Limits(turns_per_day=1)
    turns(stage, 2)
    assert "StackSpent" not in names
    stage.person_limits, stage.stack_limits = Limits(), Limits(turns_per_day=1)
    stage.clock.now += FRESH_SECONDS
    turns(stage, 1)
    assert "StackSpent" in names
