"""Each function's role: what it calls is allowed, its neighbours' things are denied.

Everything is attempted with the role's own credentials against the emulator, which enforces
policies. An allowed call may fail for another reason (no such item); a denied one must be denied.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.config import OUR_NUMBER
from local.stack import LocalStack

DENIED = {"AccessDenied", "AccessDeniedException"}
PEOPLE, CONVERSATIONS, KEYS = "peopleTable", "conversationsTable", "keysTable"
Attempt = Callable[[LocalStack, str], None]


@pytest.fixture
def person(new_phone: Callable[[], Any]) -> str:
    """The number of somebody whom the stack has never met."""
    number: str = new_phone().number
    return number


def on_table(operation: str, output: str) -> Attempt:
    """An attempt of one DynamoDB operation on one table."""

    def attempt(stack: LocalStack, function: str) -> None:
        table = stack.outputs[output]
        item = {"pk": {"S": "role-test"}, **({} if output == KEYS else {"sk": {"S": "x"}})}
        client = stack.client_as(function, "dynamodb")
        match operation:
            case "Put":
                client.put_item(TableName=table, Item=item)
            case "Query" | "QueryIndex":
                index = {"IndexName": "pending"} if operation == "QueryIndex" else {}
                name = "pending_shard" if index else "pk"
                client.query(
                    TableName=table,
                    KeyConditionExpression="#k = :k",
                    ExpressionAttributeNames={"#k": name},
                    ExpressionAttributeValues={":k": {"S": "role-test"}},
                    **index,
                )
            case "Check":
                check = {
                    "TableName": table,
                    "Key": item,
                    "ConditionExpression": "attribute_exists(pk)",
                }
                client.transact_write_items(TransactItems=[{"ConditionCheck": check}])
            case "Scan":
                client.scan(TableName=table)
            case _:
                call = {"Get": "get_item", "Update": "update_item", "Delete": "delete_item"}
                getattr(client, call[operation])(TableName=table, Key=item)

    return attempt


def send(output: str) -> Attempt:
    """An attempt to send to a queue; without a group it is refused, after it was allowed."""

    def attempt(stack: LocalStack, function: str) -> None:
        client = stack.client_as(function, "sqs")
        client.send_message(QueueUrl=stack.outputs[output], MessageBody="x")

    return attempt


def receive(output: str) -> Attempt:
    """An attempt to read a queue."""

    def attempt(stack: LocalStack, function: str) -> None:
        client = stack.client_as(function, "sqs")
        client.receive_message(QueueUrl=stack.outputs[output], VisibilityTimeout=0)

    return attempt


def read_secret(stack: LocalStack, function: str) -> None:
    """An attempt to read the carrier's secret."""
    client = stack.client_as(function, "secretsmanager")
    client.get_secret_value(SecretId=stack.outputs["carrierSecretArn"])


def write_secret(stack: LocalStack, function: str) -> None:
    """An attempt to change the carrier's secret."""
    client = stack.client_as(function, "secretsmanager")
    client.put_secret_value(SecretId=stack.outputs["carrierSecretArn"], SecretString="{}")


def use_key(operation: str) -> Attempt:
    """An attempt to wrap or unwrap a seed with the stack's key, not through a store."""

    def attempt(stack: LocalStack, function: str) -> None:
        key = stack.outputs["keyArn"]
        context = {"conversation": "person#role-test"}
        wrapped = stack.aws("kms").encrypt(KeyId=key, Plaintext=b"seed", EncryptionContext=context)[
            "CiphertextBlob"
        ]
        client = stack.client_as(function, "kms")
        if operation == "wrap":
            client.encrypt(KeyId=key, Plaintext=b"seed", EncryptionContext=context)
        else:
            client.decrypt(KeyId=key, CiphertextBlob=wrapped, EncryptionContext=context)

    return attempt


def become(other: str) -> Attempt:
    """An attempt to call another function."""

    def attempt(stack: LocalStack, function: str) -> None:
        client = stack.client_as(function, "lambda")
        client.invoke(FunctionName=stack.outputs["functions"][other], Payload=b"{}")

    return attempt


def give_itself_rights(stack: LocalStack, function: str) -> None:
    """An attempt to widen its own role."""
    name = stack.outputs["functions"][function]
    client = stack.client_as(function, "iam")
    client.put_role_policy(RoleName=name, PolicyName="more", PolicyDocument="{}")


def table_attempts(output: str, *operations: str) -> dict[str, Attempt]:
    """Name → attempt, for several operations on one table."""
    short = output.removesuffix("Table")
    return {f"{operation} {short}": on_table(operation, output) for operation in operations}


