"""Every reply outside a turn passes one meter: pause, allowances, a daily budget of its address."""

from __future__ import annotations

import re
from typing import Any

import pytest

from conversation import observability
from conversation.allowances import Limits
from conversation.clocks import DAY_SECONDS, day_of
from conversation.persons import address_hash, address_key
from conversation.stack_usage import StackUsage
from conversation.switch import Switch
from conversation.tables import Tables
from conversation.usage import Used, read_usage
from messaging.acceptance import Acceptance
from messaging.consent_words import LANGUAGES
from messaging.policy import Policy
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.texting_door import Door
from tests.services.texting_parts import ADDRESS_KEY, PERSON
from texting.meter import REPLIES_A_DAY, WORDS_A_DAY, FixedReply, Meter
from texting.segments import count

OUR_WHATSAPP = "whatsapp:+13035550100"


@pytest.fixture
def door(memory_tables: Tables) -> Door:
    """A door that answers words itself and reads every language."""
    return opened(memory_tables)


def opened(tables: Tables, **changes: Any) -> Door:
    """Such a door."""
    policy = changes.pop("policy", Policy(languages=LANGUAGES))
    return Door(tables, carrier_answers_words=False, policy=policy, **changes)


def replies(door: Door, *texts: str, **more: Any) -> list[str]:
    """What is said to these texts."""
    said = [door.accept(text, f"SM{number}", **more).reply for number, text in enumerate(texts)]
    return [reply for reply in said if reply]


def on_whatsapp(number: str) -> dict[str, str]:
    """The same number on WhatsApp."""
    return {"address": f"whatsapp:{number}", "sender": OUR_WHATSAPP}


@pytest.mark.parametrize("text", ["FORGET", "HELP", "STOP", "START", "FORGET 0000"])
@pytest.mark.parametrize("more", [{}, on_whatsapp(PERSON)], ids=["sms", "whatsapp"])
def test_a_thousand_words_get_a_few_replies(door: Door, text: str, more: dict[str, str]) -> None:
    """However many come: a day's budget; and the effect is there each time."""
    said = replies(door, "FORGET", *[text] * 1000, **more)
    assert len(said) <= REPLIES_A_DAY
    if text in {"STOP", "START"}:
        assert door.opted_out(more.get("sender", "+13035550100")) is (text == "STOP")


def test_one_number_has_one_budget_on_both_channels(door: Door) -> None:
    """SMS and WhatsApp share it."""
    assert len(replies(door, *["FORGET"] * 9)) == REPLIES_A_DAY
    assert door.accept("FORGET", "SMx", **on_whatsapp(PERSON)).reply is None


def test_every_word_is_answered_once_a_day(door: Door) -> None:
    """FORGET, its code, STOP, START and HELP: the budget is for somebody, not for a flood."""
    door.accept("hello", "SM0")
    code = re.search(r"FORGET \d{4}", str(door.accept("FORGET", "SM1").reply))
    assert code
    door.clock.now += 1
    accepted = door.accept(code[0], "SM2")
    assert accepted.effect == "forget"
    said = [accepted.reply]
    for number, word in enumerate(["STOP", "START", "HELP"]):
        door.clock.now += 120
        said.append(door.accept(word, f"SMword{number}").reply)
    assert all(said)
    assert [door.accept(word, f"SMmore{word}").reply for word in ("HELP", "FORGET")] == [None] * 2


def test_who_asked_for_help_too_often_can_still_be_forgotten(door: Door) -> None:
    """FORGET keeps replies of its own: without one nobody knows the code."""
    assert len(replies(door, *["HELP"] * 20)) == WORDS_A_DAY
    asked = door.accept("FORGET", "SMask")
    code = re.search(r"FORGET \d{4}", str(asked.reply))
    assert code
    confirmed = door.accept(code[0], "SMconfirm")
    assert (confirmed.effect, bool(confirmed.reply)) == ("forget", True)


def test_a_right_code_forgets_when_the_replies_are_used_up(door: Door) -> None:
    """Only the confirmation is left out."""
    asked = [door.accept("FORGET", f"SM{number}") for number in range(REPLIES_A_DAY + 1)]
    code = re.search(r"FORGET \d{4}", str(asked[0].reply))
    assert code
    assert asked[-1].reply is None
    confirmed = door.accept(code[0], "SMconfirm")
    assert (confirmed.effect, confirmed.wakes, confirmed.reply) == ("forget", True, None)


