"""The components that are one thing and its safeguards."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_docker_build as docker_build
import pytest

from components import (
    AlarmTopic,
    AlarmTopicArgs,
    BuildArgs,
    ContainerImage,
    ContainerImageArgs,
    ManagedSecret,
    ManagedSecretArgs,
    Schedule,
    ScheduleArgs,
    StackKey,
    StackKeyArgs,
    Watch,
    every,
    grant_models,
    physical_name,
)
from tests.components.building import IMAGE, KEY_ARN, function
from tests.components.conftest import Deploy
from tests.components.policies import statements_of
from tests.components.recording_cloud import RecordingCloud

BUILD = BuildArgs(context=".", dockerfile="services/Dockerfile", arguments={"EXTRAS": "openai"})


def test_secret_has_no_value_in_state(deploy: Deploy, cloud: RecordingCloud) -> None:
    """A secret is declared, sealed with the key and protected; no value is ever written."""
    args = ManagedSecretArgs(description="JSON", key_arn=KEY_ARN)
    deploy(lambda: ManagedSecret("carrier", args).grant_read(function()))

    made = cloud.one(aws.secretsmanager.Secret)
    assert (made.inputs["kmsKeyId"], made.inputs["recoveryWindowInDays"]) == (KEY_ARN, 30)
    assert made.protect
    assert not cloud.of(aws.secretsmanager.SecretVersion)
    granted = {one["Sid"]: one for one in statements_of(cloud, "worker")}
    assert granted["ReadCarrierSecret"]["Action"] == ["secretsmanager:GetSecretValue"]
    assert granted["ReadCarrierSecret"]["Resource"] == [
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:dialtone-test-carrier-AbCdEf"
    ]
    assert granted["OpenCarrierSecret"]["Condition"] == {
        "StringEquals": {"kms:ViaService": ["secretsmanager.us-east-1.amazonaws.com"]}
    }


def test_alarm_topic_takes_only_this_accounts_alarms(deploy: Deploy, cloud: RecordingCloud) -> None:
    """The topic is encrypted, and alarms of another account cannot publish."""
    args = AlarmTopicArgs(key_arn=KEY_ARN, email="a@example.com")
    deploy(lambda: AlarmTopic("alarms", args))

    assert cloud.one(aws.sns.Topic).inputs["kmsMasterKeyId"] == KEY_ARN
    policy = json.loads(cloud.one(aws.sns.TopicPolicy).inputs["policy"])["Statement"]
    assert [one["Principal"] for one in policy] == [{"Service": "cloudwatch.amazonaws.com"}]
    assert policy[0]["Condition"] == {
        "ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:*"}
    }
    told = cloud.one(aws.sns.TopicSubscription).inputs
    assert (told["protocol"], told["endpoint"]) == ("email", "a@example.com")


def test_nobody_subscribes_unasked(deploy: Deploy, cloud: RecordingCloud) -> None:
    """Without an address there is no subscription."""
    deploy(lambda: AlarmTopic("alarms", AlarmTopicArgs(key_arn=KEY_ARN)))

    assert not cloud.of(aws.sns.TopicSubscription)


def test_given_watches_alarm(deploy: Deploy, cloud: RecordingCloud) -> None:
    """A watch as argument is the alarm that ``watch`` declares."""
    refused = Watch(
        namespace="n", metric="m", dimensions={}, statistic="Sum", threshold=2, description="d"
    )

    def program() -> None:
        AlarmTopic("alarms", AlarmTopicArgs(key_arn=KEY_ARN, watches={"refused": refused}))
        AlarmTopic("others", AlarmTopicArgs(key_arn=KEY_ARN)).watch("added", refused)

    deploy(program)

    given, added = (cloud.one(aws.cloudwatch.MetricAlarm, one) for one in ("refused", "added"))
    as_given = json.dumps(added.inputs).replace("test-others", "test-alarms")
    assert json.loads(as_given.replace("test-added", "test-refused")) == given.inputs


def test_key_rotates_and_names_who_may_use_it(deploy: Deploy, cloud: RecordingCloud) -> None:
    """The key rotates, is hard to delete, and services use it for this account's things only."""
    deploy(lambda: StackKey("data", StackKeyArgs()))

    made = cloud.one(aws.kms.Key)
    assert made.inputs["enableKeyRotation"] is True
    assert made.inputs["deletionWindowInDays"] == 30
    assert made.protect
    assert cloud.one(aws.kms.Alias).inputs["name"] == "alias/dialtone-test-data"
    statements = json.loads(made.inputs["policy"])["Statement"]
    assert statements[0]["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    services = {json.dumps(one["Principal"]): one for one in statements[1:]}
    logs = services['{"Service": "logs.us-east-1.amazonaws.com"}']
    assert logs["Condition"] == {
        "ArnLike": {
            "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:us-east-1:123456789012:log-group:*"
        }
    }
    assert not any("*" in json.dumps(one["Principal"]) for one in statements)


def test_schedule_calls_on_time_or_not_at_all(deploy: Deploy, cloud: RecordingCloud) -> None:
    """A call is exact, never retried late, and its role can call this one function."""
    deploy(lambda: every("tick", "rate(1 minute)", function()))

    made = cloud.one(aws.scheduler.Schedule)
    assert made.inputs["scheduleExpression"] == "rate(1 minute)"
    assert made.inputs["flexibleTimeWindow"] == {"mode": "OFF"}
    assert made.inputs["target"]["retryPolicy"]["maximumRetryAttempts"] == 0
    assert made.inputs["target"]["arn"].endswith(":function:dialtone-test-worker")
    # Lambda takes the call into a queue of its own, with retries of its own.
    queued = cloud.one(aws.lambda_.FunctionEventInvokeConfig)
    assert queued.inputs["functionName"] == "dialtone-test-worker"
    assert queued.inputs["maximumRetryAttempts"] == 0
    assert queued.inputs["maximumEventAgeInSeconds"] == 60
    assert queued.urn in made.depends_on
    granted = statements_of(cloud, "tick")
    assert [(one["Action"], one["Resource"]) for one in granted] == [
        (["lambda:InvokeFunction"], [made.inputs["target"]["arn"]])
    ]
    trust = json.loads(cloud.one(aws.iam.Role, "tick-role").inputs["assumeRolePolicy"])
    assert trust["Statement"][0]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"}
    }


