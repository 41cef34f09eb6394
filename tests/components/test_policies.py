"""Least privilege: each role can do what its function calls, and nothing to its neighbours' things.

Decided by a pure evaluator over the recorded policies; that the calls are the ones the functions
make is proved end to end, under the roles themselves.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pulumi_aws as aws
import pytest

from tests.components.policies import allows, statements_of
from tests.components.programs import ROOT, compose
from tests.components.recorded_calls import INSTANCE_ID, NUMBER_ID
from tests.components.recording_cloud import RecordingCloud

FUNCTIONS = ("webhook", "status", "responder", "sweep")
PREFIX = "arn:aws:{}:us-east-1:123456789012:"
TABLES = {
    name: f"{PREFIX.format('dynamodb')}table/dialtone-prod-{name}"
    for name in ("people", "conversations", "keys")
}
PENDING = f"{TABLES['conversations']}/index/pending"
QUEUE = f"{PREFIX.format('sqs')}dialtone-prod-wakeups.fifo"
DEAD = f"{PREFIX.format('sqs')}dialtone-prod-wakeups-dead.fifo"
SECRET = f"{PREFIX.format('secretsmanager')}secret:dialtone-prod-carrier-AbCdEf"
MODELS_SECRET = f"{PREFIX.format('secretsmanager')}secret:dialtone-prod-models-AbCdEf"
KEY = f"{PREFIX.format('kms')}key/data-key"
NOVA = "arn:aws:bedrock:us-west-2::foundation-model/amazon.nova-lite-v1:0"
CLAUDE = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v1:0"
# What each function calls, read from its code; what is not here is denied.
CALLS: dict[str, dict[str, set[str]]] = {
    "webhook": {
        TABLES["people"]: {"GetItem", "PutItem", "UpdateItem", "ConditionCheckItem", "Query"},
        TABLES["conversations"]: {"PutItem", "UpdateItem", "ConditionCheckItem"},
        TABLES["keys"]: {"GetItem", "PutItem", "ConditionCheckItem"},
    },
    "status": {TABLES["conversations"]: {"GetItem", "UpdateItem"}},
    "responder": {
        TABLES["people"]: {"GetItem", "UpdateItem", "ConditionCheckItem", "Query"},
        TABLES["conversations"]: {
            *("GetItem", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem", "Query"),
        },
        TABLES["keys"]: {"GetItem", "DeleteItem", "ConditionCheckItem"},
    },
    "sweep": {
        TABLES["people"]: {"GetItem", "PutItem", "UpdateItem", "ConditionCheckItem", "Query"},
        TABLES["conversations"]: {
            *("GetItem", "PutItem", "UpdateItem", "ConditionCheckItem", "Query"),
        },
        TABLES["keys"]: {"GetItem", "PutItem", "ConditionCheckItem"},
        PENDING: {"Query"},
    },
}
ITEM_ACTIONS = (
    *("GetItem", "BatchGetItem", "Query", "Scan", "PutItem", "UpdateItem", "DeleteItem"),
    *("BatchWriteItem", "ConditionCheckItem", "PartiQLSelect", "DeleteTable", "UpdateTable"),
)
QUEUE_CALLS = {
    "webhook": {"SendMessage"},
    "status": set[str](),
    "responder": {
        *("SendMessage", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes"),
        "ChangeMessageVisibility",
    },
    "sweep": {"SendMessage"},
}
QUEUE_ACTIONS = (
    *sorted(QUEUE_CALLS["responder"]),
    "PurgeQueue",
    "DeleteQueue",
    "SetQueueAttributes",
)


CHAIN = ("bedrock:us.amazon.nova-lite-v1:0", "openai:gpt-5")
_COMPOSED: list[RecordingCloud] = []

# The stack is composed once, in whichever test comes first; the tests only read it.
pytestmark = pytest.mark.registers_nothing


@pytest.fixture
def composed() -> RecordingCloud:
    """The production stack, with a chain of two providers."""
    if not _COMPOSED:
        cloud = RecordingCloud()
        compose(cloud, models=list(CHAIN))
        _COMPOSED.append(cloud)
    return _COMPOSED[0]


def rendered(cloud: RecordingCloud) -> dict[str, list[dict[str, Any]]]:
    """Statements of every role, by role."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in cloud.of(aws.iam.RolePolicy):
        document = json.loads(one.inputs["policy"])
        found.setdefault(one.inputs["role"], []).extend(document["Statement"])
    return found


