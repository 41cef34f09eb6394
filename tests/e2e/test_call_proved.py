"""`voice.memory: person`, on a stack of its own: who proves the number goes on with the texts."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest

from conversation.clocks import day_of
from conversation.items import to_item
from conversation.stack_usage import FRESH_SECONDS, STACK
from conversation.switch import Switch
from conversation.tables import Tables
from local.config import DEFAULT_WORKERS, LocalConfig, merged
from local.phone import Call
from local.scripted_model import slow
from local.stack import LocalStack
from tests.e2e.callers import Caller, no_trouble
from tests.e2e.conftest import SHORT_TIMES, Phone
from tests.e2e.test_roles import (
    CONVERSATIONS,
    DENIED,
    KEYS,
    NOBODY,
    PEOPLE,
    become,
    outcome,
    read_secret,
    receive,
    send,
    table_attempts,
    use_key,
)
from voice.call_texts import CallTexts

TEXTS = CallTexts()
WRONG = "000000"
ALLOWED = {
    **table_attempts(PEOPLE, "Get", "Put", "Update", "Check", "Query"),
    "read the secret": read_secret,
}
DENIALS = {
    **NOBODY,
    **table_attempts(
        CONVERSATIONS, "Get", "Put", "Update", "Delete", "Check", "Query", "QueryIndex"
    ),
    **table_attempts(KEYS, "Get", "Put", "Check", "Delete"),
    "wrap a key": use_key("wrap"),
    "unwrap a key": use_key("unwrap"),
    "send a wake-up": send("wakeupQueueUrl"),
    "receive wake-ups": receive("wakeupQueueUrl"),
    "call the fulfilment": become("fulfilment"),
}


@pytest.fixture(scope="module")
def proving() -> Iterator[LocalStack]:
    """A stack whose callers can prove their number."""
    config = LocalConfig(
        port=0,
        persist=False,
        schedules=False,
        overrides=merged(SHORT_TIMES, {"voice": {"memory": "person"}}),
        workers={**DEFAULT_WORKERS, "fulfilment": 1},
    )
    with LocalStack(config) as running:
        call = Caller(running, Phone(running, "+13035557700")).dial()
        unproved(call)
        call.exchange("are you there", 60)
        call.hang_up()
        yield running


@pytest.fixture
def person(proving: LocalStack) -> Iterator[Callable[[str], Caller]]:
    """Make somebody who texts and calls."""
    proving.model.reset()
    yield lambda number: Caller(proving, Phone(proving, number))
    proving.phone.hang_up_all()


def unproved(call: Call) -> None:
    """Stay on the line until the call begins."""
    call.wait_until(lambda one: one.block == "code-offer" and one.takes)
    call.stay_silent()
    call.wait_until(lambda one: one.block == "talk" and one.state == "listening")


def code_of(caller: Caller, call: Call) -> str:
    """Ask for a code; the text that brings it is the only place where it is."""
    call.wait_until(lambda one: one.block == "code-offer" and one.takes)
    before = len(caller.phone.replies())
    call.press("1")
    caller.stack.carrier.wait_reply(caller.phone.number, before + 1)
    found = re.search(r"\b\d{6}\b", caller.phone.replies()[-1].body)
    assert found
    return found[0]


def enters(call: Call, code: str) -> None:
    """Type a code, and wait until the flow has gone on."""
    call.wait_until(lambda one: one.block in {"code-enter", "code-again"} and one.takes)
    checks = passed(call).count("code-checked")
    call.press(f"{code}#")
    call.wait_until(lambda one: passed(one).count("code-checked") > checks)
    call.wait_until(lambda one: one.block in {"code-again", "talk"} and one.takes)


def passed(call: Call) -> list[str]:
    """The blocks of the flow, in the order they were entered."""
    return [event.block for event in call.events if event.kind == "block"]


def test_who_proves_the_number_goes_on(person: Callable[[str], Caller]) -> None:
    """A wrong code, then the right one: the call knows the texts, and a text knows the call."""
    caller = person("+13035557701")
    caller.phone.meet()
    caller.replied("my boat is the Swallow")
    call = caller.dial()
    code = code_of(caller, call)
    wrong = WRONG if code != WRONG else "111111"
    enters(call, wrong)
    assert call.block == "code-again"
    enters(call, code)
    call.wait_until(lambda one: one.block == "talk" and one.state == "listening")
    assert "code-proved" in passed(call)
    assert call.exchange("what is my boat") == ["Your boat is the Swallow."]
    call.exchange("my harbour is Bergen")
    call.hang_up()
    assert caller.replied("what is my harbour?") == "Your harbour is Bergen."
    assert caller.items(call, "message#") == []
    assert caller.items(call, "after-call") == []
    _nowhere(caller, code)
    assert [line for line in caller.stack.logs() if "AccessDenied" in line] == []
    no_trouble(call)


def _nowhere(caller: Caller, code: str) -> None:
    """A code is in no table, no log and no event of the call, and the model never saw it."""
    outputs = caller.stack.outputs
    for table in ("peopleTable", "conversationsTable"):
        items = caller.stack.aws("dynamodb").scan(TableName=outputs[table])["Items"]
        assert code not in str(items)
    assert code not in "\n".join(caller.stack.logs())
    assert code not in str([(one.system, one.messages) for one in caller.stack.model.calls])
    assert code not in str([event for call in caller.stack.phone.calls for event in call.events])


def test_who_does_not_prove_it_speaks_for_the_call_alone(person: Callable[[str], Caller]) -> None:
    """Whoever stays on the line, under whatever number, hears nothing of the texts."""
    caller = person("+13035557702")
    caller.phone.meet()
    caller.replied("my boat is the Swallow")
    call = caller.dial()
    unproved(call)
    assert "Swallow" not in call.exchange("what is my boat")[0]
    call.exchange("my harbour is Bergen")
    assert "Bergen" not in caller.replied("what is my harbour?")
    assert caller.items(call, "after-call")


def test_guesses_are_spent_over_all_calls(person: Callable[[str], Caller]) -> None:
    """Three in one call, two in the next: then no code is taken, the right one neither."""
    caller = person("+13035557703")
    caller.phone.meet()
    call = caller.dial()
    code = code_of(caller, call)
    for guess in range(3):
        enters(call, f"{(int(code) + 1 + guess) % 1_000_000:06d}")
    assert "code-spent" in passed(call)
    call.hang_up()
    again = caller.dial()
    code = code_of(caller, again)
    for guess in range(2):
        enters(again, f"{(int(code) + 1 + guess) % 1_000_000:06d}")
    enters(again, code)
    assert "code-spent" in passed(again)
    assert "code-proved" not in passed(again)
    assert "first thing" in again.exchange("hello there")[0]


def test_a_redial_needs_a_code_of_its_own(person: Callable[[str], Caller]) -> None:
    """A code is its call's: in the next one it is wrong, and the fourth of a day is not sent."""
    caller = person("+13035557704")
    caller.phone.meet()
    first = caller.dial()
    code = code_of(caller, first)
    first.hang_up()
    second = caller.dial()
    fresh = code_of(caller, second)
    if fresh != code:
        enters(second, code)
        assert "code-proved" not in passed(second)
    second.hang_up()
    third = caller.dial()
    code_of(caller, third)
    third.hang_up()
    sent = len(caller.phone.replies())
    fourth = caller.dial()
    fourth.wait_until(lambda one: one.block == "code-offer" and one.takes)
    fourth.press("1")
    fourth.wait_until(lambda one: one.block == "talk" and one.state == "listening")
    assert "code-unavailable" in passed(fourth)
    assert len(caller.phone.replies()) == sent


