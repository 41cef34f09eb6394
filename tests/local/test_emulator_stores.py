"""What the services rely on in the emulator, each as AWS behaves; a bump must keep all of it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator import Emulator

_names = itertools.count()


@pytest.fixture
def dynamodb(emulator: Emulator) -> Any:
    """A client of the account's root."""
    return emulator.client("dynamodb")


@pytest.fixture
def table(dynamodb: Any) -> str:
    """A table with a sparse index, as the stack's conversations."""
    name = f"table-{next(_names)}"
    attributes = {"pk": "S", "sk": "S", "pending_shard": "S", "pending_at": "N"}
    keys = [("pk", "HASH"), ("sk", "RANGE")]
    index = [("pending_shard", "HASH"), ("pending_at", "RANGE")]
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind} for name, kind in attributes.items()
        ],
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "pending",
                "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in index],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    return name


@pytest.fixture
def queue(emulator: Emulator) -> tuple[Any, str]:
    """A FIFO queue with a dead-letter queue behind two receives."""
    sqs, number = emulator.client("sqs"), next(_names)
    fifo = {"FifoQueue": "true"}
    dead = sqs.create_queue(QueueName=f"dead-{number}.fifo", Attributes=fifo)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
    redrive = {"deadLetterTargetArn": arn["Attributes"]["QueueArn"], "maxReceiveCount": 2}
    url = sqs.create_queue(
        QueueName=f"queue-{number}.fifo",
        Attributes={
            **fifo,
            "VisibilityTimeout": "1",
            "RedrivePolicy": json.dumps(redrive),
            "DeduplicationScope": "messageGroup",
            "FifoThroughputLimit": "perMessageGroupId",
        },
    )["QueueUrl"]
    return sqs, url


def item(pk: str, sk: str = "meta", **more: dict[str, str]) -> dict[str, dict[str, str]]:
    """An item of the table."""
    return {"pk": {"S": pk}, "sk": {"S": sk}, **more}


def error_of(call: Callable[[], object]) -> dict[str, Any]:
    """The response of a call that has to fail."""
    with pytest.raises(ClientError) as caught:
        call()
    return dict(caught.value.response)


