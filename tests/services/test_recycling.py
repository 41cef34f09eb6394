"""A number that was silent for long may be somebody else's now: it starts fresh."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conversation.clocks import DAY_SECONDS
from conversation.persons import Persons, address_hash, person_key
from conversation.tables import StoreBusyError, Tables
from messaging.policy import Policy
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.texting_door import Door
from tests.services.texting_parts import ADDRESS_KEY, PERSON

OFF = Policy()
FRESH = Policy(recycle_after_days=90)
ASKING = Policy(recycle_after_days=90, continue_days=7)


def opened(tables: Tables, policy: Policy) -> Door:
    """A door at which somebody wrote before a silence of 91 days."""
    door = Door(tables, policy=policy)
    door.accept("the old secret", "SM1")
    door.clock.now += 91 * DAY_SECONDS
    return door


def known(door: Door) -> str:
    """Whose conversation the number leads to now."""
    person = Persons(door.tables).find(address_hash(PERSON, ADDRESS_KEY))
    assert person is not None
    return person_key(person)


@pytest.mark.parametrize("policy", [FRESH, ASKING])
def test_after_the_silence_a_number_is_somebody_new(tables: Tables, policy: Policy) -> None:
    """Another conversation, with nothing of the old one in it; it stays that one."""
    door = opened(tables, policy)
    old = known(door)
    accepted = door.accept("hi", "SM2")
    assert accepted.conversation != old
    assert door.waiting(accepted.conversation) == ["hi"]
    assert door.accept("me again", "SM3").conversation == accepted.conversation


def test_who_writes_now_and_then_stays_who_they_are(tables: Tables) -> None:
    """The silence counts from the latest text, not from the first."""
    door = opened(tables, Policy(recycle_after_days=120))
    old = known(door)
    assert door.accept("hi", "SM2").conversation == old
    door.clock.now += 91 * DAY_SECONDS
    assert door.accept("hi", "SM3").conversation == old


def test_two_deliveries_at_once_begin_one_conversation(
    memory_tables: Tables, memory: MemoryDynamoDB
) -> None:
    """Whoever comes second finds the number renewed, and goes on from there."""
    door = opened(memory_tables, FRESH)
    first: list[str] = []
    meanwhile(memory, lambda: first.append(door.accept("hi", "SM2").conversation))
    assert door.accept("me again", "SM3").conversation == first[0] == known(door)


def test_a_number_goes_back_once(memory_tables: Tables, memory: MemoryDynamoDB) -> None:
    """Of two CONTINUE at once the second is told to come again, and is then a word."""
    door = opened(memory_tables, ASKING)
    old = known(door)
    door.accept("hi", "SM2")
    meanwhile(memory, lambda: door.accept("CONTINUE", "SM3"))
    with pytest.raises(StoreBusyError):
        door.accept("CONTINUE", "SM4")
    assert known(door) == old
    assert door.accept("CONTINUE", "SM4").effect == "inbox"


def test_what_is_noted_of_a_number_raises_no_ghost(memory_tables: Tables) -> None:
    """An update of an address that is gone writes nothing."""
    Persons(memory_tables).screened("nobody", "rules", None)
    assert Persons(memory_tables).known("nobody") is None


def meanwhile(memory: MemoryDynamoDB, what: Callable[[], Any]) -> None:
    """Have something happen right before the next write."""

    def now(when: str, _operation: str) -> None:
        if when == "before":
            memory.written = lambda _when, _operation: None
            what()

    memory.written = now


def test_it_can_be_switched_off(tables: Tables) -> None:
    """Zero days: a number is its person's for good."""
    door = opened(tables, OFF)
    assert door.accept("hi", "SM2").conversation == known(door)


def test_a_stop_is_the_numbers(tables: Tables) -> None:
    """It survives its holder: the new one hears nothing before a START."""
    door = opened(tables, FRESH)
    door.accept("STOP", "SM2")
    door.clock.now += 91 * DAY_SECONDS
    door.accept("hi", "SM3")
    assert door.opted_out()
    door.accept("YES", "SM4")
    assert not door.opted_out()


def test_the_same_person_can_go_on(tables: Tables) -> None:
    """CONTINUE leads back to the earlier conversation, where it is switched on, once."""
    door = opened(tables, ASKING)
    old = known(door)
    new = door.accept("hi", "SM2").conversation
    accepted = door.accept(" Continue! ", "SM3")
    assert (accepted.conversation, accepted.effect, accepted.wakes) == (old, "consent", False)
    assert "Welcome back" in str(accepted.reply)
    assert known(door) == old
    assert door.accept("continue", "SM4").effect == "inbox"
    listed = [item["sk"] for item in door.people(old, "conversation#")]
    assert f"conversation#{new}" in listed


@pytest.mark.parametrize(
    ("policy", "days"), [(FRESH, 0), (ASKING, 8)], ids=["switched off", "too late"]
)
def test_nobody_else_is_let_in(tables: Tables, policy: Policy, days: int) -> None:
    """Without the operator's leave, or after its days, CONTINUE is a word like any other."""
    door = opened(tables, policy)
    old = known(door)
    new = door.accept("hi", "SM2").conversation
    door.clock.now += days * DAY_SECONDS
    assert door.accept("CONTINUE", "SM3").conversation == new != old


def test_they_are_asked_only_where_it_is_switched_on(tables: Tables) -> None:
    """The responder learns from the consent item whether to ask."""
    for policy, asked in ((FRESH, False), (ASKING, True)):
        number = f"+130355501{int(asked)}0"
        door = Door(tables, policy=policy)
        door.accept("old", f"SM1{asked}", address=number)
        door.clock.now += 91 * DAY_SECONDS
        new = door.accept("hi", f"SM2{asked}", address=number).conversation
        assert [item.get("asks", False) for item in door.people(new, "consent#")] == [True] * asked


def test_a_late_delivery_is_known_on_both_sides(tables: Tables) -> None:
    """A text accepted for either person is a duplicate for the other."""
    door = opened(tables, ASKING)
    assert door.accept("the old secret", "SM1").duplicate
    new = door.accept("hi", "SM2")
    door.accept("CONTINUE", "SM3")
    again = door.accept("hi", "SM2")
    assert (again.duplicate, again.conversation) == (True, new.conversation)
    assert door.accept("CONTINUE", "SM3").duplicate


def test_a_stop_reaches_both_conversations(tables: Tables) -> None:
    """What still waits in the one that was left is silenced too."""
    door = opened(tables, ASKING)
    new = door.accept("hi", "SM2").conversation
    door.accept("CONTINUE", "SM3")
    door.accept("STOP", "SM4")
    states = [item["state"] for who in (new, known(door)) for item in door.people(who, "consent#")]
    assert states == ["out", "out"]