def refused_code(caller: Caller) -> None:
    """Ask for a code in a new call and get none; the call goes on without."""
    sent, call = len(caller.phone.replies()), caller.dial()
    call.wait_until(lambda one: one.block == "code-offer" and one.takes)
    call.press("1")
    call.wait_until(lambda one: "code-unavailable" in passed(one))
    call.hang_up()
    assert len(caller.phone.replies()) == sent


def test_a_pause_and_the_stacks_codes_end_codes(person: Callable[[str], Caller]) -> None:
    """Neither in a pause, nor once all callers together have had the codes of the day."""
    caller = person("+13035557707")
    caller.phone.meet()
    store, people = caller.stack.aws("dynamodb"), caller.stack.outputs["peopleTable"]
    switch = Switch(Tables(store, people, "", ""))
    switch.throw(paused=True)
    time.sleep(FRESH_SECONDS + 0.1)  # a warm worker's view of the switch
    try:
        refused_code(caller)
    finally:
        switch.throw(paused=False)
    time.sleep(FRESH_SECONDS + 0.1)
    today = {"pk": STACK, "sk": f"codes#{day_of(time.time())}"}
    before = store.get_item(TableName=people, Key=to_item(today)).get("Item")
    store.put_item(TableName=people, Item=to_item({**today, "sent": 100, "schema": 1}))
    refused_code(caller)
    if before:
        store.put_item(TableName=people, Item=before)
    else:
        store.delete_item(TableName=people, Key=to_item(today))
    code_of(caller, caller.dial())


