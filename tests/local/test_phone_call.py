"""A call as the caller has it: speaking over, silence, hanging up, many at once, faults."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from local.phone import CallEvent
from tests.local.phones import (
    BARGE_IN,
    CALLER,
    NUMBER,
    PROMPT,
    SORRY,
    Hook,
    ManualClock,
    declared,
    dial,
    goodbye_or_echo,
    listen,
    listening,
    pass_until,
    phone,
    real,
    words,
)

CALLS = 25
LONG = "word " * 54  # Twenty seconds of speech.


def test_a_call_is_on_the_record() -> None:
    """Every event has its number, time, block, kind, words and speaker."""
    call = dial(Hook(), declared())
    call.exchange("hello")
    call.exchange("goodbye")
    call.wait_for("ended")
    assert [event.seq for event in call.events] == list(range(1, len(call.events) + 1))
    heard = next(event for event in call.events if event.kind == "heard")
    assert (heard.words, heard.who, heard.block) == ("hello", "caller", "talk")
    assert heard.as_dict()["at"] == heard.at
    assert call.transcript == [
        ("dialtone", PROMPT),
        ("caller", "hello"),
        ("dialtone", "One moment."),
        ("dialtone", "You said hello."),
        ("caller", "goodbye"),
        ("dialtone", "Goodbye."),
    ]
    blocks = [event.block for event in call.events if event.kind == "block"]
    assert blocks == ["logging", "voice", "locale", "talk", "next", "hang-up"]
    assert (call.language, call.voice, call.block) == ("en-US", "Joanna", "hang-up")


def test_whoever_follows_a_call_has_every_event_once() -> None:
    """From the moment of subscribing on, in order, until it is ended; the rest by number."""
    call = dial(Hook())
    call.wait_for("listening")
    before = len(call.events)
    seen: list[CallEvent] = []
    unsubscribe = call.subscribe(seen.append)
    call.exchange("hello")
    unsubscribe()
    unsubscribe()
    assert seen == call.after(before)
    call.exchange("and on")
    assert seen == call.events[before : before + len(seen)]
    call.hang_up()


def test_speech_over_an_answer_stops_it_and_is_heard() -> None:
    """Barge-in is on by default: the answer breaks off and the words are the next utterance."""
    clock, hook = ManualClock(), Hook()
    call = real(hook, clock)
    listen(call, clock)
    hook.answer = lambda _: listening(LONG, "and a second message")
    call.say("tell me a story")
    hook.begun.wait(10)
    clock.advance(1)  # The filler.
    call.wait_for("speaking")
    hook.answer = goodbye_or_echo
    call.say("something shorter")
    call.wait_until(lambda _: len(hook.events) == 2)
    assert hook.heard == ["tell me a story", "something shorter"]
    assert "interrupted" in [event.kind for event in call.events]
    assert "and a second message" not in call.spoken
    call.hang_up()


def test_an_interruption_without_words_stops_speech() -> None:
    """It says whether there was anything to stop, and dialtone listens at once."""
    clock = ManualClock()
    call = real(Hook(), clock)
    call.wait_for("speaking")
    assert call.interruptible
    assert call.interrupt()
    call.wait_for("listening")
    assert not call.interrupt()
    call.hang_up()


def test_speech_that_may_not_be_interrupted_is_not() -> None:
    """With barge-in off, what is said over the greeting is lost, and the record says so."""
    clock, hook = ManualClock(), Hook()
    call = real(hook, clock, **{BARGE_IN: "false"})
    call.wait_for("speaking")
    assert not call.interruptible
    assert not call.interrupt()
    call.say("too early")
    listen(call, clock)
    assert words(call, "unheard") == ["too early"]
    call.say("now")
    call.wait_until(lambda _: hook.events)
    assert hook.heard == ["now"]
    call.hang_up()


def test_what_was_said_before_an_answer_does_not_stop_it() -> None:
    """With barge-in off, words that were already there wait until the answer is over."""
    clock, hook = ManualClock(), Hook()
    call = real(hook, clock, **{BARGE_IN: "false"})
    hook.answer = lambda _: listening(LONG, **{BARGE_IN: "false"})
    listen(call, clock)
    with call._line.changed:
        call.say("one")
        call.say("two")
    call.wait_until(lambda one: words(one, "hook"))
    clock.advance(1)  # The filler.
    call.wait_for("speaking")
    with pytest.raises(TimeoutError):
        call.wait_until(lambda one: one.state != "speaking", 0.1)
    clock.advance(20)
    call.wait_until(lambda _: hook.heard == ["one", "two"])
    assert words(call, "interrupted") == []
    call.hang_up()


def test_nobody_is_heard_while_dialtone_thinks() -> None:
    """Words said into the pause are lost, as on a real line."""
    clock, hook = ManualClock(), Hook()
    hook.go_on.clear()
    call = real(hook, clock)
    listen(call, clock)
    call.say("first")
    assert hook.begun.wait(10)
    assert call.state == "thinking"
    call.say("are you there")
    assert words(call, "unheard") == ["are you there"]
    hook.go_on.set()
    clock.advance(1)
    call.wait_for("speaking")
    assert call.spoken[-1] == "You said first."
    call.hang_up()


@pytest.mark.parametrize("state", ["speaking", "listening", "thinking"])
def test_a_caller_may_hang_up_at_any_time(state: str) -> None:
    """The call ends at once; a function under way goes on, and nobody hears its answer."""
    clock, hook = ManualClock(), Hook()
    hook.go_on.clear()
    call = real(hook, clock)
    call.wait_for("speaking")
    if state != "speaking":
        listen(call, clock)
    if state == "thinking":
        call.say("hello")
        assert hook.begun.wait(10)
    assert call.state == state
    with call._line.changed:
        call.hang_up()
        call.say("hello?")  # Before the other end has noticed.
    call.wait_for("ended")
    assert words(call, "unheard") == []
    hook.go_on.set()
    assert call.spoken == [PROMPT]
    assert [event.who for event in call.events if event.kind == "hung up"] == ["caller"]
    assert (call.takes, call.interruptible) == ("", False)
    if state == "thinking":
        call.wait_until(lambda _: hook.over == 1 or call._line.changed.wait(0.01))
    known = len(call.events)
    call.say("hello?")
    call.press("1")
    call.hang_up()
    assert len(call.events) == known


def test_many_calls_at_once_stay_apart() -> None:
    """Each hears its own answers, though all their functions run at the same time."""
    together = threading.Barrier(CALLS)

    def echo(event: dict[str, Any]) -> dict[str, Any]:
        together.wait(20)
        return goodbye_or_echo(event)

    exchange = phone(Hook(echo))
    calls = [exchange.dial(f"+1303555{number:04}", NUMBER) for number in range(CALLS)]
    for call in calls:
        call.say(f"I am {call.caller}")
    for call in calls:
        call.wait_until(lambda one: len(one.spoken) == 2)
        assert call.spoken[-1] == f"You said I am {call.caller}."
    for call in calls:
        call.say("goodbye")
    for call in calls:
        call.wait_for("ended")
    assert {call.id for call in exchange.calls} == {call.id for call in calls}
    assert exchange.find(calls[7].id) is calls[7]
    with pytest.raises(LookupError):
        exchange.find("nobody")


@pytest.mark.parametrize("at_once", [False, True])
def test_an_utterance_can_be_delivered_twice(*, at_once: bool) -> None:
    """The same event, one after the other or overlapping; one answer is spoken."""
    hook = Hook()
    exchange = phone(hook)
    exchange.faults.duplicate, exchange.faults.at_once = 1.0, at_once
    call = exchange.dial(CALLER, NUMBER)
    assert call.exchange("hello") == ["You said hello."]
    assert len(hook.events) == 2
    assert hook.events[0] == hook.events[1]
    assert exchange.faults.delivered == 1
    call.hang_up()


def test_a_slow_line_to_the_function_costs_its_time() -> None:
    """An event that arrives late leaves the function less than Lex's thirty seconds."""
    clock, hook = ManualClock(), Hook()
    exchange = phone(hook, clock=clock)
    exchange.faults.slow_seconds = 31
    call = exchange.dial(CALLER, NUMBER)
    call.say("hello")
    call.wait_for("thinking")
    clock.advance(30.1)
    call.wait_for("ended")
    assert call.spoken[-1] == SORRY
    pass_until(clock, call, lambda _: hook.begun.is_set())


def test_whoever_waits_in_vain_is_told_the_call_so_far() -> None:
    """A time-out's message has the record, and an ended call is not waited for."""
    call = dial(Hook())
    call.wait_for("listening")
    with pytest.raises(TimeoutError, match="Hello, what can I do"):
        call.wait_until(lambda _: False, 0.01)
    call.hang_up()
    with pytest.raises(TimeoutError, match="ended before"):
        call.wait_for("thinking", 10)