def test_a_failed_condition_returns_the_item_that_was_there(dynamodb: Any, table: str) -> None:
    """A conditional put of what exists fails and shows the old item when asked to."""
    dynamodb.put_item(TableName=table, Item=item("a", epoch={"N": "3"}))
    refused = error_of(
        lambda: dynamodb.put_item(
            TableName=table,
            Item=item("a"),
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    )
    assert refused["Error"]["Code"] == "ConditionalCheckFailedException"
    assert refused["Item"]["epoch"] == {"N": "3"}


def test_a_transaction_is_all_or_nothing_and_says_why(dynamodb: Any, table: str) -> None:
    """One failed condition undoes every part; the reasons stand in the order of the parts."""
    put = {"Put": {"TableName": table, "Item": item("b", "receipt")}}
    check = {
        "ConditionCheck": {
            "TableName": table,
            "Key": item("b", "key"),
            "ConditionExpression": "attribute_exists(pk)",
        }
    }
    refused = error_of(lambda: dynamodb.transact_write_items(TransactItems=[put, check]))
    assert refused["Error"]["Code"] == "TransactionCanceledException"
    codes = [reason["Code"] for reason in refused["CancellationReasons"]]
    assert codes == ["None", "ConditionalCheckFailed"]
    assert "Item" not in dynamodb.get_item(TableName=table, Key=item("b", "receipt"))


def test_an_update_is_an_upsert_unless_it_asks(dynamodb: Any, table: str) -> None:
    """An update without a condition raises a ghost, one with ``attribute_exists`` does not."""
    change: dict[str, Any] = {
        "TableName": table,
        "Key": item("c"),
        "UpdateExpression": "SET epoch = :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    guarded = {**change, "ConditionExpression": "attribute_exists(pk)"}
    refused = error_of(lambda: dynamodb.update_item(**guarded))
    assert refused["Error"]["Code"] == "ConditionalCheckFailedException"
    dynamodb.update_item(**change)
    assert "Item" in dynamodb.get_item(TableName=table, Key=item("c"))


def test_the_index_is_sparse_and_holds_keys_only(dynamodb: Any, table: str) -> None:
    """Only items with both attributes are in it, in order; removing one takes the item out."""
    for name, at in (("late", "20"), ("early", "10")):
        marked = item(
            "d", name, pending_shard={"S": "07"}, pending_at={"N": at}, text={"S": "sealed"}
        )
        dynamodb.put_item(TableName=table, Item=marked)
    dynamodb.put_item(TableName=table, Item=item("d", "idle", pending_shard={"S": "07"}))
    query: dict[str, Any] = {
        "TableName": table,
        "IndexName": "pending",
        "KeyConditionExpression": "pending_shard = :s AND pending_at <= :now",
        "ExpressionAttributeValues": {":s": {"S": "07"}, ":now": {"N": "30"}},
    }
    found = dynamodb.query(**query)["Items"]
    assert [one["sk"]["S"] for one in found] == ["early", "late"]
    assert set(found[0]) == {"pk", "sk", "pending_shard", "pending_at"}
    dynamodb.update_item(
        TableName=table,
        Key=item("d", "early"),
        UpdateExpression="REMOVE pending_shard, pending_at",
    )
    assert [one["sk"]["S"] for one in dynamodb.query(**query)["Items"]] == ["late"]


def test_a_window_is_read_backwards_with_a_limit(dynamodb: Any, table: str) -> None:
    """The newest items of a prefix, and no more than asked for."""
    for number in range(12):
        dynamodb.put_item(TableName=table, Item=item("e", f"message#{number:012d}"))
    dynamodb.put_item(TableName=table, Item=item("e", "turn#1"))
    found = dynamodb.query(
        TableName=table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues={":pk": {"S": "e"}, ":prefix": {"S": "message#"}},
        ScanIndexForward=False,
        Limit=3,
        ConsistentRead=True,
    )["Items"]
    assert [one["sk"]["S"][-2:] for one in found] == ["11", "10", "09"]


def receive(sqs: Any, url: str, **more: Any) -> list[dict[str, Any]]:
    """What the queue gives right now, up to ten messages."""
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **more)
    return list(answer.get("Messages", []))


def test_a_queue_keeps_order_and_refuses_duplicates(queue: tuple[Any, str]) -> None:
    """Within a group messages come as they were sent, each deduplication id once."""
    sqs, url = queue
    for body in ("1", "2", "2", "3"):
        sqs.send_message(
            QueueUrl=url, MessageBody=body, MessageGroupId="a", MessageDeduplicationId=body
        )
    assert [message["Body"] for message in receive(sqs, url)] == ["1", "2", "3"]


def test_a_group_waits_while_one_of_it_is_in_flight(queue: tuple[Any, str]) -> None:
    """Other groups go on; the group goes on after the delete."""
    sqs, url = queue
    for group, body in (("a", "1"), ("a", "2"), ("b", "3")):
        sqs.send_message(
            QueueUrl=url, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=body
        )
    (first,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=30)["Messages"]
    assert first["Body"] == "1"
    assert [message["Body"] for message in receive(sqs, url, VisibilityTimeout=30)] == ["3"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    assert [message["Body"] for message in receive(sqs, url)] == ["2"]


def test_a_message_comes_back_and_then_goes_to_the_dead_letters(queue: tuple[Any, str]) -> None:
    """What is not deleted is visible again at once when asked, and dead after two receives."""
    sqs, url = queue
    sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="a", MessageDeduplicationId="x")
    for _ in range(2):
        (message,) = receive(sqs, url, MessageSystemAttributeNames=["All"])
        sqs.change_message_visibility(
            QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )
    assert message["Attributes"]["ApproximateReceiveCount"] == "2"
    assert receive(sqs, url) == []
    dead = url.replace("queue-", "dead-")
    assert [letter["Body"] for letter in receive(sqs, dead)] == ["x"]


def test_a_fifo_message_has_no_delay_of_its_own(queue: tuple[Any, str]) -> None:
    """As on AWS, only the queue delays."""
    sqs, url = queue
    refused = error_of(
        lambda: sqs.send_message(
            QueueUrl=url,
            MessageBody="x",
            MessageGroupId="a",
            MessageDeduplicationId="x",
            DelaySeconds=3,
        )
    )
    assert refused["ResponseMetadata"]["HTTPStatusCode"] == 400
