"""A worker that dies between any two writes, and texts that kill every worker."""

from __future__ import annotations

from typing import Any

import pytest

from conversation.allowances import Limits
from conversation.outcomes import DeliveryState, Outcome
from conversation.stack_usage import StackUsage
from conversation.tables import Tables
from conversation.usage import Used
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.stage import Stage


class Killed(BaseException):
    """The worker's process ended here."""


class Killer:
    """Kills the worker at one of its writes, before it is made or after."""

    def __init__(self, memory: MemoryDynamoDB, number: int, when: str) -> None:
        self.writes = 0
        self._memory = memory
        self._number = number
        self._when = when
        memory.written = self

    def __call__(self, when: str, _operation: str) -> None:
        """Count a write, and end the worker at the one."""
        if when != self._when:
            return
        self.writes += 1
        if self.writes == self._number:
            self._memory.written = lambda _when, _operation: None
            raise Killed


def sequences(stage: Stage) -> list[int]:
    """The numbers of the messages that are stored."""
    return [int(item["sk"].partition("#")[2]) for item in stage.items("message#")]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6])
def test_a_worker_killed_at_any_write_is_finished_by_the_next(
    memory: MemoryDynamoDB, memory_tables: Tables, number: int, when: str
) -> None:
    """One reply, at most one model call more, and message numbers without gap or repeat."""
    stage = Stage(memory_tables)
    stage.text("first")
    stage.attend()
    stage.text("second")
    calls, killer = len(stage.model.seen), Killer(memory, number, when)
    with pytest.raises(Killed):
        stage.attend()
    stage.attend_until_done()
    assert killer.writes == number
    assert len(stage.model.seen) - calls <= 2
    assert stage.bodies() == ["you said: first", "you said: second"]
    assert sequences(stage) == [0, 1, 2, 3]
    assert stage.items("inbox#") == []
    meta = stage.items("meta")[0]
    assert ("open_turn" in meta, meta["sequence"]) == (False, 4)


def test_a_turn_has_six_writes(memory: MemoryDynamoDB, memory_tables: Tables) -> None:
    """Claim, commit, stack's counter, announcement, turn's end, closing: all killed above."""
    stage = Stage(memory_tables)
    stage.text("hello")
    killer = Killer(memory, -1, "after")
    stage.attend()
    assert killer.writes == 6


def test_a_text_that_arrives_while_a_turn_is_open_is_answered_after_it(
    memory: MemoryDynamoDB, memory_tables: Tables
) -> None:
    """The open turn is finished first; both are answered, in order."""
    stage = Stage(memory_tables)
    stage.text("first")
    Killer(memory, 2, "after")
    with pytest.raises(Killed):
        stage.attend()
    stage.text("second")
    stage.attend_until_done()
    assert stage.bodies() == ["you said: first", "you said: second"]
    assert len(stage.model.seen) == 2


@pytest.fixture
def poisoned(memory_tables: Tables) -> Stage:
    """A stage whose model's worker dies whenever the first waiting text is shown to it."""
    stage = Stage(memory_tables)

    def deadly(messages: Any) -> str:
        if any("poison" in str(message.content) for message in messages):
            raise Killed
        return "an answer"

    stage.model.script = deadly
    return stage


def crash(stage: Stage) -> None:
    """A wake-up that its worker does not survive; then its lease runs out."""
    with pytest.raises(Killed):
        stage.attend()
    stage.clock.now += 21


def test_the_second_takeover_takes_one_text(poisoned: Stage) -> None:
    """First all the texts of the turn are tried again, then only its first."""
    for words in ("poison", "two", "three"):
        poisoned.text(words)
    shown = []
    for _ in range(3):
        crash(poisoned)
        shown.append([str(m.content) for m in poisoned.model.seen[-1][1:]])
    assert shown == [["poison", "two", "three"], ["poison", "two", "three"], ["poison"]]


def test_a_text_is_set_aside_in_silence_when_an_allowance_is_used_up(poisoned: Stage) -> None:
    """The apology for it is a text like any other."""
    poisoned.text("poison")
    for _ in range(3):
        crash(poisoned)
    poisoned.stack_limits = Limits(turns_per_day=1)
    StackUsage(poisoned.tables, poisoned.clock).count("person#somebody-else", Used(1))
    poisoned.clock.now += 6
    assert poisoned.attend() is None
    assert poisoned.items("turn#")[-1]["outcome"] == "set_aside"
    assert poisoned.bodies() == []


