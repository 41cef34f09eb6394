"""Odd events to the real functions: each answers, and what is right beside them goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local.stack import LocalStack
from tests.services.odd_json import ODD

SPEECH = Path(__file__).parents[1] / "events" / "lex" / "speech.json"
TOLD = {kind: value for kind, value in ODD.items() if kind not in {"NaN", "infinite", "huge"}}
"""What the wire carries: its JSON has no such numbers."""


@pytest.mark.parametrize("name", ["turn", "callerNumber", "offer", "callStarted"])
def test_a_call_with_an_odd_attribute_is_answered(
    stack: LocalStack, answering: None, fresh: None, name: str
) -> None:
    """The fulfilment function, in its process: no value takes the caller off the line."""
    for number, value in enumerate(TOLD.values()):
        event = json.loads(SPEECH.read_text("utf-8"))
        attributes = event["sessionState"]["sessionAttributes"]
        attributes |= {"contactId": f"{number:08d}-{len(name):04d}-4000-8000-000000000009"}
        attributes[name] = value
        answer = stack.invoke("fulfilment", event)
        assert "the weather" in answer["messages"][0]["content"], value


@pytest.mark.parametrize("event", [None, [], {}, "x", 7, {"Details": []}, {"Records": [None, {}]}])
def test_functions_answer_what_is_no_event(
    stack: LocalStack, answering: None, fresh: None, event: Any
) -> None:
    """None of them ends with an error."""
    assert stack.invoke("fulfilment", event)["messages"]
    assert stack.invoke("webhook", event)["statusCode"] == 400
    assert stack.invoke("status", event)["statusCode"] == 400
    assert stack.invoke("responder", event) == {"batchItemFailures": []}
