"""A model that speaks the Bedrock Converse API and shows that it was told what was said before.

Owns the HTTP shapes (requests checked as Bedrock checks them, errors as botocore reads them), the
script of what happens on which call, and the log of the calls. What it says is
``scripted_answers``. Source: botocore's service model of ``bedrock-runtime``, operation Converse.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from local.scripted_answers import answer

# Errors of Converse and the HTTP status botocore expects with each.
ERROR_STATUS: Mapping[str, int] = {
    "AccessDeniedException": 403,
    "InternalServerException": 500,
    "ModelErrorException": 424,
    "ModelNotReadyException": 429,
    "ModelTimeoutException": 408,
    "ResourceNotFoundException": 404,
    "ServiceUnavailableException": 503,
    "ThrottlingException": 429,
    "ValidationException": 400,
}
_CHARACTERS_PER_TOKEN = 4
_GRAIN_SECONDS = 0.05


@dataclass(frozen=True)
class Step:
    """What happens on one call.

    Attributes:
        text: The answer; None lets the model answer by itself, "" is an answer without text.
        error: Name of a Converse error instead of an answer.
        seconds: How long the call takes.
    """

    text: str | None = None
    error: str | None = None
    seconds: float = 0.0


THROTTLE = Step(error="ThrottlingException")
EMPTY = Step(text="")


def slow(seconds: float) -> Step:
    """An answer that takes its time."""
    return Step(seconds=seconds)


@dataclass
class Call:
    """One request to the model; ``ended_at`` is None while it runs."""

    model: str
    messages: list[dict[str, Any]]
    system: str
    started_at: float
    ended_at: float | None = None
    error: str | None = None
    answer: str | None = None

    @property
    def texts(self) -> list[str]:
        """The texts of the last turn, which the answer is to cover."""
        return texts_of(self.messages[-1]) if self.messages else []


@dataclass
class ModelFaults:
    """Faults that strike every model: from ``--fault`` and the page."""

    slow_seconds: float = 0.0
    throttle_probability: float = 0.0
    dice: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - dice

    def step(self) -> Step | None:
        """The step they impose on this call, if any."""
        if self.throttle_probability and self.dice.random() < self.throttle_probability:
            return THROTTLE
        return slow(self.slow_seconds) if self.slow_seconds else None


class ScriptedModel:
    """Every model id at once; each has its own script and they share one log.

    Args:
        clock: Epoch seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.faults = ModelFaults()
        self.stopping = threading.Event()
        self._clock = clock
        self._changed = threading.Condition()
        self._calls: list[Call] = []
        self._scripts: dict[str, deque[Step]] = {}
        self._always: dict[str, Step] = {}

    @property
    def calls(self) -> list[Call]:
        """Every call since the start or ``reset``, in the order of arrival."""
        with self._changed:
            return list(self._calls)

    def script(self, *steps: Step, model: str = "") -> None:
        """Queue steps for the next calls, of one model or of whichever is called (``""``)."""
        with self._changed:
            self._scripts.setdefault(model, deque()).extend(steps)

    def always(self, step: Step | None, *, model: str = "") -> None:
        """Let every call without a queued step take this one; None ends it."""
        with self._changed:
            if step is None:
                self._always.pop(model, None)
            else:
                self._always[model] = step

    def reset(self) -> None:
        """Forget scripts, faults and calls."""
        with self._changed:
            self._calls.clear()
            self._scripts.clear()
            self._always.clear()
        self.faults = ModelFaults()

    def wait_calls(self, count: int, timeout: float = 30) -> list[Call]:
        """Wait until the model has been called ``count`` times.

        Raises:
            TimeoutError: it was called less often.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._calls) >= count, timeout):
                raise TimeoutError(f"{len(self._calls)} of {count} calls within {timeout} s")
            return list(self._calls)

    def begin(self, model: str, body: Mapping[str, Any]) -> tuple[Call, Step]:
        """Log a call and take its step."""
        system = "\n".join(block.get("text", "") for block in body.get("system", []))
        call = Call(model, list(body.get("messages", [])), system, self._clock())
        with self._changed:
            self._calls.append(call)
            self._changed.notify_all()
            return call, self._next_step(model)

    def _next_step(self, model: str) -> Step:
        for name in (model, ""):
            if self._scripts.get(name):
                return self._scripts[name].popleft()
        for name in (model, ""):
            if name in self._always:
                return self._always[name]
        return self.faults.step() or Step()

    def end(self, call: Call, *, text: str | None = None, error: str | None = None) -> None:
        """Log how a call ended."""
        with self._changed:
            call.ended_at, call.answer, call.error = self._clock(), text, error
            self._changed.notify_all()


def model_app(model: ScriptedModel) -> FastAPI:
    """The API; mount it where ``AWS_ENDPOINT_URL_BEDROCK_RUNTIME`` points."""
    app = FastAPI(openapi_url=None)

    @app.post("/model/{model_id:path}/converse")
    async def converse(model_id: str, request: Request) -> Response:
        body = await request.json()
        call, step = model.begin(model_id, body)
        await _take_time(model, step.seconds)
        error, message = step.error, f"the script says {step.error}"
        if error is None:
            error, message = _invalid(body)
        if error is not None:
            model.end(call, error=error)
            headers = {"x-amzn-errortype": error}
            return JSONResponse({"message": message}, ERROR_STATUS[error], headers)
        text = step.text
        if text is None:
            text = answer([(m["role"], texts_of(m)) for m in body["messages"]], call.system)
        model.end(call, text=text)
        return JSONResponse(_response(body, text, call))

    return app


def texts_of(message: Mapping[str, Any]) -> list[str]:
    """The texts of a Converse message, one per content block."""
    return [block["text"] for block in message.get("content", []) if "text" in block]


async def _take_time(model: ScriptedModel, seconds: float) -> None:
    """Wait, but let a stack that stops go at once."""
    for _ in range(round(seconds / _GRAIN_SECONDS)):
        if model.stopping.is_set():
            return
        await asyncio.sleep(_GRAIN_SECONDS)


def _invalid(body: Mapping[str, Any]) -> tuple[str | None, str]:
    """What Bedrock refuses in a conversation: its shape, before any model sees it."""
    messages: Sequence[Mapping[str, Any]] = body.get("messages", [])
    roles = [message.get("role") for message in messages]
    if not roles or roles[0] != "user":
        problem = "A conversation must start with a user message."
    elif roles[-1] != "user":
        problem = "A conversation must end with a user message."
    elif any(one == other for one, other in pairwise(roles)):
        problem = "Roles must alternate between user and assistant."
    else:
        for index, message in enumerate(messages):
            for place, block in enumerate(message.get("content", [])):
                if "text" in block and not block["text"].strip():
                    where = f"messages.{index}.content.{place}"
                    return "ValidationException", f"The text field at {where} is blank."
        return None, ""
    return "ValidationException", problem


def _response(body: Mapping[str, Any], text: str, call: Call) -> dict[str, Any]:
    read = sum(len(t) for m in body["messages"] for t in texts_of(m)) + len(call.system)
    used = {"in": max(1, read // _CHARACTERS_PER_TOKEN), "out": len(text) // _CHARACTERS_PER_TOKEN}
    content = [{"text": text}] if text else []
    took = (call.ended_at or call.started_at) - call.started_at
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": "end_turn",
        "usage": {
            "inputTokens": used["in"],
            "outputTokens": used["out"],
            "totalTokens": used["in"] + used["out"],
        },
        "metrics": {"latencyMs": round(took * 1000)},
    }
