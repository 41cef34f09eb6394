"""With time passing: when a pause on the line is the end of something, and when it is not."""

from __future__ import annotations

import pytest

from local.phone import REAL
from tests.local.phones import (
    Hook,
    ManualClock,
    listen,
    pass_until,
    real,
    words,
)


def test_an_answer_waits_for_the_filler_to_end() -> None:
    """However fast the function was: two words take their time, and nobody talks over them."""
    clock, hook = ManualClock(), Hook()
    call = real(hook, clock)
    listen(call, clock)
    call.say("hello")
    call.wait_until(lambda one: words(one, "hook"))
    with pytest.raises(TimeoutError):
        call.wait_until(lambda one: one.state != "thinking", 0.1)
    clock.advance(REAL.speaking_seconds("One moment.") + 0.01)
    call.wait_for("speaking")
    assert call.spoken[-1] == "You said hello."
    call.hang_up()


def test_silence_is_noticed_after_the_flow_s_time() -> None:
    """The start time-out is the session attribute's; nothing counts before it."""
    clock, hook = ManualClock(), Hook()
    call = real(hook, clock, **{"x-amz-lex:audio:start-timeout-ms:*:*": "6000"})
    listen(call, clock)
    clock.advance(5.9)
    assert hook.events == []
    clock.advance(0.2)
    call.wait_until(lambda _: hook.events)
    assert hook.heard == [""]
    assert words(call, "silence") == [""]
    call.hang_up()


def test_who_has_begun_to_talk_is_not_silent() -> None:
    """The start time-out waits for the words, though not for ever."""
    clock, hook = ManualClock(), Hook()
    call = real(hook, clock)
    listen(call, clock)
    call.begin()
    clock.advance(11)
    with pytest.raises(TimeoutError):
        call.wait_until(lambda _: call.state != "listening" or hook.events, 0.2)
    call.say("a long thought")
    call.wait_until(lambda _: hook.events)
    assert hook.heard == ["a long thought"]
    clock.advance(1)
    call.wait_for("speaking")
    clock.advance(10)
    call.wait_for("listening")
    call.begin()
    clock.advance(12.1)
    call.wait_until(lambda _: len(hook.events) == 2)
    assert hook.heard[1] == ""
    call.hang_up()


def test_who_has_said_their_words_is_no_longer_talking() -> None:
    """What follows is silence again, after the usual time and not after a whole speech's."""
    clock, hook = ManualClock(), Hook()
    call = real(hook, clock)
    listen(call, clock)
    call.begin()
    call.say("hello")
    call.wait_until(lambda one: words(one, "hook"))
    clock.advance(1)
    call.wait_for("speaking")
    assert call.interrupt()
    call.wait_for("listening")
    clock.advance(4.1)
    call.wait_until(lambda _: len(hook.events) == 2)
    assert hook.heard == ["hello", ""]
    call.hang_up()


def test_keys_are_one_entry_until_the_caller_pauses() -> None:
    """The end time-out between keys is the session attribute's."""
    clock, hook = ManualClock(), Hook()
    call = real(hook, clock, **{"x-amz-lex:dtmf:end-timeout-ms:*:*": "3000"})
    listen(call, clock)
    call.press("1")
    clock.advance(2)
    call.press("2")
    pass_until(clock, call, lambda _: hook.events)
    assert hook.heard == ["12"]
    call.hang_up()
