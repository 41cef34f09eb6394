"""Settings of calls: what may not go together, and why an account would suffer from it."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest
import yaml

from settings import StackSettings
from stack import environments
from stack.voice_settings import VOICES
from tests.components.test_settings import NUMBER, load, mistakes

pytestmark = pytest.mark.registers_nothing

ID = "01234567-89ab-cdef-0123-456789abcdef"
ADOPTED = {"enabled": True, "instanceId": ID, "phoneNumberId": ID}

MADE = {"createInstance": True, "instanceAlias": "mine", "claimNumberCountry": "US"}


def calls(**overrides: Any) -> dict[str, Any]:
    """A stack that can be called, with what a test is about."""
    return {**NUMBER, "voice": {**ADOPTED, **overrides}}


def test_calls_are_off_by_default() -> None:
    """A stack that says nothing of calls has none."""
    assert load(**NUMBER).voice.enabled is False


def test_two_ids_are_all_it_takes() -> None:
    """An instance and a number that are there are adopted by their ids."""
    voice = load(**calls()).voice

    assert [one.polly_voice for one in voice.locales] == ["Joanna"]
    assert (voice.answer_seconds, voice.function_timeout_seconds) == (12, 18)
    assert voice.proves_callers is False


def test_the_function_fits_into_the_hook() -> None:
    """The longest answer still leaves the function within the 30 s that Lex waits."""
    assert load(**calls(answerSeconds=23)).voice.function_timeout_seconds == 29
    assert (
        "less than or equal to 23" in mistakes(**calls(answerSeconds=23.5))["voice.answerSeconds"]
    )


@pytest.mark.parametrize(
    ("voice", "path", "says"),
    [
        ({"enabled": True, "phoneNumberId": ID}, "voice.instanceId", "blocks the account for 30"),
        ({"enabled": True, "instanceId": ID}, "voice.phoneNumberId", "up to 180 days"),
        (
            {**ADOPTED, "createInstance": True, "instanceAlias": "mine"},
            "voice.createInstance",
            "made and deleted in 30 days, and then blocks the account for 30 days",
        ),
        (
            {**ADOPTED, "claimNumberCountry": "US"},
            "voice.claimNumberCountry",
            "a released number rests for up to 180 days",
        ),
        ({"createInstance": True}, "voice.instanceAlias", "needs its name"),
        ({**ADOPTED, "instanceAlias": "mine"}, "voice.instanceAlias", "would be let go"),
        (
            {"createInstance": True, "instanceAlias": "d-mine"},
            "voice.instanceAlias",
            "begin with d-",
        ),
        ({"claimNumberCountry": "US"}, "voice.claimNumberCountry", "belongs to an instance"),
        ({**ADOPTED, "instanceId": "mine"}, "voice.instanceId", "not of the right form"),
        (
            {**ADOPTED, "phoneNumberId": "+13035550100"},
            "voice.phoneNumberId",
            "not of the right form",
        ),
        ({**ADOPTED, "answerSeconds": 4}, "voice.answerSeconds", "greater than or equal to 5"),
        ({**ADOPTED, "maxSpeechSeconds": 16}, "voice.maxSpeechSeconds", "less than or equal to 15"),
        ({**ADOPTED, "filler": "music"}, "voice.filler", "not of the right form"),
        ({**ADOPTED, "memory": "all"}, "voice.memory", "not of the right form"),
        ({**ADOPTED, "timeZone": "Mars/Base"}, "voice.timeZone", "is no time zone"),
        ({**ADOPTED, "locales": []}, "voice.locales", "at least 1 item"),
        ({**ADOPTED, "locales": [{"id": "tlh_QO"}]}, "voice.locales", "must be one of de_AT"),
        ({**ADOPTED, "locales": [{"id": "en_US"}] * 2}, "voice.locales", "named twice"),
        (
            {**ADOPTED, "locales": [{"id": "fr_FR", "voice": "Joanna"}]},
            "voice.locales",
            "Joanna speaks en_US, not fr_FR",
        ),
        ({**ADOPTED, "locales": [{"lang": "en_US"}]}, "voice.locales", "no setting lang"),
        (
            {**ADOPTED, "locales": [{"id": "en_US", "texts": {"troubel": "Oh."}}]},
            "voice.locales",
            "en_US has no texts troubel; there are choose_language, go_on, trouble,",
        ),
        (
            {**ADOPTED, "locales": [{"id": "en_US", "texts": {"greeting": "Hi."}}]},
            "voice.locales",
            "no texts greeting",
        ),
        (
            {**ADOPTED, "locales": [{"id": "en_US", "texts": {"choose_language": "Press 1."}}]},
            "voice.locales",
            "says which key to press, as {key}",
        ),
        (
            {**ADOPTED, "locales": [{"id": "en_US", "texts": {"trouble": " "}}]},
            "voice.locales",
            "at least 1 character",
        ),
        (
            {**ADOPTED, "locales": [{"id": "en_US", "greeting": " "}]},
            "voice.locales",
            "at least 1 character",
        ),
        (
            {**ADOPTED, "locales": [{"id": "en_US", "recordingNotice": "x" * 501}]},
            "voice.locales",
            "at most 500 characters",
        ),
        ({**ADOPTED, "agents": {"opens": "18:00"}}, "voice.agents", "not before it closes"),
        ({**ADOPTED, "agents": {"opens": "9"}}, "voice.agents.opens", "not of the right form"),
        ({**ADOPTED, "agents": {"days": ["funday"]}}, "voice.agents.days", "no 'funday'"),
        ({**ADOPTED, "agents": {"enabeld": True}}, "voice.agents.enabeld", "did you mean enabled?"),
    ],
)
def test_contradictions(voice: dict[str, Any], path: str, says: str) -> None:
    """What does not go together is named where it can be mended, with the reason."""
    assert says in mistakes(**NUMBER, voice=voice)[path]


@pytest.mark.parametrize("region", ["eu-west-1", "eu-north-1", "sa-east-1"])
def test_a_region_without_connect_is_refused(region: str) -> None:
    """Ireland has Lex but no Connect: said before anything is declared."""
    values = {f"dialtone:{key}": json.dumps(one) for key, one in calls().items()}
    values["dialtone:models"] = json.dumps(["bedrock:amazon.nova-lite-v1:0"])
    pulumi.runtime.set_all_config({**values, "aws:region": region})

    with pytest.raises(Exception, match=f"no Amazon Connect with Lex in {region}"):
        StackSettings.load()

    pulumi.runtime.set_all_config({**values, "aws:region": "eu-west-2"})
    assert StackSettings.load().voice.enabled


@pytest.mark.parametrize("voice", [ADOPTED, MADE], ids=["on", "kept"])
def test_a_region_that_nobody_names_is_asked_for(
    voice: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other provider takes none from a profile; its own error would name no setting."""
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    told = mistakes(region="", **NUMBER, voice=voice)["voice.enabled"]

    assert "pulumi config set aws:region us-east-1" in told
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert load(region="", **NUMBER, voice=voice).voice.is_declared
    monkeypatch.delenv("AWS_REGION")
    assert not load(region="", **NUMBER).voice.is_declared


