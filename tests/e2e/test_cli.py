"""The command line against the whole local stack, as an operator uses it beside `make local`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from local.stack import LocalStack

Dialtone = Callable[..., Result]


@pytest.fixture
def dialtone(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Dialtone:
    """Run a command against the stack that wrote its file."""
    monkeypatch.setenv("DIALTONE_STACK_FILE", str(stack.config.state / "stack.json"))

    def run(*arguments: str) -> Result:
        answer = CliRunner().invoke(app, arguments)
        assert answer.exit_code == 0, answer.output
        return answer

    return run


def test_a_turn_that_was_just_answered_can_be_traced(dialtone: Dialtone, phone: Any) -> None:
    """From a text to its life: found by the reply's id, and told in words only when asked."""
    phone.text("the cat is on the roof")
    (reply,) = phone.stack.carrier.wait_reply(phone.number)
    phone.wait(lambda: not phone.meta().get("open_turn"), "the turn to close")

    told = json.loads(dialtone("trace", reply.sid, "--json").stdout)
    shown = dialtone("trace", told["id"], "--conversation", phone.conversation).stdout
    revealed = dialtone("trace", reply.sid, "--reveal").stdout

    assert told["turn"]["outcome"] == "answered"
    assert [message["role"] for message in told["messages"]] == ["human", "ai"]
    assert {"wait", "model", "commit", "send"} <= told["turn"]["stages"].keys()
    assert "the cat" not in shown
    assert "the cat is on the roof" in revealed
    assert phone.number in revealed


def test_a_quiet_stack_has_nothing_waiting(dialtone: Dialtone, phone: Any) -> None:
    """Once a text is answered, nothing of its conversation waits or is open."""
    phone.meet()

    shown = json.loads(dialtone("status", "--json").stdout)

    mine = [
        e for e in shown["waiting"] + shown["open_turns"] if e["conversation"] == phone.conversation
    ]
    assert mine == []


def test_the_local_credentials_are_in_order(dialtone: Dialtone, stack: LocalStack) -> None:
    """The played carrier knows the credentials that the stack holds, and lists its number."""
    found = json.loads(dialtone("secrets", "check", "--live", "--json").stdout)

    assert [finding for finding in found if not finding["ok"]] == []
    assert any("a dialtone" in finding["says"] for finding in found)


def test_a_person_can_be_forgotten_by_command(dialtone: Dialtone, phone: Any) -> None:
    """Exported first, then erased with the carrier's copies; the next text begins anew."""
    phone.text("the cat is on the roof")
    (reply,) = phone.stack.carrier.wait_reply(phone.number)
    phone.stack.carrier.wait_status(reply.sid, "delivered")
    phone.wait(lambda: not phone.meta().get("open_turn"), "the turn to close")

    told = dialtone("export", "--number", phone.number, "--format", "markdown").stdout
    said = dialtone("forget", "--number", phone.number, "--yes").stdout

    assert "the cat is on the roof" in told
    assert "no word is left here" in said
    assert '"level"' not in said, "a function's log lines are nothing to read here"
    assert phone.keys().find(phone.conversation) is None
    assert phone.stack.carrier.message(reply.sid) is None
    phone.text("hello again")
    phone.wait(lambda: len(phone.remembered()) == 2, "a new conversation")


def test_the_local_stack_keeps_its_promise(dialtone: Dialtone) -> None:
    """As it is declared, nothing would undo FORGET; each check was made."""
    found = json.loads(dialtone("doctor", "privacy", "--json").stdout)

    assert len(found) == 13
    assert [finding for finding in found if not finding["ok"]] == []
