"""What is said around the conversation: silence, keys, phrases, limits, other languages."""

from __future__ import annotations

import re

import pytest

from conversation.allowances import Limits
from conversation.switch import Switch
from conversation.tables import Tables
from tests.services.voice_stage import CONTACT, TEXTS, TOO_LATE, VoiceStage, heard
from voice.call_texts import Sentences, texts_in
from voice.translations import TRANSLATIONS


@pytest.fixture
def call(memory_tables: Tables) -> VoiceStage:
    """A call over tables in memory."""
    return VoiceStage(memory_tables)


def test_silence_is_asked_about_twice_and_ends_the_call(call: VoiceStage) -> None:
    """The third silence in a row says goodbye; no turn is spent on any of them."""
    assert [call.say(""), call.say("")] == [TEXTS.silence, TEXTS.silence]
    assert call.say("") == TEXTS.silence_end
    assert call.next == "goodbye"
    assert call.call_items("") == []


def test_whoever_speaks_after_a_silence_begins_anew(call: VoiceStage) -> None:
    """Silences count in a row only."""
    call.say("")
    call.say("")
    call.say("hello")
    assert call.say("") == TEXTS.silence
    assert call.next == "none"


def test_unclear_speech_is_asked_for_twice_and_then_taken(call: VoiceStage) -> None:
    """Somebody whom Lex never understands well is answered all the same."""
    said = [call.say("mumble", confidence=0.2) for _ in range(3)]
    assert said == [TEXTS.unclear, TEXTS.unclear, "you said: mumble."]


def test_keys_are_never_unclear(call: VoiceStage) -> None:
    """Only speech is asked for again."""
    assert call.press("9") == TEXTS.nothing


@pytest.mark.parametrize(
    ("words", "answer", "then"),
    [
        ("Goodbye!", TEXTS.goodbye, "goodbye"),
        ("OK, thank you, bye.", TEXTS.goodbye, "goodbye"),
        ("Talk to a human, please", TEXTS.agent, "agent"),
        ("help", TEXTS.help_with(agents=True), "none"),
        ("can you repeat that", TEXTS.nothing, "none"),
    ],
)
def test_an_instruction_is_obeyed(call: VoiceStage, words: str, answer: str, then: str) -> None:
    """A whole utterance that is one of our phrases is no conversation."""
    assert (call.say(words), call.next) == (answer, then)
    assert call.model.seen == []


def test_the_end_of_a_dialog_closes_the_intent_that_lex_named(call: VoiceStage) -> None:
    """The flow gets the call back, with what to do next."""
    state = call.ask(call.event("goodbye"))["sessionState"]
    assert state["dialogAction"] == {"type": "Close"}
    assert state["intent"] == {"name": "FallbackIntent", "state": "Fulfilled"}


def test_a_small_intent_in_a_sentence_is_conversation(call: VoiceStage) -> None:
    """Whatever intent Lex took the sentence for."""
    event = call.event("help me write to my agent")
    event["sessionState"]["intent"] = {"name": "FallbackIntent", "state": "ReadyForFulfillment"}
    event["interpretations"].insert(0, {"intent": {"name": "Agent"}, "nluConfidence": 0.97})
    assert heard(call.ask(event)) == "you said: help me write to my agent."


@pytest.mark.parametrize("agents", [True, False])
def test_key_0_asks_for_a_human(memory_tables: Tables, agents: bool) -> None:  # noqa: FBT001  a case
    """Where there is none, the caller hears that and is listened to."""
    call = VoiceStage(memory_tables, agents=agents)
    assert call.press("0") == (TEXTS.agent if agents else TEXTS.no_agent)
    assert call.next == ("agent" if agents else "none")


@pytest.mark.parametrize("keys", ["1", "2", "5", "12", "#"])
def test_other_keys_are_helped_with(call: VoiceStage, keys: str) -> None:
    """A key that means nothing here says what the keys do."""
    assert call.press(keys) == TEXTS.help_with(agents=True)


def test_key_9_repeats_the_answer(call: VoiceStage) -> None:
    """The stored answer is spoken again, without the model."""
    call.say("hello")
    assert call.press("9") == "you said: hello."
    assert len(call.model.seen) == 1
    assert call.attributes["turn"] == "2"


def test_help_and_silence_keep_an_offer(call: VoiceStage) -> None:
    """Whoever asks what is meant can still say yes."""
    call.answer_seconds = TOO_LATE
    call.say("a long story")
    assert call.say("help") == TEXTS.help_with(agents=True)
    assert call.say("") == TEXTS.offer
    assert call.say("say that again") == TEXTS.offer
    assert call.press("1") == TEXTS.released


