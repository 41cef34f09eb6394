"""FORGET in the middle of a call, while another worker still has the key at hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conversation.deadline import Deadline
from conversation.persons import call_key
from conversation.tables import Tables
from tests.services.played_kms import PlayedKms, vault_of
from tests.services.voice_stage import CONTACT, TEXTS, TOO_LATE, VoiceStage, heard

SECRET = "my locker code is zebra-seven"


@pytest.fixture
def call(memory_tables: Tables, kms: PlayedKms) -> VoiceStage:
    """A call over tables in memory, in which something was said that is to be forgotten."""
    return VoiceStage(memory_tables, kms)


def forget(call: VoiceStage, kms: PlayedKms, *, all_of_it: bool = False) -> None:
    """The responder forgets the call: in another process, so that no key is dropped here."""
    forgetting = call.forgetting(replace(call.tables, vault=vault_of(kms, clock=call.clock)))
    assert forgetting.begin(call_key(CONTACT))
    if all_of_it:
        assert forgetting.resume(call_key(CONTACT), Deadline.after(30, call.clock))


@pytest.mark.parametrize("warm", [True, False])
def test_a_retry_after_forget_hears_nothing_of_before(
    call: VoiceStage, kms: PlayedKms, *, warm: bool
) -> None:
    """The turn is there still, its key perhaps at hand: asked to say it again, they are heard."""
    call.ask(call.event(SECRET))
    forget(call, kms)
    if not warm:
        call.tables.vault.drop(call_key(CONTACT))
    assert call.say(SECRET) == TEXTS.trouble
    assert len(call.model.seen) == 1
    assert call.say(SECRET) == f"you said: {SECRET}."
    assert len(call.model.seen[-1]) == 2
    assert call.attributes["turn"] == "3"


def test_a_retry_after_all_is_gone_is_answered(call: VoiceStage, kms: PlayedKms) -> None:
    """Nothing is left that says that it was answered before."""
    event = call.event(SECRET)
    call.ask(event)
    forget(call, kms, all_of_it=True)
    assert heard(call.ask(event)) == f"you said: {SECRET}."
    assert [turn.id for turn in call.call_turn_items()] == [f"{CONTACT}-0001"]


def test_what_is_forgotten_is_not_repeated(call: VoiceStage, kms: PlayedKms) -> None:
    """Nobody hears the last answer again once it is forgotten; the next one they do."""
    call.say(SECRET)
    forget(call, kms)
    assert call.press("9") == TEXTS.nothing
    assert call.say("and now") == "you said: and now."
    assert call.press("9") == "you said: and now."


def test_a_retry_of_what_was_offered_before_forget(call: VoiceStage, kms: PlayedKms) -> None:
    """It is offered no more: what was held for it opens for nobody."""
    call.answer_seconds = TOO_LATE
    event = call.event(SECRET)
    assert heard(call.ask(event)) == TEXTS.offer
    forget(call, kms)
    assert heard(call.ask(event)) == TEXTS.trouble