@pytest.mark.parametrize("function", FUNCTIONS)
def test_tables_are_open_for_what_is_called(composed: RecordingCloud, function: str) -> None:
    """Every action on every table is decided: called ones are allowed, all others denied."""
    statements = statements_of(composed, function)

    for resource in (*TABLES.values(), PENDING):
        called = CALLS[function].get(resource, set())
        for action in ITEM_ACTIONS:
            allowed = allows(statements, f"dynamodb:{action}", resource)
            assert allowed == (action in called), f"{action} on {resource}"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_queues_are_open_for_what_is_called(composed: RecordingCloud, function: str) -> None:
    """Only the responder reads the queue; nobody touches dead letters."""
    statements = statements_of(composed, function)

    for action in QUEUE_ACTIONS:
        allowed = allows(statements, f"sqs:{action}", QUEUE)
        assert allowed == (action in QUEUE_CALLS[function]), action
        assert not allows(statements, f"sqs:{action}", DEAD), action


@pytest.mark.parametrize("function", FUNCTIONS)
def test_secrets_are_read_one_by_one(composed: RecordingCloud, function: str) -> None:
    """The carrier's secret is everybody's; the models' only the responder's; nobody writes."""
    statements = statements_of(composed, function)

    read, write = "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"
    assert allows(statements, read, SECRET)
    assert allows(statements, read, MODELS_SECRET) == (function == "responder")
    assert not allows(statements, read, SECRET.replace("prod", "dev"))
    assert not allows(statements, write, SECRET)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_models_are_the_responders_alone(composed: RecordingCloud, function: str) -> None:
    """Only the responder calls a model, and only those of its chain."""
    statements = statements_of(composed, function)

    assert allows(statements, "bedrock:InvokeModel", NOVA) == (function == "responder")
    assert not allows(statements, "bedrock:InvokeModel", CLAUDE)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_key_opens_only_through_its_services(composed: RecordingCloud, function: str) -> None:
    """What DynamoDB and Secrets Manager sealed with the stack's key, they alone open."""
    statements = statements_of(composed, function)

    via = {"kms:ViaService": "dynamodb.us-east-1.amazonaws.com"}
    elsewhere = {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
    assert allows(statements, "kms:Decrypt", KEY, via)
    assert not allows(statements, "kms:Decrypt", KEY, elsewhere)
    assert not allows(statements, "kms:Decrypt", KEY)
    for action in ("Encrypt", "GenerateDataKey", "PutKeyPolicy", "ScheduleKeyDeletion"):
        assert not allows(statements, f"kms:{action}", KEY, via)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_who_answers_may_unwrap_a_conversations_key(
    composed: RecordingCloud, function: str
) -> None:
    """Who accepts wraps and cannot unwrap; who answers unwraps; each naming the conversation."""
    statements = statements_of(composed, function)
    named = {"kms:EncryptionContext:conversation": "person#01"}
    other = {"kms:EncryptionContext:aws:dynamodb:tableName": "dialtone-prod-people"}

    assert allows(statements, "kms:Encrypt", KEY, named) == (function in {"webhook", "sweep"})
    assert allows(statements, "kms:Decrypt", KEY, named) == (function == "responder")
    for action in ("kms:Encrypt", "kms:Decrypt"):
        assert not allows(statements, action, KEY)
        assert not allows(statements, action, KEY, other)
        assert not allows(statements, action, KEY.replace("data-key", "other"), named)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_neighbours_logs_and_functions_are_denied(composed: RecordingCloud, function: str) -> None:
    """A function writes its own log and calls no other function."""
    statements = statements_of(composed, function)

    for other in FUNCTIONS:
        group = f"{PREFIX.format('logs')}log-group:/aws/lambda/dialtone-prod-{other}:log-stream:x"
        assert allows(statements, "logs:PutLogEvents", group) == (other == function)
        neighbour = f"{PREFIX.format('lambda')}function:dialtone-prod-{other}"
        assert not allows(statements, "lambda:InvokeFunction", neighbour)
    for action in ("iam:PassRole", "sts:AssumeRole", "s3:GetObject", "sns:Publish"):
        assert not allows(statements, action, "arn:aws:anything:::x")


def test_a_star_is_only_for_actions_without_resource(composed: RecordingCloud) -> None:
    """Traces know no resource; everything else names one."""
    for statements in rendered(composed).values():
        for one in statements:
            assert not any("*" in action for action in one["Action"]), one
            if "*" in one["Resource"]:
                assert one["Sid"] == "SendTraces", one


def test_policies_fit_into_their_role(composed: RecordingCloud) -> None:
    """IAM takes 10,240 characters of inline policies in a role, spaces not counted."""
    sizes: dict[str, int] = {}
    for one in composed.of(aws.iam.RolePolicy):
        size = len("".join(one.inputs["policy"].split()))
        sizes[one.inputs["role"]] = sizes.get(one.inputs["role"], 0) + size
    assert max(sizes.values()) < 10_240, sizes


def _template(cloud: RecordingCloud) -> dict[str, Any]:
    resources: dict[str, Any] = {}
    policies = cloud.of(aws.iam.RolePolicy)
    for number, role in enumerate(cloud.of(aws.iam.Role)):
        resources[f"Role{number}"] = {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": json.loads(role.inputs["assumeRolePolicy"]),
                "Policies": [
                    {
                        "PolicyName": one.inputs["name"],
                        "PolicyDocument": json.loads(one.inputs["policy"]),
                    }
                    for one in policies
                    if one.inputs["role"] == role.inputs["name"]
                ],
            },
        }
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}


