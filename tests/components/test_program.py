"""The program: every stack file composes, and says what the services expect to hear."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi_aws as aws
import pytest
import yaml

from components import SecureTable
from conversation.settings import Environment
from messaging import settings as messaging
from messaging.webhook import PATH
from settings import StackSettings
from stack.watches import watches
from tests.components.programs import DIGEST, ROOT, STACKS, compose, configure
from tests.components.recording_cloud import RecordingCloud
from texting.delivery_path import STATUS_PATH

OUTPUTS = {
    "apiUrl",
    "webhookUrl",
    "numberStatus",
    "peopleTable",
    "conversationsTable",
    "keysTable",
    "keyArn",
    "wakeupQueueUrl",
    "deadLetterQueueUrl",
    "carrierSecretArn",
    "functions",
}
FUNCTIONS = ("webhook", "status", "responder", "sweep")
READERS: dict[str, Callable[[Environment], object]] = {
    "webhook": messaging.WebhookSettings.load,
    "status": messaging.StatusSettings.load,
    "responder": messaging.ResponderSettings.load,
    "sweep": messaging.SweepSettings.load,
}
# Read by the runtime and by Powertools, not by our settings.
ELSEWHERE = {"STACK", "LOG_LEVEL", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"}


class Seen(Mapping[str, str]):
    """An environment that remembers what was asked of it."""

    def __init__(self, variables: dict[str, str]) -> None:
        self.variables = variables
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self.variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.variables)

    def __len__(self) -> int:
        return len(self.variables)


def environment(cloud: RecordingCloud, name: str) -> dict[str, str]:
    """What a function is told."""
    made = cloud.one(aws.lambda_.Function, f"{name}-function")
    variables: dict[str, str] = made.inputs["environment"]["variables"]
    return variables


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_file_composes(cloud: RecordingCloud, stack: str) -> None:
    """A stack file is valid, complete, and all of its outputs are known."""
    outputs = compose(cloud, stack)

    assert set(outputs) - {"alarmTopicArn", "modelSecretArn"} == OUTPUTS
    assert outputs["functions"] == {name: f"dialtone-{stack}-{name}" for name in FUNCTIONS}
    assert outputs["webhookUrl"] == f"{outputs['apiUrl']}{PATH}"
    incomplete = [one.name for one in cloud.components() if one.urn not in cloud.component_outputs]
    assert not incomplete


@pytest.mark.parametrize("preview", [True], ids=["preview"])
@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_file_previews(cloud: RecordingCloud, stack: str) -> None:
    """Before the first deployment no address is known, and the same resources are declared."""
    compose(cloud, stack)
    planned = sorted((one.type, one.name) for one in cloud.resources)

    deployed = RecordingCloud()
    compose(deployed, stack)

    assert planned == sorted((one.type, one.name) for one in deployed.resources)


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.registers_nothing
def test_every_stack_is_tagged(stack: str) -> None:
    """Everything in a stack carries its project and stack, from the provider's default tags."""
    config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]

    assert config["aws:defaultTags"] == {"tags": {"project": "dialtone", "stack": stack}}


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.registers_nothing
def test_stack_files_repeat_no_default(stack: str) -> None:
    """A stack file says only what differs."""
    given = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    configure(stack, image={"uri": DIGEST})
    loaded = StackSettings.load().model_dump(by_alias=True)
    default = StackSettings().model_dump(by_alias=True)
    for key, value in given.items():
        name = key.removeprefix("dialtone:")
        if not key.startswith("dialtone:"):
            continue
        for inner in value if isinstance(value, dict) else [None]:
            mine = loaded[name] if inner is None else loaded[name][inner]
            theirs = default[name] if inner is None else default[name][inner]
            assert mine != theirs, f"{key} {inner or ''} equals the default"


