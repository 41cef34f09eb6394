"""`dialtone redrive`: another try for texts that were set aside and wake-ups that died."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from typer.testing import Result

from texting.inbox import Inbox

Dialtone = Callable[..., Result]
GENERATION = "0" * 32


def _waiting(stack: Any, conversation: str) -> list[str]:
    return [text.sk for text in Inbox(stack.tables).waiting(conversation, GENERATION)]


def test_texts_go_back_to_their_inbox_and_are_woken(dialtone: Dialtone, stack: Any) -> None:
    """Every text that was set aside waits again, due now, and its conversation is woken."""
    mine, hers = stack.set_aside(stack.ada, "one"), stack.set_aside(stack.ben, "two")

    answer = dialtone("redrive", "--yes")

    assert answer.exit_code == 0, answer.output
    assert "texts back in the inbox: 2; wake-ups sent: 0" in answer.stdout
    assert (_waiting(stack, stack.ada), _waiting(stack, stack.ben)) == ([mine], [hers])
    assert stack.take_wakeups() == sorted([stack.ada, stack.ben])
    assert len(json.loads(dialtone("status", "--json").stdout)["waiting"]) == 2


def test_dead_wakeups_are_sent_again_and_leave_the_queue(dialtone: Dialtone, stack: Any) -> None:
    """A dead letter becomes a wake-up; what is no wake-up stays where it is."""
    stack.dead_letter(json.dumps({"conversation": stack.ada}), stack.ada)
    stack.dead_letter(json.dumps({"conversation": stack.ben}), stack.ben)
    stack.dead_letter("not a wake-up", "elsewhere")

    answer = dialtone("redrive", "--yes")

    assert "wake-ups sent: 2" in answer.stdout
    assert "no wake-ups: 1" in answer.stdout
    assert stack.take_wakeups() == sorted([stack.ada, stack.ben])


def test_a_dry_run_changes_nothing(dialtone: Dialtone, stack: Any) -> None:
    """--dry-run shows what would be done; texts and dead letters stay."""
    stack.set_aside(stack.ada, "one")
    stack.dead_letter(json.dumps({"conversation": stack.ada}), stack.ada)

    answer = dialtone("redrive", "--dry-run")

    assert stack.ada in answer.stdout
    assert "dead wake-ups: about 1" in answer.stdout
    assert _waiting(stack, stack.ada) == []
    assert stack.take_wakeups() == []


def test_it_asks_before_it_does_anything(dialtone: Dialtone, stack: Any) -> None:
    """Without --yes the answer decides, and no answer is a no."""
    stack.set_aside(stack.ada, "one")

    refused = dialtone("redrive", text="n\n")
    silent = dialtone("redrive")

    assert (refused.exit_code, silent.exit_code) == (1, 1)
    assert _waiting(stack, stack.ada) == []


def test_one_conversation_can_be_redriven_alone(dialtone: Dialtone, stack: Any) -> None:
    """--conversation leaves the others' texts, and the dead letters, alone."""
    mine = stack.set_aside(stack.ada, "one")
    stack.set_aside(stack.ben, "two")
    stack.dead_letter(json.dumps({"conversation": stack.ben}), stack.ben)

    answer = dialtone("redrive", "--yes", "--conversation", stack.ada)

    assert "texts back in the inbox: 1; wake-ups sent: 0" in answer.stdout
    assert (_waiting(stack, stack.ada), _waiting(stack, stack.ben)) == ([mine], [])


def test_an_odd_item_is_named_and_left_alone(dialtone: Dialtone, stack: Any) -> None:
    """What cannot be read hides nothing else: the others go back, and it stays as it is."""
    mine = stack.set_aside(stack.ada, "one")
    stack.odd_item("inbox#y", waits=False, set_aside_at="x")
    stack.odd_item("zz", waits=False, set_aside_at=1)

    alone = dialtone("redrive", "--dry-run", "--conversation", stack.ada)
    answer = dialtone("redrive", "--yes")
    again = dialtone("redrive")

    assert "inbox#y" in alone.stdout
    assert answer.exit_code == 0, answer.output
    assert [name in answer.stdout for name in ("odd items", "inbox#y", "zz")] == [True] * 3
    assert "texts back in the inbox: 1" in answer.stdout
    assert stack.tables.get(stack.tables.conversations, stack.ada, mine)["pending_at"] > 1
    assert stack.tables.get(stack.tables.conversations, stack.ada, "inbox#y")["set_aside_at"] == "x"
    assert "nothing else was set aside" in again.stdout


def test_with_nothing_to_do_it_says_so(dialtone: Dialtone, stack: Any) -> None:
    """An empty stack needs no question."""
    answer = dialtone("redrive")

    assert (answer.exit_code, answer.stdout.strip()) == (
        0,
        "nothing was set aside, and no wake-up is dead",
    )
