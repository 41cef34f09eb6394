"""A late answer on the line, read against rule 18: fenced, offered, released once, or never."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from conversation.deadline import Deadline
from conversation.outcomes import Outcome
from conversation.persons import person_key
from conversation.tables import StoreBusyError, Tables
from tests.services.voice_stage import CONTACT, TEXTS, TOO_LATE, VoiceStage, heard
from texting.consent import Consent
from texting.held import Held
from voice.call_session import CallSession
from voice.callers import Caller, Callers

REDIALLED = CONTACT.replace("1", "2")


@pytest.fixture
def call(memory_tables: Tables) -> VoiceStage:
    """A call in which an answer came too late and is on offer."""
    call = VoiceStage(memory_tables)
    call.answer_seconds = TOO_LATE
    assert call.say("a long story") == TEXTS.offer
    call.answer_seconds = 12
    return call


def caller(call: VoiceStage) -> Caller:
    """Who calls."""
    session = CallSession.read({"callerNumber": call.number, "contactId": call.contact})
    return call.call_turns().caller(session)


def opts_out(call: VoiceStage) -> None:
    """STOP comes from the caller's number."""
    who = caller(call)
    change = call.consents.changing(
        who.person or "", who.route or "", Consent.OUT, at=1, by="SM1", at_is_carriers=True
    )
    call.tables.write(change)


def attend(call: VoiceStage) -> list[str]:
    """The responder is woken as often as the call asked for it; returns what was texted."""
    for conversation in call.queue.conversations():
        call.worker().attend(conversation, Deadline.after(30, call.clock))
    return [sent["body"].rpartition("\n\n")[2] for sent in call.carrier.sent]


def receipts(call: VoiceStage) -> list[dict[str, Any]]:
    """The person's receipts."""
    person = person_key(caller(call).person or "")
    return call.tables.query(call.tables.people, person, "receipt#", limit=50)


def test_the_old_call_of_the_model_is_fenced(memory_tables: Tables) -> None:
    """Its hook was given up and its lease ran out: it commits nothing beside the offer."""
    call = VoiceStage(memory_tables)
    event = call.event("a long story")
    retried: list[Any] = []

    def slow(_: object) -> str:
        if not retried:
            call.clock.now += 22
            call.answer_seconds = TOO_LATE
            retried.append(call.ask(event))
            call.answer_seconds = 12
        return "the first"

    call.model.script = slow
    answer = call.ask(event)
    assert heard(retried[0]) == heard(answer) == TEXTS.offer
    (turn,) = call.call_turn_items()
    assert turn.outcome is Outcome.OFFERED
    assert call.call_items("message#") == []


def test_a_yes_is_texted_once(call: VoiceStage) -> None:
    """Said, and delivered by Lex again, after the answer went out too: one text, one receipt."""
    event = call.event("yes please")
    assert heard(call.ask(event)) == heard(call.ask(event)) == TEXTS.released
    assert attend(call) == ["you said: a long story"]
    assert heard(call.ask(event)) == TEXTS.released
    assert attend(call) == ["you said: a long story"]
    (receipt,) = receipts(call)
    assert receipt["sk"] == f"receipt#call#{CONTACT}#{CONTACT}-0001"
    assert receipt["effect"] == "inbox"


@pytest.mark.parametrize("words", ["yes", "text me"])
def test_a_yes_in_the_next_call_is_to_nothing(call: VoiceStage, words: str) -> None:
    """Who has hung up has not said it: the next call is of another name."""
    left = dict(call.attributes)
    call.contact, call.attributes = REDIALLED, {}
    assert call.say(words) == f"you said: {words}."
    call.attributes = {"offer": left["offer"]}  # as if the session had outlived the call
    assert call.say("yes") == TEXTS.gone
    assert receipts(call) == []
    assert call.queue.conversations() == []


def test_stop_between_offer_and_yes_is_heard(call: VoiceStage) -> None:
    """No text is promised to a number that opted out, and the words are held no longer."""
    opts_out(call)
    assert call.say("yes") == TEXTS.late
    assert call.call_items("inbox#") == []
    assert receipts(call) == []
    assert attend(call) == []