def test_a_region_matters_only_to_calls() -> None:
    """A stack that only texts may be anywhere."""
    values = {**NUMBER, "models": ["bedrock:eu.amazon.nova-lite-v1:0"]}
    as_text = {f"dialtone:{key}": json.dumps(one) for key, one in values.items()}
    pulumi.runtime.set_all_config({**as_text, "aws:region": "eu-west-1"})

    assert not StackSettings.load().voice.enabled


def test_texts_after_a_call_need_texting() -> None:
    """Codes and offers go by text; a stack that only takes calls has neither."""
    off = {"enabled": False}
    found = mistakes(sms=off, voice={**ADOPTED, "memory": "person"})

    assert "proves the number by text" in found["voice.memory"]
    assert "needs sms.enabled" in found["voice.offersPerDay"]
    assert load(sms=off, voice={**ADOPTED, "offersPerDay": 0}).voice.enabled


@pytest.mark.parametrize(
    "locales",
    [
        [{"id": "fr_FR", "voice": "Joanna"}],
        [{"id": "fr_FR", "texts": {"busy": "Oh.", "bsuy": "Oh."}}, {"id": "en_US"}],
        [{"id": "fr_FR", "texts": {"choose_language": "Touche 1."}}],
    ],
)
def test_each_mistake_comes_with_what_mends_it(locales: list[dict[str, Any]]) -> None:
    """The YAML below a mistake, laid over what was given, mends it."""
    given = calls(locales=locales, answerSeconds=1)
    for text in mistakes(**given).values():
        fix = yaml.safe_load(text.split("\n", 1)[1])["config"]["dialtone:voice"]
        given["voice"] |= fix
    load(**given)


@pytest.mark.parametrize("locale", VOICES)
def test_every_locale_has_a_voice_of_its_own(locale: str) -> None:
    """A locale that names no voice is spoken by one of its own place."""
    voice = load(**calls(locales=[{"id": locale}])).voice

    assert voice.locales[0].polly_voice in VOICES[locale]


def test_a_blank_notice_is_none() -> None:
    """Nothing that could be said is no reason to say nothing aloud."""
    locales = [{"id": "en_US", "recordingNotice": " "}]
    voice = load(**calls(recordingNotice=" ", locales=locales)).voice

    assert (voice.recording_notice, voice.locales[0].recording_notice) == ("", "")


def test_what_was_made_is_kept_while_calls_are_off() -> None:
    """Calls can be turned off with everything that made an instance and a number left as it was."""
    assert load(**NUMBER, voice=MADE).voice.create_instance


def test_functions_are_told_how_calls_go() -> None:
    """Numbers of a call reach the functions as one object, unit for unit."""
    told = json.loads(environments.voice(load(**calls(locales=[{"id": "en_GB"}, {"id": "de_DE"}]))))

    assert told == {
        "memory": "call",
        "answer_seconds": 12,
        "function_timeout_seconds": 18,
        "agents": False,
        "locales": ["en_GB", "de_DE"],
        "maximum_turns": 60,
        "minimum_confidence": 0.4,
        "keep_after_seconds": 300,
        "offers_per_day": 3,
        "time_zone": "UTC",
    }
