"""The names by which the command line finds a stack are those that the program gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from cli.target import PROJECT, Target
from local.program import run_program

ROOT = Path(__file__).resolve().parent.parent.parent


class _Recorder(pulumi.runtime.Mocks):
    """Creates nothing and remembers the names."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def new_resource(self, args: Any) -> tuple[str, dict[str, Any]]:
        """Give back what was asked for."""
        self.names.add(str(args.inputs.get("name", "")))
        arn = f"arn:aws:lambda:us-east-1:123456789012:function:{args.name}"
        return f"{args.name}-id", {**args.inputs, "arn": arn}

    def call(self, args: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """Answer an invoke with nothing."""
        return {}, []


@pytest.fixture
def names() -> set[str]:
    """Every physical name of a stack with a models' secret."""
    recorder = _Recorder()
    settings = {
        "sms": {"number": "+13035550100"},
        "models": ["openai:gpt-4o-mini"],
        "image": {"uri": f"registry/dialtone@sha256:{'0' * 64}"},
    }
    run_program(recorder, settings, stack="elsewhere")
    return recorder.names


def test_every_resource_is_called_as_the_program_calls_it(names: set[str]) -> None:
    """Tables, queues, secrets and functions are found under the names the components give."""
    target = Target("elsewhere", session=None, connection={})
    roles = ("people", "conversations", "keys", "carrier", "models", "responder")
    queues = [f"{target.name(role)}.fifo" for role in ("wakeups", "wakeups-dead")]

    assert {target.name(role) for role in roles} | set(queues) <= names


def test_the_project_is_the_programs() -> None:
    """Physical names begin with the project's name in Pulumi.yaml."""
    assert yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8"))["name"] == PROJECT
