"""The flow of a call: what follows what, for each kind of arguments."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from components.contact_flow import (
    WORDS,
    CallFlowArgs,
    SpokenLocale,
    call_flow,
    problems,
    words_of,
)
from components.contact_flow.call import CARRIED
from stack.voice_settings import VOICES
from tests.components.call_flows import (
    ALIAS,
    ENGLISH,
    GERMAN,
    NOTICE,
    SPANISH,
    actions,
    after,
    arguments,
    every_kind,
    everything,
)
from voice.call_session import CallSession

pytestmark = pytest.mark.registers_nothing


@pytest.mark.parametrize("args", every_kind())
def test_every_kind_of_call_is_sound(args: CallFlowArgs) -> None:
    """Whatever is switched on or off, nothing is wrong with the flow, parsed again from text."""
    flow = call_flow(args)

    assert json.loads(flow.content()) == flow.document()
    assert problems(json.loads(flow.content())) == []


def test_the_shortest_call() -> None:
    """With nothing switched on, a caller is greeted and talks at once."""
    made = actions(arguments())

    assert set(made) == {
        "logging",
        "voice",
        "locale",
        "talk",
        "talk-again",
        "next",
        "trouble-times",
        "trouble",
        "trouble-end",
        "hang-up",
    }
    assert after(made["logging"])["next"] == "voice"
    assert after(made["voice"]) == {"next": "locale", "NoMatchingError": "locale"}
    assert after(made["locale"]) == {"next": "talk", "NoMatchingError": "talk"}
    assert made["talk"]["Parameters"]["Text"] == WORDS["en"].greeting
    assert made["talk"]["Parameters"]["LexV2Bot"] == {"AliasArn": ALIAS}
    assert made["locale"]["Parameters"] == {"LanguageCode": "en-US"}
    assert made["voice"]["Parameters"]["TextToSpeechEngine"] == "Neural"


def test_the_function_says_what_follows_the_conversation() -> None:
    """Goodbye hangs up at once, and a wish for a person leads to the hours."""
    made = actions(everything())

    assert made["next"]["Parameters"] == {"ComparisonValue": "$.Lex.SessionAttributes.next"}
    assert after(made["talk"])["next"] == after(made["talk-again"])["next"] == "next"
    assert after(made["next"]) == {
        "next": "trouble-times",
        "NoMatchingCondition": "trouble-times",
        "goodbye": "hang-up",
        "agent": "hours",
    }
    assert "agent" not in after(actions(arguments())["next"])


@pytest.mark.parametrize("block", ["talk", "talk-again"])
@pytest.mark.parametrize("error", ["NoMatchingError", "InputTimeLimitExceeded"])
def test_a_conversation_that_breaks_off_is_tried_once_more(block: str, error: str) -> None:
    """An apology and a second try; after that, an apology and the end."""
    made = actions(arguments())

    assert after(made[block])[error] == "trouble-times"
    assert made["trouble-times"]["Parameters"] == {"LoopCount": "1"}
    assert after(made["trouble-times"])["ContinueLooping"] == "trouble"
    assert after(made["trouble"])["next"] == "talk-again"
    assert after(made["trouble-times"])["DoneLooping"] == "trouble-end"
    assert after(made["trouble-end"])["next"] == "hang-up"


def test_who_comes_back_is_not_greeted_anew() -> None:
    """The second conversation opens with a short question, and is told how far the first came."""
    made = actions(arguments())
    first, again = (made[slug]["Parameters"] for slug in ("talk", "talk-again"))
    told = again["LexSessionAttributes"]

    assert again["Text"] == WORDS["en"].go_on != first["Text"]
    carried = told.keys() - first["LexSessionAttributes"].keys()
    assert {name: told.pop(name) for name in carried} == {
        name: f"$.Lex.SessionAttributes.{name}" for name in CARRIED
    }
    assert told == first["LexSessionAttributes"]
    assert first["LexV2Bot"] == again["LexV2Bot"]


def test_what_is_carried_is_what_the_function_keeps() -> None:
    """Whatever it writes down, less what begins anew with a new conversation."""
    session = CallSession(
        contact="c" * 8,
        number="",
        turn=2,
        silences=1,
        unclear=1,
        more=1,
        failures=1,
        offer="t",
        started_at=1,
        locale_told=True,
    )

    assert set(CARRIED) == session.attributes().keys() - {
        "next",
        "silences",
        "unclear",
        "failures",
    }


def test_handing_over_to_a_person() -> None:
    """Within hours to the queue; outside, full or broken: polite words, and back to the bot."""
    made = actions(everything(queue="arn:queue", hours="arn:hours"))

    assert made["hours"]["Parameters"] == {"HoursOfOperationId": "arn:hours"}
    assert after(made["hours"]) == {
        "next": "closed",
        "True": "queue",
        "False": "closed",
        "NoMatchingError": "no-human",
    }
    assert made["queue"]["Parameters"] == {"QueueId": "arn:queue"}
    assert after(made["queue"]) == {"next": "hand-over", "NoMatchingError": "no-human"}
    assert made["hand-over"]["Parameters"] == {}
    assert after(made["hand-over"]) == {
        "next": "no-human",
        "QueueAtCapacity": "busy",
        "NoMatchingError": "no-human",
    }
    for slug in ("closed", "busy", "no-human"):
        assert made[slug]["Type"] == "MessageParticipant"
        assert after(made[slug])["next"] == "talk-again"


def test_the_recording_notice_comes_first() -> None:
    """It is spoken in the caller's voice, before the offer of a code and before the greeting."""
    made = actions(everything())

    assert made["notice"]["Parameters"] == {"Text": NOTICE}
    assert after(made["locale"])["next"] == "notice"
    assert after(made["notice"])["next"] == "code-offer"
    assert after(actions(arguments(recording_notice=NOTICE))["notice"])["next"] == "talk"


