"""Smallest valid arguments, so that a test names only what it is about."""

from __future__ import annotations

from typing import Any

from components import (
    ContainerFunction,
    ContainerFunctionArgs,
    FifoQueue,
    FifoQueueArgs,
    SecureTable,
    SecureTableArgs,
    Throttle,
    WebhookApi,
    WebhookApiArgs,
)

KEY_ARN = "arn:aws:kms:us-east-1:123456789012:key/data"
TOPIC_ARN = "arn:aws:sns:us-east-1:123456789012:alarms"
IMAGE = f"registry.example/dialtone@sha256:{'a' * 64}"
THROTTLE = Throttle(requests_per_second=10, burst=20)


def function(name: str = "worker", **overrides: Any) -> ContainerFunction:
    """A function, with what a test is about."""
    args = ContainerFunctionArgs(
        image_uri=IMAGE, handler="module.handler", timeout_seconds=10, key_arn=KEY_ARN
    )
    args.update(overrides)  # type: ignore[typeddict-item]  # a test may pass nonsense
    return ContainerFunction(name, args)


def table(name: str = "things", **overrides: Any) -> SecureTable:
    """A table, with what a test is about."""
    args = SecureTableArgs(hash_key="pk", range_key="sk", key_arn=KEY_ARN)
    args.update(overrides)  # type: ignore[typeddict-item]  # a test may pass nonsense
    return SecureTable(name, args)


def queue(name: str = "work", **overrides: Any) -> FifoQueue:
    """A queue, with what a test is about."""
    args = FifoQueueArgs(visibility_timeout_seconds=15)
    args.update(overrides)  # type: ignore[typeddict-item]  # a test may pass nonsense
    return FifoQueue(name, args)


def api(name: str = "api", **overrides: Any) -> WebhookApi:
    """An API without routes, with what a test is about."""
    args = WebhookApiArgs(key_arn=KEY_ARN)
    args.update(overrides)  # type: ignore[typeddict-item]  # a test may pass nonsense
    return WebhookApi(name, args)
