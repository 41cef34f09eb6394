"""Queues. They are made anew at each start: the sweep finds what was waiting in them."""

from __future__ import annotations

from local.provisioner.account import Account, Create, Created
from local.provisioner.inputs import Inputs

_ATTRIBUTES = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deduplicationScope": "DeduplicationScope",
    "delaySeconds": "DelaySeconds",
    "fifoQueue": "FifoQueue",
    "fifoThroughputLimit": "FifoThroughputLimit",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "policy": "Policy",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def queue(inputs: Inputs, account: Account) -> Created:
    """Create a queue with all its attributes."""
    client = account.client("sqs")
    name = inputs.take("name")
    attributes = {
        to: _text(value)
        for of, to in _ATTRIBUTES.items()
        if (value := inputs.take(of, None)) is not None
    }
    inputs.ignore("tags")
    url = client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    # The path names the queue; a host name in it may not resolve here.
    url = account.aws_url + "/" + "/".join(url.split("/")[-2:])
    return Created(url, {"arn": account.arn("sqs", name), "url": url, "name": name})


def queue_policy(inputs: Inputs, account: Account) -> Created:
    """Set a queue's resource policy."""
    return _set(inputs, account, "policy", "Policy")


def redrive_allow_policy(inputs: Inputs, account: Account) -> Created:
    """Set which queues may use this one for their dead letters."""
    return _set(inputs, account, "redriveAllowPolicy", "RedriveAllowPolicy")


def _set(inputs: Inputs, account: Account, name: str, attribute: str) -> Created:
    url = inputs.take("queueUrl")
    account.client("sqs").set_queue_attributes(
        QueueUrl=url, Attributes={attribute: inputs.take(name)}
    )
    return Created(url)


CREATES: dict[str, Create] = {
    "aws:sqs/queue:Queue": queue,
    "aws:sqs/queuePolicy:QueuePolicy": queue_policy,
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": redrive_allow_policy,
}
