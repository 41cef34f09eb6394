"""Workers are killed and answers of the carrier get lost: at most one more model call, one reply.

Every case takes a lease or a reconciliation to run out, so they all wait together: one fixture
sets each up for a person of its own, and the tests look at what became of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.carrier import Fault
from local.faults import Action, When
from local.stack import LocalStack


@dataclass(frozen=True)
class Case:
    """One thing that goes wrong in somebody's second turn.

    Attributes:
        calls: How often the model may be asked for that turn.
        kill: Conditions under which a worker is killed, if that is it.
        carrier: What the carrier does, if that is it.
        resent: How often the text went out again after reconciliation.
        unreported: Whether the carrier's reports get lost too, so that only its list can tell.
    """

    calls: tuple[int, ...]
    kill: dict[str, Any] = field(default_factory=dict)
    carrier: Fault | None = None
    resent: int = 0
    unreported: bool = False


def responder(operation: str, when: When, contains: str = "") -> dict[str, Any]:
    """A rule that kills the responder at an operation."""
    return {
        "function": "responder", "operation": operation, "when": when, "contains": contains,
    }  # fmt: skip


CASES = {
    "between acceptance and wake-up": Case(
        calls=(1,),
        kill={"function": "webhook", "operation": "SendMessage", "when": When.BEFORE},
    ),
    "after the claim": Case(calls=(1,), kill=responder("UpdateItem", When.AFTER)),
    "before the commit": Case(calls=(2,), kill=responder("TransactWriteItems", When.BEFORE)),
    "after the commit": Case(calls=(1,), kill=responder("TransactWriteItems", When.AFTER)),
    "after sending was announced": Case(
        calls=(1,), kill=responder("TransactWriteItems", When.AFTER, '"sending"'), resent=1
    ),
    "after the carrier took it": Case(
        calls=(1,), kill=responder("UpdateItem", When.BEFORE, "carrier_sids")
    ),
    "the carrier answers 500 and sent nothing": Case(calls=(1,), carrier=Fault.ERROR_500, resent=1),
    "the carrier answers 500 and did send": Case(calls=(1,), carrier=Fault.ACCEPT_THEN_500),
    "the carrier took it, and reports are lost": Case(
        calls=(1,), kill=responder("UpdateItem", When.BEFORE, "carrier_sids"), unreported=True
    ),
    "the carrier sent it, answered 500, reports are lost": Case(
        calls=(1,), carrier=Fault.ACCEPT_THEN_500, unreported=True
    ),
    "the carrier hangs and sent nothing": Case(calls=(1,), carrier=Fault.HANG, resent=1),
    "the carrier hangs and did send": Case(calls=(1,), carrier=Fault.ACCEPT_THEN_HANG),
}


@pytest.fixture(scope="module")
def phones(stack: LocalStack, patient: Any, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Play every case, and wait until all have come to their end."""
    new_phone: Callable[[], Any] = request.getfixturevalue("make_phone")
    phones = {name: new_phone() for name in CASES}
    for phone in phones.values():
        phone.text("hello")
    for phone in phones.values():
        phone.hear()
        phone.wait(lambda phone=phone: not phone.meta().get("open_turn"), "the first turn")
    for name, case in CASES.items():
        _strike(stack, phones[name], case, name)
    for name, phone in phones.items():
        phone.wait(lambda phone=phone: _ended(phone), name, timeout=60)
    stack.faults.clear()
    stack.carrier.faults.clear()
    return phones


@pytest.fixture(scope="module")
def patient(stack: LocalStack, request: pytest.FixtureRequest) -> Any:
    """Somebody who texts again while the turn of a killed worker is still open."""
    stack.model.reset()
    phone = request.getfixturevalue("make_phone")()
    conversation = phone.meet()
    conditions = responder("UpdateItem", When.AFTER, conversation)
    rule = stack.faults.add(Action.KILL, times=1, **conditions)
    phone.text("my name is Ada")
    phone.wait(lambda: rule.hits == 1, "the kill")
    assert phone.meta()["open_turn"]["state"] == "claimed"
    phone.text("what is my name?")
    return phone


def _strike(stack: LocalStack, phone: Any, case: Case, name: str) -> None:
    """Let it go wrong for one person's next text, and wait until it has."""
    if case.unreported:
        stack.carrier.faults.add(Fault.LOST_CALLBACK, number=phone.number, times=None)
    if case.carrier is not None:
        stack.carrier.faults.add(case.carrier, number=phone.number)
        phone.text(name)
        phone.wait(lambda: case.carrier not in stack.carrier.faults.active(), "the fault")
        return
    conditions = dict(case.kill)
    conditions["contains"] = conditions.get("contains") or phone.conversation
    rule = stack.faults.add(Action.KILL, times=1, **conditions)
    phone.text(name)
    phone.wait(lambda: rule.hits == 1, "the kill")


def _ended(phone: Any) -> bool:
    meta = phone.meta()
    return not meta.get("open_turn") and not phone.items("inbox#") and len(phone.replies()) > 1


@pytest.mark.parametrize("name", CASES)
def test_it_is_answered_once(name: str, phones: dict[str, Any], stack: LocalStack) -> None:
    """One reply to the text, one pair of messages, and no more model calls than it may cost."""
    phone, case = phones[name], CASES[name]
    replies = [m.body for m in phone.replies()]
    assert len(replies) == 2
    assert name in replies[1]
    assert [role for role, _ in phone.remembered()] == ["human", "ai", "human", "ai"]
    asked = [call for call in stack.model.calls if call.texts == [name]]
    assert len(asked) in case.calls
    turn = phone.turns()[-1]
    assert turn["outcome"] == "answered"
    assert turn.get("resent", 0) == case.resent
    assert turn["delivery"] in {"accepted", "sent", "delivered"}


def test_a_text_that_arrives_while_an_open_turn_waits_is_answered_after_it(
    patient: Any, phones: dict[str, Any]
) -> None:
    """Both are answered, in order, each once."""
    assert phones
    patient.wait(lambda: _ended(patient) and len(patient.replies()) > 2, "both answers")
    replies = [message.body for message in patient.replies()]
    assert replies[1:] == ["Nice to meet you, Ada!", "Your name is Ada."]
    said = [words for role, words in patient.remembered() if role == "human"]
    assert said == ["hello", "my name is Ada", "what is my name?"]
