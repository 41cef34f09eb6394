"""After a call: one text that offers to remember it, and whoever gets none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from conversation.deadline import Deadline
from conversation.tables import Action, Tables, put
from conversation.turn import Engine, Reply
from conversation.usage import read_usage
from messaging.offering import said_time
from tests.services.call_stage import CONTACT, KEEP_AFTER, OTHER, CallStage
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.test_crashes import Killed, Killer
from texting.carrier_outcomes import Unknown

CALL = f"call#{CONTACT}"
OFFER = "You called at 08:00 UTC. Reply KEEP and I will remember what we said."
KEPT = "I will remember our call."
NOTED = "They plan a trip to Oslo."


def script(messages: Sequence[BaseMessage]) -> str:
    """Write notes when asked for notes, else repeat what was said."""
    if "keep the notes of an assistant" in str(messages[0].content):
        return NOTED
    return f"you said: {messages[-1].content}"


@pytest.fixture
def stage(memory_tables: Tables) -> CallStage:
    """A stage over tables in memory, whose person knows who answers."""
    stage = CallStage(memory_tables, script)
    stage.knows_us()
    return stage


def test_a_call_that_is_over_is_offered_once(stage: CallStage) -> None:
    """Minutes after its last answer one text says when it was; further wake-ups say nothing."""
    stage.says("I go to Oslo")
    stage.says("on Friday", turn=2)
    stage.hangs_up()
    stage.hangs_up()
    assert stage.bodies() == [OFFER]
    assert stage.of(CALL, "after-call") == []


def test_no_offer_is_made_while_the_call_goes_on(stage: CallStage) -> None:
    """Each answered turn moves it on."""
    stage.says("I go to Oslo")
    stage.clock.now += KEEP_AFTER - 10
    stage.says("on Friday", turn=2)
    stage.clock.now += 60
    stage.wake(CALL)
    assert stage.bodies() == []
    stage.hangs_up()
    assert len(stage.bodies()) == 1


def test_a_call_that_goes_on_after_its_offer_is_not_offered_again(stage: CallStage) -> None:
    """One offer per call, however long somebody was silent in it."""
    stage.says("I go to Oslo")
    stage.hangs_up()
    stage.says("still there?", turn=2)
    stage.hangs_up()
    assert stage.bodies() == [OFFER]


def test_the_first_text_of_all_says_who_answers(memory_tables: Tables) -> None:
    """An offer to somebody who never texted begins with that, and the next text does not."""
    stage = CallStage(memory_tables, script)
    stage.says("hello")
    stage.hangs_up()
    stage.writes("hi")
    assert stage.bodies() == [f"{stage.texts.introduction}\n\n{OFFER}", "you said: hi"]


def test_who_opted_out_is_offered_nothing(stage: CallStage) -> None:
    """Nor later: the note of the call is gone."""
    stage.says("hello")
    stage.opts_out()
    stage.hangs_up()
    assert stage.bodies() == []
    assert stage.of(CALL, "after-call") == []
    assert stage.of_person("keep#") == []


def test_stop_between_the_offer_and_its_send_wins(stage: CallStage) -> None:
    """The announcement of the send checks consent, as for every text."""
    stage.says("hello")
    stage.clock.now += KEEP_AFTER + 1
    commit: Callable[..., Reply] = Engine.commit

    def and_stop(*args: Any, **kwargs: Any) -> Reply:
        reply = commit(*args, **kwargs)
        stage.opts_out()
        return reply

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "commit", and_stop)
        stage.wake(CALL)
    assert stage.bodies() == []
    assert "stopped" in {turn["outcome"] for turn in stage.of(CALL, "turn#")}


def test_a_hidden_caller_is_offered_nothing(stage: CallStage) -> None:
    """There is nobody to text."""
    stage.says("hello", number="anonymous")
    stage.hangs_up()
    assert stage.bodies() == []


def test_a_day_has_so_many_offers(stage: CallStage) -> None:
    """Who calls under a forged number again and again does not fill somebody's phone."""
    for number in range(5):
        contact = f"{OTHER}-{number}"
        stage.says("hello", contact)
        stage.hangs_up(contact)
    assert len(stage.bodies()) == 3
    stage.clock.now += 86_400
    stage.says("hello", CONTACT)
    stage.hangs_up()
    assert len(stage.bodies()) == 4


def test_an_offer_is_no_turn_of_the_persons(stage: CallStage) -> None:
    """Its segments are counted with the call's, and neither uses up their texts."""
    stage.says("hello")
    stage.hangs_up()
    calls = read_usage(stage.tables, stage.person, stage.clock(), CALL)
    assert (calls.day.turns, calls.day.segments > 0) == (1, True)
    assert read_usage(stage.tables, stage.person, stage.clock()).day.segments == 0


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 7))
def test_an_offer_survives_every_crash(
    memory: MemoryDynamoDB, stage: CallStage, number: int, when: str
) -> None:
    """A worker that dies at any write of it is finished by the next, with one text."""
    stage.says("hello")
    stage.clock.now += KEEP_AFTER + 1
    Killer(memory, number, when)
    with pytest.raises(Killed):
        stage.wake(CALL)
    stage.clock.now += 120
    stage.wake(CALL)
    assert stage.bodies() == [OFFER]
    assert stage.of_person("offers#")[0]["offers"] == 1


def test_forget_before_the_offer_leaves_none_to_make(stage: CallStage) -> None:
    """The note of the call goes with its generation."""
    stage.says("I go to Oslo")
    stage.forgets()
    stage.hangs_up()
    assert stage.bodies() == []
    assert stage.of_person("keep#") == []


def test_a_time_is_said_as_the_operators_clock_shows_it() -> None:
    """In the zone of the settings; where that is unknown, in UTC, which it then says."""
    assert said_time(1_800_000_000_000, "UTC") == "08:00 UTC"
    assert said_time(1_800_000_000_000, "Europe/Berlin") == "09:00"
    assert said_time(1_800_000_000_000, "Nowhere/Else") == "08:00 UTC"


def test_a_text_of_a_call_is_not_taken_for_a_lost_reply(stage: CallStage) -> None:
    """What another conversation of the person sent to the same number is that one's."""
    stage.says("I go to Oslo")
    stage.carrier.outcomes = [Unknown("time-out")]
    accepted = stage.arrives("hello")
    deadline = Deadline.after(30, stage.clock)
    assert stage.worker().attend(accepted.conversation, deadline)
    stage.clock.now += 60
    stage.says("still there", turn=2)
    stage.tables.write(due_now(stage))
    stage.wake(CALL)
    assert stage.bodies() == [OFFER]
    stage.clock.now += 60
    stage.wake(accepted.conversation)
    assert stage.bodies() == [OFFER, "you said: hello"]


def due_now(stage: CallStage) -> Action:
    """The call's note, due at once."""
    (item,) = stage.of(CALL, "after-call")
    return put(stage.tables.conversations, {**item, "due_at": int(stage.clock.now * 1000)})