def test_forget_gives_no_new_budget(door: Door) -> None:
    """It is the address's: a person who was forgotten has the same, a new person too."""
    said = replies(door, *["FORGET"] * REPLIES_A_DAY)
    code = re.search(r"FORGET \d{4}", said[0])
    assert code
    door.accept(code[0], "SMconfirm")
    hashed = address_hash(PERSON, ADDRESS_KEY)
    door.tables.client.delete_item(  # whatever makes a new person of the number
        TableName=door.tables.people,
        Key={"pk": {"S": address_key(hashed)}, "sk": {"S": "person"}},
    )
    assert door.accept("FORGET", "SMnew").reply is None


def test_the_next_day_has_a_budget_of_its_own(door: Door) -> None:
    """And the day before's counter is gone two days later."""
    assert len(replies(door, *["FORGET"] * 9)) == REPLIES_A_DAY
    door.clock.now += DAY_SECONDS
    assert door.accept("FORGET", "SMnext").reply
    days = door.people(address_key(address_hash(PERSON, ADDRESS_KEY)), "replies#")
    assert [item["expires_at"] - door.clock.now < 2 * DAY_SECONDS + 1 for item in days] == [
        True
    ] * 2


def test_a_pause_says_nothing_and_changes_everything(door: Door) -> None:
    """STOP, START and a right code count; nobody hears so."""
    code = re.search(r"FORGET \d{4}", str(door.accept("FORGET", "SM0").reply))
    assert code
    Switch(door.tables, door.clock).throw(paused=True)
    door.clock.now += 6  # a worker's view of the switch
    stop = door.accept("STOP", "SM1")
    assert (stop.effect, stop.reply, door.opted_out()) == ("consent", None, True)
    assert door.accept("HELP", "SM2").reply is None
    assert door.accept(code[0], "SM3").effect == "forget"
    assert door.accept("FORGET", "SM4").reply is None
    Switch(door.tables, door.clock).throw(paused=False)
    door.clock.now += 6
    assert door.accept("HELP", "SM5").reply


def test_a_duplicate_is_not_answered_in_a_pause(door: Door) -> None:
    """Though its first delivery was."""
    assert door.accept("HELP").reply
    Switch(door.tables, door.clock).throw(paused=True)
    door.clock.now += 6
    assert door.accept("HELP").reply is None


@pytest.mark.parametrize("whose", ["person", "stack"])
def test_a_used_up_allowance_is_silence(memory_tables: Tables, whose: str) -> None:
    """The person's and the stack's alike; STOP is recorded."""
    limits: dict[str, Any] = {whose: Limits(segments_per_day=2)}
    clock = Door(memory_tables).clock
    door = opened(memory_tables, clock=clock, meter=Meter(memory_tables, **limits, clock=clock))
    said = []
    for number in range(3):
        clock.now += 6  # a worker's view of the stack's counters
        said.append(door.accept("HELP", f"SM{number}").reply)
    assert [bool(reply) for reply in said] == [True, True, False]
    assert door.accept("STOP", "SMstop").effect == "consent"


def test_a_persons_own_allowance_keeps_nobody_from_stop_and_forget(memory_tables: Tables) -> None:
    """Both are heard and counted, within the address's budget; HELP and START are not."""
    clock = Door(memory_tables).clock
    meter = Meter(memory_tables, person=Limits(segments_per_day=1), clock=clock)
    door = opened(memory_tables, clock=clock, meter=meter)
    person = door.accept("HELP", "SMhelp").conversation.removeprefix("person#")
    before = read_usage(memory_tables, person, clock.now).day.segments
    assert door.accept("HELP", "SMmore").reply is None
    assert door.accept("STOP", "SMstop").reply
    clock.now += 120
    assert (door.accept("START", "SMstart").reply, door.opted_out()) == (None, False)
    code = re.search(r"FORGET \d{4}", str(door.accept("FORGET", "SMask").reply))
    assert code
    confirmed = door.accept(code[0], "SMconfirm")
    assert (confirmed.effect, bool(confirmed.reply)) == ("forget", True)
    assert read_usage(memory_tables, person, clock.now).day.segments >= before + 3
    assert len(replies(door, *["FORGET"] * REPLIES_A_DAY)) == REPLIES_A_DAY - 4


