"""ContainerFunction: one role, one log group, one image by digest."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components import LogLevel, ManagedSecret, ManagedSecretArgs, Statement
from tests.components.building import IMAGE, KEY_ARN, TOPIC_ARN, function, queue, table
from tests.components.conftest import Deploy
from tests.components.policies import statements_of
from tests.components.recording_cloud import RecordingCloud

LOGS = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/dialtone-test-worker"
READ = Statement(sid="ReadThing", actions=["s3:GetObject"], resources=["arn:aws:s3:::b/k"])


def test_runs_one_handler_of_an_image_on_arm(deploy: Deploy, cloud: RecordingCloud) -> None:
    """The function runs its handler from the image, on arm64, under its own role."""
    deploy(lambda: function(environment={"A": "1"}, memory_megabytes=1024))

    made = cloud.one(aws.lambda_.Function).inputs
    assert made["name"] == "dialtone-test-worker"
    assert made["packageType"] == "Image"
    assert made["imageUri"] == IMAGE
    assert made["imageConfig"] == {"commands": ["module.handler"]}
    assert made["architectures"] == ["arm64"]
    assert (made["timeout"], made["memorySize"]) == (10, 1024)
    assert made["environment"] == {"variables": {"A": "1"}}
    assert made["role"] == "arn:aws:iam::123456789012:role/dialtone-test-worker"
    assert made["publish"] is False
    assert "reservedConcurrentExecutions" not in made


def test_logs_to_its_own_encrypted_group(deploy: Deploy, cloud: RecordingCloud) -> None:
    """Logs are JSON, kept for a while and sealed; the role writes no other group."""
    deploy(lambda: function(log_retention_days=7, log_level=LogLevel.DEBUG))

    group = cloud.one(aws.cloudwatch.LogGroup).inputs
    assert (group["retentionInDays"], group["kmsKeyId"]) == (7, KEY_ARN)
    logging = cloud.one(aws.lambda_.Function).inputs["loggingConfig"]
    assert logging == {
        "logFormat": "JSON",
        "logGroup": group["name"],
        "applicationLogLevel": "DEBUG",
        "systemLogLevel": "WARN",
    }
    granted = {one["Sid"]: one for one in statements_of(cloud, "worker")}
    assert granted["WriteLogs"]["Resource"] == [f"{LOGS}:*"]


def test_role_starts_with_logs_and_traces_only(deploy: Deploy, cloud: RecordingCloud) -> None:
    """Without grants a function can write its log and send traces, nothing else."""
    deploy(function)

    assert {one["Sid"] for one in statements_of(cloud, "worker")} == {"SendTraces", "WriteLogs"}
    trust = json.loads(cloud.one(aws.iam.Role).inputs["assumeRolePolicy"])
    assert trust["Statement"][0]["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_tracing_can_be_turned_off(deploy: Deploy, cloud: RecordingCloud) -> None:
    """Without tracing the role may not even send traces."""
    deploy(lambda: function(tracing=False))

    assert cloud.one(aws.lambda_.Function).inputs["tracingConfig"] == {"mode": "PassThrough"}
    assert {one["Sid"] for one in statements_of(cloud, "worker")} == {"WriteLogs"}


def test_code_never_runs_before_its_constructor_policies(
    deploy: Deploy, cloud: RecordingCloud
) -> None:
    """The function waits for the policies that it was constructed with."""
    deploy(lambda: function(statements=[READ]))

    made = cloud.one(aws.lambda_.Function)
    policies = {one.urn for one in cloud.of(aws.iam.RolePolicy)}
    assert len(policies) == 3
    assert policies <= set(made.depends_on)


def test_policies_give_what_grants_give(deploy: Deploy, cloud: RecordingCloud) -> None:
    """Access as data and access by method open the same, whatever grants it."""

    def program() -> None:
        things, work = table(), queue(key_arn=KEY_ARN)
        secret = ManagedSecret("carrier", ManagedSecretArgs(description="d", key_arn=KEY_ARN))
        for name, grants, policy in (
            ("read-table", things.grant_read, things.read_policy),
            ("write-table", things.grant_write, things.write_policy),
            ("use-table", things.grant_read_write, things.read_write_policy),
            ("send", work.grant_send, work.send_policy),
            ("read-secret", secret.grant_read, secret.read_policy),
        ):
            grants(function(f"{name}-method"))
            function(f"{name}-data", policies={"access": policy})

    deploy(program)

    roles = [one.name.removesuffix("-method-role") for one in cloud.of(aws.iam.Role)]
    pairs = [name for name in roles if not name.endswith("-data-role")]
    assert len(pairs) == 5
    for name in pairs:
        by_method, as_data = (
            sorted(statements_of(cloud, f"{name}-{way}"), key=lambda one: str(one["Sid"]))
            for way in ("method", "data")
        )
        assert json.loads(json.dumps(as_data).replace("-data", "-method")) == by_method
        assert len(by_method) > 2


def test_code_never_runs_before_its_given_policies(deploy: Deploy, cloud: RecordingCloud) -> None:
    """The function waits for access that is given as data, as for its own statements."""
    deploy(lambda: function(policies={"things": table().read_policy}))

    given = cloud.one(aws.iam.RolePolicy, "worker-things")
    assert given.inputs["name"] == "things"
    assert given.urn in cloud.one(aws.lambda_.Function).depends_on


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    "document",
    [
        "no json",
        "[]",
        '{"Statement": [{"Sid": "A", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}',
        '{"Statement": [{"Sid": "A", "Effect": "Deny", "Action": "s3:Get", "Resource": "*"}]}',
        '{"Statement": [{"Sid": "A", "Effect": "Allow", "NotAction": "s3:A", "Resource": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}',
    ],
)
def test_refuses_a_policy_that_is_none(deploy: Deploy, document: str, *, late: bool) -> None:
    """A given document is held to what ``allow`` is held to, also when it arrives late."""
    given = pulumi.Output.from_input(document) if late else document

    with pytest.raises(ValueError, match="policy 'access' is no document"):
        deploy(lambda: (table(), function(policies={"access": given})))


@pytest.mark.parametrize(
    ("name", "says"), [("a b", "a policy's name has"), ("WriteLogs", "already has a statement")]
)
def test_refuses_a_policys_name(deploy: Deploy, name: str, says: str) -> None:
    """A policy's name is one that IAM takes, and no statement's."""
    with pytest.raises(ValueError, match=says):
        deploy(lambda: function(policies={name: table().read_policy}))


def test_a_trigger_waits_for_every_policy(deploy: Deploy, cloud: RecordingCloud) -> None:
    """``ready`` names the function and all its policies, those granted later included."""
    seen: list[pulumi.Resource] = []

    def program() -> None:
        worker = function()
        worker.allow(READ)
        seen.extend(worker.ready())

    deploy(program)

    kinds = [type(one) for one in seen]
    assert kinds.count(aws.iam.RolePolicy) == 3
    assert kinds.count(aws.lambda_.Function) == 1


@pytest.mark.usefixtures("cloud")
def test_a_grant_after_a_trigger_is_refused(deploy: Deploy) -> None:
    """A permission that no trigger would wait for is a mistake in the program."""

    def program() -> None:
        worker = function()
        worker.ready()
        worker.allow(READ)

    with pytest.raises(RuntimeError, match="grant first, then attach triggers"):
        deploy(program)


def test_alias_and_provisioned_concurrency(deploy: Deploy, cloud: RecordingCloud) -> None:
    """With an alias, versions are published and triggers call the alias, which is kept warm."""
    targets: list[str] = []

    def program() -> None:
        worker = function(alias="live", provisioned_concurrency=2, reserved_concurrency=5)
        worker.target_arn.apply(targets.append)

    deploy(program)

    made = cloud.one(aws.lambda_.Function).inputs
    assert (made["publish"], made["reservedConcurrentExecutions"]) == (True, 5)
    assert cloud.one(aws.lambda_.Alias).inputs["functionVersion"] == "1"
    warm = cloud.one(aws.lambda_.ProvisionedConcurrencyConfig).inputs
    assert (warm["qualifier"], warm["provisionedConcurrentExecutions"]) == ("live", 2)
    assert targets[0].endswith(":function:dialtone-test-worker:live")


def test_alarms_on_errors_throttles_and_near_timeouts(
    deploy: Deploy, cloud: RecordingCloud
) -> None:
    """Each alarm tells the topic, when it goes off and when it is over."""
    deploy(lambda: function(alarm_topic_arn=TOPIC_ARN))

    alarms = {one.inputs["metricName"]: one.inputs for one in cloud.of(aws.cloudwatch.MetricAlarm)}
    assert set(alarms) == {"Errors", "Throttles", "Duration"}
    assert alarms["Duration"]["threshold"] == 9000
    for one in alarms.values():
        assert one["alarmActions"] == one["okActions"] == [TOPIC_ARN]
        assert one["dimensions"] == {"FunctionName": "dialtone-test-worker"}
        assert one["treatMissingData"] == "notBreaching"


def test_metrics_of_one_namespace(deploy: Deploy, cloud: RecordingCloud) -> None:
    """The right to put metrics is tied to a namespace."""
    deploy(lambda: function().grant_metrics("dialtone"))

    granted = {one["Sid"]: one for one in statements_of(cloud, "worker")}["PutMetrics"]
    assert granted["Condition"] == {"StringEquals": {"cloudwatch:namespace": ["dialtone"]}}


def test_a_tag_that_arrives_late_is_refused_too(deploy: Deploy) -> None:
    """An image known only at deployment is checked then."""
    late = pulumi.Output.from_input("registry.example/dialtone:latest")

    with pytest.raises(ValueError, match="image must be"):
        deploy(lambda: function(image_uri=late))


@pytest.mark.registers_nothing
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"image_uri": "registry.example/dialtone:latest"}, "image must be"),
        ({"image_uri": "registry.example/dialtone@sha256:abc"}, "image must be"),
        ({"timeout_seconds": 0}, "timeout_seconds must be 1 to 900, got 0"),
        ({"timeout_seconds": 901}, "timeout_seconds must be 1 to 900, got 901"),
        ({"memory_megabytes": 64}, "memory_megabytes must be 128 to 10240, got 64"),
        ({"deadline_seconds": 10}, "must be below the 10 s the caller waits"),
        ({"work_seconds": 10.5}, "less than its work of 10.5 s"),
        ({"provisioned_concurrency": 1}, "needs an alias"),
    ],
)
def test_refuses_what_cannot_be(wrong: dict[str, Any], says: str) -> None:
    """A wrong argument is named with its limit before anything is registered."""
    with pytest.raises(ValueError, match=says):
        function(**wrong)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (Statement(sid="A", actions=["s3:*"], resources=["*"]), "write each action out"),
        (Statement(sid="A", actions=["GetObject"], resources=["*"]), "write each action out"),
        (Statement(sid="a-b", actions=["s3:GetObject"], resources=["*"]), "letters and digits"),
        (Statement(sid="A", actions=[], resources=["*"]), "names no action or no resource"),
        (Statement(sid="WriteLogs", actions=["s3:GetObject"], resources=["*"]), "already has"),
    ],
)
def test_refuses_statements_that_grant_too_much(
    deploy: Deploy, statement: Statement, says: str
) -> None:
    """Wildcards and repeated names never reach a policy."""
    with pytest.raises(ValueError, match=says):
        deploy(lambda: function().allow(statement))
