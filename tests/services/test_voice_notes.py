"""The notes of a call: of all that was said in it, however long it was, for so many tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from conversation.folding import portions
from conversation.summaries import Summaries
from conversation.tables import Tables
from conversation.window import Shown, count_tokens
from tests.services.call_stage import CONTACT, CallStage
from tests.services.notes import is_fold, note_taker

CALL = f"call#{CONTACT}"
TURNS = 60
SMALL = 300
"""Tokens of a window of which a call of sixty turns takes several."""
FACTS = {f"fact{number:02d}" for number in range(TURNS)}


@pytest.fixture
def stage(memory_tables: Tables) -> CallStage:
    """A stage over tables in memory, whose model notes every fact it is shown."""
    stage = CallStage(memory_tables, note_taker)
    stage.knows_us()
    return stage


def talks(stage: CallStage, more: str = "") -> None:
    """A caller tells a fact in each of sixty turns, and hangs up."""
    for number, fact in enumerate(sorted(FACTS), 1):
        stage.says(f"{fact} {more}", turn=number)
    stage.hangs_up()


def asked(stage: CallStage) -> list[str]:
    """What the model was shown for notes."""
    return [str(seen[-1].content) for seen in stage.model.seen if is_fold(seen)]


def noted(stage: CallStage) -> set[str]:
    """The facts in the notes that joined the memory."""
    (notes,) = [words for words in stage.remembered() if words.startswith("A telephone call")]
    return {word for word in notes.split() if word in FACTS}


def test_the_notes_are_of_the_whole_call(stage: CallStage) -> None:
    """A model has seen every word of sixty turns, of which a window holds a few."""
    talks(stage)
    stage.writes("KEEP")
    assert noted(stage) == FACTS
    assert len(asked(stage)) == 1


def test_a_call_beyond_one_prompt_is_noted_part_by_part(memory_tables: Tables) -> None:
    """Each part is asked about with the notes of those before; the turn has the tokens of all."""
    stage = CallStage(memory_tables, note_taker)
    stage.settings = replace(stage.settings, window_tokens=SMALL)
    stage.knows_us()
    talks(stage, "and a few words more")
    stage.writes("KEEP")
    assert noted(stage) == FACTS
    parts = asked(stage)
    assert len(parts) > 1
    assert all(f"fact{0:02d}" in part for part in parts)
    turn = stage.of(stage.conversation, "turn#")[-1]
    assert len(turn["model_attempts"]) == len(parts)


def test_what_was_noted_before_is_not_read_again(stage: CallStage) -> None:
    """Where the beginning of a call was folded, its notes stand for it."""
    talks(stage)
    generation = stage.keys.find(CALL) or ""
    summaries = Summaries(stage.tables, stage.clock)
    before = summaries.read(CALL, generation)
    stage.tables.transact(summaries.writing(CALL, generation, before, "fact00 fact01", 4))
    stage.writes("KEEP")
    (prompt,) = asked(stage)
    assert prompt.startswith("The notes so far:\nfact00 fact01")
    assert "Person: fact01" not in prompt
    assert noted(stage) == FACTS


def test_a_call_that_was_noted_to_its_end_can_be_kept(stage: CallStage) -> None:
    """Nothing is left to read but the notes."""
    stage.says("fact07")
    stage.hangs_up()
    generation = stage.keys.find(CALL) or ""
    summaries = Summaries(stage.tables, stage.clock)
    before = summaries.read(CALL, generation)
    stage.tables.transact(summaries.writing(CALL, generation, before, "fact07", 9))
    stage.writes("KEEP")
    assert noted(stage) == {"fact07"}


def test_a_model_that_fails_in_the_middle_leaves_the_offer(memory_tables: Tables) -> None:
    """Half a call is not remembered; the next KEEP is for the whole."""
    stage = CallStage(memory_tables, note_taker)
    stage.settings = replace(stage.settings, window_tokens=SMALL)
    stage.knows_us()
    talks(stage, "and a few words more")
    prompts: list[object] = []

    def fails(messages: Sequence[BaseMessage]) -> str:
        prompts.append(messages)
        if len(prompts) > 1:
            raise RuntimeError("down")
        return note_taker(messages)

    stage.model.script = fails
    stage.writes("KEEP")
    assert stage.bodies()[-1] == stage.texts.keep_later
    stage.model.script = note_taker
    stage.writes("KEEP")
    assert noted(stage) == FACTS


@pytest.mark.parametrize("word", ["word ", "слово ", "\U0001f4de "])
def test_an_endless_call_is_shortened_evenly(word: str) -> None:
    """However much was said, it is about as many tokens as asked for, and of each message some."""
    said = [
        Shown(number, (AIMessage if number % 2 else HumanMessage)(f"fact{number} {word * 900}"))
        for number in range(100)
    ]
    parts = list(portions(said, 400, 6))
    flat = [one for part in parts for one in part]
    assert [one.number for one in flat] == list(range(100))
    assert all(f"fact{one.number}" in str(one.message.text) for one in flat)
    assert sum(count_tokens([one.message]) for one in flat) <= 6 * 400 * 1.05
    assert all(count_tokens([one.message for one in part]) <= 400 for part in parts)
    assert len(parts) <= 7
