"""The channel: bot, line and flow, in the right order and each with what it needs."""

from __future__ import annotations

import json
from typing import Any

import pulumi_aws as aws
import pytest

from components import VoiceChannel, VoiceChannelArgs, VoiceEngine, VoiceLocaleArgs
from components.contact_flow import problems
from tests.components.building import HOOK, HOURS, PROVING, intents, voice
from tests.components.conftest import Deploy
from tests.components.recording_cloud import RecordingCloud

ALIAS = "arn:aws:lex:us-east-1:123456789012:bot-alias/BOT1234567/ALIAS12345"


def flow(cloud: RecordingCloud) -> dict[str, Any]:
    """The flow that answers."""
    document: dict[str, Any] = json.loads(cloud.one(aws.connect.ContactFlow).inputs["content"])
    return document


def test_the_flow_talks_to_the_bot(deploy: Deploy, cloud: RecordingCloud) -> None:
    """Every mark is filled in, the flow is sound, and its bot is the channel's alias."""
    deploy(lambda: voice(proving_arn=PROVING, hours=HOURS))

    document = flow(cloud)
    assert problems(document) == []
    talks = [one for one in document["Actions"] if one["Type"] == "ConnectParticipantWithLexBot"]
    assert {one["Parameters"]["LexV2Bot"]["AliasArn"] for one in talks} == {ALIAS}
    text = json.dumps(document)
    assert ":::" not in text
    assert PROVING in text


def test_nobody_is_put_through_before_the_bot_may_ask(
    deploy: Deploy, cloud: RecordingCloud
) -> None:
    """The line waits for the permission, so that no caller meets a bot that cannot answer."""
    deploy(voice)

    permission = cloud.one(aws.lambda_.Permission)
    flow_made = cloud.one(aws.connect.ContactFlow)
    association = cloud.one("aws-native:connect:IntegrationAssociation")
    assert permission.urn in association.depends_on
    assert permission.urn in flow_made.depends_on


def test_languages_are_the_bots_and_the_flows(deploy: Deploy, cloud: RecordingCloud) -> None:
    """A key for each language, its own voice, and the locale that the bot has."""
    french = VoiceLocaleArgs(
        locale_id="fr_FR",
        voice="Lea",
        engine=VoiceEngine.STANDARD,
        intents=intents(),
        fillers=["Un instant."],
        greeting="Bonjour.",
    )
    english = VoiceLocaleArgs(
        locale_id="en_US", voice="Joanna", intents=intents(), fillers=["One moment."]
    )
    deploy(lambda: voice(locales=[english, french]))

    locales = cloud.one("aws-native:lex:Bot").inputs["botLocales"]
    assert [one["localeId"] for one in locales] == ["en_US", "fr_FR"]
    assert locales[1]["voiceSettings"] == {"voiceId": "Lea", "engine": "standard"}
    actions = flow(cloud)["Actions"]
    codes = {
        one["Parameters"]["LanguageCode"] for one in actions if one["Type"] == "UpdateContactData"
    }
    assert codes == {"en-US", "fr-FR"}
    assert "Bonjour." in json.dumps(actions)


def test_each_language_has_its_own_words(deploy: Deploy, cloud: RecordingCloud) -> None:
    """A notice in its language, the channel's where it has none, and sentences said otherwise."""
    english, french, german = (
        VoiceLocaleArgs(locale_id=one, voice="Lea", intents=intents(), fillers=["One moment."])
        for one in ("en_US", "fr_FR", "de_DE")
    )
    french["recording_notice"], french["words"] = "Cet appel est enregistré.", {"trouble": "Oh."}
    german["recording_notice"] = ""
    locales = [english, french, german]
    deploy(lambda: voice(locales=locales, recording_notice="This call is recorded."))

    attributes = {
        one["Identifier"]: one["Parameters"]["Attributes"]
        for one in flow(cloud)["Actions"]
        if one["Type"] == "UpdateContactAttributes"
    }
    assert attributes["words-en-US"]["notice"] == "This call is recorded."
    assert attributes["words-fr-FR"]["notice"] == "Cet appel est enregistré."
    assert "notice" not in attributes["words-de-DE"]
    assert attributes["words-fr-FR"]["trouble"] == "Oh."
    assert attributes["words-en-US"]["trouble"] != "Oh."


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"recording_notice": "You are recorded."}, "You are recorded."),
        ({"silence_seconds": 7}, '"7000"'),
        ({"max_speech_seconds": 9}, '"9000"'),
    ],
)
def test_wishes_reach_the_flow(
    deploy: Deploy, cloud: RecordingCloud, overrides: dict[str, Any], words: str
) -> None:
    """What is asked for is in the flow, and was not there by default."""
    deploy(lambda: voice("asked", **overrides))
    asked = json.dumps(flow(cloud))
    cloud.resources.clear()
    deploy(voice)

    assert words in asked
    assert words not in json.dumps(flow(cloud))


def test_a_version_and_a_time_reach_the_bot(deploy: Deploy, cloud: RecordingCloud) -> None:
    """A pinned version is what the channel says it serves."""
    deploy(lambda: voice(version=4, hook_timeout_seconds=20, hook_arn=f"{HOOK}:live"))

    made = next(one for one in cloud.components() if one.type == "dialtone:index:VoiceChannel")
    assert cloud.component_outputs[made.urn]["botVersion"] == "4"
    assert cloud.one(aws.lambda_.Permission).inputs["qualifier"] == "live"


def test_a_silent_channel_keeps_what_was_made(deploy: Deploy, cloud: RecordingCloud) -> None:
    """Not answering, it is an instance and a number, and nothing that costs or answers."""
    args = VoiceChannelArgs(
        answering=False, locales=[], instance_alias="mine", claim_number_country="US"
    )
    deploy(lambda: VoiceChannel("voice", args))

    assert {one.type for one in cloud.resources if one.custom} == {
        "aws:connect/instance:Instance",
        "aws:connect/phoneNumber:PhoneNumber",
    }
    made = next(one for one in cloud.components() if one.type == "dialtone:index:VoiceChannel")
    outputs = cloud.component_outputs[made.urn]
    assert (outputs["flow"], outputs["botId"], outputs["aliasArn"]) == ("", "", "")
    assert outputs["phoneNumber"] == "+13035550181"


@pytest.mark.registers_nothing
@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ({"claim_number_country": "US"}, "rests for up to 180 days"),
        ({"instance_alias": "mine"}, "blocks the account for 30 days"),
        ({"locales": []}, "1 to 9 locales"),
        ({"max_speech_seconds": 16}, "sound|15"),
    ],
)
def test_contradictions_are_refused(overrides: dict[str, Any], says: str) -> None:
    """Bot, line and flow each refuse what they cannot be."""
    with pytest.raises(ValueError, match=says):
        voice(**overrides)
