"""What stays of calls, and for how long: the list, their threads, those who follow them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Never

import pytest

from components.contact_flow.routing import SetQueue, Transfer
from local.phone import REAL, Call, Phone
from local.phone.bot import BotLocale
from local.phone.exchange import CALLS_KEPT
from tests.local.phones import CALLER, NUMBER, Hook, ManualClock, bot, flow_of, phone, words

QUEUE = "arn:aws:connect:us-east-1:000000000000:instance/i/queue/q"


def queueing(**more: Any) -> Phone:
    """A phone that hands every caller over at once."""
    flow = flow_of(
        queue=SetQueue(queue=QUEUE, next="transfer", failed="oops"),
        transfer=Transfer(full="oops", failed="oops"),
    )
    return phone(Hook(), flow, **more)


def over(call: Call) -> None:
    """Wait until a call is over and has no thread any more."""
    call.wait_for("ended")
    until = time.monotonic() + 10
    while f"call-{call.id}" in {thread.name for thread in threading.enumerate()}:
        assert time.monotonic() < until, f"the thread of a call that is {call.state}"
        time.sleep(0.005)


def test_a_call_under_way_is_found_however_many_follow() -> None:
    """Of calls that are over the latest are kept; who is on the line is never forgotten."""
    exchange = phone(Hook())
    first = exchange.dial(CALLER, NUMBER)
    passed = []
    for _ in range(CALLS_KEPT + 1):
        passed.append(exchange.dial(None, NUMBER))
        passed[-1].hang_up()
        over(passed[-1])
    last = exchange.dial(None, NUMBER)
    assert exchange.calls == [first, *passed[1:], last]
    assert exchange.find(first.id) is first
    with pytest.raises(LookupError):
        exchange.find(passed[0].id)
    exchange.hang_up_all()
    over(first)
    over(last)


@pytest.mark.parametrize(
    ("make", "answers", "state"),
    [
        (lambda: phone(Hook(), pace=REAL), True, "speaking"),
        (lambda: phone(Hook()), True, "listening"),
        (queueing, False, "waiting"),
        (queueing, True, "handed over"),
    ],
    ids=["speaking", "listening", "waiting", "handed over"],
)
def test_a_stop_leaves_no_call_behind(
    make: Callable[[], Phone], state: str, *, answers: bool
) -> None:
    """Whatever the calls are at, they end, and their threads with them."""
    exchange = make()
    exchange.switches.agent_answers = answers
    calls = [exchange.dial(CALLER, NUMBER) for _ in range(5)]
    for call in calls:
        call.wait_for(state)
    exchange.hang_up_all()
    for call in calls:
        over(call)
        assert [event.who for event in call.events if event.kind == "hung up"] == ["caller"]


@pytest.mark.parametrize("state", ["waiting", "handed over"])
def test_nobody_is_held_for_ever(state: str) -> None:
    """Who waits, or is handed over, and never hangs up is let go after an hour."""
    clock = ManualClock()
    exchange = queueing(clock=clock)
    exchange.switches.agent_answers = state == "handed over"
    call = exchange.dial(CALLER, NUMBER)
    call.wait_for(state)
    clock.advance(3599)
    with pytest.raises(TimeoutError):
        call.wait_until(lambda one: one.ended, 0.1)
    clock.advance(2)
    over(call)
    spoke = [event.who for event in call.events if event.kind == "said"]
    assert spoke == (["agent"] if state == "handed over" else [])
    assert words(call, "error") == ["3600 s and no end: the played Connect lets go"]
    assert [event.who for event in call.events if event.kind == "hung up"] == ["dialtone"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_ours_ends_the_call() -> None:
    """It is on the call's record, so that nobody takes the silence for the flow's."""

    class Faulty(dict[str, BotLocale]):
        def get(self, *_of: object) -> Never:
            raise RuntimeError("no such day")

    call = phone(Hook(), bots=replace(bot(), locales=Faulty())).dial(CALLER, NUMBER)
    over(call)
    assert words(call, "error") == ["RuntimeError: no such day"]


def test_who_no_longer_follows_is_told_nothing() -> None:
    """A page that left is not called back, and leaving twice does no harm."""
    call = phone(Hook()).dial(CALLER, NUMBER)
    told: list[str] = []
    leave = call.subscribe(lambda event: told.append(event.kind))
    call.exchange("hello")
    leave()
    leave()
    known = list(told)
    assert "heard" in known
    call.hang_up()
    over(call)
    assert told == known