def test_languages_are_chosen_by_key() -> None:
    """Each is offered in its own voice, any key counts at any time, and silence takes the first."""
    made = actions(arguments(locales=[ENGLISH, SPANISH, GERMAN]))
    keys = {"1": "voice-en-US", "2": "voice-es-US", "3": "voice-de-DE"}

    assert after(made["logging"])["next"] == "language-voice-en-US"
    for code, voice, then in (
        ("en-US", "Joanna", "language-voice-es-US"),
        ("es-US", "Lupe", "language-voice-de-DE"),
        ("de-DE", "Vicki", "language-rounds"),
    ):
        assert made[f"language-voice-{code}"]["Parameters"]["TextToSpeechVoice"] == voice
        assert after(made[f"language-voice-{code}"])["next"] == f"language-{code}"
        assert after(made[f"language-{code}"]) == {
            **keys,
            "next": then,
            "InputTimeLimitExceeded": then,
            "NoMatchingCondition": then,
            "NoMatchingError": "voice-en-US",
        }
    assert made["language-es-US"]["Parameters"]["Text"] == "Para español, pulsa 2."
    assert made["language-rounds"]["Parameters"] == {"LoopCount": "1"}
    assert after(made["language-rounds"])["ContinueLooping"] == "language-voice-en-US"
    assert after(made["language-rounds"])["DoneLooping"] == "voice-en-US"


@pytest.mark.parametrize("chosen", [ENGLISH, SPANISH, GERMAN], ids=lambda one: one.locale_id)
def test_a_language_speaks_for_itself(chosen: SpokenLocale) -> None:
    """Who chose a language hears no other: its sentences are set before any is said."""
    made = actions(everything(locales=[ENGLISH, SPANISH, GERMAN]))
    code, language = chosen.language_code, chosen.locale_id[:2]

    assert after(made[f"voice-{code}"])["next"] == f"locale-{code}"
    assert after(made[f"locale-{code}"])["next"] == f"words-{code}"
    assert after(made[f"words-{code}"]) == {"next": "notice", "NoMatchingError": "speechless"}
    said = made[f"words-{code}"]["Parameters"]["Attributes"]
    assert said.pop("notice") == NOTICE
    assert said == {
        name: text for name, text in vars(WORDS[language]).items() if name != "choose_language"
    }
    assert made["talk"]["Parameters"]["Text"] == "$.Attributes.greeting"
    assert made["code-enter"]["Parameters"]["Text"] == "$.Attributes.code_enter"
    # Where they cannot be set, somebody says so in words that need not be set.
    assert made["speechless"]["Parameters"]["Text"] == WORDS["en"].trouble_end
    assert after(made["speechless"])["next"] == "hang-up"


def test_only_what_is_said_is_kept_with_the_contact() -> None:
    """Attributes stay in the contact's record: no sentence of a code where nobody proves one."""
    made = actions(arguments(locales=[ENGLISH, GERMAN]))

    assert made["words-de-DE"]["Parameters"]["Attributes"].keys() == {
        "greeting",
        "go_on",
        "trouble",
        "trouble_end",
    }


def test_a_notice_of_one_language_is_heard_in_that_language_alone() -> None:
    """The others go on without, and are not told in a language they did not choose."""
    german = replace(GERMAN, recording_notice="Wir zeichnen auf.")
    made = actions(arguments(locales=[ENGLISH, german]))

    assert after(made["words-de-DE"])["next"] == "notice"
    assert after(made["words-en-US"])["next"] == "talk"
    assert "notice" not in made["words-en-US"]["Parameters"]["Attributes"]