def test_stop_in_mid_release_wins(call: VoiceStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the look at consent the words are a text, which STOP ends as it ends each."""
    textable = Callers.textable

    def and_stop(self: Callers, who: Caller) -> bool:
        may = textable(self, who)
        opts_out(call)
        return may

    with monkeypatch.context() as patch:
        patch.setattr(Callers, "textable", and_stop)
        call.say("yes")
    seen = len(call.model.seen)
    assert attend(call) == []
    assert len(call.model.seen) == seen
    assert [turn.outcome for turn in call.call_turn_items()][-1] is not Outcome.ANSWERED


def test_without_texts_nothing_is_offered(memory_tables: Tables) -> None:
    """Where SMS is off, the caller is asked for something shorter, and nothing is held."""
    call = VoiceStage(memory_tables)
    call.sender, call.answer_seconds = "", TOO_LATE
    assert call.say("a long story") == TEXTS.late
    (turn,) = call.call_turn_items()
    assert turn.outcome is Outcome.APOLOGISED
    assert call.call_items("inbox#") == []
    call.answer_seconds = 12
    assert call.say("yes") == "you said: yes."


def test_texts_that_are_switched_off_before_the_yes_are_not_promised(call: VoiceStage) -> None:
    """A deployment in the middle of a call."""
    call.sender = ""
    assert call.say("yes") == TEXTS.late
    assert attend(call) == []


def test_goodbye_declines(call: VoiceStage) -> None:
    """An offer that is not taken up before the end is gone with the call."""
    assert call.say("goodbye") == TEXTS.goodbye
    assert call.attributes.get("offer", "") == ""
    assert call.call_items("inbox#") == []
    assert attend(call) == []


def test_whatever_else_ends_the_call_ends_the_offer(call: VoiceStage) -> None:
    """Silence, to which the offer is repeated at first, as much as a goodbye."""
    assert [call.say("") for _ in range(3)] == [TEXTS.offer, TEXTS.offer, TEXTS.silence_end]
    assert call.call_items("inbox#") == []
    assert call.attributes.get("offer", "") == ""


def test_the_next_offer_takes_the_place_of_the_last(call: VoiceStage) -> None:
    """One is on offer at a time: a yes is to the later, and of the earlier nothing is kept."""
    call.answer_seconds = TOO_LATE
    assert call.say("another story") == TEXTS.offer
    (held,) = call.call_items("inbox#")
    assert held["sid"] == f"call#{CONTACT}#{CONTACT}-0002"
    assert call.say("yes") == TEXTS.released
    assert attend(call) == ["you said: another story"]


def test_a_lapse_beside_a_yes_takes_nothing_back(call: VoiceStage) -> None:
    """Lex gave the yes up and brought other words; both hooks end: the text is sent."""
    yes, other = call.event("yes"), call.event("tell me a joke")
    call.ask(yes)
    assert heard(call.ask(other)) == "you said: tell me a joke."
    assert attend(call) == ["you said: a long story"]


@pytest.mark.parametrize("operation", ["query", "delete_item"])
def test_a_lapse_that_fails_costs_no_answer(
    call: VoiceStage, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    """The store is busy with what is over: the caller hears their answer, and the words expire."""
    drop = Held.drop

    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise StoreBusyError(operation)

    with monkeypatch.context() as patch:

        def from_now_on(self: Held, *args: Any, **kwargs: Any) -> None:
            patch.setattr(call.tables.client, operation, broken)
            drop(self, *args, **kwargs)

        patch.setattr(Held, "drop", from_now_on)
        assert call.say("tell me a joke") == "you said: tell me a joke."
    assert len(call.call_items("inbox#")) == 1
    assert call.say("yes") == "you said: yes."


def test_a_slow_lapse_is_ended(call: VoiceStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits in silence for what they passed over."""
    monkeypatch.setattr(Held, "drop", lambda *_args, **_kwargs: threading.Event().wait(20))
    began = time.monotonic()
    assert call.say("tell me a joke") == "you said: tell me a joke."
    assert time.monotonic() - began < 10
