"""A call's late answer: words that wait for the caller's yes, and are answered by text once."""

from __future__ import annotations

import pytest

from conversation.ids import shards
from conversation.tables import Tables
from messaging.profile import STYLE
from tests.services.call_stage import CONTACT, CallStage
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.test_crashes import Killed, Killer
from texting.held import Release

CALL = f"call#{CONTACT}"


@pytest.fixture
def stage(memory_tables: Tables) -> CallStage:
    """A stage over tables in memory, whose person knows who answers."""
    stage = CallStage(memory_tables)
    stage.knows_us()
    return stage


def test_words_that_are_held_are_answered_by_nobody(stage: CallStage) -> None:
    """Until the yes no worker takes them, and no index lists them."""
    stage.holds("how far is the moon?")
    stage.wake(CALL)
    assert (stage.bodies(), stage.model.seen) == ([], [])
    assert len(stage.of(CALL, "inbox#")) == 1
    assert [due for shard in shards() for due in stage.tables.due(shard, 2**53, 10)] == []


def test_held_words_are_sealed(stage: CallStage, memory: MemoryDynamoDB) -> None:
    """Neither they nor the number stand anywhere in clear."""
    stage.holds("how far is the moon?")
    assert "moon" not in str(memory.tables)
    assert "5550111" not in str(memory.tables)


def test_yes_has_them_answered_by_text_from_the_calls_memory(stage: CallStage) -> None:
    """The model sees what the call said, and never what the person texted."""
    stage.writes("my secret is blue")
    stage.says("we talk about the moon")
    stage.holds("how far is it?")
    assert stage.agrees() is Release.RELEASED
    stage.wake(CALL)
    assert stage.bodies()[-1] == "you said: how far is it?"
    shown = str(stage.model.seen[-1])
    assert STYLE in shown
    assert "the moon" in shown
    assert "blue" not in shown
    assert "how far" not in str(stage.remembered())


def test_yes_twice_is_one_answer(stage: CallStage) -> None:
    """Before the answer and after it a second yes finds the receipt of the first."""
    stage.holds("how far is it?")
    assert [stage.agrees() for _ in range(2)] == [Release.RELEASED, Release.ALREADY]
    stage.wake(CALL)
    assert stage.agrees() is Release.ALREADY
    stage.wake(CALL)
    assert stage.bodies() == ["you said: how far is it?"]


def test_no_drops_them(stage: CallStage) -> None:
    """After a no there is nothing to release."""
    caller = stage.holds("how far is it?")
    stage.held.drop(caller.conversation, contact=CONTACT, turn="t-0002")
    assert stage.of(CALL, "inbox#") == []
    assert stage.agrees() is Release.GONE


def test_no_after_yes_takes_nothing_back(stage: CallStage) -> None:
    """Words that were released are a text that is answered."""
    caller = stage.holds("how far is it?")
    stage.agrees()
    stage.held.drop(caller.conversation, contact=CONTACT, turn="t-0002")
    stage.wake(CALL)
    assert stage.bodies() == ["you said: how far is it?"]


def test_an_old_offer_is_none(stage: CallStage) -> None:
    """After a day a yes releases nothing, also while the expired item is still there."""
    stage.holds("how far is it?")
    stage.clock.now += 86_401
    assert stage.agrees() is Release.GONE
    assert stage.of_person("receipt#") == []


def test_yes_is_to_the_words_that_were_offered(stage: CallStage) -> None:
    """Of two offers the yes releases the one that it names."""
    stage.holds("first", turn="t-0001")
    stage.holds("second", turn="t-0002")
    stage.agrees(turn="t-0002")
    stage.wake(CALL)
    assert stage.bodies() == ["you said: second"]


def test_forget_between_offer_and_yes_leaves_nothing(stage: CallStage) -> None:
    """The words are gone with their key, and the yes brings nothing back."""
    stage.holds("how far is it?")
    stage.forgets()
    assert stage.agrees() is Release.GONE
    stage.wake(CALL)
    assert stage.bodies() == []
    assert stage.of(CALL, "inbox#") == []
    assert stage.of_person("receipt#") == []


def test_forget_between_yes_and_answer_leaves_nothing(stage: CallStage) -> None:
    """What was released and not yet answered is forgotten like a text."""
    stage.holds("how far is it?")
    stage.agrees()
    stage.forgets()
    stage.wake(CALL)
    assert stage.bodies() == []
    assert stage.of(CALL, "inbox#") == []


def test_forget_asks_the_carrier_for_no_copy_of_what_was_spoken(stage: CallStage) -> None:
    """A receipt of a call names no message of the carrier's; its reply's copy is deleted."""
    stage.holds("how far is it?")
    stage.agrees()
    stage.wake(CALL)
    stage.forgets()
    stage.wake(stage.conversation)
    stage.wake(CALL)
    assert stage.copies.erased == [stage.carrier.sent[0]["sid"]]


def test_who_opted_out_gets_no_text(stage: CallStage) -> None:
    """STOP between the yes and the answer wins, without a model call."""
    stage.holds("how far is it?")
    stage.agrees()
    stage.opts_out()
    stage.wake(CALL)
    assert (stage.bodies(), stage.model.seen) == ([], [])
    assert stage.of(CALL, "turn#")[0]["outcome"] == "stopped"


def test_the_first_text_of_all_says_who_answers(memory_tables: Tables) -> None:
    """Also when it answers words of a call; the next does not say so again."""
    stage = CallStage(memory_tables)
    stage.holds("how far is it?")
    stage.agrees()
    stage.wake(CALL)
    assert stage.bodies()[0].startswith(stage.texts.introduction)
    stage.writes("thanks")
    assert stage.bodies()[1] == "you said: thanks"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_release_that_dies_is_made_by_the_next_yes(
    memory: MemoryDynamoDB, stage: CallStage, when: str
) -> None:
    """Whatever the first yes came to, after the second the words are answered, once."""
    stage.holds("how far is it?")
    Killer(memory, 1, when)
    with pytest.raises(Killed):
        stage.agrees()
    assert stage.agrees().wakes
    stage.wake(CALL)
    assert stage.bodies() == ["you said: how far is it?"]


def test_a_release_without_its_wake_up_is_swept(stage: CallStage) -> None:
    """From the yes on the words are in the index, due at once."""
    stage.holds("how far is it?")
    stage.agrees()
    now = int(stage.clock.now * 1000)
    due = [one["pk"] for shard in shards() for one in stage.tables.due(shard, now, 10)]
    assert due == [CALL]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 7))
def test_an_answer_to_released_words_survives_every_crash(
    memory: MemoryDynamoDB, stage: CallStage, number: int, when: str
) -> None:
    """A worker that dies at any write of it is finished by the next, with one text."""
    stage.holds("how far is it?")
    stage.agrees()
    Killer(memory, number, when)
    with pytest.raises(Killed):
        stage.wake(CALL)
    stage.clock.now += 120
    stage.wake(CALL)
    assert stage.bodies() == ["you said: how far is it?"]


def test_words_and_texts_of_one_person_are_answered_apart(stage: CallStage) -> None:
    """A call's released words and a text at once: two conversations, two replies."""
    stage.holds("how far is it?")
    accepted = stage.arrives("and by text?")
    stage.agrees()
    stage.wake(CALL)
    stage.wake(accepted.conversation)
    assert stage.bodies() == ["you said: how far is it?", "you said: and by text?"]
