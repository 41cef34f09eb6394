"""FifoQueue: ordered, retried a few times, then put where somebody looks."""

from __future__ import annotations

import json
from typing import Any

import pulumi_aws as aws
import pytest

from components import ConsumerArgs
from tests.components.building import KEY_ARN, TOPIC_ARN, function, queue
from tests.components.conftest import Deploy
from tests.components.policies import statements_of
from tests.components.recording_cloud import RecordingCloud

ARN = "arn:aws:sqs:us-east-1:123456789012:dialtone-test-work"


def test_is_high_throughput_fifo_with_dead_letters(deploy: Deploy, cloud: RecordingCloud) -> None:
    """Order is kept per group, and what fails five times moves to the dead-letter queue."""
    deploy(queue)

    made = cloud.one(aws.sqs.Queue, "work-queue").inputs
    assert made["name"] == "dialtone-test-work.fifo"
    assert made["fifoQueue"] is True
    assert made["deduplicationScope"] == "messageGroup"
    assert made["fifoThroughputLimit"] == "perMessageGroupId"
    assert made["visibilityTimeoutSeconds"] == 15
    redrive = {"deadLetterTargetArn": f"{ARN}-dead.fifo", "maxReceiveCount": 5}
    assert json.loads(made["redrivePolicy"]) == redrive
    dead = cloud.one(aws.sqs.Queue, "work-dead-queue").inputs
    assert dead["messageRetentionSeconds"] == 14 * 24 * 3600
    allowed = cloud.one(aws.sqs.RedriveAllowPolicy).inputs["redriveAllowPolicy"]
    assert json.loads(allowed)["sourceQueueArns"] == [f"{ARN}.fifo"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, {"sqsManagedSseEnabled": True}),
        ({"key_arn": KEY_ARN}, {"kmsMasterKeyId": KEY_ARN}),
    ],
)
def test_both_queues_are_encrypted(
    deploy: Deploy, cloud: RecordingCloud, asked: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Queues are encrypted by SQS, or by the key that is given."""
    deploy(lambda: queue(**asked))

    keys = ("sqsManagedSseEnabled", "kmsMasterKeyId")
    for one in cloud.of(aws.sqs.Queue):
        assert {key: one.inputs[key] for key in keys if key in one.inputs} == expected


def test_consumer_reports_failures_and_is_limited(deploy: Deploy, cloud: RecordingCloud) -> None:
    """The event source hands over one message, at most so many at once, after all grants."""

    def program() -> None:
        queue().consume(function(), maximum_concurrency=7)

    deploy(program)

    made = cloud.one(aws.lambda_.EventSourceMapping)
    assert made.inputs["batchSize"] == 1
    assert made.inputs["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert made.inputs["scalingConfig"] == {"maximumConcurrency": 7}
    assert {one.urn for one in cloud.of(aws.iam.RolePolicy)} <= set(made.depends_on)
    consume = {one["Sid"]: one for one in statements_of(cloud, "worker")}["ConsumeWork"]
    assert consume["Resource"] == [f"{ARN}.fifo"]
    assert set(consume["Action"]) == {
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ChangeMessageVisibility",
    }


def test_sender_can_only_send(deploy: Deploy, cloud: RecordingCloud) -> None:
    """A sender may not read the queue, and uses its key only through SQS."""
    deploy(lambda: queue(key_arn=KEY_ARN).grant_send(function()))

    granted = {one["Sid"]: one for one in statements_of(cloud, "worker")}
    assert granted["SendWork"]["Action"] == ["sqs:SendMessage"]
    assert granted["SendWorkKey"]["Condition"] == {
        "StringEquals": {"kms:ViaService": ["sqs.us-east-1.amazonaws.com"]}
    }


def test_a_dead_letter_alarms(deploy: Deploy, cloud: RecordingCloud) -> None:
    """One dead letter is enough to tell somebody."""
    deploy(lambda: queue(alarm_topic_arn=TOPIC_ARN))

    made = cloud.one(aws.cloudwatch.MetricAlarm).inputs
    assert made["dimensions"] == {"QueueName": "dialtone-test-work-dead.fifo"}
    assert (made["metricName"], made["threshold"]) == ("ApproximateNumberOfMessagesVisible", 1)


@pytest.mark.parametrize(
    ("visibility", "concurrency", "batch", "says"),
    [
        (14, 5, 1, "must be at least 15: the timeout of worker plus 5"),
        (15, 1, 1, "maximum_concurrency must be 2 to 1000, got 1"),
        (15, 5, 11, "batch_size must be 1 to 10, got 11"),
    ],
)
def test_refuses_a_consumer_that_would_see_double(
    deploy: Deploy, visibility: int, concurrency: int, batch: int, says: str
) -> None:
    """A message may not become visible while its worker can still run."""

    def program() -> None:
        made = queue(visibility_timeout_seconds=visibility)
        made.consume(function(), maximum_concurrency=concurrency, batch_size=batch)

    with pytest.raises(ValueError, match=says):
        deploy(program)


def test_a_given_consumer_is_what_consume_declares(deploy: Deploy, cloud: RecordingCloud) -> None:
    """A consumer as argument gets the same event source and the same rights as by the method."""

    def program() -> None:
        queue(key_arn=KEY_ARN).consume(function(), maximum_concurrency=7, batch_size=2)
        other = function("other")
        consumer = ConsumerArgs(
            target_arn=other.target_arn,
            role_name=other.role_name,
            timeout_seconds=10,
            maximum_concurrency=7,
            batch_size=2,
        )
        queue("again", key_arn=KEY_ARN, consumer=consumer)

    deploy(program)

    first, second = (
        cloud.one(aws.lambda_.EventSourceMapping, f"{name}-consumer") for name in ("work", "again")
    )
    as_first = json.dumps(second.inputs).replace("test-again", "test-work")
    assert json.loads(as_first.replace("test-other", "test-worker")) == first.inputs
    granted, given = (
        sorted(
            (one for one in statements_of(cloud, name) if "Consume" in one["Sid"]),
            key=lambda one: str(one["Sid"]),
        )
        for name in ("worker", "other")
    )
    as_granted = json.dumps(given).replace("ConsumeAgain", "ConsumeWork")
    assert json.loads(as_granted.replace("test-again", "test-work")) == granted
    rights = {one.urn for one in cloud.of(aws.iam.RolePolicy) if "ConsumeAgain" in one.name}
    assert len(rights) == 2
    assert rights <= set(second.depends_on)


@pytest.mark.registers_nothing
@pytest.mark.parametrize(
    ("timeout", "concurrency", "batch", "says"),
    [
        (11, 5, 1, "visibility_timeout_seconds 15 must be at least 16: the timeout of its con"),
        (10, 1001, 1, "maximum_concurrency must be 2 to 1000, got 1001"),
        (10, 5, 0, "batch_size must be 1 to 10, got 0"),
    ],
)
def test_refuses_a_given_consumer_that_would_see_double(
    timeout: int, concurrency: int, batch: int, says: str
) -> None:
    """A given consumer is held to the same limits, before anything is registered."""
    consumer = ConsumerArgs(
        target_arn="arn:aws:lambda:us-east-1:123456789012:function:worker",
        role_name="worker",
        timeout_seconds=timeout,
        maximum_concurrency=concurrency,
        batch_size=batch,
    )

    with pytest.raises(ValueError, match=says):
        queue(consumer=consumer)


@pytest.mark.registers_nothing
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"visibility_timeout_seconds": 0}, "must be 1 to 43200, got 0"),
        ({"maximum_receives": 0}, "maximum_receives must be 1 to 1000, got 0"),
    ],
)
def test_refuses_what_cannot_be(wrong: dict[str, Any], says: str) -> None:
    """A wrong argument is named with its limit before anything is registered."""
    with pytest.raises(ValueError, match=says):
        queue(**wrong)
