"""What the function answers: what the played Lex does with it, and what it refuses."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.local.phones import (
    PROMPT,
    Hook,
    closing,
    dial,
    listening,
    refused,
)


def test_close_ends_the_call_with_the_last_words() -> None:
    """The words are spoken, then the flow goes by the attribute that the function set."""
    call = dial(Hook())
    assert call.exchange("goodbye") == ["Goodbye."]
    call.wait_for("ended")
    assert call.spoken[-1] == "Goodbye."
    assert call.events[-2].kind == "hung up"
    assert call.events[-2].who == "dialtone"


def test_delegate_ends_the_conversation_without_words() -> None:
    """As the template does that hands `Goodbye` back for Lex to close."""
    answer = closing("not spoken", "Goodbye", next="goodbye")
    answer["sessionState"]["dialogAction"]["type"] = "Delegate"
    call = dial(Hook(lambda _: answer))
    call.say("bye then")
    call.wait_for("ended")
    assert call.spoken == [PROMPT]


def test_ssml_is_heard_without_its_tags() -> None:
    """Breaks part words, other tags do not, and entities are characters."""
    ssml = "<speak>Rock<break time='1s'/>&amp; <emphasis>roll</emphasis>!</speak>"
    answer = listening("x")
    answer["messages"] = [{"contentType": "SSML", "content": ssml}]
    assert dial(Hook(lambda _: answer)).exchange("play") == ["Rock & roll!"]


def changed(**state: Any) -> dict[str, Any]:
    """An answer whose session state is different."""
    answer = listening("Hello.")
    answer["sessionState"] |= state
    return answer


def message(**parts: Any) -> dict[str, Any]:
    """An answer with one message."""
    return listening() | {"messages": [parts]}


REFUSED: dict[str, tuple[Any, str]] = {
    "no object": ("hello", "is not an object"),
    "nothing": (None, "is not an object"),
    "no session state": ({"messages": []}, "sessionState is not an object"),
    "no action": (changed(dialogAction=None), "dialogAction is not an object"),
    "an unknown action": (changed(dialogAction={"type": "Speak"}), "'Speak' is none of"),
    "an action of Lex V1": (changed(dialogAction={"type": "ElicitIntention"}), "is none of"),
    "a slot to elicit": (changed(dialogAction={"type": "ElicitSlot"}), "ElicitSlot"),
    "a confirmation": (changed(dialogAction={"type": "ConfirmIntent"}), "ConfirmIntent"),
    "unknown fields": (listening("x") | {"response": "x"}, r"unknown fields \['response'\]"),
    "unknown state": (changed(slots={}), r"unknown fields \['slots'\]"),
    "attributes that are no text": (changed(sessionAttributes={"turn": 2}), "'turn' is not text"),
    "nothing to say": (listening(), "ElicitIntent needs messages"),
    "a long message": (listening("x" * 1025), "a message of 1025 characters"),
    "six messages": (listening(*"abcdef"), "6 messages"),
    "an empty message": (listening(""), "without content"),
    "an unknown content type": (message(contentType="Text", content="x"), "contentType 'Text'"),
    "broken SSML": (message(contentType="SSML", content="<speak>a & b</speak>"), "not SSML"),
    "SSML of another kind": (message(contentType="SSML", content="<p>a</p>"), "<p>, not <speak>"),
    "an unknown intent": (closing("Bye.", "Farewell"), "'Farewell' is no intent"),
    "close without an intent": (changed(dialogAction={"type": "Close"}), "which Close needs"),
    "close in the middle": (
        changed(dialogAction={"type": "Close"}, intent={"name": "Goodbye", "state": "InProgress"}),
        "intent state 'InProgress'",
    ),
}


@pytest.mark.parametrize(("answer", "why"), REFUSED.values(), ids=REFUSED)
def test_lex_refuses_what_lex_would(answer: Any, why: str) -> None:
    """The block takes its error branch, and the record says what was wrong."""
    call = dial(Hook(lambda _: answer))
    call.say("hello")
    refused(call)
    (rejected,) = [event for event in call.events if event.kind == "rejected"]
    assert re.search(why, rejected.words), rejected.words


def test_the_longest_answer_is_taken() -> None:
    """Five messages of 1,024 characters are spoken, all of them."""
    answer = listening(*["x" * 1024] * 5)
    assert len(dial(Hook(lambda _: answer)).exchange("a poem")) == 5
