"""`dialtone rekey`: what is lost is said first, and nothing is replaced that is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import Result

from conversation.items import to_item
from conversation.keys import Keys

Dialtone = Callable[..., Result]


@pytest.fixture
def lost(stack: Any) -> str:
    """A conversation whose key somebody deleted."""
    stack.turn(stack.ada)
    stack.text(stack.ada, "are you there")
    tables, generation = stack.tables, Keys(stack.tables).find(stack.ada)
    meta = {"pk": stack.ada, "sk": "meta", "generation": generation, "epoch": 4, "sequence": 2}
    tables.client.put_item(TableName=tables.conversations, Item=to_item(meta))
    tables.client.delete_item(TableName=tables.keys, Key=to_item({"pk": stack.ada}))
    tables.vault.drop(stack.ada)
    conversation: str = stack.ada
    return conversation


def test_the_loss_is_shown_and_nothing_done(dialtone: Dialtone, stack: Any, lost: str) -> None:
    """--dry-run and a no both leave everything as it is."""
    for options, answer in ((["--dry-run"], None), ([], "n\n")):
        shown = dialtone("rekey", lost, *options, text=answer)
        assert "2 messages, 1 texts that wait" in " ".join(shown.stdout.split())
        assert Keys(stack.tables).find(lost) is None


def test_a_lost_key_is_replaced(dialtone: Dialtone, stack: Any, lost: str) -> None:
    """With --yes the conversation has a key again, and a second run finds nothing lost."""
    answer = dialtone("rekey", lost, "--yes")
    assert answer.exit_code == 0, answer.output
    generation = Keys(stack.tables).find(lost)
    assert generation is not None
    assert generation in " ".join(answer.stdout.split())
    again = dialtone("rekey", lost, "--yes")
    assert again.exit_code == 2
    assert "is there and opens" in again.stderr


def test_who_has_no_key_gets_none(dialtone: Dialtone) -> None:
    """A conversation that nobody had is refused with the next step."""
    answer = dialtone("rekey", "person#nobody", "--yes")
    assert answer.exit_code == 2
    assert "next:" in answer.stderr
