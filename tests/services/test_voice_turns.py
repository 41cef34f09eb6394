"""Calls: an utterance becomes one turn, answered aloud, whatever gets in its way."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from conversation import observability
from conversation.outcomes import DeliveryState, Outcome
from conversation.persons import call_key
from conversation.tables import Tables
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.voice_stage import CONTACT, TEXTS, TOO_LATE, VoiceStage, heard


@pytest.fixture
def call(memory_tables: Tables) -> VoiceStage:
    """A call over tables in memory."""
    return VoiceStage(memory_tables)


def test_a_caller_is_answered_and_listened_to_again(call: VoiceStage) -> None:
    """An utterance is answered in speech, and Lex goes on listening."""
    answer = call.ask(call.event("hello"))
    assert answer["sessionState"]["dialogAction"] == {"type": "ElicitIntent"}
    assert answer["messages"] == [
        {"contentType": "SSML", "content": "<speak>you said: hello.</speak>"}
    ]
    assert answer["sessionState"]["sessionAttributes"]["turn"] == "2"


def test_a_spoken_turn_is_closed_by_its_commit(call: VoiceStage) -> None:
    """Nothing is left to deliver: the turn is spoken, the lease free, the index empty."""
    call.say("hello")
    meta = call.call_items("meta")[0]
    assert (meta["lease_until"], "open_turn" in meta, "pending_at" in meta) == (0, False, False)
    (turn,) = call.call_turn_items()
    assert (turn.id, turn.outcome) == (f"{CONTACT}-0001", Outcome.ANSWERED)
    assert turn.delivery is DeliveryState.SPOKEN
    assert call.call_words() == ["hello", "you said: hello"]


def test_a_call_remembers_itself_and_nothing_else(call: VoiceStage) -> None:
    """The model sees what was said in this call, in order."""
    call.say("my name is Ada")
    call.say("who am I")
    shown = [str(message.content) for message in call.model.seen[1][1:]]
    assert shown == ["my name is Ada", "you said: my name is Ada", "who am I"]


def test_an_utterance_delivered_twice_is_one_turn(call: VoiceStage) -> None:
    """A retry of the hook repeats the session: the stored reply is spoken again, unasked."""
    event = call.event("hello")
    first, second = call.ask(event), call.ask(event)
    assert first == second
    assert (len(call.model.seen), len(call.call_turn_items())) == (1, 1)


def both_at_once(call: VoiceStage, first: Any, second: Any) -> tuple[Any, Any]:
    """What two hooks answer of which the second comes, and waits, while the model thinks."""
    waiting, answers = threading.Event(), list[Any]()
    other = call.fulfilling()

    def poll(_: float) -> None:
        waiting.set()
        time.sleep(0.01)

    other._dialog._turns._sleep = poll
    thread = threading.Thread(target=lambda: answers.append(other.fulfil(second, 16)))

    def meanwhile(messages: Any) -> str:
        thread.start()
        assert waiting.wait(10)
        return f"you said: {messages[-1].content}"

    call.model.script = meanwhile
    answered = call.ask(first)
    thread.join(10)
    (too,) = answers
    return answered, too


def test_an_utterance_delivered_twice_at_once_is_one_turn(call: VoiceStage) -> None:
    """The second delivery waits for the first, and speaks its reply."""
    event = call.event("hello")
    first, second = both_at_once(call, event, event)
    assert first == second
    assert (len(call.model.seen), len(call.call_turn_items())) == (1, 1)


def test_other_words_under_a_known_number_get_the_next(call: VoiceStage) -> None:
    """Our earlier answer never reached Lex, which repeats the counter with new words."""
    event = call.event("hello")
    call.ask(event)
    answer = call.ask(call.event("something else"))
    assert heard(answer) == "you said: something else."
    assert answer["sessionState"]["sessionAttributes"]["turn"] == "3"
    assert [turn.id[-4:] for turn in call.call_turn_items()] == ["0001", "0002"]


def test_what_got_the_next_number_is_one_turn_too(call: VoiceStage) -> None:
    """The hook brings it twice, each time with the number of an answer that never reached Lex."""
    call.ask(call.event("hello"))
    event = call.event("something else")
    first, second = call.ask(event), call.ask(event)
    assert first == second
    assert (len(call.model.seen), len(call.call_turn_items())) == (2, 2)


def test_nobody_hears_the_answer_to_other_words(call: VoiceStage) -> None:
    """Lex gave the first hook up, which then answers all the same: the second is asked again."""
    _, second = both_at_once(call, call.event("hello"), call.event("something else"))
    assert heard(second) == TEXTS.busy


def test_a_model_that_is_down_is_apologised_for(call: VoiceStage) -> None:
    """The apology is spoken and the call goes on; the words are kept."""

    def down(_: object) -> str:
        raise RuntimeError("down")

    call.model.script = down
    assert call.say("hello") == TEXTS.apology
    assert call.next == "none"
    (turn,) = call.call_turn_items()
    assert turn.outcome is Outcome.APOLOGISED
    assert call.call_words() == ["hello", TEXTS.apology]
    call.model.script = lambda _: "back again"
    assert call.say("and now") == "back again."


def test_a_late_answer_is_offered_by_text(call: VoiceStage) -> None:
    """The words are held, the turn is closed, and nothing is in the memory yet."""
    call.answer_seconds = TOO_LATE
    assert call.say("a long story") == TEXTS.offer
    (turn,) = call.call_turn_items()
    assert (turn.outcome, turn.messages) == (Outcome.OFFERED, [])
    (held,) = call.call_items("inbox#")
    assert held["held"] is True
    assert "pending_at" not in held
    assert call.attributes["offer"] == turn.id
    assert "open_turn" not in call.call_items("meta")[0]


def test_yes_releases_the_held_words(call: VoiceStage) -> None:
    """They become a text of the caller's, which the queue is told of."""
    call.answer_seconds = TOO_LATE
    call.say("a long story")
    assert call.say("Yes, please.") == TEXTS.released
    (released,) = call.call_items("inbox#")
    assert "held" not in released
    assert call.queue.conversations() == [call_key(CONTACT)]
    assert call.attributes.get("offer", "") == ""


