"""What a function may import before its first message: the cold path is kept lean."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SERVICES = Path(__file__).parents[2] / "services"
HEAVY = {
    "aiohttp",
    "aws_xray_sdk",
    "boto3",
    "langchain_aws",
    "langchain_core",
    "langsmith",
    "numpy",
    "pydantic",
    "requests",
}
LEAN = (
    "aws",
    "codec",
    "deadline",
    "ids",
    "items",
    "keys",
    "lease",
    "messages",
    "meta",
    "models",
    "observability",
    "outcomes",
    "persons",
    "sealing",
    "vault",
    "providers",
    "secrets",
    "settings",
    "tables",
    "texts",
    "turns",
    "usage",
)


def imported_by(*modules: str) -> set[str]:
    """The top-level packages that a fresh interpreter has after importing these."""
    code = f"import sys, json; import {', '.join(modules)}; print(json.dumps(list(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(SERVICES)},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return {name.partition(".")[0] for name in json.loads(run.stdout)}


def test_the_foundation_is_lean() -> None:
    """What the webhook builds on imports no model, no pydantic and not even boto3."""
    modules = [f"conversation.{name}" for name in LEAN] + ["texting.inbox", "texting.wakeups"]
    assert imported_by(*modules) & HEAVY == set()


@pytest.mark.parametrize("module", ["messaging.webhook", "messaging.status"])
def test_a_webhook_imports_no_model(module: str) -> None:
    """The functions that the carrier waits for start without LangChain."""
    assert imported_by(module) & (HEAVY - {"requests"}) == set()


def test_the_responder_imports_no_model_sdk_before_it_is_asked() -> None:
    """LangChain's messages are there; a provider's classes come with the first turn."""
    found = imported_by("messaging.responder")
    assert found & {"boto3", "langchain_aws", "langsmith", "numpy", "aws_xray_sdk"} == set()


def test_the_channels_know_the_engine_and_not_the_other_way_round() -> None:
    """The engine imports no channel."""
    names = [path.stem for path in (SERVICES / "conversation").glob("*.py")]
    modules = [f"conversation.{name}" for name in names if name != "__init__"]
    assert imported_by(*modules) & {"messaging", "texting"} == set()


def test_importing_needs_no_environment() -> None:
    """A handler's module can be imported anywhere; settings are read at the first event."""
    imported_by("messaging.responder", "messaging.sweep")
