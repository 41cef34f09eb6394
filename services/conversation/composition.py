"""Puts the engine together from a function's settings, for every channel that answers."""

from __future__ import annotations

from collections.abc import Callable

from conversation import aws
from conversation.allowances import Allowances, Limits
from conversation.exchange import EngineSettings
from conversation.models import ModelChain, build_chain
from conversation.secrets import JsonSecret
from conversation.settings import AssistantSettings
from conversation.stack_usage import StackUsage
from conversation.tables import Tables
from conversation.texts import Texts
from conversation.turn import Engine


def build_engine(
    settings: AssistantSettings,
    tables: Tables,
    stack_usage: StackUsage,
    *,
    texts: Texts,
    answer_seconds: float,
    segments: Callable[[str], int] | None = None,
) -> Engine:
    """The engine with the stack's chain of models and its allowances.

    Args:
        settings: As the environment has them.
        tables: The stack's tables.
        stack_usage: The stack's counters.
        texts: The fixed sentences.
        answer_seconds: The channel's deadline.
        segments: How many SMS segments a reply takes; None where replies are no texts.
    """
    return Engine(
        tables,
        _chain(settings, answer_seconds),
        EngineSettings(
            system_prompt=settings.system_prompt,
            window_messages=settings.window_messages,
            window_tokens=settings.window_tokens,
            summary=settings.summary,
            message_days=settings.message_days,
            turn_days=settings.turn_days,
        ),
        texts,
        allowances=Allowances(
            tables,
            person=Limits.load(settings.person_allowance),
            stack=Limits.load(settings.stack_allowance),
            stack_usage=stack_usage,
        ),
        segments=segments,
    )


def _chain(settings: AssistantSettings, answer_seconds: float) -> ModelChain:
    secret = settings.model_secret_arn
    return build_chain(
        settings.models,
        max_output_tokens=settings.max_output_tokens,
        answer_seconds=answer_seconds,
        secret=JsonSecret(secret, aws.secrets_manager) if secret else None,
    )
