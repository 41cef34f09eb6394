"""What tests of the running summary share: a model that takes notes, and who talks to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import BaseMessage

from conversation.exchange import EngineSettings
from conversation.folding import Folding
from conversation.messages import Messages
from conversation.models import ModelChain, NamedModel
from conversation.summaries import Summaries
from tests.services.played_parts import echo
from tests.services.stage import Stage

SETTINGS = EngineSettings("You help.", window_messages=6, summary=True)


def is_fold(messages: Sequence[BaseMessage]) -> bool:
    """Whether a model is asked for notes."""
    return str(messages[0].content).startswith("You keep the notes")


def note_taker(messages: Sequence[BaseMessage]) -> str:
    """Notes that hold every word that was said; answers that repeat."""
    if not is_fold(messages):
        return echo(messages)
    words = str(messages[-1].content).split()
    return "notes: " + " ".join(sorted({word for word in words if word.startswith("fact")}))


def talk(stage: Stage, turns: int, first: int = 0) -> None:
    """So many turns, a fact each."""
    worker = stage.worker()
    for number in range(first, first + turns):
        stage.text(f"fact{number}")
        stage.attend(worker)


def folds(stage: Stage) -> list[list[BaseMessage]]:
    """The prompts that asked for notes."""
    return [prompt for prompt in stage.model.seen if is_fold(prompt)]


def answers(stage: Stage) -> list[list[BaseMessage]]:
    """The prompts that asked for an answer."""
    return [prompt for prompt in stage.model.seen if not is_fold(prompt)]


def shown(prompt: Sequence[BaseMessage]) -> str:
    """Everything that a prompt tells."""
    return " ".join(str(message.content) for message in prompt)


def folding(
    stage: Stage,
    summaries: Summaries,
    model: Any = None,
    settings: EngineSettings = SETTINGS,
) -> Folding:
    """The folding alone."""
    models = [NamedModel("played:one", lambda: model or stage.model)]
    chain = ModelChain(models, sleep=lambda _: None)
    messages = Messages(stage.tables, stage.clock, 30)
    return Folding(stage.tables, chain, settings, messages, summaries, clock=stage.clock)
