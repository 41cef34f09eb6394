"""The played Lex: its events, its understanding, its refusals and its time limits."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from local.phone import REAL, Call, Clock
from local.phone.bot import BotLocale, BotMessage, Progress
from local.phone.understanding import understand
from tests.local.phones import (
    CALLER,
    HOOK,
    LONGEST,
    NUMBER,
    PROMPT,
    SORRY,
    Hook,
    ManualClock,
    bot,
    dial,
    intents,
    listening,
    pass_until,
    phone,
    refused,
    talk,
    words,
)

# What an event of a real call holds (developer guide, and a recorded one with its words removed).
FIELDS = {
    "bot",
    "inputMode",
    "inputTranscript",
    "interpretations",
    "invocationSource",
    "messageVersion",
    "requestAttributes",
    "responseContentType",
    "sessionId",
    "sessionState",
    "transcriptions",
}


def test_an_utterance_is_sent_as_a_real_event() -> None:
    """The event has a real one's fields, the flow's session attributes, and the alias's hook."""
    hook = Hook()
    call = dial(hook)
    call.exchange("what is on today")
    (event,) = hook.events
    assert set(event) == FIELDS
    assert hook.names == ["test-fulfilment"]
    assert (event["messageVersion"], event["invocationSource"]) == ("1.0", "FulfillmentCodeHook")
    assert (event["inputMode"], event["inputTranscript"]) == ("Speech", "what is on today")
    assert event["bot"] == {
        "id": "ABCDEFGHIJ",
        "name": "test-bot",
        "aliasId": "KLMNOPQRST",
        "aliasName": "live",
        "localeId": "en_US",
        "version": "3",
    }
    state = event["sessionState"]
    assert state["sessionAttributes"] == {"contactId": call.id, "callerNumber": CALLER}
    assert state["intent"] == {
        "name": "FallbackIntent",
        "slots": {},
        "state": "ReadyForFulfillment",
        "confirmationState": "None",
    }
    assert state["intent"] == event["interpretations"][0]["intent"]
    assert "nluConfidence" not in event["interpretations"][0]
    assert event["transcriptions"][0]["transcriptionConfidence"] == 0.9
    assert event["requestAttributes"]["x-amz-lex:channels:platform"] == "Connect"


def test_the_session_is_not_the_contact() -> None:
    """Its id stays through a call and is no contact's: nothing may rely on that."""
    hook = Hook()
    call = dial(hook)
    call.exchange("one")
    call.exchange("two")
    first, second = (event["sessionId"] for event in hook.events)
    assert first == second != call.id


def test_a_withheld_number_is_no_attribute() -> None:
    """What a reference of the flow does not find is not sent at all."""
    hook = Hook()
    phone(hook).dial(None, NUMBER).exchange("hello")
    assert set(hook.events[0]["sessionState"]["sessionAttributes"]) == {"contactId"}


def test_attributes_are_what_the_function_returns() -> None:
    """What it sets comes back with the next utterance; what it leaves out is gone."""
    hook = Hook(lambda _: listening("Yes?", turn="2"))
    call = dial(hook)
    call.exchange("one")
    call.exchange("two")
    assert hook.events[1]["sessionState"]["sessionAttributes"] == {"turn": "2"}


def test_keys_and_silence_are_sent_as_what_they_are() -> None:
    """Keys up to the end character, in mode DTMF; silence as a blank transcript."""
    hook = Hook()
    call = dial(hook)
    call.press("123456#")
    call.stay_silent()
    call.wait_until(lambda _: len(hook.events) == 2)
    keys, silence = hook.events
    assert (keys["inputMode"], keys["inputTranscript"]) == ("DTMF", "123456")
    assert (silence["inputMode"], silence["inputTranscript"]) == ("Speech", "")
    assert silence["transcriptions"] == []
    assert silence["sessionState"]["intent"]["name"] == "FallbackIntent"


@pytest.mark.parametrize(("keys", "heard"), [("12*", ""), ("1234", "123"), ("#", "")])
def test_an_entry_ends_as_the_flow_says(keys: str, heard: str) -> None:
    """The deletion key throws an entry away, the longest length ends it."""
    hook = Hook()
    call = dial(hook, talk(**{"x-amz-lex:dtmf:max-length:*:*": "3"}))
    call.press(keys)
    call.wait_until(lambda _: hook.events)
    assert hook.heard == [heard]


@pytest.mark.parametrize(
    ("said", "intent", "sure"),
    [
        ("Goodbye", "Goodbye", 1.0),
        ("That is all.", "Goodbye", 1.0),
        ("help me write to my agent", "Agent", 0.83),
        ("I'd like to talk to a human being about my rent", "Agent", 0.87),
        ("say goodbye to my mother from me", "Goodbye", 0.83),
        ("talk to a manager", "Agent", 0.95),
        ("I said that is it", "FallbackIntent", None),
        ("what is the time", "FallbackIntent", None),
        ("", "FallbackIntent", None),
    ],
)
def test_small_intents_catch_ordinary_sentences(said: str, intent: str, sure: float | None) -> None:
    """A sentence around most words of a sample is taken for that intent, as the real NLU does."""
    locale = BotLocale("en_US", tuple(i for i in intents() if i.name != "Help"), 0.8)
    found = understand(locale, said)[0]
    assert (found.intent.name, found.confidence) == (intent, sure)


