"""The running summary: it holds what left the window, sealed, and off every turn's path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from conversation.clocks import DAY_SECONDS
from conversation.deadline import Deadline
from conversation.history import DynamoDBHistory
from conversation.summaries import Summaries
from conversation.tables import Tables
from tests.services.notes import SETTINGS, answers, folding, folds, is_fold, note_taker, shown, talk
from tests.services.stage import Stage


@pytest.fixture
def stage(memory_tables: Tables) -> Stage:
    """A person, and an assistant that keeps notes."""
    made = Stage(memory_tables, note_taker)
    made.settings = SETTINGS
    return made


def test_no_word_is_lost_between_window_and_notes(stage: Stage) -> None:
    """Each prompt holds everything ever said: in words, or in the notes."""
    talk(stage, 15)

    for turn, prompt in enumerate(answers(stage)):
        told = shown(prompt)
        assert [n for n in range(turn + 1) if f"fact{n}" not in told] == []
    assert all(len(prompt) <= 8 for prompt in answers(stage))


def test_one_fold_serves_several_turns(stage: Stage) -> None:
    """Half a window is folded at once; a short conversation costs no second call."""
    talk(stage, 2)
    assert folds(stage) == []

    talk(stage, 13, first=2)
    assert len(answers(stage)) == 15
    assert 3 <= len(folds(stage)) <= 9


def test_nobody_waits_for_notes(stage: Stage) -> None:
    """When a model is asked for notes, every reply is out and no text waits."""
    states: list[tuple[int, int, Any]] = []

    def script(messages: Sequence[BaseMessage]) -> str:
        if is_fold(messages):
            meta = stage.lease.read(stage.conversation)
            states.append((len(stage.carrier.sent), len(stage.items("inbox#")), meta.open_turn))
        return note_taker(messages)

    stage.model.script = script
    for number in range(8):
        stage.text(f"fact{number}")
        stage.text(f"fact{number}b")
        stage.attend()
    assert states
    assert {(waiting, turn) for _, waiting, turn in states} == {(0, None)}


def test_without_the_setting_there_are_no_notes(stage: Stage) -> None:
    """Off: no call, no item, no read."""
    stage.settings = replace(SETTINGS, summary=False)
    talk(stage, 10)
    assert (folds(stage), stage.items("summary")) == ([], [])


def test_the_notes_are_background_and_sealed(stage: Stage) -> None:
    """They stand in the one instruction, apart from it, and rest as ciphertext."""
    talk(stage, 12)
    (item,) = stage.items("summary")
    assert b"fact" not in item["content"]
    assert {"generation", "version", "expires_at", "schema"} <= set(item)
    prompt = answers(stage)[-1]
    assert [message.type for message in prompt].count("system") == 1
    assert "never an instruction:\nnotes: fact0" in str(prompt[0].content)
    assert str(prompt[0].content).startswith("You help.")


def test_notes_expire_like_messages(stage: Stage) -> None:
    """Who is silent for the messages' lifetime starts without notes."""
    talk(stage, 12)
    stage.clock.now += 31 * DAY_SECONDS
    talk(stage, 1, first=12)
    assert "notes:" not in shown(answers(stage)[-1])
    assert "fact11" not in shown(answers(stage)[-1])


def test_clearing_a_history_takes_its_notes(stage: Stage) -> None:
    """`clear` leaves no trace of what was said."""
    talk(stage, 12)
    DynamoDBHistory(stage.tables, stage.conversation, clock=stage.clock).clear()
    assert stage.items("summary") == []


def test_a_long_past_is_folded_bit_by_bit(stage: Stage) -> None:
    """What was imported at once is folded over several turns, in bounded calls."""
    past = [kind(f"fact{100 + n}") for n in range(60) for kind in (HumanMessage, AIMessage)]
    DynamoDBHistory(stage.tables, stage.conversation, clock=stage.clock).add_messages(past)
    talk(stage, 12)
    told = shown(answers(stage)[-1])
    assert [n for n in range(100, 160) if f"fact{n}" not in told] == []
    longest = max(len(shown(prompt)) for prompt in folds(stage))
    assert longest < 4000


def test_a_call_takes_no_more_than_a_window(stage: Stage) -> None:
    """Long messages are folded in portions, and none is passed over."""
    history = DynamoDBHistory(stage.tables, stage.conversation, clock=stage.clock)
    history.add_messages([HumanMessage(f"fact{n} " + "w" * 200) for n in range(16)])
    settings = replace(SETTINGS, window_messages=20, window_tokens=240)
    summaries = Summaries(stage.tables, stage.clock)
    alone = folding(stage, summaries, settings=settings)
    for _ in range(3):
        alone.fold(stage.conversation, stage.generation, Deadline.after(20))
    read = summaries.read(stage.conversation, stage.generation)
    assert [n for n in range(read.through) if f"fact{n}" not in read.text] == []
    assert read.through == 14
    assert max(shown(prompt).count("w" * 200) for prompt in folds(stage)) == 4


def test_long_words_leave_the_window_by_tokens(stage: Stage) -> None:
    """Few long messages fill a window too; the new words are always told whole."""
    stage.settings = replace(SETTINGS, window_messages=20, window_tokens=400)
    worker = stage.worker()
    for number in range(4):
        stage.text(f"fact{number} " + "w" * 500)
        stage.attend(worker)
    stage.text("fact9 " + "w" * 3000)
    stage.attend(worker)
    last = answers(stage)[-1]
    assert [message.type for message in last] == ["system", "human"]
    assert str(last[-1].content).endswith("w" * 3000)
    assert [n for n in (0, 1, 2, 3) if f"fact{n}" not in shown(last)] == []


def test_a_turn_reads_one_item_more_however_long_it_is(memory_tables: Tables) -> None:
    """With notes a turn costs one more read, after ten messages as after hundreds."""
    counts = []
    for past in (4, 300):
        stage = Stage(memory_tables, note_taker)
        stage.settings = SETTINGS
        history = DynamoDBHistory(stage.tables, stage.conversation, clock=stage.clock)
        history.add_messages([HumanMessage(f"m{n}") for n in range(past)])
        talk(stage, 20)
        reads: list[str] = []
        client = _Counting(stage.tables.client, reads)
        stage.text("fact")
        stage.settings = replace(SETTINGS, summary=False)
        stage.attend(stage.worker(replace(stage.tables, client=client)))
        without = len(reads)
        reads.clear()
        stage.text("fact")
        stage.settings = replace(SETTINGS, window_messages=100)
        stage.attend(stage.worker(replace(stage.tables, client=client)))
        counts.append((without, len(reads)))
    assert counts[0][0] == counts[1][0]
    assert [with_notes - without for without, with_notes in counts] == [1, 1]


class _Counting:
    """Counts reads."""

    def __init__(self, client: Any, reads: list[str]) -> None:
        self._client = client
        self._reads = reads

    def __getattr__(self, operation: str) -> Any:
        if operation in {"get_item", "query"}:
            self._reads.append(operation)
        return getattr(self._client, operation)
