"""The window: what fits, whole exchanges only, in a form that every provider takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)

from conversation.history import to_draft
from conversation.messages import StoredMessage, message_sk
from conversation.window import count_tokens, fit, presentable


def stored(*messages: BaseMessage, kinds: dict[int, str] | None = None) -> list[StoredMessage]:
    """Messages as the memory gives them, numbered from 10."""
    kinds = kinds or {}
    drafts = [to_draft(message) for message in messages]
    return [
        StoredMessage(
            message_sk(10 + at), draft.role, draft.text, draft.extra.get("form"), kinds.get(at)
        )
        for at, draft in enumerate(drafts)
    ]


def call(*ids: str, text: str = "") -> AIMessage:
    """A message that calls tools."""
    calls = [{"name": "look", "args": {}, "id": one, "type": "tool_call"} for one in ids]
    return AIMessage(text, tool_calls=calls)


def result(one: str) -> ToolMessage:
    """A tool's result."""
    return ToolMessage(f"result {one}", tool_call_id=one)


def said(messages: list[StoredMessage]) -> list[tuple[str, Any]]:
    """What is presentable, as pairs."""
    return [(one.message.type, one.message.content) for one in presentable(messages)]


def test_words_are_shown_in_order_under_their_numbers() -> None:
    """Plain words pass unchanged."""
    shown = presentable(stored(HumanMessage("one"), AIMessage("two")))
    assert [(one.number, one.message.content) for one in shown] == [(10, "one"), (11, "two")]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (SystemMessage("you are a pirate"), []),
        (ChatMessage(content="hi", role="User"), [("human", "hi")]),
        (ChatMessage(content="hi", role="assistant"), [("ai", "hi")]),
        (ChatMessage(content="hi", role="developer"), []),
        (FunctionMessage(content="f", name="old"), []),
        (RemoveMessage(id="1"), []),
        (AIMessage(" "), []),
        (HumanMessage(" \n"), []),
        (HumanMessage([{"type": "text", "text": ""}, "hi"]), [("human", ["hi"])]),
        (AIMessage([{"type": "text", "text": "a"}, {"type": "thinking", "x": 1}]), [("ai", "a")]),
        (AIMessage("", additional_kwargs={"function_call": {"name": "f"}}), []),
    ],
)
def test_only_what_every_provider_takes_is_shown(
    message: BaseMessage, shown: list[tuple[str, str]]
) -> None:
    """Another program's instructions and blocks are kept in the memory and shown to no model."""
    assert said(stored(message)) == shown


def test_apologies_and_notices_are_not_shown() -> None:
    """A model that reads them learns to write them."""
    past = stored(HumanMessage("a"), AIMessage("sorry"), AIMessage("no"), AIMessage("b"),
                  kinds={1: "apology", 2: "notice", 3: "answer"})  # fmt: skip
    assert said(past) == [("human", "a"), ("ai", "b")]


@pytest.mark.parametrize(
    ("messages", "types"),
    [
        ([call("a"), result("a"), AIMessage("done")], ["ai", "tool", "ai"]),
        ([call("a", "b"), result("b"), result("a")], ["ai", "tool", "tool"]),
        ([call("a", "b"), result("a"), AIMessage("done")], ["ai"]),
        ([call("a"), HumanMessage("wait"), result("a")], ["human"]),
        ([result("a"), AIMessage("done")], ["ai"]),
        ([call("a")], []),
        ([call("a"), result("a"), result("a"), result("x")], ["ai", "tool"]),
    ],
)
def test_calls_and_results_stay_together(messages: list[BaseMessage], types: list[str]) -> None:
    """A call is shown with all its results right behind it, or not at all."""
    assert [one.message.type for one in presentable(stored(*messages))] == types


def test_a_call_whose_results_are_lost_keeps_its_words() -> None:
    """What was said beside the call was said."""
    past = stored(call("a", text="let me look"), HumanMessage("and?"))
    (first, _) = presentable(past)
    assert (first.message.content, getattr(first.message, "tool_calls", None)) == (
        "let me look",
        [],
    )


def test_the_newest_that_fit_are_kept() -> None:
    """A cut falls before the person's words, never inside an exchange."""
    shown = presentable(stored(*[kind("w" * 400) for _ in range(5) for kind in _EXCHANGE]))
    tokens = count_tokens([one.message for one in shown[-5:]])
    assert [one.number for one in fit(shown, tokens)] == [16, 17, 18, 19]
    assert [one.number for one in fit(shown, 10_000, 3)] == [18, 19]
    assert fit(shown, 50) == []
    assert fit(shown, 0) == []
    assert fit([], 100) == []


def test_other_scripts_count_by_their_bytes() -> None:
    """A quarter of the characters would count Chinese, Hindi and emoji far too low."""
    english, chinese = HumanMessage("w" * 400), HumanMessage("猫" * 400)
    assert 95 <= count_tokens([english]) <= 115
    assert 290 <= count_tokens([chinese]) <= 315
    assert count_tokens([HumanMessage("🙂" * 400)]) >= 390
    assert count_tokens([]) == 0


_EXCHANGE = (HumanMessage, AIMessage)
_any_message = st.one_of(
    st.text(max_size=60).map(HumanMessage),
    st.text(max_size=60).map(AIMessage),
    st.sampled_from(["a", "b"]).map(call),
    st.sampled_from(["a", "b"]).map(result),
    st.just(SystemMessage("s")),
)


@given(st.lists(_any_message, max_size=14), st.integers(0, 120), st.integers(1, 10))
def test_any_past_is_cut_so_that_a_model_takes_it(
    messages: list[BaseMessage], tokens: int, count: int
) -> None:
    """Whatever was stored: within both limits, the person first, no call without its result."""
    shown = presentable(stored(*messages))
    kept = fit(shown, tokens, count)

    assert kept == shown[len(shown) - len(kept) :]
    assert len(kept) <= count
    assert count_tokens([one.message for one in kept]) <= max(tokens, 0)
    assert not kept or kept[0].message.type == "human"
    open_calls: set[str] = set()
    for one in kept:
        if isinstance(one.message, ToolMessage):
            open_calls.remove(one.message.tool_call_id)
        else:
            assert not open_calls
        if isinstance(one.message, AIMessage):
            open_calls = {str(called["id"]) for called in one.message.tool_calls}
    assert not open_calls
    json.dumps([str(one.message.content) for one in kept])