@pytest.mark.parametrize(("stack", "protected"), [("prod", True), ("dev", False)])
def test_what_holds_data_is_protected(
    cloud: RecordingCloud, stack: str, *, protected: bool
) -> None:
    """In production nothing that holds data, a key or a number can be destroyed by accident."""
    compose(cloud, stack)

    kinds = {"table", "key", "secret", "Number"}
    holders = [one for one in cloud.resources if re.split(r"[/:]", one.type)[-2] in kinds]
    holders += cloud.of("pulumi-python:dynamic/twilio:Number")
    assert len(holders) >= 6
    assert {one.protect for one in holders} == {protected}
    tables = cloud.of(aws.dynamodb.Table)
    assert {one.inputs["deletionProtectionEnabled"] for one in tables} == {protected}


def test_tables_are_what_the_services_use(cloud: RecordingCloud) -> None:
    """Three tables with their keys, expiry, and the one sparse index."""
    compose(cloud)

    tables = {one.name.removesuffix("-table"): one.inputs for one in cloud.of(aws.dynamodb.Table)}
    keys = {name: (one["hashKey"], one.get("rangeKey")) for name, one in tables.items()}
    assert keys == {
        "people": ("pk", "sk"),
        "conversations": ("pk", "sk"),
        "keys": ("pk", None),
    }
    assert {one["ttl"]["attributeName"] for one in tables.values()} == {"expires_at"}
    indexes = tables["conversations"]["globalSecondaryIndexes"]
    assert [one["name"] for one in indexes] == ["pending"]
    recovered = {name: one["pointInTimeRecovery"]["enabled"] for name, one in tables.items()}
    assert recovered == {"people": True, "conversations": True, "keys": False}


def test_handlers_exist_and_end_in_time(cloud: RecordingCloud) -> None:
    """Each function's command is a handler of the services; timeouts fit their channel."""
    compose(cloud)

    timeouts = {}
    for one in cloud.of(aws.lambda_.Function):
        module, name = one.inputs["imageConfig"]["commands"][0].rsplit(".", 1)
        assert callable(getattr(importlib.import_module(module), name))
        timeouts[one.name.removesuffix("-function")] = one.inputs["timeout"]
    assert timeouts == {"webhook": 14, "status": 10, "responder": 65, "sweep": 50}
    visible = cloud.one(aws.sqs.Queue, "wakeups-queue").inputs["visibilityTimeoutSeconds"]
    assert visible == timeouts["responder"] + 5


def test_routes_are_where_the_services_sign(cloud: RecordingCloud) -> None:
    """A signature covers the path: both ends have to mean the same one."""
    compose(cloud)

    paths = {
        one.inputs["methodPath"].replace("~1", "/")
        for one in cloud.of(aws.apigateway.MethodSettings)
    }
    assert paths == {f"{PATH}/POST", f"{STATUS_PATH}{{turn}}/POST"}
    pointed = cloud.one("pulumi-python:dynamic/twilio:Number").inputs["sms_url"]
    assert pointed.split("#")[0].endswith(f"/v1{PATH}")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_hear_exactly_what_they_ask_for(cloud: RecordingCloud, name: str) -> None:
    """A function's settings load from what it is told, and nothing is told in vain."""
    compose(cloud, sms={"number": "+13035550100", "messagingServiceSid": f"MG{'0' * 32}"})
    told = Seen(environment(cloud, name))

    READERS[name](Environment(told))

    assert set(told.variables) - told.asked == ELSEWHERE
    assert set(told.variables) >= ELSEWHERE


