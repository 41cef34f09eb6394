"""Notes in a long call: taken by the responder, which the call has woken, while nobody waits."""

from __future__ import annotations

from typing import Any

import pytest

from conversation import observability
from conversation.deadline import Deadline
from conversation.persons import call_key
from conversation.tables import Tables
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.notes import SETTINGS, folds, note_taker, shown
from tests.services.voice_stage import CONTACT, VoiceStage
from texting.wakeups import conversation_of

CALL = call_key(CONTACT)


@pytest.fixture
def call(memory_tables: Tables) -> VoiceStage:
    """A call on a stack that keeps notes; its window holds three turns."""
    call = VoiceStage(memory_tables)
    call.model.script, call.settings = note_taker, SETTINGS
    return call


def woken(call: VoiceStage) -> list[str]:
    """The conversations that wake-ups name; they are taken off the queue."""
    named = [conversation_of(sent["MessageBody"]) for sent in call.queue.sent]
    call.queue.sent.clear()
    return named


def talks(call: VoiceStage, turns: int, first: int = 0) -> None:
    """So many turns, a fact each; wake-ups are dealt with between them."""
    for number in range(first, first + turns):
        call.say(f"fact{number}")
        for conversation in woken(call):
            call.worker().attend(conversation, Deadline.after(30, call.clock))


def test_a_long_call_remembers_its_beginning(call: VoiceStage) -> None:
    """What left the window is noted between two utterances, and told to the model as notes."""
    talks(call, 12)
    told = shown(call.model.seen[-1])
    assert [number for number in range(12) if f"fact{number}" not in told] == []
    assert 0 < len(folds(call)) < 6
    assert call.carrier.sent == []


def test_a_short_call_wakes_nobody(call: VoiceStage) -> None:
    """Nor does a long one where no notes are kept."""
    call.say("fact0")
    assert woken(call) == []
    call.settings = type(SETTINGS)("You help.", window_messages=6)
    for number in range(8):
        call.say(f"fact{number}")
    assert woken(call) == []


def test_an_utterance_delivered_twice_wakes_once(call: VoiceStage) -> None:
    """A retry makes no prompt; and wake-ups of one turn have one name."""
    talks(call, 3)
    event = call.event("fact3")
    call.ask(event)
    call.ask(event)
    assert woken(call) == [CALL]


def test_a_queue_that_is_away_costs_only_the_notes(
    call: VoiceStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is committed and is spoken; a later turn has them taken."""
    counted: list[str] = []
    monkeypatch.setattr(observability, "count", lambda name, _value=1.0: counted.append(name))
    talks(call, 3)
    with monkeypatch.context() as patch:

        def away(**_: Any) -> None:
            raise OSError("away")

        patch.setattr(call.queue, "send_message", away)
        assert call.say("fact3") == "you said: fact3."
    assert "FoldFailed" in counted
    talks(call, 3, first=4)
    assert folds(call)
    assert "fact0" in shown(call.model.seen[-1])


def test_a_wake_up_without_anything_to_note_asks_no_model(call: VoiceStage) -> None:
    """Such as the second of two for one conversation."""
    for number in range(4):
        call.say(f"fact{number}")
    for _ in range(3):
        call.worker().attend(CALL, Deadline.after(30, call.clock))
    assert len(folds(call)) == 1


def test_where_no_notes_are_kept_a_wake_up_reads_no_words(
    call: VoiceStage, memory: MemoryDynamoDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wake-up that finds nothing costs what it did."""
    call.settings = type(SETTINGS)("You help.", window_messages=6)
    call.say("fact0")
    asked: list[str] = []
    query = memory.query

    def counting(**request: Any) -> Any:
        asked.append(str(request))
        return query(**request)

    monkeypatch.setattr(memory, "query", counting)
    call.worker().attend(CALL, Deadline.after(30, call.clock))
    assert [request for request in asked if "message#" in request] == []
