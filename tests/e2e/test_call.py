"""Calls to the stack's number: the declared flow, block by block, to the function and back."""

from __future__ import annotations

import pytest

from local.phone import Pace
from local.scripted_model import Step, slow
from tests.e2e.callers import Caller, no_trouble

GREETING = "Hello. I am your assistant. What can I do for you?"
QUICK = Pace(words_per_second=20)
STORY = "Once upon a time there was a telephone. " * 20


def test_a_call_is_answered_remembered_and_ended(caller: Caller) -> None:
    """Greeting, talk, what was said before, goodbye: by the flow that the program declares."""
    call = caller.dial()
    assert call.exchange("my dog is called Rufus and my cat is Tom")
    assert call.spoken[0] == GREETING
    (answer,) = call.exchange("what did I just say")
    assert "Rufus" in answer
    call.exchange("goodbye")
    call.wait_for("ended")
    assert call.spoken[-1] == "Goodbye."
    assert [event.who for event in call.events if event.kind == "hung up"] == ["dialtone"]
    assert caller.outcomes(call) == ["answered", "answered"]
    no_trouble(call)


def test_the_caller_hears_something_while_the_model_thinks(caller: Caller) -> None:
    """The filler comes before the answer."""
    call = caller.dial()
    call.exchange("hello there")
    said = [event.note for event in call.events if event.kind == "said"]
    assert said == ["", "filler", ""]


def test_an_answer_can_be_interrupted(caller: Caller) -> None:
    """Who speaks over it is answered, and the rest of it is not said."""
    call = caller.dial(pace=QUICK)
    call.wait_for("listening")
    caller.stack.model.script(Step(text=STORY))
    call.say("tell me a story")
    call.wait_until(lambda one: one.state == "speaking" and len(one.spoken) == 2)
    call.say("what is my name")
    call.wait_until(lambda one: len(one.spoken) == 3)
    assert "interrupted" in [event.kind for event in call.events]
    assert "your name" in call.spoken[-1]
    no_trouble(call)


def test_a_caller_is_handed_over_within_hours_only(caller: Caller) -> None:
    """Outside them there are polite words, and the assistant goes on."""
    caller.stack.phone.switches.open = False
    call = caller.dial()
    call.exchange("agent")
    call.wait_for("listening")
    assert call.block == "talk-again"
    assert call.exchange("are you still there")
    caller.stack.phone.switches.open = True
    call.say("agent")
    call.wait_for("handed over")
    no_trouble(call)


def test_a_sentence_with_a_small_intents_words_is_conversation(caller: Caller) -> None:
    """Lex takes it for `Agent`; the function goes by the whole of it."""
    call = caller.dial()
    (answer,) = call.exchange("help me write to my agent")
    assert "agent" in answer
    assert caller.outcomes(call) == ["answered"]


def test_silence_is_asked_about_twice(caller: Caller) -> None:
    """The third time the call ends, politely, and no turn was spent on it."""
    call = caller.dial()
    for _ in range(3):
        call.stay_silent()
    call.wait_for("ended")
    first, second, last = call.spoken[1:]
    assert first == second != last
    assert "Goodbye" in last
    assert caller.outcomes(call) == []
    no_trouble(call)


def test_a_late_answer_comes_as_a_text_after_a_yes(caller: Caller) -> None:
    """The old call of the model is fenced; the words are answered once, by text."""
    caller.stack.model.script(slow(9), slow(9))
    call = caller.dial()
    (offer,) = call.exchange("my question is a long one")
    assert "text you the answer" in offer
    call.exchange("yes")
    (reply,) = caller.phone.hear()
    assert "question is a long one" in reply
    assert sorted(caller.outcomes(call)) == ["answered", "offered"]
    no_trouble(call)


def test_a_late_answer_is_forgotten_after_a_no(caller: Caller) -> None:
    """Key 2 says no, too; nothing is held any more."""
    caller.stack.model.script(slow(9), slow(9))
    call = caller.dial()
    call.exchange("my question is a long one")
    assert len(caller.items(call, "inbox#")) == 1
    call.press("2")
    call.wait_until(lambda one: len(one.spoken) == 3 and one.state == "listening")
    assert caller.items(call, "inbox#") == []
    assert caller.phone.replies() == []


def test_a_late_answer_is_forgotten_when_the_caller_passes_it_over(caller: Caller) -> None:
    """The offer lapses with other words, what was held for it goes, and no text comes."""
    caller.stack.model.script(slow(9), slow(9))
    call = caller.dial()
    call.exchange("my question is a long one")
    assert len(caller.items(call, "inbox#")) == 1
    (answer,) = call.exchange("hello there")
    assert "hello there" in answer
    assert caller.items(call, "inbox#") == []
    assert "yes" in call.exchange("yes")[0]
    assert caller.phone.replies() == []
    assert caller.outcomes(call) == ["offered", "answered", "answered"]
    no_trouble(call)


def test_a_withheld_number_is_answered_too(caller: Caller) -> None:
    """Nobody is known by it, and nothing is offered that needs a number."""
    call = caller.dial(number=None)
    assert call.exchange("hello there")
    assert caller.outcomes(call) == ["answered"]
    caller.stack.model.script(slow(9), slow(9))
    (late,) = call.exchange("another one")
    assert "text you" not in late
    no_trouble(call)


@pytest.mark.parametrize("at_once", [False, True])
def test_an_utterance_delivered_twice_is_one_turn(caller: Caller, *, at_once: bool) -> None:
    """The caller hears its one answer, and the model is asked once for it."""
    faults = caller.stack.phone.faults
    faults.duplicate, faults.at_once = 1.0, at_once
    call = caller.dial()
    (answer,) = call.exchange("hello there")
    assert "hello there" in answer
    assert caller.outcomes(call) == ["answered"]
    assert len(caller.stack.model.calls) == 1
    assert len(caller.items(call, "message#")) == 2
    no_trouble(call)


def test_who_hangs_up_in_the_middle_is_answered_nevertheless(caller: Caller) -> None:
    """The turn is committed once, and nobody hears it."""
    caller.stack.model.script(slow(2))
    call = caller.dial()
    call.wait_for("listening")
    call.say("hello there")
    call.wait_until(lambda one: one.state == "thinking" and bool(caller.stack.model.calls))
    call.hang_up()
    call.wait_for("ended")
    caller.phone.wait(lambda: caller.outcomes(call), "the turn to be committed")
    assert caller.outcomes(call) == ["answered"]
    assert call.spoken == [GREETING]


def test_a_model_that_is_down_is_apologised_for(caller: Caller) -> None:
    """The call goes on, and the next question is answered."""
    caller.stack.model.always(Step(error="ModelErrorException"))
    call = caller.dial()
    (apology,) = call.exchange("hello there")
    assert apology.startswith("Sorry")
    caller.stack.model.always(None)
    (answer,) = call.exchange("and now")
    assert "and now" in answer
    assert caller.outcomes(call) == ["apologised", "answered"]
