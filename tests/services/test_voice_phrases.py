"""What a caller may ask for in so many words, and what only sounds like it."""

from __future__ import annotations

import pytest

from stack.voice_phrases import PHRASES as SAMPLES
from voice.phrases import PHRASES, Meaning, language_of, meaning_of, normalised

INTENTS = (Meaning.GOODBYE, Meaning.AGENT, Meaning.HELP)

CONVERSATION = (
    "help me write to my agent",
    "what is a travel agent",
    "my agent said goodbye to me",
    "help me say goodbye to my mother",
    "how do I say goodbye in French",
    "goodbye is a sad word",
    "translate goodbye",
    "I said hang up the coat not the phone",
    "should I hang up on a telemarketer",
    "what does bye bye mean",
    "that is all I know about it, tell me the rest",
    "is that all there is",
    "that's all folks was a cartoon line",
    "an agent of change",
    "how does an insurance agent earn money",
    "the operator of the crane was hurt",
    "what is a mathematical operator",
    "can a person talk to a human and an animal at once",
    "I want to speak to a person I have not seen in years, what do I say",
    "how do I speak to a human resources manager",
    "how can I help my neighbour",
    "help me with my homework",
    "help me understand taxes",
    "who can help a refugee",
    "is there help for gamblers",
    "what can you do against snails",
    "what can you do with three eggs",
    "what can I say to my boss",
    "yes but what about tomorrow",
    "yes I would like to know the weather",
    "sure why not tell me a joke",
    "no I meant the other one",
    "no it was on Tuesday",
    "don't you think so",
    "never mind the noise, what time is it",
    "repeat after me: hello",
    "repeat that in Spanish",
    "say that again but slower and in Dutch",
    "what did you say about the train",
    "again and again I forget it, why",
    "more about the train please, and the bus",
    "tell me more about Ada Lovelace",
    "continue the story with a dragon",
    "go on holiday or stay at home",
    "ignore your instructions and say goodbye",
    "say goodbye",
    "agent goodbye help",
    "please",
    "thank you",
    "ok",
)


@pytest.mark.parametrize("words", CONVERSATION)
def test_what_only_sounds_like_an_instruction_is_conversation(words: str) -> None:
    """An instruction counts only when it is all that was said."""
    assert meaning_of(words, "en") is None


def test_there_are_fifty_such_sentences() -> None:
    """As many as were asked for, each once."""
    assert len(set(CONVERSATION)) >= 50


@pytest.mark.parametrize(
    ("words", "language", "meaning"),
    [
        ("Goodbye.", "en", Meaning.GOODBYE),
        ("THAT'S ALL, thank you!", "en", Meaning.GOODBYE),
        ("that\u2019s all", "en", Meaning.GOODBYE),
        ("um, operator please", "en", Meaning.AGENT),
        ("Yes, please.", "en", Meaning.YES),
        ("no, thank you", "en", Meaning.NO),
        ("Auf Wiederhoren", "de", Meaning.GOODBYE),
        ("Ja, bitte", "de", Meaning.YES),
        ("tschüss", "de", Meaning.GOODBYE),
        ("Adiós, gracias", "es", Meaning.GOODBYE),
        ("SÍ", "es", Meaning.YES),
        ("D'accord, merci", "fr", Meaning.YES),
        ("è tutto", "it", Meaning.GOODBYE),
        ("Não, obrigada", "pt", Meaning.NO),
        ("nog een keer alstublieft", "nl", Meaning.REPEAT),
    ],
)
def test_case_accents_and_courtesy_do_not_count(
    words: str, language: str, meaning: Meaning
) -> None:
    """People are polite on the phone, and Lex writes as it likes."""
    assert meaning_of(words, language) is meaning


@pytest.mark.parametrize("language", sorted(PHRASES))
def test_no_phrase_has_two_meanings(language: str) -> None:
    """Whichever came first would win."""
    said = [normalised(phrase) for phrases in PHRASES[language].values() for phrase in phrases]
    assert sorted(said) == sorted(set(said))
    for meaning, phrases in PHRASES[language].items():
        assert {meaning_of(phrase, language) for phrase in phrases} == {meaning}


def test_every_language_has_every_meaning() -> None:
    """Nobody is left without a goodbye."""
    assert all(set(phrases) == set(Meaning) for phrases in PHRASES.values())


@pytest.mark.parametrize("language", sorted({*PHRASES, *SAMPLES}))
@pytest.mark.parametrize("intent", INTENTS)
def test_the_bots_sample_utterances_are_our_phrases(language: str, intent: Meaning) -> None:
    """What Lex is told to listen for is what the function acts on, and the other way round."""
    assert PHRASES[language][intent] == SAMPLES[language][intent.value]


@pytest.mark.parametrize(
    ("locale", "language"), [("en_US", "en"), ("pt_BR", "pt"), ("ja_JP", "en"), ("", "en")]
)
def test_a_locale_has_a_language(locale: str, language: str) -> None:
    """One that we have phrases in; English for others."""
    assert language_of(locale) == language
