"""`dialtone pause` and `dialtone resume`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from typer.testing import Result

from conversation.stack_usage import StackUsage
from conversation.switch import Switch
from conversation.usage import Used

Dialtone = Callable[..., Result]


def test_pause_and_resume_throw_the_switch(dialtone: Dialtone, stack: Any) -> None:
    """The switch in the stack's table is what the functions read."""
    switch = Switch(stack.tables)
    assert not switch.read().paused
    assert dialtone("pause").exit_code == 0
    assert switch.read().paused
    answer = dialtone("resume")
    assert answer.exit_code == 0
    assert "running" in answer.stdout
    assert switch.read().resumed_at


def test_pausing_twice_changes_nothing(dialtone: Dialtone, stack: Any) -> None:
    """Since when the stack is paused stays what it was, and the answer says so."""
    dialtone("pause")
    first = Switch(stack.tables).read()
    assert "is paused already, for " in dialtone("pause").stdout
    assert Switch(stack.tables).read() == first


def test_status_says_that_the_stack_is_paused_and_what_it_used(
    dialtone: Dialtone, stack: Any
) -> None:
    """Somebody who wonders about the silence finds its reason, and what was used."""
    StackUsage(stack.tables).count(stack.ada, Used(turns=3, tokens=1200, segments=4))
    assert json.loads(dialtone("status", "--json").stdout)["paused_since"] is None
    dialtone("pause")
    shown = json.loads(dialtone("status", "--json").stdout)
    assert shown["paused_since"] > 0
    assert shown["used"]["today"] == {"turns": 3, "tokens": 1200, "segments": 4}
    answer = dialtone("status")
    assert "paused for" in answer.stdout
    assert "3 turns, 1,200 tokens, 4 segments" in answer.stdout
    assert f"dialtone resume --stack {stack.name}" in answer.stderr