ACCEPTING = {
    **table_attempts(PEOPLE, "Get", "Put", "Update", "Check", "Query"),
    **table_attempts(KEYS, "Get", "Put", "Check"),
    **table_attempts(CONVERSATIONS, "Put", "Update", "Check"),
    "send a wake-up": send("wakeupQueueUrl"),
    "read the secret": read_secret,
    "wrap a key": use_key("wrap"),
}
ALLOWED: dict[str, dict[str, Attempt]] = {
    "webhook": ACCEPTING,
    "status": {
        **table_attempts(CONVERSATIONS, "Get", "Update"),
        "read the secret": read_secret,
    },
    "responder": {
        **table_attempts(PEOPLE, "Get", "Put", "Update", "Check", "Query"),
        **table_attempts(CONVERSATIONS, "Get", "Put", "Update", "Delete", "Check", "Query"),
        **table_attempts(KEYS, "Get", "Check", "Delete"),
        "send a wake-up": send("wakeupQueueUrl"),
        "receive wake-ups": receive("wakeupQueueUrl"),
        "read the secret": read_secret,
        "unwrap a key": use_key("unwrap"),
    },
    "sweep": {**ACCEPTING, **table_attempts(CONVERSATIONS, "Get", "Query", "QueryIndex")},
    "fulfilment": {
        **ACCEPTING,
        **table_attempts(CONVERSATIONS, "Get", "Delete", "Query"),
        "unwrap a key": use_key("unwrap"),
    },
}
NOBODY = {
    **table_attempts(PEOPLE, "Scan", "Delete"),
    **table_attempts(CONVERSATIONS, "Scan"),
    **table_attempts(KEYS, "Scan", "Update"),
    "change the secret": write_secret,
    "read dead letters": receive("deadLetterQueueUrl"),
    "send dead letters": send("deadLetterQueueUrl"),
    "call the sweep": become("sweep"),
    "widen its own role": give_itself_rights,
}
DENIALS: dict[str, dict[str, Attempt]] = {
    "webhook": {
        "unwrap a key": use_key("unwrap"),
        **table_attempts(CONVERSATIONS, "Get", "Query", "QueryIndex", "Delete"),
        **table_attempts(KEYS, "Delete"),
        "receive wake-ups": receive("wakeupQueueUrl"),
    },
    "status": {
        **table_attempts(PEOPLE, "Get", "Put", "Update"),
        **table_attempts(KEYS, "Get", "Put", "Delete"),
        **table_attempts(CONVERSATIONS, "Put", "Query", "Delete"),
        "wrap a key": use_key("wrap"),
        "unwrap a key": use_key("unwrap"),
        "send a wake-up": send("wakeupQueueUrl"),
        "receive wake-ups": receive("wakeupQueueUrl"),
    },
    "responder": {
        **table_attempts(CONVERSATIONS, "QueryIndex"),
        **table_attempts(KEYS, "Put"),
        "wrap a key": use_key("wrap"),
    },
    "fulfilment": {
        **table_attempts(CONVERSATIONS, "QueryIndex"),
        **table_attempts(KEYS, "Delete"),
        "receive wake-ups": receive("wakeupQueueUrl"),
    },
    "sweep": {
        "unwrap a key": use_key("unwrap"),
        **table_attempts(CONVERSATIONS, "Delete"),
        **table_attempts(KEYS, "Delete"),
        "receive wake-ups": receive("wakeupQueueUrl"),
    },
}


def outcome(attempt: Attempt, stack: LocalStack, function: str) -> str:
    """The error code of an attempt, empty when it went through."""
    try:
        attempt(stack, function)
    except ClientError as error:
        code: str = error.response["Error"]["Code"]
        return code
    return ""


@pytest.mark.parametrize("function", ALLOWED)
def test_a_role_may_do_what_its_function_calls(stack: LocalStack, function: str) -> None:
    """Nothing that the function needs is refused to its role."""
    codes = {name: outcome(attempt, stack, function) for name, attempt in ALLOWED[function].items()}
    assert {name: code for name, code in codes.items() if code in DENIED} == {}


@pytest.mark.parametrize("function", DENIALS)
def test_a_role_is_denied_its_neighbours_things(stack: LocalStack, function: str) -> None:
    """Every other table, queue, secret and function is refused, and so is changing its role."""
    attempts = {**NOBODY, **DENIALS[function]}
    codes = {name: outcome(attempt, stack, function) for name, attempt in attempts.items()}
    assert {name: code for name, code in codes.items() if code not in DENIED} == {}


def test_a_whole_conversation_meets_no_refusal(stack: LocalStack, person: str) -> None:
    """Texts, an answer, its delivery report and a sweep need no right that a role lacks."""
    stack.carrier.text(person, OUR_NUMBER, "first")
    (reply,) = stack.carrier.wait_reply(person)
    stack.carrier.wait_status(reply.sid, "delivered")
    stack.carrier.text(person, OUR_NUMBER, "second")
    stack.carrier.wait_reply(person, 2)
    stack.invoke("sweep", {})
    assert [line for line in stack.logs() if "AccessDenied" in line] == []


def test_a_worker_runs_under_its_own_role(stack: LocalStack) -> None:
    """The credentials in a function's environment are those of its role, and no others'."""
    for function in ALLOWED:
        identity: dict[str, Any] = stack.client_as(function, "sts").get_caller_identity()
        assert f"assumed-role/{stack.outputs['functions'][function]}/" in identity["Arn"]