def _lint(template: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "policies.json"
    file.write_text(json.dumps(template))
    linter = Path(sys.executable).with_name("cfn-lint")
    # Literal ARNs and regions are what a recorded policy is made of.
    ignored = ("--ignore-checks", "W1011", "I3042", "--regions", "us-east-1")
    return subprocess.run(
        [str(linter), *ignored, "--", str(file)], capture_output=True, text=True, check=False
    )


def test_actions_exist(composed: RecordingCloud, tmp_path: Path) -> None:
    """Every action in every policy is one that IAM knows, in a document that it accepts."""
    template = _template(composed)
    assert len(template["Resources"]) == 5

    linted = _lint(template, tmp_path)

    assert linted.returncode == 0, linted.stdout


def test_the_linter_would_notice(composed: RecordingCloud, tmp_path: Path) -> None:
    """A misspelt action does not pass, so that the test above means something."""
    template = _template(composed)
    statement = template["Resources"]["Role0"]["Properties"]["Policies"][0]["PolicyDocument"]
    statement["Statement"][0]["Action"] = ["dynamodb:PutItemm"]

    linted = _lint(template, tmp_path)

    assert linted.returncode != 0
    assert "PutItemm" in linted.stdout.lower() or "putitemm" in linted.stdout.lower()


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:a/*"}, True),
        ({"Effect": "Allow", "Action": "S3:getobject", "Resource": "arn:a/?"}, True),
        ({"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:A/b"}, False),
        ({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn.a/b"}, False),
        (
            {
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:x": ["1"]}},
            },
            False,
        ),
    ],
)
def test_the_evaluator_decides_as_iam_does(statement: dict[str, Any], *, allowed: bool) -> None:
    """Actions fold case, resources do not; a condition without a value does not hold."""
    assert allows([statement], "s3:GetObject", "arn:a/b") is allowed


def test_the_evaluator_knows_deny_and_its_own_limits() -> None:
    """A Deny wins over every Allow, and an unknown operator is an error, never a pass."""
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    assert not allows([statement, {**statement, "Effect": "Deny"}], "s3:GetObject", "arn")

    with pytest.raises(ValueError, match="knows no Bool"):
        allows([{**statement, "Condition": {"Bool": {"a": "true"}}}], "s3:GetObject", "arn")


def test_roles_that_are_no_functions_do_one_thing(cloud: RecordingCloud) -> None:
    """The schedule calls the sweep, the bot has speech made; and each role is in the documents."""
    voice = {"enabled": True, "instanceId": INSTANCE_ID, "phoneNumberId": NUMBER_ID}
    outputs = compose(cloud, voice={**voice, "memory": "person"})

    names = {one.inputs["name"] for one in cloud.of(aws.iam.Role)}
    functions = set(outputs["functions"].values())
    others = {
        "dialtone-prod-sweep-clock-schedule": "lambda:InvokeFunction",
        "dialtone-prod-voice": "polly:SynthesizeSpeech",
    }
    assert names == functions | others.keys()
    statements = rendered(cloud)
    for name, action in others.items():
        (one,) = statements[name]
        assert one["Action"] == [action], name
    (invoke,) = statements["dialtone-prod-sweep-clock-schedule"]
    assert [arn.rpartition(":")[2] for arn in invoke["Resource"]] == ["dialtone-prod-sweep"]
    page = (ROOT / "docs" / "security.md").read_text("utf-8")
    for name in outputs["functions"]:
        assert f"{name}'s role" in page or f"the {name} function's role" in page, name
    assert "the role of the sweep's schedule" in page
    assert "the role of the bot" in page
