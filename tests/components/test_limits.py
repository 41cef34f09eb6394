"""What AWS refuses for its size or the length of its name, at the longest the settings allow.

No emulator has these limits, so a stack would fail on its first deployment only.
"""

from __future__ import annotations

import pulumi_aws as aws
import pulumi_aws_native as aws_native
import pytest

from stack.checks import WORDS_BYTES
from stack.voice_settings import VOICES
from tests.components.programs import compose
from tests.components.recorded_calls import INSTANCE_ID, NUMBER_ID
from tests.components.recording_cloud import RecordingCloud

LONG_STACK = "a-stack-with-a-name-that-somebody-found-helpful-when-there-were-many-of-them"
ENVIRONMENT_BYTES = 4096
# The recorded ids are a little shorter than real ones, such as a key's UUID.
RECORDED_SLACK_BYTES = 100
POLICY_CHARACTERS_OF_A_ROLE = 10_240
NAMES: dict[type, int] = {
    aws.apigateway.RestApi: 128,
    aws.connect.ContactFlow: 127,
    aws.connect.HoursOfOperation: 127,
    aws.connect.Queue: 127,
    aws.cloudwatch.LogGroup: 512,
    aws.cloudwatch.MetricAlarm: 255,
    aws.dynamodb.Table: 255,
    aws.iam.Role: 64,
    aws.kms.Alias: 256,
    aws.lambda_.Function: 64,
    aws.scheduler.Schedule: 64,
    aws.secretsmanager.Secret: 512,
    aws.sns.Topic: 256,
    aws.sqs.Queue: 80,
    aws_native.lex.Bot: 100,
}
CALLS = {
    "enabled": True,
    "instanceId": INSTANCE_ID,
    "phoneNumberId": NUMBER_ID,
    "memory": "person",
    "agents": {"enabled": True},
    "timeZone": "America/Argentina/ComodRivadavia",
    "locales": [{"id": locale} for locale in list(VOICES)[:9]],
}


@pytest.fixture
def longest(cloud: RecordingCloud, monkeypatch: pytest.MonkeyPatch) -> RecordingCloud:
    """A stack with a long name, a long prompt, a second secret and a messaging service."""
    monkeypatch.setattr("tests.components.programs.stack_config", _plain)
    compose(
        cloud,
        LONG_STACK,
        sms={"number": "+13035550100", "messagingServiceSid": f"MG{'0' * 32}"},
        models=["openai:a-model-of-theirs", "bedrock:us.amazon.nova-lite-v1:0"],
        assistant={"systemPrompt": "x" * (WORDS_BYTES - 2)},
        voice=CALLS,
    )
    return cloud


def _plain(_stack: str) -> dict[str, object]:
    return {"aws:region": "us-east-1"}


def test_environments_fit(longest: RecordingCloud) -> None:
    """A function's variables, their names included, come to at most 4 KB."""
    for function in longest.of(aws.lambda_.Function):
        variables = function.inputs["environment"]["variables"]
        size = sum(len(name.encode()) + len(value.encode()) for name, value in variables.items())
        assert size + RECORDED_SLACK_BYTES <= ENVIRONMENT_BYTES, function.name


def test_policies_of_a_role_fit(longest: RecordingCloud) -> None:
    """A role's inline policies come to at most 10,240 characters, blanks not counted."""
    sizes: dict[str, int] = {}
    for policy in longest.of(aws.iam.RolePolicy):
        size = len("".join(policy.inputs["policy"].split()))
        sizes[policy.inputs["role"]] = sizes.get(policy.inputs["role"], 0) + size

    assert sizes
    assert max(sizes.values()) <= POLICY_CHARACTERS_OF_A_ROLE


def test_names_fit_and_differ(longest: RecordingCloud) -> None:
    """Every name is as short as its service wants, and two things of a kind never share one."""
    for kind, limit in NAMES.items():
        names = [one.inputs["name"] for one in longest.of(kind)]
        assert names, kind
        assert len(set(names)) == len(names), kind
        assert all(len(name) <= limit for name in names), kind
    assert all(one.inputs["name"].endswith(".fifo") for one in longest.of(aws.sqs.Queue))