def test_an_intent_without_a_hook_ends_the_conversation() -> None:
    """Nobody is asked; the flow goes on with what the session holds."""
    hook = Hook()
    call = dial(hook)
    call.say("help")
    call.wait_for("ended")
    assert hook.events == []
    assert call.spoken == [PROMPT, SORRY]


def test_the_filler_is_heard_before_the_answer() -> None:
    """Of the fallback only; it is no part of what dialtone answered."""
    hook = Hook()
    call = dial(hook)
    assert call.exchange("hello") == ["You said hello."]
    said = [(e.words, e.note) for e in call.events if e.kind == "said"]
    assert said[1:] == [("One moment.", "filler"), ("You said hello.", "")]
    call.exchange("goodbye")
    assert words(call, "said").count("One moment.") == 1


def test_a_failing_function_takes_the_error_branch() -> None:
    """The record has the error's type, not its message, which may hold somebody's words."""

    def fail(_event: dict[str, Any]) -> Any:
        raise ZeroDivisionError("of somebody's words")

    call = dial(Hook(fail))
    call.say("hello")
    refused(call)
    assert words(call, "error") == ["the function failed: ZeroDivisionError"]


def slow(clock: Clock, **more: Any) -> tuple[Call, Hook]:
    """A call whose function has begun and does not answer."""
    hook = Hook()
    hook.go_on.clear()
    call = phone(hook, clock=clock, pace=REAL, **more).dial(CALLER, NUMBER)
    call.wait_for("speaking")
    call.say("hello")
    assert hook.begun.wait(10)
    return call, hook


def test_a_function_has_thirty_seconds() -> None:
    """At 29.9 s it is waited for, at 30 s no longer; what it answers then is thrown away."""
    clock = ManualClock()
    call, hook = slow(clock)
    clock.advance(29.9)
    assert call.state == "thinking"
    clock.advance(0.2)
    call.wait_until(lambda _: words(call, "error") == ["no answer within 30 s"])
    hook.go_on.set()
    clock.advance(60)
    refused(call)


def fillers(call: Call) -> list[str]:
    """What was said while the function worked."""
    return [event.words for event in call.events if event.note == "filler"]


def test_progress_is_told_while_the_function_works() -> None:
    """Once after the start's delay, then again and again, until the bot's own time-out."""
    progress = Progress(
        start=((BotMessage("Working."),),),
        start_delay_seconds=2,
        update=((BotMessage("Still working."),),),
        update_every_seconds=10,
        timeout_seconds=40,
    )
    clock = ManualClock()
    call, hook = slow(clock, bots=bot(initial=(), progress=progress))
    for seconds, count in ((3, 1), (10, 2), (10, 3), (10, 4)):
        clock.advance(seconds)
        told = partial(lambda count, call: len(fillers(call)) == count, count)
        call.wait_until(told)
        clock.advance(1)
    assert fillers(call) == ["Working.", *["Still working."] * 3]
    pass_until(clock, call, lambda _: words(call, "error") == ["no answer within 40 s"])
    hook.go_on.set()
    call.hang_up()


@pytest.mark.parametrize(("session", "limit"), [({LONGEST: "5000"}, 5), ({}, 12)])
def test_long_speech_is_cut_at_the_limit(session: dict[str, str], limit: int) -> None:
    """Lex goes by what it heard until then: twelve seconds, unless the flow says otherwise."""
    hook = Hook()
    call = dial(hook, talk(**session))
    call.say("one two three four five six seven eight nine ten", seconds=limit * 2)
    call.wait_until(lambda _: hook.events)
    assert hook.heard == ["one two three four five"]
    assert f"cut at {limit} s" in next(e.note for e in call.events if e.kind == "heard")


@pytest.mark.parametrize(
    "attributes",
    [{LONGEST: "15001"}, {LONGEST: "long"}, {"x-amz-lex:audio:start-timeout-ms:*:*": "0"}],
)
def test_limits_that_lex_does_not_know_are_errors(attributes: dict[str, str]) -> None:
    """Set by the function, since a flow with such limits is refused before it rings."""
    call = dial(Hook(lambda _: listening("Hello.", **attributes)))
    call.say("hello")
    refused(call)


def test_a_setting_without_its_scope_is_none() -> None:
    """Lex reads its settings by their scoped names; another name is an attribute like any."""
    limit = {LONGEST.removesuffix(":*:*"): "15001"}
    call = dial(Hook(lambda _: listening("Hello.", **limit)))
    assert call.exchange("one") == call.exchange("two") == ["Hello."]
    call.hang_up()


def test_a_language_the_alias_does_not_serve_is_an_error() -> None:
    """Connect's language has to be a locale of the bot, and switched on."""
    off = {"en_US": replace(bot().locales["en_US"], enabled=False)}
    for served in (bot(locales=("de_DE",)), replace(bot(), locales=off)):
        call = phone(Hook(), bots=served).dial(CALLER, NUMBER)
        refused(call)
        assert words(call, "error") == ["alias live does not serve locale en_US"]


def test_a_function_that_lex_may_not_invoke_is_not_invoked() -> None:
    """The permission has to name Lex and the alias, on the qualifier that the alias names."""
    hook = Hook()
    asked: list[tuple[str, ...]] = []

    def permitted(*of: str) -> bool:
        asked.append(of)
        return False

    call = phone(hook, permitted=permitted).dial(CALLER, NUMBER)
    call.say("hello")
    refused(call)
    assert hook.events == []
    assert asked == [(HOOK, "lexv2.amazonaws.com", bot().alias_arn)]