def test_image_by_digest_is_taken_as_it_is(deploy: Deploy, cloud: RecordingCloud) -> None:
    """A given digest builds nothing and needs no Docker."""
    deploy(lambda: ContainerImage("image", ContainerImageArgs(uri=IMAGE)))

    component = cloud.one("dialtone:index:ContainerImage")
    assert cloud.component_outputs[component.urn] == {"uri": IMAGE}
    assert not cloud.of(docker_build.Image)


def test_image_is_built_for_one_platform(
    deploy: Deploy, cloud: RecordingCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A built image is arm64 alone, pushed to an encrypted repository, and known by digest."""
    monkeypatch.setenv("BUILDX_NO_DEFAULT_ATTESTATIONS", "1")
    args = ContainerImageArgs(build=BUILD, key_arn=KEY_ARN)
    deploy(lambda: ContainerImage("image", args))

    made = cloud.one(docker_build.Image).inputs
    assert made["platforms"] == ["linux/arm64"]
    assert made["push"] is True
    assert made["buildArgs"] == {"EXTRAS": "openai"}
    repository = cloud.one(aws.ecr.Repository).inputs
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    # `pulumi destroy` would stop at a repository that still has the image.
    assert repository["forceDelete"] is True
    assert repository["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": KEY_ARN}]
    component = cloud.one("dialtone:index:ContainerImage")
    uri = cloud.component_outputs[component.urn]["uri"]
    assert uri.endswith(f"dialtone-test-image@sha256:{'b' * 64}")


def test_image_goes_where_it_is_told(
    deploy: Deploy, cloud: RecordingCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a repository given, the stack makes none."""
    monkeypatch.setenv("BUILDX_NO_DEFAULT_ATTESTATIONS", "1")
    args = ContainerImageArgs(build=BUILD, repository_url="registry.example/mine")
    deploy(lambda: ContainerImage("image", args))

    assert not cloud.of(aws.ecr.Repository)
    assert cloud.one(docker_build.Image).inputs["tags"] == ["registry.example/mine:built"]


def test_models_are_granted_one_by_one(deploy: Deploy, cloud: RecordingCloud) -> None:
    """A profile is granted with the model behind it; another provider needs no right."""
    chain = ["bedrock:us.amazon.nova-lite-v1:0", "openai:gpt-5", "bedrock:mistral.small-v1:0"]
    deploy(lambda: grant_models(function(), chain))

    granted = {one["Sid"]: one for one in statements_of(cloud, "worker")}["InvokeModels"]
    assert granted["Resource"] == [
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0",
        "arn:aws:bedrock:*::foundation-model/amazon.nova-lite-v1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/mistral.small-v1:0",
    ]


def test_a_global_profile_is_granted_without_a_region(
    deploy: Deploy, cloud: RecordingCloud
) -> None:
    """A global profile's request is authorised for the model in no region as well."""
    deploy(lambda: grant_models(function(), ["bedrock:global.amazon.nova-2-lite-v1:0"]))

    granted = {one["Sid"]: one for one in statements_of(cloud, "worker")}["InvokeModels"]
    assert granted["Resource"] == [
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/global.amazon.nova-2-lite-v1:0",
        "arn:aws:bedrock:*::foundation-model/amazon.nova-2-lite-v1:0",
        "arn:aws:bedrock:::foundation-model/amazon.nova-2-lite-v1:0",
    ]


def test_no_bedrock_model_no_right(deploy: Deploy, cloud: RecordingCloud) -> None:
    """A chain of other providers' models leaves the role alone."""
    deploy(lambda: grant_models(function(), ["openai:gpt-5"]))

    assert "InvokeModels" not in {one["Sid"] for one in statements_of(cloud, "worker")}


@pytest.mark.registers_nothing
@pytest.mark.parametrize(
    ("make", "says"),
    [
        (
            lambda: ManagedSecret(
                "s", ManagedSecretArgs(description="d", key_arn=KEY_ARN, recovery_days=3)
            ),
            "recovery_days must be 0 or 7 to 30, got 3",
        ),
        (
            lambda: AlarmTopic("a", AlarmTopicArgs(key_arn=KEY_ARN, email="nobody")),
            "email must be an address",
        ),
        (lambda: StackKey("k", StackKeyArgs(deletion_days=6)), "must be 7 to 30, got 6"),
        (
            lambda: Schedule("s", ScheduleArgs(expression="1 minute", target_arn="arn")),
            "expression must be",
        ),
        (lambda: ContainerImage("i", ContainerImageArgs()), "give either uri"),
        (lambda: ContainerImage("i", ContainerImageArgs(uri=IMAGE, build=BUILD)), "either uri"),
        (lambda: ContainerImage("i", ContainerImageArgs(uri="r/i:latest")), "image must be"),
        (lambda: ContainerImage("i", ContainerImageArgs(build=BUILD)), "NO_DEFAULT_ATTESTATIONS"),
    ],
)
def test_refuses_what_cannot_be(
    make: Callable[[], Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong argument is named with its limit before anything is registered."""
    monkeypatch.delenv("BUILDX_NO_DEFAULT_ATTESTATIONS", raising=False)
    with pytest.raises(ValueError, match=says):
        make()


@pytest.mark.registers_nothing
def test_names_are_cut_but_stay_apart() -> None:
    """A long name keeps within the limit and never collides with its sibling."""
    assert physical_name("webhook") == "dialtone-test-webhook"
    first, second = (physical_name("x" * 80 + end, 64) for end in ("a", "b"))
    assert (len(first), len(second)) == (64, 64)
    assert first != second
    assert physical_name("a b/c") == "dialtone-test-a-b-c"


@pytest.mark.registers_nothing
def test_names_need_room() -> None:
    """A limit that leaves nothing of the name is refused."""
    with pytest.raises(ValueError, match="max_length is 10"):
        physical_name("webhook", 10)


def test_stays_in_parent(deploy: Deploy, cloud: RecordingCloud) -> None:
    """A component's protection reaches its children; its other options do not."""
    opts = pulumi.ResourceOptions(protect=True, ignore_changes=["email"])
    deploy(lambda: AlarmTopic("alarms", AlarmTopicArgs(key_arn=KEY_ARN), opts))

    topic = cloud.one(aws.sns.Topic)
    assert topic.protect
    assert topic.ignored == ()
