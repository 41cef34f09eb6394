"""Dialling: who answers, which flows are refused, and what a flow may refer to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from components.contact_flow.routing import Invoke, Loop
from local.phone import FlowError, NumberError, Phone
from local.phone.references import filled_in, resolve, unknown_roots
from tests.local.phones import (
    ALIAS,
    CALLER,
    FUNCTION,
    NUMBER,
    Hook,
    checking,
    declared,
    flow_of,
    phone,
    run,
    talk,
    words,
)


def broken(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """A flow with something wrong."""
    flow = talk()
    change(flow)
    return flow


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda flow: flow.update(Version="2020-01-01"), "2019-10-30"),
        (lambda flow: flow.update(StartAction="nowhere"), "nowhere"),
        (lambda flow: flow["Actions"].append(flow["Actions"][0]), "identifier"),
        (lambda flow: flow["Actions"][0].update(Type="PlayPrompt"), "PlayPrompt"),
        (lambda flow: flow["Actions"][0]["Transitions"].update(NextAction="gone"), "gone"),
        (
            lambda flow: flow["Actions"][1]["Transitions"]["Conditions"][0]["Condition"].update(
                Operator="TextContains"
            ),
            "TextContains",
        ),
        (
            lambda flow: flow["Actions"][1]["Parameters"].update(ComparisonValue="$.Lexx.next"),
            "Lexx",
        ),
    ],
)
def test_a_flow_that_cannot_be_executed_does_not_ring(
    change: Callable[[dict[str, Any]], object], why: str
) -> None:
    """Whoever dials is told everything that is wrong; no call begins."""
    exchange = phone(Hook(), broken(change))
    with pytest.raises(FlowError, match=why) as raised:
        exchange.dial(CALLER, NUMBER)
    assert raised.value.problems
    assert exchange.calls == []


@pytest.mark.parametrize("associated", [set(), {FUNCTION}])
def test_a_bot_must_be_associated_with_the_instance(associated: set[str]) -> None:
    """A flow naming an alias that the instance does not know is refused by Connect."""
    with pytest.raises(FlowError, match=f"talk: the instance is not associated with {ALIAS}"):
        phone(Hook(), associated=associated).dial(CALLER, NUMBER)
    phone(Hook(), associated={ALIAS}).dial(CALLER, NUMBER).hang_up()


def test_a_function_must_be_associated_with_the_instance() -> None:
    """As a bot must; the bot's own association does not stand for it."""
    flow = flow_of(ask=Invoke(function_arn=FUNCTION, next="end", failed="oops"))
    with pytest.raises(FlowError, match=f"ask: the instance is not associated with {FUNCTION}"):
        phone(Hook(), flow, associated={ALIAS}).dial(CALLER, NUMBER)
    phone(Hook(checking), flow, associated={FUNCTION}).dial(CALLER, NUMBER).wait_for("ended")


def test_a_bot_that_is_not_there_takes_the_error_branch() -> None:
    """The alias may be gone though the flow still names it."""
    call = Phone({NUMBER: declared()}, {}, Hook()).dial(CALLER, NUMBER)
    call.wait_for("ended")
    assert "there is no bot behind" in words(call, "error")[0]
    assert call.spoken


def test_nobody_answers_at_another_number() -> None:
    """Whoever dials it is told which there are."""
    exchange = phone(Hook())
    assert exchange.numbers == [NUMBER]
    with pytest.raises(NumberError, match=NUMBER.replace("+", r"\+")):
        exchange.dial(CALLER, "+13035550999")


def test_a_flow_that_goes_round_in_circles_comes_to_an_end() -> None:
    """A call is let go after a thousand blocks, with the reason on its record."""
    call = run(
        loop=Loop(times=100, again="loop", done="outer"),
        outer=Loop(times=100, again="loop", done="end"),
    )
    call.wait_for("ended")
    assert "1000 blocks" in words(call, "error")[0]


def test_references_find_what_they_name() -> None:
    """A value as a whole, several among words, and none where nothing is."""
    data = {"Attributes": {"a": "1", "b-c": "2"}, "ContactId": "id", "Lex": {"x": {"y": "z"}}}
    assert resolve("$.Attributes.a", data) == "1"
    assert resolve("$.Attributes['b-c']", data) == "2"
    assert resolve("$.Lex.x", data) is None
    assert resolve("$.Lex.x.y.z", data) is None
    assert resolve("costs $.50", data) == "costs $.50"
    assert filled_in("$.ContactId: $.Attributes.a, $.Attributes.z. $.5", data) == "id: 1, . $.5"
    assert unknown_roots({"a": ["$.Atributes.a", {"b": "$.ContactId"}], "n": 1}) == {
        "$.Atributes.a"
    }