def test_every_setting_reaches_its_function(cloud: RecordingCloud) -> None:
    """Values that differ from the defaults arrive unchanged, unit for unit."""
    compose(
        cloud,
        models=["openai:gpt-5", "bedrock:us.amazon.nova-lite-v1:0"],
        texts={"apology": "Sorry!"},
        assistant={
            "systemPrompt": "Be kind.",
            "windowMessages": 7,
            "windowTokens": 444,
            "summary": True,
            "maxOutputTokens": 99,
        },
        sms={
            "number": "+13035550100",
            "answerSeconds": 20.5,
            "settleSeconds": 0.25,
            "settleCapSeconds": 2,
            "carrierAnswersReservedWords": False,
        },
        whatsapp={"enabled": True, "sender": "whatsapp:+13035550100"},
        timing={"sendTimeoutSeconds": 4, "leaseSlackSeconds": 1.5, "sweepAfterSeconds": 9},
        retention={"messageDays": 3, "receiptDays": 4, "turnDays": 5},
    )

    answers = messaging.ResponderSettings.load(Environment(environment(cloud, "responder")))
    assistant = answers.assistant
    assert assistant.models == ["openai:gpt-5", "bedrock:us.amazon.nova-lite-v1:0"]
    assert assistant.model_secret_arn.endswith(":secret:dialtone-prod-models-AbCdEf")
    assert (assistant.system_prompt, assistant.window_messages) == ("Be kind.", 7)
    assert (assistant.window_tokens, assistant.summary) == (444, True)
    assert (assistant.max_output_tokens, answers.answer_seconds) == (99, 20.5)
    assert (answers.settle_seconds, answers.settle_cap_seconds) == (0.25, 2)
    assert (answers.send_timeout_seconds, answers.lease_slack_seconds) == (4, 1.5)
    assert (assistant.message_days, assistant.turn_days) == (3, 5)
    assert answers.texts == {"apology": "Sorry!"}
    responder = cloud.one(aws.lambda_.Function, "responder-function").inputs
    assert answers.function_timeout_seconds == responder["timeout"] == 32
    sweeps = messaging.SweepSettings.load(Environment(environment(cloud, "sweep")))
    assert sweeps.senders == ["+13035550100", "whatsapp:+13035550100"]
    assert (sweeps.receipt_days, sweeps.sweep_after_seconds) == (4, 9)
    assert sweeps.carrier_answers_reserved_words is False
    accepts = messaging.WebhookSettings.load(Environment(environment(cloud, "webhook")))
    assert (accepts.receipt_days, accepts.sweep_after_seconds) == (4, 9)
    assert accepts.texts == {"apology": "Sorry!"}


def test_a_model_secret_exists_only_where_a_key_is_needed(cloud: RecordingCloud) -> None:
    """Bedrock alone needs no secret of models."""
    outputs = compose(cloud)

    assert "modelSecretArn" not in outputs
    assert "MODEL_SECRET_ARN" not in environment(cloud, "responder")


def test_no_secret_is_told_to_a_function(cloud: RecordingCloud) -> None:
    """Environments hold addresses and settings, never a credential."""
    compose(cloud)

    for name in FUNCTIONS:
        for key in environment(cloud, name):
            assert not re.search(r"TOKEN$|KEY$|PASSWORD|SECRET$", key), key


def test_without_alarms_nobody_watches(cloud: RecordingCloud) -> None:
    """A stack without alarms has no topic and no alarm."""
    compose(cloud, alarms={"enabled": False})

    assert not cloud.of(aws.cloudwatch.MetricAlarm)
    assert not cloud.of(aws.sns.Topic)


def test_alarms_cover_what_can_go_wrong(cloud: RecordingCloud) -> None:
    """Dead letters, throttles, server errors, late and lost answers all have an alarm."""
    compose(cloud)

    metrics = {one.inputs["metricName"] for one in cloud.of(aws.cloudwatch.MetricAlarm)}
    assert metrics >= {
        "SetAside",
        "AnswerWait",
        "ApproximateNumberOfMessagesVisible",
        "WriteThrottleEvents",
        "ReadThrottleEvents",
        "5XXError",
        "Errors",
        "Throttles",
        "Duration",
    }
    topic = cloud.one(aws.sns.TopicSubscription).inputs["endpoint"]
    assert topic == "operator@example.com"