def test_the_third_takeover_sets_the_text_aside(poisoned: Stage) -> None:
    """It leaves the index unopened, the person is told, and the others go on."""
    for words in ("poison", "two"):
        poisoned.text(words)
    for _ in range(3):
        crash(poisoned)
    calls = len(poisoned.model.seen)
    assert poisoned.attend() is None
    assert len(poisoned.model.seen) == calls + 1
    assert poisoned.bodies()[0].startswith("Sorry, something in your message")
    assert poisoned.bodies()[1] == "an answer"
    aside = poisoned.items("inbox#")[0]
    assert ("set_aside_at" in aside, "pending_at" in aside) == (True, False)
    outcomes = [turn["outcome"] for turn in poisoned.items("turn#")]
    assert outcomes == [Outcome.SET_ASIDE, Outcome.ANSWERED]


def test_a_text_that_cannot_be_opened_is_set_aside_by_handled_failures(
    memory: MemoryDynamoDB, memory_tables: Tables
) -> None:
    """Words that cannot be read break their turn without killing it, and end the same way."""
    stage = Stage(memory_tables)
    stage.text("hello")
    table = memory.tables[memory_tables.conversations]
    [item] = [item for (_, sk), item in table.items() if sk.startswith("inbox#")]
    item["text"] = {"B": b"\x07?"}
    for _ in range(3):
        with pytest.raises(Exception, match="format"):
            stage.attend()
    assert stage.attend() is None
    assert stage.items("turn#")[0]["outcome"] == Outcome.SET_ASIDE
    assert len(stage.carrier.sent) == 1


def test_a_text_set_aside_without_an_address_tells_nobody(
    memory: MemoryDynamoDB, memory_tables: Tables
) -> None:
    """When not even the address can be read the turn is closed, and the text still kept."""
    stage = Stage(memory_tables)
    stage.text("hello")
    table = memory.tables[memory_tables.conversations]
    [item] = [item for (_, sk), item in table.items() if sk.startswith("inbox#")]
    item["text"] = item["reply_to"] = {"B": b"\x07"}
    for _ in range(3):
        with pytest.raises(Exception, match="format"):
            stage.attend()
    assert stage.attend() is None
    assert stage.carrier.sent == []
    assert "set_aside_at" in stage.items("inbox#")[0]


def test_a_redriven_text_is_answered(poisoned: Stage) -> None:
    """An operator puts a text back in line, and it is due at once."""
    poisoned.text("poison")
    for _ in range(3):
        crash(poisoned)
    poisoned.attend()
    poisoned.model.script = lambda messages: "cured"
    [sk] = poisoned.inbox.set_aside(poisoned.conversation)
    assert poisoned.inbox.redrive(poisoned.conversation, sk)
    assert not poisoned.inbox.redrive(poisoned.conversation, sk)
    assert poisoned.items("inbox#")[0]["pending_at"] == int(poisoned.clock.now * 1000)
    poisoned.attend()
    assert poisoned.bodies()[-1] == "cured"
    assert poisoned.inbox.set_aside(poisoned.conversation) == []


def test_a_busy_store_is_no_fault_of_the_text(memory_tables: Tables) -> None:
    """Turns that end because the store is busy do not bring their text nearer to set aside."""
    stage = Stage(memory_tables)
    stage.text("hello")

    class Busy(Tables):
        def transact(self, actions: Any, **_: Any) -> None:
            """No transaction gets through."""
            from conversation.tables import StoreBusyError

            raise StoreBusyError

    busy = Busy(memory_tables.client, *_names(memory_tables))
    for _ in range(6):
        with pytest.raises(Exception):  # noqa: B017, PT011  only that it failed matters here
            stage.attend(stage.worker(busy))
    assert stage.items("meta")[0]["open_turn"]["attempts"] == 0
    stage.attend()
    turn = stage.items("turn#")[0]
    assert (turn["outcome"], turn["delivery"]) == (Outcome.ANSWERED, DeliveryState.ACCEPTED)


def _names(tables: Tables) -> tuple[str, str, str]:
    return tables.people, tables.conversations, tables.keys
