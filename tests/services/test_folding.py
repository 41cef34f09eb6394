"""Folding when things go wrong: no turn fails by it, nothing forgotten comes back by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata

from conversation.allowances import Limits
from conversation.deadline import Deadline
from conversation.models import NamedModel
from conversation.stack_usage import FRESH_SECONDS, StackUsage
from conversation.summaries import Summaries, Summary
from conversation.switch import Switch
from conversation.tables import Tables, delete, update
from conversation.usage import usage_sk
from tests.services.notes import SETTINGS, answers, folding, folds, is_fold, note_taker, shown, talk
from tests.services.stage import Stage


@pytest.fixture
def stage(memory_tables: Tables) -> Stage:
    """A person, and an assistant that keeps notes."""
    made = Stage(memory_tables, note_taker)
    made.settings = SETTINGS
    return made


def test_a_failing_model_costs_only_the_notes(stage: Stage) -> None:
    """Replies go out and turns close; a later turn makes up for it."""
    broken = [True]

    def script(messages: Sequence[BaseMessage]) -> str:
        if is_fold(messages) and broken[0]:
            raise RuntimeError("no")
        return note_taker(messages)

    stage.model.script = script
    talk(stage, 10)
    assert len(stage.carrier.sent) == 10
    assert stage.items("summary") == []
    assert stage.lease.read(stage.conversation).open_turn is None

    broken[0] = False
    talk(stage, 4, first=10)
    told = shown(answers(stage)[-1])
    assert [n for n in range(14) if f"fact{n}" not in told] == []


def test_a_failing_store_costs_only_the_notes(stage: Stage) -> None:
    """Whatever goes wrong behind a reply, its wake-up is dealt with."""

    class Broken:
        def __getattr__(self, operation: str) -> Any:
            def call(**request: Any) -> Any:
                if operation == "transact_write_items" and "'summary'" in repr(request):
                    raise ValueError("no")
                return getattr(stage.tables.client, operation)(**request)

            return call

    worker = stage.worker(replace(stage.tables, client=Broken()))
    for number in range(6):
        stage.text(f"fact{number}")
        assert stage.attend(worker) is None
    assert (len(stage.carrier.sent), stage.items("summary")) == (6, [])
    assert folds(stage)


def test_a_crash_while_folding_leaves_everything_as_it_was(stage: Stage) -> None:
    """The turn had been closed; the next one folds."""

    class Killed(BaseException):
        pass

    def script(messages: Sequence[BaseMessage]) -> str:
        if is_fold(messages):
            raise Killed
        return note_taker(messages)

    talk(stage, 2)
    stage.model.script = script
    with pytest.raises(Killed):
        talk(stage, 4, first=2)
    assert stage.lease.read(stage.conversation).open_turn is None
    stage.model.script = note_taker
    talk(stage, 3, first=6)
    assert stage.items("summary")


def test_a_forget_in_the_middle_of_a_fold_leaves_nothing(stage: Stage) -> None:
    """Notes of a conversation that was forgotten meanwhile are not written."""

    def script(messages: Sequence[BaseMessage]) -> str:
        if is_fold(messages):
            stage.tables.write(delete_key(stage))
            stage.tables.write(
                update(
                    stage.tables.conversations,
                    stage.conversation,
                    "meta",
                    "REMOVE generation",
                    condition="attribute_exists(pk)",
                )
            )
        return note_taker(messages)

    stage.model.script = script
    talk(stage, 4)
    assert len(stage.carrier.sent) == 4
    assert folds(stage)
    assert stage.items("summary") == []


def test_notes_of_another_generation_are_not_read(stage: Stage) -> None:
    """After a FORGET that has not cleaned up yet, the new conversation starts clean."""
    talk(stage, 12)
    (item,) = stage.items("summary")
    summaries = Summaries(stage.tables, stage.clock)
    assert summaries.read(stage.conversation, "f" * 32) == Summary(version=item["version"])


def test_of_two_who_fold_one_wins(stage: Stage) -> None:
    """Nobody's notes overwrite notes that they have not seen."""
    talk(stage, 2)
    name, generation = stage.conversation, stage.generation
    summaries = Summaries(stage.tables, stage.clock)
    seen = summaries.read(name, generation)
    stage.tables.transact(summaries.writing(name, generation, seen, "one", 2))

    class Late(Summaries):
        def read(self, conversation: str, generation: str) -> Summary:
            return seen

    late = folding(stage, Late(stage.tables, stage.clock))
    late.fold(name, generation, Deadline.after(20))
    assert summaries.read(name, generation) == Summary("one", 2, 1)