def test_a_retried_yes_releases_once(call: VoiceStage) -> None:
    """The hook repeats the yes: one text, and the same words to the caller."""
    call.answer_seconds = TOO_LATE
    call.say("a long story")
    event = call.event("yes")
    assert heard(call.ask(event)) == heard(call.ask(event)) == TEXTS.released
    assert len(call.call_items("inbox#")) == 1


def test_no_drops_the_held_words(call: VoiceStage) -> None:
    """Key 2 declines: nothing is left of them."""
    call.answer_seconds = TOO_LATE
    call.say("a long story")
    assert call.press("2") == TEXTS.declined
    assert call.call_items("inbox#") == []


def test_an_offer_lapses_when_something_else_is_said(call: VoiceStage) -> None:
    """The words go, the conversation goes on, and a later yes is conversation."""
    call.answer_seconds = TOO_LATE
    call.say("a long story")
    call.answer_seconds = 12
    assert call.say("tell me a joke") == "you said: tell me a joke."
    assert call.call_items("inbox#") == []
    assert call.say("yes") == "you said: yes."


def test_a_retry_of_an_offered_utterance_is_offered_again(call: VoiceStage) -> None:
    """The stored turn tells that it was offered: nothing is held twice."""
    call.answer_seconds = TOO_LATE
    event = call.event("a long story")
    assert heard(call.ask(event)) == heard(call.ask(event)) == TEXTS.offer
    assert len(call.call_items("inbox#")) == 1


def test_a_lost_key_is_not_replaced_by_a_call(
    call: VoiceStage, memory: MemoryDynamoDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller hears that it does not work; it is counted, and no new key is made."""
    names: list[str] = []
    call.say("hello")
    memory.tables[call.tables.keys].clear()
    monkeypatch.setattr(observability, "count", lambda name, value=1: names.append(name))
    assert call.say("are you there") == TEXTS.trouble
    assert "KeyLost" in names
    assert memory.tables[call.tables.keys] == {}


def test_what_was_put_into_a_calls_past_is_not_shown(
    call: VoiceStage, memory: MemoryDynamoDB
) -> None:
    """Somebody who can write the table swaps two messages: the model sees neither."""
    call.say("first")
    call.say("second")
    table, name = memory.tables[call.tables.conversations], call_key(CONTACT)
    one, two = (table[(name, f"message#{number:012d}")] for number in (0, 2))
    one["content"], two["content"] = two["content"], one["content"]
    call.say("third")
    shown = [str(message.content) for message in call.model.seen[-1][1:]]
    assert "first" not in shown
    assert "second" not in shown
    assert shown[-1] == "third"
