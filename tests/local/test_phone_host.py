"""Calls that go all the way to a handler in the function host."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from local.phone import Call
from tests.local.handlers import Host
from tests.local.phones import CALLER, NUMBER, phone, refused, words

CALLS = 20
SOURCE = """
import os, time

def fulfilment(event, context):
    said, state = event["inputTranscript"], event["sessionState"]
    if said == "crash":
        os._exit(3)
    attributes = state["sessionAttributes"]
    attributes["turn"] = str(int(attributes.get("turn", "0")) + 1)
    answer = {"dialogAction": {"type": "ElicitIntent"}, "sessionAttributes": attributes}
    words = f"{attributes['callerNumber']} said {said}, {attributes['turn']}"
    return {"sessionState": answer, "messages": [{"contentType": "PlainText", "content": words}]}
"""


def has_spoken(count: int, call: Call) -> bool:
    """Whether dialtone has said so many things."""
    return len(call.spoken) == count


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host with the function behind the alias, and fewer workers than calls."""
    with Host(tmp_path, SOURCE, plain=True, workers={"fulfilment": 3}) as host:
        host.add("fulfilment")
        yield host


def test_twenty_calls_share_three_workers(host: Host) -> None:
    """Every caller hears answers to their own words, three times over."""
    exchange = phone(host.invoke)
    calls = [exchange.dial(f"+1303555{number:04}", NUMBER) for number in range(CALLS)]
    for turn in (1, 2, 3):
        for call in calls:
            call.say("hello")
        for call in calls:
            call.wait_until(partial(has_spoken, turn + 1))
            assert call.spoken[-1] == f"{call.caller} said hello, {turn}"
    assert len(host.host.workers("fulfilment")) == 3
    exchange.hang_up_all()
    for call in calls:
        call.wait_for("ended")


def test_a_crash_is_heard_as_trouble(host: Host) -> None:
    """The flow's words, not silence; the next call is answered."""
    exchange = phone(host.invoke)
    call = exchange.dial(CALLER, NUMBER)
    call.say("crash")
    refused(call)
    assert words(call, "error") == ["the function failed: Runtime.ExitError"]
    again = exchange.dial(CALLER, NUMBER)
    assert again.exchange("hello") == [f"{CALLER} said hello, 1"]
    again.hang_up()


def test_a_function_that_is_not_there_is_trouble(tmp_path: Path) -> None:
    """A hook that names no function of the stack fails as a missing one does."""
    with Host(tmp_path, SOURCE, plain=True) as host:
        call = phone(host.invoke).dial(CALLER, NUMBER)
        call.say("hello")
        refused(call)
        assert words(call, "error") == ["the function failed: UnknownFunctionError"]
