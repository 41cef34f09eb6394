"""The program with calls: what is declared when they are on, off, and on again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pulumi_aws as aws
import pytest

from components.contact_flow import problems
from conversation.settings import Environment
from messaging.settings import ResponderSettings
from stack.voice import flow_digest
from stack.voice_phrases import FILLERS, PHRASES
from stack.voice_settings import VOICES
from stack.watches import METRICS_NAMESPACE
from tests.components.policies import allows, statements_of
from tests.components.programs import ROOT, compose
from tests.components.recorded_calls import INSTANCE, INSTANCE_ID, NUMBER, NUMBER_ID
from tests.components.recording_cloud import RecordingCloud
from tests.components.test_program import ELSEWHERE, Seen, environment
from voice.phrases import PHRASES as UNDERSTOOD
from voice.settings import FulfilmentSettings, ProvingSettings

ON = {"enabled": True, "instanceId": INSTANCE_ID, "phoneNumberId": NUMBER_ID}
MADE = {"createInstance": True, "instanceAlias": "mine", "claimNumberCountry": "US"}
EVERYTHING = {
    **ON,
    "memory": "person",
    "agents": {"enabled": True, "days": ["monday"], "opens": "08:15", "closes": "16:45"},
    "timeZone": "America/New_York",
    "locales": [
        {"id": "en_US", "greeting": "Welcome.", "texts": {"trouble": "Oh dear."}},
        {"id": "fr_FR", "engine": "standard", "recordingNotice": "Cet appel est enregistré."},
    ],
    "recordingNotice": "This call is recorded.",
}
PREFIX = "arn:aws:{}:us-east-1:123456789012:"
TABLES = {
    name: f"{PREFIX.format('dynamodb')}table/dialtone-prod-{name}"
    for name in ("people", "conversations", "keys")
}
QUEUE = f"{PREFIX.format('sqs')}dialtone-prod-wakeups.fifo"
SECRET = f"{PREFIX.format('secretsmanager')}secret:dialtone-prod-carrier-AbCdEf"
READERS: dict[str, Callable[[Environment], object]] = {
    "fulfilment": FulfilmentSettings.load,
    "proving": ProvingSettings.load,
    "responder": ResponderSettings.load,
}
FLOW = "aws:connect/contactFlow:ContactFlow"
EVERY = ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem", "Query")
ALLOWED: dict[str, dict[str, set[str]]] = {
    "fulfilment": {
        "people": {"GetItem", "PutItem", "UpdateItem", "ConditionCheckItem", "Query"},
        "conversations": set(EVERY),
        "keys": {"GetItem", "PutItem", "ConditionCheckItem"},
    },
    "proving": {
        "people": {"GetItem", "PutItem", "UpdateItem", "ConditionCheckItem", "Query"},
    },
}


def of_calls(cloud: RecordingCloud) -> set[str]:
    """Everything that is of Lex, of Connect or for them."""
    return {
        one.type
        for one in cloud.resources
        if any(name in one.type for name in ("lex", "connect", "native", "LexBot", "Connect"))
        or one.name.startswith(("voice", "fulfilment", "proving"))
    }


def flow(cloud: RecordingCloud) -> dict[str, Any]:
    """The flow that answers."""
    content = cloud.one(aws.connect.ContactFlow).inputs["content"]
    document: dict[str, Any] = json.loads(content)
    return document


def test_without_calls_nothing_of_them_is_declared(cloud: RecordingCloud) -> None:
    """A stack that only texts has no bot, no line, no function for them, and no output."""
    outputs = compose(cloud)

    assert not of_calls(cloud)
    assert "voice" not in outputs


def test_calls_are_two_ids_away(cloud: RecordingCloud) -> None:
    """An adopted instance and number: a bot, a flow, and a function, and where they are."""
    outputs = compose(cloud, voice=ON)

    assert outputs["voice"] == {
        "instanceArn": INSTANCE,
        "flowId": "flow",
        "flowDigest": flow_digest(json.dumps(flow(cloud))),
        "aliasArn": "arn:aws:lex:us-east-1:123456789012:bot-alias/BOT1234567/ALIAS12345",
        "botId": "BOT1234567",
        "botVersion": "7",
        "number": NUMBER,
        "phoneNumberId": NUMBER_ID,
    }
    assert outputs["functions"]["fulfilment"] == "dialtone-prod-fulfilment"
    assert "proving" not in outputs["functions"]
    assert not cloud.of(aws.connect.Instance)
    assert not cloud.of(aws.connect.PhoneNumber)
    assert not cloud.of(aws.connect.Queue)


@pytest.mark.parametrize("preview", [True], ids=["preview"])
@pytest.mark.parametrize("settings", [ON, EVERYTHING, {"enabled": True, **MADE}])
def test_a_preview_shows_the_same(cloud: RecordingCloud, settings: dict[str, Any]) -> None:
    """Before the first deployment no id is known, and the same resources are declared."""
    compose(cloud, voice=settings)
    planned = sorted((one.type, one.name) for one in cloud.resources)

    deployed = RecordingCloud()
    compose(deployed, voice=settings)

    assert planned == sorted((one.type, one.name) for one in deployed.resources)


def test_what_was_made_for_calls_survives_turning_them_off(cloud: RecordingCloud) -> None:
    """Off, a made instance and a claimed number stay the very same resources, protected."""
    compose(cloud, voice={"enabled": True, **MADE})
    off, again = RecordingCloud(), RecordingCloud()
    compose(off, voice={"enabled": False, **MADE})
    compose(again, voice={"enabled": True, **MADE})

    kept = {one.urn: one for one in off.resources if "aws:connect/" in one.type}
    assert {one.type for one in kept.values()} == {
        "aws:connect/instance:Instance",
        "aws:connect/phoneNumber:PhoneNumber",
    }
    assert all(one.protect and one.retained for one in kept.values())
    before, after = ({one.urn: one.inputs for one in each.resources} for each in (cloud, again))
    assert {urn: before[urn] for urn in kept} == {urn: one.inputs for urn, one in kept.items()}
    assert set(before) == set(after)
    assert not off.of("aws-native:lex:Bot")


def test_settings_reach_the_flow(cloud: RecordingCloud) -> None:
    """Notice, greeting, voices, languages, limits, codes and people: all in a sound flow."""
    compose(cloud, voice={**EVERYTHING, "silenceSeconds": 6, "maxSpeechSeconds": 9})

    document = flow(cloud)
    assert problems(document) == []
    text = json.dumps(document, ensure_ascii=False)
    proving = cloud.one(aws.lambda_.Function, "proving-function").inputs["name"]
    for part in (
        *("This call is recorded.", "Cet appel est enregistré.", "Welcome.", "Oh dear."),
        *("Joanna", "Lea", "fr-FR", '"6000"', '"9000"'),
        *(f"function:{proving}", "operating-hours/hours", "queue/queue"),
        "bot-alias/BOT1234567/ALIAS12345",
    ):
        assert part in text, part
    hours = cloud.one(aws.connect.HoursOfOperation).inputs
    assert hours["timeZone"] == "America/New_York"
    assert hours["configs"] == [
        {
            "day": "MONDAY",
            "startTime": {"hours": 8, "minutes": 15},
            "endTime": {"hours": 16, "minutes": 45},
        }
    ]


def test_without_people_nobody_is_promised(cloud: RecordingCloud) -> None:
    """A bot knows ``Agent`` only where somebody answers."""
    compose(cloud, voice=ON)

    (locale,) = cloud.one("aws-native:lex:Bot").inputs["botLocales"]
    names = {intent["name"] for intent in locale["intents"]}
    assert names == {"FallbackIntent", "Goodbye", "Help"}
    staffed = RecordingCloud()
    compose(staffed, voice={**ON, "agents": {"enabled": True}})
    (locale,) = staffed.one("aws-native:lex:Bot").inputs["botLocales"]
    assert {intent["name"] for intent in locale["intents"]} == names | {"Agent"}


def test_functions_of_calls_are_what_the_image_has(cloud: RecordingCloud) -> None:
    """Handlers, time-outs within what Lex and Connect wait, and the module that is there."""
    compose(cloud, voice={**EVERYTHING, "answerSeconds": 10.5})

    functions = {
        name: cloud.one(aws.lambda_.Function, f"{name}-function").inputs
        for name in ("fulfilment", "proving")
    }
    commands = {name: one["imageConfig"]["commands"] for name, one in functions.items()}
    assert commands == {
        "fulfilment": ["voice.fulfilment.handler"],
        "proving": ["voice.proving.handler"],
    }
    assert (functions["fulfilment"]["timeout"], functions["proving"]["timeout"]) == (17, 7)
    told = json.loads(functions["fulfilment"]["environment"]["variables"]["VOICE"])
    assert (told["answer_seconds"], told["function_timeout_seconds"]) == (10.5, 17)


@pytest.mark.parametrize("name", sorted(READERS))
def test_functions_hear_exactly_what_they_ask_for(cloud: RecordingCloud, name: str) -> None:
    """Settings load from what a function is told, and nothing is told in vain."""
    service = f"MG{'0' * 32}"
    compose(cloud, voice=EVERYTHING, sms={"number": "+13035550100", "messagingServiceSid": service})
    told = Seen(environment(cloud, name))

    READERS[name](Environment(told))

    assert set(told.variables) - told.asked == ELSEWHERE
    assert set(told.variables) >= ELSEWHERE


def test_every_setting_of_a_call_reaches_its_function(cloud: RecordingCloud) -> None:
    """Values that differ from the defaults arrive unchanged, unit for unit."""
    compose(
        cloud,
        people={"countries": ["US"], "alsoServe": ["+8816"], "recycleAfterDays": 7},
        voice={
            **EVERYTHING,
            "answerSeconds": 9.5,
            "maximumTurns": 7,
            "minimumConfidence": 0.55,
            "keepAfterSeconds": 45,
            "offersPerDay": 1,
            "codesPerDay": 17,
        },
        stackAllowance={"segmentsPerDay": 900},
    )

    proving = ProvingSettings.load(Environment(environment(cloud, "proving")))
    assert proving.sms_sender == "+15005550006"
    assert (proving.countries, proving.recycle_after_days) == (("US",), 7)
    assert (proving.codes_per_day, proving.stack_allowance["segments_per_day"]) == (17, 900)
    assert proving.person_allowance["segments_per_day"] == 300
    answering = FulfilmentSettings.load(Environment(environment(cloud, "fulfilment")))
    assert proving.also_serve == answering.also_serve == ("+8816",)
    calls = answering.calls
    assert (answering.sms_sender, answering.countries) == ("+15005550006", ("US",))
    assert (calls.memory, calls.agents, calls.locales) == ("person", True, ("en_US", "fr_FR"))
    assert (calls.answer_seconds, calls.function_timeout_seconds) == (9.5, 16)
    assert (calls.maximum_turns, calls.minimum_confidence) == (7, 0.55)
    assert (calls.keep_after_seconds, calls.offers_per_day) == (45, 1)
    assert calls.time_zone == "America/New_York"


def test_calls_are_watched(cloud: RecordingCloud) -> None:
    """Late answers, apologies and events that nobody knows wake somebody, who finds what to do."""
    compose(cloud)
    texting = {one.name for one in cloud.of(aws.cloudwatch.MetricAlarm)}
    called = RecordingCloud()
    compose(called, voice=ON)

    added = {one.name: one.inputs for one in called.of(aws.cloudwatch.MetricAlarm)}
    ours = {name: one for name, one in added.items() if one["namespace"] == METRICS_NAMESPACE}
    of_calls = {name: one for name, one in ours.items() if name not in texting}
    assert len(of_calls) == 6
    services = "\n".join(one.read_text() for one in (ROOT / "services").rglob("*.py"))
    operations = (ROOT / "docs" / "operations.md").read_text("utf-8")
    for name, alarm in of_calls.items():
        assert alarm["dimensions"] == {"service": "fulfilment"}
        assert f'"{alarm["metricName"]}"' in services
        assert f"`{name.removeprefix('alarms-')}`" in operations, name


def test_the_responder_hears_of_calls(cloud: RecordingCloud) -> None:
    """It offers to keep a call, so often a day, and says when the call was in the right zone."""
    compose(cloud, voice={**ON, "offersPerDay": 2, "timeZone": "Europe/Berlin"})

    settings = ResponderSettings.load(Environment(environment(cloud, "responder")))

    assert (settings.offers_per_day, settings.time_zone) == (2, "Europe/Berlin")


def test_a_stack_that_only_takes_calls_composes(cloud: RecordingCloud) -> None:
    """Without texting there is nobody to text from, and that is what the functions hear."""
    compose(cloud, sms={"enabled": False}, voice={**ON, "offersPerDay": 0})

    assert environment(cloud, "fulfilment")["SMS_SENDER"] == ""


@pytest.mark.parametrize("function", sorted(ALLOWED))
def test_functions_of_calls_may_do_what_they_do(cloud: RecordingCloud, function: str) -> None:
    """Every call they make is allowed, and no other one on any table."""
    compose(cloud, voice=EVERYTHING)

    statements = statements_of(cloud, function)
    for table, arn in TABLES.items():
        granted = {one for one in EVERY if allows(statements, f"dynamodb:{one}", arn)}
        assert granted == ALLOWED[function].get(table, set()), table
    assert not allows(statements, "dynamodb:Query", f"{TABLES['conversations']}/index/pending")
    assert allows(statements, "secretsmanager:GetSecretValue", SECRET)
    assert allows(statements, "sqs:SendMessage", QUEUE) is (function == "fulfilment")
    assert not allows(statements, "sqs:ReceiveMessage", QUEUE)


def test_a_caller_cannot_make_the_proving_function_open_anything(cloud: RecordingCloud) -> None:
    """What faces a stranger before the number is proved has no right to a key or a model."""
    compose(cloud, voice=EVERYTHING)

    actions = {action for one in statements_of(cloud, "proving") for action in one["Action"]}
    assert not [one for one in actions if one.startswith("bedrock:")]
    for one in statements_of(cloud, "proving"):
        if "kms:Decrypt" in one["Action"]:
            assert "kms:ViaService" in json.dumps(one["Condition"])


def test_the_offer_to_keep_needs_a_right_only_where_there_are_calls(
    cloud: RecordingCloud,
) -> None:
    """The responder writes new items of people only after calls."""
    compose(cloud, voice=ON)
    texting = RecordingCloud()
    compose(texting)

    put, people = "dynamodb:PutItem", TABLES["people"]
    assert allows(statements_of(cloud, "responder"), put, people)
    assert not allows(statements_of(texting, "responder"), put, people)


def test_the_other_provider_is_in_the_same_place(cloud: RecordingCloud) -> None:
    """What goes through ``aws-native`` has the stack's region and the stack's tags."""
    compose(cloud, voice=ON)

    provider = cloud.one("pulumi:providers:aws-native")
    assert provider.inputs["region"] == "us-east-1"
    tags = json.loads(provider.inputs["defaultTags"])["tags"]
    assert tags == {"project": "dialtone", "stack": "prod"}
    native = [one for one in cloud.resources if one.type.startswith("aws-native:")]
    assert len(native) == 4
    assert all(one.provider.startswith(f"{provider.urn}::") for one in native)


def test_no_call_comes_before_the_functions_may_do_their_work(cloud: RecordingCloud) -> None:
    """The alias waits for every permission of its function, and so does the flow."""
    compose(cloud, voice=EVERYTHING)

    for function, first in (("fulfilment", "aws-native:lex:BotAlias"), ("proving", FLOW)):
        role = cloud.one(aws.iam.Role, f"{function}-role").inputs["name"]
        rights = {one.urn for one in cloud.of(aws.iam.RolePolicy) if one.inputs["role"] == role}
        assert len(rights) > 3
        assert rights <= set(cloud.one(first).depends_on), function


@pytest.mark.registers_nothing
def test_bot_and_function_know_the_same_phrases() -> None:
    """Whatever the bot takes for an intent the function may act on, and the other way round."""
    of_bot = {
        (language, intent): set(phrases)
        for language, intents in PHRASES.items()
        for intent, phrases in intents.items()
    }
    intents = {intent for _, intent in of_bot}
    of_function = {
        (language, str(meaning)): set(phrases)
        for language, meanings in UNDERSTOOD.items()
        for meaning, phrases in meanings.items()
        if str(meaning) in intents
    }

    assert of_bot == of_function


@pytest.mark.registers_nothing
def test_every_locale_has_words() -> None:
    """A locale that may be chosen has phrases and fillers in its language."""
    languages = {locale.partition("_")[0] for locale in VOICES}

    assert languages == set(PHRASES) == set(FILLERS)


@pytest.mark.registers_nothing
def test_a_digest_sees_through_what_the_console_does() -> None:
    """Metadata and order say nothing about a flow; a changed word does."""
    first, second = ({"Identifier": name, "Type": "T", "Parameters": {}} for name in "ab")
    flow = {"Version": "v", "StartAction": "a", "Metadata": {}, "Actions": [first, second]}
    edited = {**flow, "Metadata": {"x": 1}, "Actions": [{**second, "Metadata": {"y": 1}}, first]}
    other = {**flow, "Actions": [{**first, "Type": "U"}, second]}

    digest = flow_digest(json.dumps(flow))
    assert digest == flow_digest(json.dumps(edited))
    assert digest != flow_digest(json.dumps(other))
    assert flow_digest("") == ""