@pytest.mark.parametrize("change", ["flip", "swap"])
def test_notes_that_were_tampered_with_are_made_anew(stage: Stage, change: str) -> None:
    """What does not open is told to no model, and the next fold starts from the messages."""
    talk(stage, 12)
    (item,) = stage.items("summary")
    content = item["content"][:-1] + bytes([item["content"][-1] ^ 1])
    if change == "swap":
        content = stage.items("message#")[0]["content"]
    stage.tables.write(
        update(
            stage.tables.conversations,
            stage.conversation,
            "summary",
            "SET content = :content",
            condition="attribute_exists(pk)",
            values={":content": content},
        )
    )
    talk(stage, 3, first=12)
    assert "notes:" not in shown(answers(stage)[12])
    told = shown(answers(stage)[-1])
    assert [n for n in range(15) if f"fact{n}" not in told] == []


def test_what_notes_cost_is_counted(stage: Stage) -> None:
    """Their tokens are the person's, in the transaction that writes them."""
    stage.settings = replace(SETTINGS, summary=False)
    talk(stage, 10)
    used = UsageMetadata(input_tokens=70, output_tokens=30, total_tokens=100)
    notes = AIMessage("notes", usage_metadata=used)
    model = GenericFakeChatModel(messages=iter([notes] * 9))
    tokens = folding(stage, Summaries(stage.tables, stage.clock), model).fold(
        stage.conversation, stage.generation, Deadline.after(20)
    )
    sk = usage_sk(stage.clock.now)
    item = stage.tables.get(stage.tables.people, stage.conversation, sk)
    assert item is not None
    assert (tokens, item["input_tokens"], item["output_tokens"]) == (200, 140, 60)


def test_notes_are_no_way_around_an_allowance(stage: Stage) -> None:
    """Who has used up an allowance with a turn gets no notes written on top of it."""
    stage.person_limits = Limits(turns_per_day=6)
    talk(stage, 6)
    assert len(folds(stage)) == 1
    assert len(answers(stage)) == 6


def test_a_pause_stops_notes_too(stage: Stage) -> None:
    """Paused while a reply was made: it goes out, and no model is called after it."""

    def script(messages: Sequence[BaseMessage]) -> str:
        Switch(stage.tables, stage.clock).throw(paused=True)
        stage.clock.now += FRESH_SECONDS
        return note_taker(messages)

    talk(stage, 3)
    stage.model.script = script
    talk(stage, 1, first=3)
    assert (len(stage.carrier.sent), folds(stage)) == (4, [])


def test_the_stack_counts_what_notes_take(stage: Stage) -> None:
    """The stack's counters hold the tokens of notes, as the person's do."""
    used = UsageMetadata(input_tokens=70, output_tokens=30, total_tokens=100)
    model = GenericFakeChatModel(
        messages=iter(lambda: AIMessage("so be it", usage_metadata=used), None)
    )
    stage.models = [NamedModel("played:one", lambda: model)]
    talk(stage, 8)
    day, _ = StackUsage(stage.tables, stage.clock).read()
    (mine,) = stage.tables.query(stage.tables.people, stage.conversation, "usage#", limit=9)
    assert day.tokens == mine["input_tokens"] + mine["output_tokens"] > 800


def test_no_time_no_notes(stage: Stage) -> None:
    """With seconds left of the function's time nothing is begun that could be cut off."""
    stage.settings = replace(SETTINGS, summary=False)
    talk(stage, 10)
    summaries = Summaries(stage.tables, stage.clock)
    folding(stage, summaries).fold(stage.conversation, stage.generation, Deadline.after(2.9))
    assert folds(stage) == []


def delete_key(stage: Stage) -> Any:
    """The first write of a FORGET."""
    action = delete(stage.tables.keys, stage.conversation, "")
    del action["Delete"]["Key"]["sk"]
    return action