@pytest.mark.parametrize("text", ["STOP", "FORGET"])
def test_the_stacks_allowance_bounds_stop_and_forget_too(memory_tables: Tables, text: str) -> None:
    """Also of a person whose own is used up: forged senders must not spend without end."""
    clock = Door(memory_tables).clock
    limits = Limits(segments_per_day=1)
    meter = Meter(memory_tables, person=limits, stack=limits, clock=clock)
    door = opened(memory_tables, clock=clock, meter=meter)
    assert door.accept("HELP", "SMhelp").reply
    clock.now += 6  # a worker's view of the stack's counters
    assert door.accept(text, "SMlast").reply is None


def test_what_a_reply_costs_is_counted_for_person_and_stack(door: Door) -> None:
    """In segments, as a turn's; a duplicate costs nothing."""
    accepted = door.accept("FORGET", "SM1")
    assert door.accept("FORGET", "SM1").duplicate
    segments = count(str(accepted.reply)).segments
    person = accepted.conversation.removeprefix("person#")
    assert read_usage(door.tables, person, door.clock.now).day == Used(segments=segments)
    assert StackUsage(door.tables, door.clock).read()[0] == Used(segments=segments)


def test_concurrent_words_do_not_overshoot(door: Door, memory: MemoryDynamoDB) -> None:
    """The count is a condition of the write that accepts: what comes in between is counted too."""
    for number in range(REPLIES_A_DAY - 1):
        door.accept("FORGET", f"SM{number}")
    said: list[Acceptance] = []

    def meanwhile(when: str, operation: str) -> None:
        if when == "before" and operation == "transact_write_items":
            memory.written = lambda _when, _operation: None
            said.append(door.accept("FORGET", "SMbeside"))

    memory.written = meanwhile
    said.append(door.accept("HELP", "SMlast"))
    assert [bool(accepted.reply) for accepted in said] == [True, False]
    assert [accepted.effect for accepted in said] == ["ignored"] * 2


def test_a_duplicate_is_answered_again_for_a_minute(door: Door) -> None:
    """The carrier's retries get the same answer; a request that somebody kept gets none."""
    first = door.accept("FORGET")
    door.clock.now += 59
    again = door.accept("FORGET")
    assert (again.duplicate, again.reply) == (True, first.reply)
    door.clock.now += 2
    late = door.accept("FORGET")
    assert (late.duplicate, late.reply) == (True, None)


def test_a_duplicate_of_what_was_left_out_is_left_out(door: Door) -> None:
    """It has no budget of its own."""
    replies(door, *["FORGET"] * REPLIES_A_DAY)
    assert [door.accept("FORGET", "SMlast").reply for _ in range(3)] == [None] * 3


def test_a_word_that_the_carrier_answers_costs_nothing(memory_tables: Tables) -> None:
    """Nor does a text that is none."""
    door = Door(memory_tables)
    for number in range(10):
        door.accept("HELP", f"SM{number}")
        door.accept("hello", f"SMtext{number}")
    assert door.people(address_key(address_hash(PERSON, ADDRESS_KEY)), "replies#") == []


def test_what_is_left_out_is_counted(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator sees a flood of words by its metric."""
    names: list[str] = []
    monkeypatch.setattr(observability, "count", lambda name, value=1: names.append(name))
    replies(door, *["HELP"] * (WORDS_A_DAY + 2))
    assert names == ["TextLeftOut"] * 2


@pytest.mark.parametrize(
    ("reply", "counted"),
    [(FixedReply("a"), {"sent", "words"}), (FixedReply("a", on_forgetting=True), {"sent"})],
)
def test_the_counter_names_no_words_and_no_number(
    door: Door, reply: FixedReply, counted: set[str]
) -> None:
    """It is an item of the address's hash, for the day."""
    for action in door.acceptor._receipts._meter.reply_actions("h" * 64, "person#1", "1", reply):  # type: ignore[union-attr]  # there is one
        door.tables.write(action)
    [item] = door.people("address#" + "h" * 64, "replies#")
    assert item["sk"] == f"replies#{day_of(door.clock.now)}"
    assert set(item) - {"pk", "sk", "expires_at", "schema"} == counted