def test_yes_without_an_offer_is_conversation(call: VoiceStage) -> None:
    """The model asked something itself."""
    assert call.say("yes") == "you said: yes."


def test_a_long_answer_is_gone_on_with(call: VoiceStage) -> None:
    """Cut at a sentence, the rest comes when it is asked for, without the model."""
    sentences = [f"This is sentence number {number} of a long story." for number in range(140)]
    call.model.script = lambda _: " ".join(sentences)
    parts = [call.say("tell me a story")]
    while "more" in call.attributes:
        assert parts[-1].endswith(TEXTS.more)
        parts.append(call.say("go on"))
    assert len(parts) > 2
    said = " ".join(part.removesuffix(TEXTS.more).strip() for part in parts)
    assert said == " ".join(sentences)
    assert len(call.model.seen) == 1


def test_go_on_without_more_is_conversation(call: VoiceStage) -> None:
    """The model may have more to say."""
    call.say("hello")
    assert call.say("go on") == "you said: go on."


def test_a_call_ends_after_its_turns(memory_tables: Tables) -> None:
    """Whoever talks for ever is asked to call again."""
    call = VoiceStage(memory_tables, maximum_turns=2)
    call.say("one")
    call.say("two")
    assert (call.say("three"), call.next) == (TEXTS.too_long, "goodbye")
    assert len(call.model.seen) == 2


def test_a_used_up_allowance_is_said_and_ends_the_call(call: VoiceStage) -> None:
    """The notice is spoken on each call, and the model is not asked."""
    call.person_limits = Limits(turns_per_day=1)
    call.say("one")
    assert (call.say("two"), call.next) == (TEXTS.refused, "goodbye")
    assert (call.say("three"), call.next) == (TEXTS.refused, "goodbye")
    assert len(call.model.seen) == 1


def test_a_paused_stack_says_so(call: VoiceStage) -> None:
    """The call ends politely, and nothing is written."""
    Switch(call.tables, call.clock).throw(paused=True)
    assert (call.say("hello"), call.next) == (TEXTS.paused, "goodbye")
    assert call.call_items("") == []


def test_another_language_has_its_own_sentences(call: VoiceStage) -> None:
    """The bot's locale says which."""
    german = texts_in("de")
    assert call.say("", locale="de_DE") == german.silence
    assert call.say("Auf Wiederhören", locale="de_DE") == german.goodbye


def test_what_lex_carries_names_no_words(call: VoiceStage) -> None:
    """The numbers, as the flow put them there; beside them ids and counters."""
    call.say("my secret is zebra")
    call.answer_seconds = TOO_LATE
    call.say("and a long story of it")
    carried = {name: value for name, value in call.attributes.items() if name != "callerNumber"}
    assert call.attributes["callerNumber"] == call.number
    assert carried["offer"] == f"{CONTACT}-0002"
    assert all(re.fullmatch(rf"\d+|none|{CONTACT}(-\d+)?", one) for one in carried.values())


def test_an_unknown_locale_is_apologised_for_once(call: VoiceStage) -> None:
    """The first locale's language is spoken instead."""
    said = [call.say(words, locale="ja_JP") for words in ("konnichiwa", "hello")]
    assert said == [f"{TEXTS.other_language} you said: konnichiwa.", "you said: hello."]


def test_a_chat_is_answered_in_plain_text(call: VoiceStage) -> None:
    """Where the caller writes, the answer is read."""
    call.model.script = lambda _: "See **https://example.com/a**"
    answer = call.ask(call.event("hello", mode="Text"))
    message = {"contentType": "PlainText", "content": "See https://example.com/a"}
    assert answer["messages"] == [message]


def test_a_stack_may_say_it_in_its_own_words(call: VoiceStage) -> None:
    """A sentence of the config replaces ours, in the first locale's language."""
    call.overrides = {"spoken_goodbye": "Cheerio.", "apology": "a text's"}
    assert call.say("bye") == "Cheerio."
    assert call.say("tschüss", locale="de_DE") == texts_in("de").goodbye


@pytest.mark.parametrize("overrides", [{"spoken_nonsense": "x"}, {"spoken_goodbye": " "}])
def test_a_sentence_that_is_none_is_refused(overrides: dict[str, str]) -> None:
    """A misspelled or empty sentence is found when the function starts."""
    with pytest.raises(ValueError, match="no such text, or empty: spoken_"):
        Sentences(overrides, "en")


@pytest.mark.parametrize("language", sorted(TRANSLATIONS))
def test_every_sentence_is_in_every_language(language: str) -> None:
    """Nobody hears English in the middle of their own language."""
    english, other = texts_in("en"), texts_in(language)
    same = [name for name in english.__dict__ if getattr(english, name) == getattr(other, name)]
    assert same == []