def test_the_bot_is_told_who_calls_and_how_to_listen() -> None:
    """Seconds of the settings become the milliseconds that Lex reads."""
    made = actions(arguments(silence_seconds=5, maximum_speech_seconds=14))

    assert made["talk"]["Parameters"]["LexSessionAttributes"] == {
        "callerNumber": "$.CustomerEndpoint.Address",
        "calledNumber": "$.SystemEndpoint.Address",
        "contactId": "$.ContactId",
        "next": "none",
        "x-amz-lex:allow-interrupt:*:*": "true",
        "x-amz-lex:audio:start-timeout-ms:*:*": "5000",
        "x-amz-lex:audio:end-timeout-ms:*:*": "600",
        "x-amz-lex:audio:max-length-ms:*:*": "14000",
        "x-amz-lex:dtmf:max-length:*:*": "1",
        "x-amz-lex:dtmf:end-timeout-ms:*:*": "1000",
        "x-amz-lex:dtmf:end-character:*:*": "#",
        "x-amz-lex:dtmf:deletion-character:*:*": "*",
    }


def test_words_can_be_changed() -> None:
    """A locale has its own greeting, notice and sentences; the rest stays as it is."""
    locale = SpokenLocale(
        locale_id="es_US",
        voice="Lupe",
        greeting="¡Hola!",
        recording_notice="Grabamos.",
        words={"trouble": "¡Uy!"},
    )
    made = actions(everything(locales=[locale]))

    assert made["talk"]["Parameters"]["Text"] == "¡Hola!"
    assert made["notice"]["Parameters"]["Text"] == "Grabamos."
    assert made["trouble"]["Parameters"]["Text"] == "¡Uy!"
    assert made["trouble-end"]["Parameters"]["Text"] == WORDS["es"].trouble_end


@pytest.mark.parametrize("language", sorted(WORDS))
def test_every_language_says_everything(language: str) -> None:
    """No sentence is missing, and each language offers its key."""
    words = words_of(f"{language}_XX")

    assert all(vars(words).values())
    assert "{key}" in words.choose_language
    assert {one.partition("_")[0] for one in VOICES} == set(WORDS)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"locales": []}, "1 to 9 locales"),
        ({"locales": [ENGLISH, ENGLISH]}, "named twice"),
        ({"locales": [SpokenLocale(locale_id="ja_JP", voice="Takumi")]}, "no words"),
        (
            {"locales": [SpokenLocale(locale_id="en_US", voice="Joanna", words={"hi": "Hi."})]},
            "no such sentences: ['hi']",
        ),
        (
            {
                "locales": [
                    SpokenLocale(
                        locale_id="en_US",
                        voice="Joanna",
                        words={"choose_language": "English, please."},
                    )
                ]
            },
            "choose_language says which key to press, as {key}",
        ),
        (
            {"locales": [SpokenLocale(locale_id="en_US", voice="Joanna", engine="long-form")]},
            "engine is one of",
        ),
        (
            {"locales": [SpokenLocale(locale_id="en_US", voice="$.Attributes.voice")]},
            "fixed before the call",
        ),
        ({"queue": "of-people"}, "both a queue and hours"),
        ({"alias_arn": "the alias"}, "AliasArn"),
        ({"maximum_speech_seconds": 16}, "max-length-ms:*:* is a text of 1 to 15000"),
        ({"recording_notice": "x" * 3001}, "at most 3000"),
        (
            {"recording_notice": "x" * 3001, "locales": [ENGLISH, GERMAN]},
            "words-de-DE: sets notice to 3001 characters, spoken at most 3000",
        ),
    ],
)
def test_arguments_that_make_no_sound_flow_are_refused(
    changed: dict[str, object], said: str
) -> None:
    """The reason says what to change."""
    with pytest.raises(ValueError, match=re.escape(said)):
        call_flow(arguments(**changed))


@pytest.mark.parametrize("locale", VOICES)
def test_every_locale_that_may_be_configured_can_call(locale: str) -> None:
    """Alone and beside another language, with all that can be switched on."""
    spoken = SpokenLocale(locale_id=locale, voice=VOICES[locale][0])
    other = SPANISH if locale == "en_US" else ENGLISH

    assert call_flow(everything(locales=[spoken])).start == "logging"
    assert call_flow(everything(locales=[other, spoken])).start == "logging"


def test_a_key_for_every_language() -> None:
    """Nine languages, as many as there are keys, leave most of Connect's 250 actions free."""
    ids = ("en_US", "en_GB", "es_US", "es_ES", "fr_FR", "de_DE", "it_IT", "nl_NL", "pt_BR")
    nine = [SpokenLocale(locale_id=one, voice="Joanna") for one in ids]
    flow = call_flow(everything(locales=nine))

    assert len(flow.blocks) < 100
    with pytest.raises(ValueError, match="1 to 9 locales, a key for each"):
        call_flow(everything(locales=[*nine, SpokenLocale(locale_id="pt_PT", voice="Ines")]))


def test_the_same_flow_is_the_same_text() -> None:
    """So that a deployment without a change changes nothing."""
    assert call_flow(everything()).content() == call_flow(everything()).content()
    assert call_flow(everything()).content() != call_flow(arguments()).content()
