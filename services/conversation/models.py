"""The chain of models: built on first use, tried in order, every attempt ended in time.

Names are `provider:model`. LangChain's chat models are the port; `providers` settles what
differs between them.
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from conversation.deadline import AttemptTimeoutError, Deadline
from conversation.providers import PROVIDERS, MissingExtraError, ModelSpecError, Providers
from conversation.secrets import JsonSecret

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

__all__ = [
    "MissingExtraError",
    "ModelAnswer",
    "ModelAttempt",
    "ModelChain",
    "ModelSpecError",
    "NamedModel",
    "NoAnswerError",
    "build_chain",
]

_THROTTLES = frozenset(
    {"ModelNotReadyException", "ServiceUnavailableException", "ThrottlingException"}
    | {"TooManyRequestsException"}
)
_THROTTLE_STATUS = frozenset({429, 503, 529})
_ROUNDS = 3
_PAUSE_SECONDS = 0.4
_SHORTEST_ATTEMPT_SECONDS = 0.5


class NoAnswerError(Exception):
    """Every model failed, or time ran out.

    Attributes:
        attempts: What was tried.
    """

    def __init__(self, attempts: Sequence[ModelAttempt]) -> None:
        super().__init__(", ".join(f"{tried.model}: {tried.error}" for tried in attempts))
        self.attempts = list(attempts)

    @property
    def timed_out(self) -> bool:
        """Whether a model was too slow, rather than all of them failing."""
        return any(tried.error == "timeout" for tried in self.attempts)


@dataclass(frozen=True)
class ModelAttempt:
    """One call of a model.

    Attributes:
        model: The model, as the chain names it.
        error: "throttled", "timeout", "empty" or an exception's name; None when it answered.
        ms: How long it took, in milliseconds.
    """

    model: str
    error: str | None
    ms: int

    def item(self) -> dict[str, Any]:
        """As a turn holds it."""
        return {name: value for name, value in self.__dict__.items() if value is not None}


@dataclass(frozen=True)
class ModelAnswer:
    """What a model said.

    Attributes:
        text: Its words, never empty.
        model: Which model, as the chain names it.
        input_tokens: Tokens it read; 0 when it does not say.
        output_tokens: Tokens it wrote; 0 when it does not say.
        attempts: What was tried, the answer's call last.
    """

    text: str
    model: str
    input_tokens: int
    output_tokens: int
    attempts: list[ModelAttempt]


@dataclass
class NamedModel:
    """A link of the chain.

    Attributes:
        name: `provider:model`.
        build: Makes the LangChain model; called on first use.
    """

    name: str
    build: Callable[[], BaseChatModel]
    _built: BaseChatModel | None = field(default=None, repr=False)

    def get(self) -> BaseChatModel:
        """The model, built once."""
        if self._built is None:
            with _without_collection():
                self._built = self.build()
        return self._built


@contextmanager
def _without_collection() -> Iterator[None]:
    """Import without the garbage collector: it finds nothing in modules, at a fifth of the cost.

    What was imported lives as long as the worker, so it is also left out of later collections.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()


class ModelChain:
    """Asks one model after another until one answers.

    Args:
        models: In the order of preference.
        sleep: Waits between rounds.
    """

    def __init__(
        self, models: Sequence[NamedModel], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        if not models:
            raise ModelSpecError("the chain needs at least one model")
        self._models = list(models)
        self._sleep = sleep

    def warm(self) -> None:
        """Build the first model ahead of its first use; its imports are most of a cold start.

        A model that cannot be built says so when it is asked: here nobody waits for it.
        """
        try:
            self._models[0].get()
        except Exception:  # noqa: BLE001  any reason counts again, and is recorded, when asked
            return

    def answer(self, messages: Sequence[BaseMessage], deadline: Deadline) -> ModelAnswer:
        """Ask until a model answers: the time left is split evenly over the models left.

        A throttled model is asked again, a moment later, when the others have had their turn.

        Raises:
            NoAnswerError: None did, in time.
        """
        attempts: list[ModelAttempt] = []
        models = self._models
        for round_ in range(_ROUNDS):
            throttled = []
            for position, model in enumerate(models):
                share = deadline.remaining() / (len(models) - position)
                if share < _SHORTEST_ATTEMPT_SECONDS:
                    raise NoAnswerError([*attempts, ModelAttempt(model.name, "timeout", 0)])
                message, attempt = _ask(model, messages, deadline, share)
                attempts.append(attempt)
                if message is not None:
                    return _answer(message, model.name, attempts)
                if attempt.error == "throttled":
                    throttled.append(model)
            pause = _PAUSE_SECONDS * 2**round_ * random.uniform(0.5, 1)  # noqa: S311  jitter
            if not throttled or deadline.remaining() <= pause or round_ == _ROUNDS - 1:
                break
            self._sleep(pause)
            models = throttled
        raise NoAnswerError(attempts)


def _ask(
    model: NamedModel, messages: Sequence[BaseMessage], deadline: Deadline, seconds: float
) -> tuple[AIMessage | None, ModelAttempt]:
    """One attempt: the message it gave, or None and why not."""
    began = time.monotonic()
    message: AIMessage | None = None
    try:
        with deadline.attempt(seconds):
            message = model.get().invoke(list(messages))
        error = None if str(message.text).strip() else "empty"
    except AttemptTimeoutError:
        error = "timeout"
    except Exception as problem:  # noqa: BLE001  whatever a provider raises, the next one is asked
        error = _name(problem)
    attempt = ModelAttempt(model.name, error, int((time.monotonic() - began) * 1000))
    return (message if error is None else None), attempt


def _name(problem: Exception) -> str:
    """A short, stable word for what went wrong; never the provider's text, which may quote us."""
    if isinstance(problem, ClientError):
        code = problem.response.get("Error", {}).get("Code", "ClientError")
        return "throttled" if code in _THROTTLES else code
    if getattr(problem, "status_code", None) in _THROTTLE_STATUS:
        return "throttled"
    name = type(problem).__name__
    return "timeout" if "timeout" in name.lower() else name


def _answer(message: AIMessage, model: str, attempts: list[ModelAttempt]) -> ModelAnswer:
    usage = message.usage_metadata
    read, written = (usage["input_tokens"], usage["output_tokens"]) if usage else (0, 0)
    return ModelAnswer(str(message.text).strip(), model, read, written, attempts)


def build_chain(
    names: Sequence[str],
    *,
    max_output_tokens: int,
    answer_seconds: float,
    secret: JsonSecret | None = None,
) -> ModelChain:
    """The chain that a stack names.

    Args:
        names: `provider:model`, in order. `ollama:model@http://host:11434` says where it runs.
        max_output_tokens: Longest answer.
        answer_seconds: The channel's deadline, as the outer bound of a socket's silence.
        secret: Holds `openai_api_key` and `anthropic_api_key`; None when only Bedrock is named.

    Raises:
        ModelSpecError: A name is wrong.
    """
    providers = Providers(max_output_tokens, answer_seconds, secret)
    return ModelChain([_named(name, providers) for name in names])


def _named(name: str, providers: Providers) -> NamedModel:
    provider, colon, model = name.partition(":")
    if not (colon and model) or provider not in PROVIDERS:
        known = ", ".join(f"{provider}:…" for provider in PROVIDERS)
        raise ModelSpecError(f"{name!r} names no model; write one of {known}")
    return NamedModel(name, lambda: providers.build(provider, model))