def test_an_old_code_is_expired(person: Callable[[str], Caller]) -> None:
    """Five minutes after it was sent it proves nothing."""
    caller = person("+13035557705")
    caller.phone.meet()
    call = caller.dial()
    code = code_of(caller, call)
    caller.stack.aws("dynamodb").update_item(
        TableName=caller.stack.outputs["peopleTable"],
        Key=to_item({"pk": caller.phone.conversation, "sk": f"proof#{call.id}"}),
        UpdateExpression="ADD issued_at :ago",
        ConditionExpression="attribute_exists(digest)",
        ExpressionAttributeValues=to_item({":ago": -301}),
    )
    enters(call, code)
    assert "code-expired" in passed(call)
    assert "code-proved" not in passed(call)


def test_a_proved_call_and_a_text_at_once(person: Callable[[str], Caller]) -> None:
    """The text has the conversation: the call offers to answer by text, and the yes keeps order."""
    caller = person("+13035557706")
    caller.phone.meet()
    call = caller.dial()
    enters(call, code_of(caller, call))
    call.wait_until(lambda one: one.block == "talk" and one.state == "listening")
    asked, sent = len(caller.stack.model.calls), len(caller.phone.replies())
    caller.stack.model.script(slow(5))
    caller.phone.text("my boat is the Swallow")
    caller.stack.model.wait_calls(asked + 1)
    assert call.exchange("what is my boat") == [TEXTS.offer]
    assert call.exchange("yes") == [TEXTS.released]
    replies = caller.phone.hear(sent + 2)
    assert "boat" in replies[-2]
    assert replies[-1] == "Your boat is the Swallow."


def test_who_checks_codes_may_do_what_it_calls(proving: LocalStack) -> None:
    """Nothing that the proving function needs is refused to its role, which is its own."""
    codes = {name: outcome(attempt, proving, "proving") for name, attempt in ALLOWED.items()}
    assert {name: code for name, code in codes.items() if code in DENIED} == {}
    identity = proving.client_as("proving", "sts").get_caller_identity()
    assert f"assumed-role/{proving.outputs['functions']['proving']}/" in identity["Arn"]


def test_who_checks_codes_is_denied_every_word(proving: LocalStack) -> None:
    """What faces a stranger reaches no conversation, no key, no queue and no other function."""
    codes = {name: outcome(attempt, proving, "proving") for name, attempt in DENIALS.items()}
    assert {name: code for name, code in codes.items() if code not in DENIED} == {}