def test_the_documents_know_every_alarm(cloud: RecordingCloud) -> None:
    """The README prices as many as there are; operations says of each of ours what to do."""
    compose(cloud)

    found = len(cloud.of(aws.cloudwatch.MetricAlarm))
    assert f"| alarms, when on, without calls | {found} × 0.10 |" in (ROOT / "README.md").read_text(
        "utf-8"
    )
    operations = (ROOT / "docs" / "operations.md").read_text("utf-8")
    for name in watches(StackSettings.load()):
        assert f"`{name}`" in operations, name


@pytest.mark.registers_nothing
def test_watched_metrics_are_written_by_the_services() -> None:
    """An alarm on a metric that nobody writes would never go off."""
    source = "\n".join(one.read_text() for one in (ROOT / "services").rglob("*.py"))
    configure("prod")

    for watch in watches(StackSettings.load()).values():
        assert f'"{watch["metric"]}"' in source, watch["metric"]
        assert watch["namespace"] == "dialtone"


def test_warm_webhooks_are_asked_for_by_name(cloud: RecordingCloud) -> None:
    """What is priced by the hour exists only where the operator asked for it."""
    compose(cloud, functions={"provisionedConcurrency": 2, "reservedConcurrency": 9})

    warm = cloud.one(aws.lambda_.ProvisionedConcurrencyConfig).inputs
    assert warm["functionName"] == "dialtone-prod-webhook"
    permission = cloud.one(aws.lambda_.Permission, "api-webhooks-twilio-messages-post-permission")
    assert permission.inputs["qualifier"] == "live"
    idle = RecordingCloud()
    compose(idle)
    assert not idle.of(aws.lambda_.ProvisionedConcurrencyConfig)


@pytest.mark.parametrize(
    ("overrides", "managed"),
    [
        ({}, True),
        ({"sms": {"number": "+13035550100", "manageNumber": False}}, False),
        (
            {
                "sms": {"enabled": False},
                "whatsapp": {"enabled": True, "sender": "whatsapp:+13035550100"},
            },
            False,
        ),
    ],
)
def test_a_number_is_managed_unless_it_is_not(
    cloud: RecordingCloud, overrides: dict[str, Any], *, managed: bool
) -> None:
    """A switch decides whether the number is touched."""
    outputs = compose(cloud, **overrides)

    assert bool(cloud.of("pulumi-python:dynamic/twilio:Number")) is managed
    assert outputs["numberStatus"] == ("ready" if managed else "unmanaged")


def test_own_domain_and_built_image(cloud: RecordingCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack with its own domain, models and image composes as well."""
    monkeypatch.setenv("BUILDX_NO_DEFAULT_ATTESTATIONS", "1")
    outputs = compose(
        cloud,
        image={"extras": ["openai"], "repository": "registry.example/mine"},
        api={"domain": "t.example.com", "certificateArn": "arn:aws:acm:x", "zoneId": "Z1"},
    )

    assert outputs["apiUrl"] == "https://t.example.com"
    built = cloud.one("docker-build:index:Image").inputs
    assert built["buildArgs"] == {"EXTRAS": "openai"}
    assert (ROOT / built["dockerfile"]["location"]).is_file()
    assert "EXTRAS" in (ROOT / built["dockerfile"]["location"]).read_text()


@pytest.mark.registers_nothing
def test_the_program_is_composition_only() -> None:
    """No raw resource and no stack's name in the program."""
    source = (ROOT / "__main__.py").read_text()

    assert "pulumi_aws" not in source
    assert not re.search(r"get_stack\(\)\s*==", source)
    assert len(source.splitlines()) <= 300
    assert SecureTable.__name__ in source


@pytest.mark.registers_nothing
def test_stack_modules_stay_small() -> None:
    """No file outgrows its reader."""
    for file in [ROOT / "settings.py", *(ROOT / "stack").glob("*.py")]:
        assert len(file.read_text().splitlines()) <= 300, file


@pytest.mark.registers_nothing
def test_configuration_is_json_safe() -> None:
    """Stack files hold nothing the engine could not hand over."""
    for stack in STACKS:
        json.dumps(yaml.safe_load(Path(ROOT / f"Pulumi.{stack}.yaml").read_text()))
