"""Smallest valid arguments, so that a test names only what it is about."""

from __future__ import annotations

from typing import Any

from components import (
    ContainerFunction,
    ContainerFunctionArgs,
    FifoQueue,
    FifoQueueArgs,
    LexBot,
    LexBotArgs,
    LexIntentArgs,
    LexLocaleArgs,
    OpeningHours,
    SecureTable,
    SecureTableArgs,
    Throttle,
    VoiceChannel,
    VoiceChannelArgs,
    VoiceLocaleArgs,
    WebhookApi,
    WebhookApiArgs,
)
from tests.components.recorded_calls import INSTANCE_ID, NUMBER_ID

KEY_ARN = "arn:aws:kms:us-east-1:123456789012:key/data"
TOPIC_ARN = "arn:aws:sns:us-east-1:123456789012:alarms"
HOOK = "arn:aws:lambda:us-east-1:123456789012:function:dialtone-test-fulfilment"
PROVING = "arn:aws:lambda:us-east-1:123456789012:function:dialtone-test-proving"
HOURS = OpeningHours(days=["monday"], opens="09:30", closes="17:00", time_zone="Europe/Berlin")
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


def intents() -> list[LexIntentArgs]:
    """What Lex needs at least."""
    return [LexIntentArgs(name="Goodbye", utterances=["goodbye", "that's all"])]


def bot(name: str = "bot", **overrides: Any) -> LexBot:
    """A bot of one language, with what a test is about."""
    english = LexLocaleArgs(
        locale_id="en_US", voice="Joanna", intents=intents(), fillers=["One moment.", "Hm."]
    )
    args = LexBotArgs(hook_arn=HOOK, locales=[english])
    args.update(overrides)  # type: ignore[typeddict-item]  # a test may pass nonsense
    return LexBot(name, args)


def voice(name: str = "voice", **overrides: Any) -> VoiceChannel:
    """A channel on an adopted instance and number, with what a test is about."""
    english = VoiceLocaleArgs(
        locale_id="en_US", voice="Joanna", intents=intents(), fillers=["One moment."]
    )
    args = VoiceChannelArgs(
        hook_arn=HOOK, locales=[english], instance_id=INSTANCE_ID, phone_number_id=NUMBER_ID
    )
    args.update(overrides)  # type: ignore[typeddict-item]  # a test may pass nonsense
    return VoiceChannel(name, args)
