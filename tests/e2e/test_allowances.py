"""Allowances and the operator's pause, through the whole stack."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.app import app
from conversation.items import to_item
from conversation.stack_usage import FRESH_SECONDS
from conversation.texts import Texts
from conversation.usage import usage_sk
from local.stack import LocalStack

NOTICE = Texts().refused


@pytest.fixture
def running_again(stack: LocalStack) -> Iterator[None]:
    """Leave the shared stack running, whatever became of the test."""
    yield
    dialtone(stack, "resume")


def dialtone(stack: LocalStack, *arguments: str) -> str:
    """Run a command against the stack; what it printed."""
    done = CliRunner().invoke(
        app, [*arguments, "--stack-file", str(stack.config.state / "stack.json")]
    )
    assert done.exit_code == 0, done.output
    return done.output


def test_a_person_who_has_used_it_up_hears_so_once(stack: LocalStack, phone: Any) -> None:
    """Past the day's allowance: one notice, then silence, and no model call."""
    conversation = phone.meet()
    calls = len(stack.model.calls)
    [today] = phone.items("usage#", "peopleTable")
    stack.aws("dynamodb").update_item(
        TableName=stack.outputs["peopleTable"],
        Key=to_item({"pk": conversation, "sk": today["sk"]}),
        UpdateExpression="SET turns = :many",
        ExpressionAttributeValues=to_item({":many": 100}),
    )
    for number, words in enumerate(("one more", "and one more")):
        phone.text(words)
        phone.wait(lambda turns=number + 2: len(phone.turns()) == turns, "the refusal")
        phone.wait(lambda: not phone.meta().get("open_turn"), "the turn to close")
    assert phone.replies()[1:][0].body == NOTICE
    assert len(phone.replies()) == 2
    assert len(stack.model.calls) == calls
    assert [turn["outcome"] for turn in phone.turns()[1:]] == ["refused", "refused"]


@pytest.mark.usefixtures("running_again")
def test_a_pause_keeps_texts_and_a_resume_answers_them(
    stack: LocalStack, new_phone: Callable[[], Any]
) -> None:
    """Paused from the command line, nobody is answered; resumed, the sweep feeds what waited."""
    phone = new_phone()
    phone.meet()
    calls = len(stack.model.calls)
    dialtone(stack, "pause")
    time.sleep(FRESH_SECONDS + 0.1)  # a warm worker's view of the switch
    phone.text("are you there?")
    phone.wait(lambda: phone.items("inbox#"), "the text to be kept")
    for word in ("FORGET", "FORGET 0000", "delete my data"):
        stack.carrier.wait_delivered(phone.text(word))
    assert len(phone.replies()) == 1  # a pause answers no word either
    stack.invoke("sweep", {})
    assert "paused" in dialtone(stack, "status", "--no-scan")
    assert len(stack.model.calls) == calls
    dialtone(stack, "resume")
    phone.wait(lambda: len(phone.replies()) == 2, "the answer after the resume")
    assert "are you there?" in phone.replies()[1].body
    assert usage_sk(time.time()) in {item["sk"] for item in phone.items("usage#", "peopleTable")}
