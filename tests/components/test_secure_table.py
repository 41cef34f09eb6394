"""SecureTable: encrypted, recoverable, and opened by exact grants only."""

from __future__ import annotations

from typing import Any

import pulumi_aws as aws
import pytest

from components import IndexArgs, KeyType
from tests.components.building import KEY_ARN, TOPIC_ARN, function, table
from tests.components.conftest import Deploy
from tests.components.policies import statements_of
from tests.components.recording_cloud import RecordingCloud

PENDING = IndexArgs(name="pending", hash_key="shard", range_key="at", range_key_type=KeyType.NUMBER)
ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/dialtone-test-things"


def test_is_secure_when_nothing_is_asked_for(deploy: Deploy, cloud: RecordingCloud) -> None:
    """A table with the fewest arguments is encrypted, recoverable for 35 days and protected."""
    deploy(table)

    made = cloud.one(aws.dynamodb.Table)
    assert made.inputs["serverSideEncryption"] == {"enabled": True, "kmsKeyArn": KEY_ARN}
    assert made.inputs["pointInTimeRecovery"] == {"enabled": True, "recoveryPeriodInDays": 35}
    assert made.inputs["deletionProtectionEnabled"] is True
    assert made.inputs["billingMode"] == "PAY_PER_REQUEST"
    assert made.protect


def test_recovery_and_protection_can_be_turned_off(deploy: Deploy, cloud: RecordingCloud) -> None:
    """A throwaway table, or one of keys, has no backups and can be deleted."""
    deploy(lambda: table(point_in_time_recovery=False, protect=False))

    made = cloud.one(aws.dynamodb.Table)
    assert made.inputs["pointInTimeRecovery"] == {"enabled": False}
    assert made.inputs["deletionProtectionEnabled"] is False
    assert not made.protect


def test_declares_keys_expiry_and_sparse_indexes(deploy: Deploy, cloud: RecordingCloud) -> None:
    """Keys, expiry and a keys-only index arrive with the types they were given."""
    deploy(lambda: table(indexes=[PENDING], expiry_attribute="expires_at"))

    made = cloud.one(aws.dynamodb.Table).inputs
    types = {one["name"]: one["type"] for one in made["attributes"]}
    assert types == {"pk": "S", "sk": "S", "shard": "S", "at": "N"}
    assert made["globalSecondaryIndexes"] == [
        {
            "name": "pending",
            "projectionType": "KEYS_ONLY",
            "keySchemas": [
                {"attributeName": "shard", "keyType": "HASH"},
                {"attributeName": "at", "keyType": "RANGE"},
            ],
        }
    ]
    assert made["ttl"] == {"enabled": True, "attributeName": "expires_at"}


def test_grant_reaches_the_table_and_its_key_only_through_dynamodb(
    deploy: Deploy, cloud: RecordingCloud
) -> None:
    """A grant names exact actions, and the key only by way of DynamoDB."""
    deploy(lambda: table().grant(function(), ["dynamodb:PutItem", "dynamodb:GetItem"]))

    granted = {one["Sid"]: one for one in statements_of(cloud, "worker")}
    assert granted["UseThingsTable"]["Action"] == ["dynamodb:GetItem", "dynamodb:PutItem"]
    assert granted["UseThingsTable"]["Resource"] == [ARN]
    assert granted["OpenThingsTable"] == {
        "Sid": "OpenThingsTable",
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:DescribeKey"],
        "Resource": [KEY_ARN],
        "Condition": {"StringEquals": {"kms:ViaService": ["dynamodb.us-east-1.amazonaws.com"]}},
    }


def test_grant_covers_indexes_for_queries_alone(deploy: Deploy, cloud: RecordingCloud) -> None:
    """A query may use the indexes by name; a write gets no index."""

    def program() -> None:
        things = table(indexes=[PENDING])
        things.grant_read(function("reader"))
        things.grant_write(function("writer"))

    deploy(program)

    reader = {one["Sid"]: one for one in statements_of(cloud, "reader")}
    assert reader["UseThingsIndexes"]["Action"] == ["dynamodb:Query"]
    assert reader["UseThingsIndexes"]["Resource"] == [f"{ARN}/index/pending"]
    assert "UseThingsIndexes" not in {one["Sid"] for one in statements_of(cloud, "writer")}


def test_grant_can_leave_indexes_closed(deploy: Deploy, cloud: RecordingCloud) -> None:
    """A function that queries the table alone gets no index, and no index is invented."""

    def program() -> None:
        things = table(indexes=[PENDING])
        things.grant(function(), ["dynamodb:Query"], indexes=[])
        with pytest.raises(ValueError, match="has no index"):
            things.grant(function("other"), ["dynamodb:Query"], indexes=["pendign"])

    deploy(program)

    assert "UseThingsIndexes" not in {one["Sid"] for one in statements_of(cloud, "worker")}


def test_nobody_may_scan(deploy: Deploy, cloud: RecordingCloud) -> None:
    """The widest grant still has no Scan."""
    deploy(lambda: table(indexes=[PENDING]).grant_read_write(function()))

    actions = {action for one in statements_of(cloud, "worker") for action in one["Action"]}
    assert "dynamodb:Scan" not in actions
    assert {"dynamodb:Query", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"} <= actions


def test_throttling_of_table_and_index_is_alarmed(deploy: Deploy, cloud: RecordingCloud) -> None:
    """A throttled index holds up acceptance, so it has alarms of its own."""
    deploy(lambda: table(indexes=[PENDING], alarm_topic_arn=TOPIC_ARN))

    watched = [
        (one.inputs["metricName"], one.inputs["dimensions"].get("GlobalSecondaryIndexName"))
        for one in cloud.of(aws.cloudwatch.MetricAlarm)
    ]
    assert sorted(watched, key=str) == [
        ("ReadThrottleEvents", "pending"),
        ("ReadThrottleEvents", None),
        ("WriteThrottleEvents", "pending"),
        ("WriteThrottleEvents", None),
    ]


@pytest.mark.registers_nothing
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"recovery_days": 36}, "recovery_days must be 1 to 35, got 36"),
        ({"recovery_days": 0}, "recovery_days must be 1 to 35, got 0"),
        ({"indexes": [PENDING, PENDING]}, "two indexes share a name"),
        (
            {"indexes": [IndexArgs(name="a", hash_key="pk", hash_key_type=KeyType.NUMBER)]},
            "attribute 'pk' has two types",
        ),
        (
            {"indexes": [IndexArgs(name=str(n), hash_key="pk") for n in range(21)]},
            "at most 20 indexes, got 21",
        ),
    ],
)
def test_refuses_what_cannot_be(wrong: dict[str, Any], says: str) -> None:
    """A wrong argument is named with its limit before anything is registered."""
    with pytest.raises(ValueError, match=says):
        table(**wrong)
