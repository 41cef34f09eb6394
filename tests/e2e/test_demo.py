"""The scripted conversation holds from first to last scene, and says so when it does not."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from local import demo
from local.demo_calls import CALLS
from local.faults import Action
from local.scripted_model import Step
from local.stack import LocalStack


@pytest.mark.timeout(240)
def test_every_scene_is_as_it_should_be(stack: LocalStack, fresh: None) -> None:
    """The demo plays through and ends with 0; its transcript has every scene."""
    written = io.StringIO()
    result = demo.run(stack, Console(file=written, width=100), silence_seconds=2)
    assert result == 0, written.getvalue()
    for scene in demo.SCENES:
        assert scene.title in written.getvalue()


def test_a_model_that_forgets_fails_the_demo(stack: LocalStack, fresh: None) -> None:
    """A model without memory makes the demo say which scene failed and why, and end with 1."""
    stack.model.always(Step(text="Hi Ada!"))
    stack.model.always(Step(text="I know nothing."), model="dialtone.scripted-v1")
    written = io.StringIO()
    assert demo.run(stack, Console(file=written, width=100)) == 1
    assert "failed: She introduces herself: the answer does not mention Ada" in written.getvalue()


def test_a_function_that_dies_fails_the_demo(
    stack: LocalStack, fresh: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call whose function is killed ends the demo with 1; it says what broke on the line."""
    monkeypatch.setattr(demo, "SCENES", CALLS)
    stack.faults.add(Action.KILL, function="fulfilment", service="dynamodb")
    written = io.StringIO()
    assert demo.run(stack, Console(file=written, width=200)) == 1
    assert (
        "failed: She calls, is understood, and says goodbye: the answer does not mention Swallow; "
        "on the line: the function failed"
    ) in written.getvalue()
