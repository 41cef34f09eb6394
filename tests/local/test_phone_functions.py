"""The played Connect asks functions of the flow: its event, its limits, what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from components.contact_flow import WORDS
from components.contact_flow.block import Block
from components.contact_flow.blocks import (
    SetLogging,
    StoreInput,
)
from components.contact_flow.routing import (
    Compare,
    Invoke,
)
from local.phone import FlowError
from tests.local.phones import (
    CALLER,
    FUNCTION,
    NUMBER,
    Hook,
    ManualClock,
    checking,
    declared,
    flow_of,
    goodbye_or_echo,
    phone,
    run,
    said,
    say,
    words,
)


def check(seconds: int) -> Invoke:
    """The block that asks whether a code is right."""
    return Invoke(
        function_arn=FUNCTION,
        attributes={"action": "check", "code": "$.StoredCustomerInput"},
        seconds=seconds,
        next="result",
        failed="broken",
    )


CODE: dict[str, Block] = {
    "quiet": SetLogging(enabled=False, next="enter"),
    "enter": StoreInput(text="Your code?", digits=6, next="check", failed="oops"),
    "check": check(8),
    "result": Compare(value="$.External.result", equals={"proved": "proved"}, otherwise="wrong"),
    "proved": say("Proved."),
    "wrong": say("Wrong."),
    "broken": say("Broken."),
}


@pytest.mark.parametrize(
    ("keys", "entered", "heard"),
    [
        ("123456", "123456", "Proved."),
        ("12*123456", "123456", "Proved."),
        ("123#", "123", "Wrong."),
        ("1234567", "123456", "Proved."),
        ("#", "", "Wrong."),
        ("", "Timeout", "Wrong."),
    ],
)
def test_a_code_is_stored_and_sent_to_the_function(keys: str, entered: str, heard: str) -> None:
    """Up to its length or the end key; `*` deletes; nothing at all is stored as `Timeout`."""
    hook = Hook(checking)
    call = phone(hook, flow_of(**CODE)).dial(CALLER, NUMBER)
    if keys:
        call.press(keys)
    else:
        call.stay_silent()
    assert said(call)[-1] == heard
    (event,) = hook.events
    assert event["Details"]["Parameters"] == {"action": "check", "code": entered}
    assert hook.names == ["test-proving"]


def test_pound_alone_is_a_try() -> None:
    """An empty code is checked like any: wrong, and after the third the call goes on without."""

    def answer(event: dict[str, Any]) -> dict[str, Any]:
        if "Details" not in event:
            return goodbye_or_echo(event)
        sends = event["Details"]["Parameters"]["action"] == "send"
        return {"result": "sent"} if sends else checking(event)

    hook = Hook(answer)
    call = phone(hook, declared(proving_arn=FUNCTION)).dial(CALLER, NUMBER)
    for keys in ("1", "#", "#", "#"):
        call.press(keys)
    call.wait_until(lambda one: one.block == "talk")
    english = WORDS["en"]
    asked = [one for one in call.spoken if one in vars(english).values()]
    assert asked[2:] == [
        english.code_enter,
        *[english.code_again] * 2,
        english.code_spent,
    ]
    checks = [event["Details"]["Parameters"] for event in hook.events[1:4]]
    assert checks == [{"action": "check", "code": ""}] * 3
    call.hang_up()


def test_a_stored_entry_is_on_no_record() -> None:
    """The record shows how many keys there were, not which."""
    call = run(checking, **CODE)
    call.press("123456")
    said(call)
    assert words(call, "keys") == ["••••••"]
    assert "123456" not in repr(call.events)


def test_a_function_of_the_flow_gets_connects_event() -> None:
    """Contact, endpoints and parameters are where Connect puts them; a withheld number is null."""
    hook = Hook(checking)
    flow = flow_of(**CODE)
    for caller in (CALLER, None):
        call = phone(hook, flow).dial(caller, NUMBER)
        call.press("1#")
        said(call)
        data = hook.events[-1]["Details"]["ContactData"]
        assert hook.events[-1]["Name"] == "ContactFlowEvent"
        assert data["ContactId"] == call.id
        assert data["SystemEndpoint"] == {"Address": NUMBER, "Type": "TELEPHONE_NUMBER"}
        address = {"Address": caller, "Type": "TELEPHONE_NUMBER"}
        assert data["CustomerEndpoint"] == (address if caller else None)


@pytest.mark.parametrize(
    "answer", [["proved"], {"result": {"of": "it"}}, {"result": True}, None, {"x": "y" * 33_000}]
)
def test_an_answer_that_is_no_flat_map_of_text_is_an_error(answer: Any) -> None:
    """Connect takes nothing else, nor more than 32 KB."""
    call = run(lambda _: answer, **CODE)
    call.press("1#")
    assert said(call)[-1] == "Broken."
    assert words(call, "rejected")


@pytest.mark.parametrize("seconds", [3, 8])
def test_a_function_of_the_flow_has_the_blocks_seconds(seconds: int) -> None:
    """Then the block's error branch is taken, whatever it answers later."""
    clock, hook = ManualClock(), Hook(checking)
    hook.go_on.clear()
    call = phone(hook, flow_of(**CODE | {"check": check(seconds)}), clock=clock).dial(
        CALLER, NUMBER
    )
    call.press("123456")
    assert hook.begun.wait(10)
    clock.advance(seconds - 0.1)
    with pytest.raises(TimeoutError):
        call.wait_until(lambda one: one.state != "thinking", 0.1)
    clock.advance(0.2)
    assert said(call)[-1] == "Broken."
    assert words(call, "error") == [f"no answer within {seconds} s"]
    hook.go_on.set()


def test_a_function_gets_eight_seconds_at_most() -> None:
    """A flow that gives one more is refused before the phone rings."""
    with pytest.raises(FlowError, match="check: InvocationTimeLimitSeconds"):
        phone(Hook(checking), flow_of(**CODE | {"check": check(9)})).dial(CALLER, NUMBER)


def test_a_function_that_connect_may_not_invoke_is_not_invoked() -> None:
    """The permission has to name Connect and the instance."""
    hook = Hook(checking)
    asked: list[tuple[str, ...]] = []

    def permitted(*of: str) -> bool:
        asked.append(of)
        return False

    call = phone(hook, flow_of(**CODE), permitted=permitted, instance="arn:instance").dial(
        CALLER, NUMBER
    )
    call.press("1#")
    assert said(call)[-1] == "Broken."
    assert (hook.events, asked) == ([], [(FUNCTION, "connect.amazonaws.com", "arn:instance")])
