"""A code for a call passes the meter of every text, and a cap of codes for the whole stack."""

from __future__ import annotations

from typing import Any

import pytest

from conversation.allowances import Limits
from conversation.clocks import DAY_SECONDS
from conversation.persons import call_key
from conversation.stack_usage import STACK, StackUsage
from conversation.switch import Switch
from conversation.tables import Tables
from conversation.usage import Used, read_usage
from tests.services.call_stage import CONTACT
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.proving_line import Line
from texting.meter import Meter
from texting.segments import count


def forged(line: Line, numbers: int) -> list[str]:
    """Calls under so many made-up mobile numbers, each of which asks for a code."""
    return [line.send(f"forged-{n}", f"+5352{345_678 + n}") for n in range(numbers)]


def sent(line: Line) -> int:
    """How many texts went out."""
    return len(line.stage.carrier.sent)


def test_a_pause_sends_no_code(memory_tables: Tables) -> None:
    """The call goes on unproved; nothing is counted, so that there are codes after the resume."""
    line = Line(memory_tables)
    switch = Switch(memory_tables, line.stage.clock)
    switch.throw(paused=True)
    assert [line.send(f"{CONTACT}-{n}") for n in range(5)] == ["unavailable"] * 5
    assert sent(line) == 0
    switch.throw(paused=False)
    assert line.send() == "sent"


@pytest.mark.parametrize("whose", ["person", "stack"])
def test_a_used_up_allowance_sends_no_code(memory_tables: Tables, whose: str) -> None:
    """Codes count in it by themselves: a code more than it holds is not sent."""
    limits: Any = {whose: Limits(segments_per_day=1)}
    line = Line(memory_tables, **limits)
    assert line.send() == "sent"
    assert line.send(f"{CONTACT}-2") == "unavailable"
    assert sent(line) == 1


def test_the_stacks_allowance_ends_codes_for_everybody(memory_tables: Tables) -> None:
    """Whoever used it up, and with what."""
    line = Line(memory_tables, stack=Limits(turns_per_month=1))
    StackUsage(memory_tables, line.stage.clock).count("person#somebody", Used(turns=1))
    assert forged(line, 3) == ["unavailable"] * 3


def test_what_a_code_costs_is_counted(memory_tables: Tables) -> None:
    """In segments, for the stack and under the person's calls: a forged call uses up no text."""
    line = Line(memory_tables)
    line.send()
    [text] = line.stage.carrier.sent
    cost = Used(segments=count(text["body"]).segments)
    now = line.stage.clock.now
    assert read_usage(memory_tables, line.stage.person, now, call_key(CONTACT)).day == cost
    assert read_usage(memory_tables, line.stage.person, now).day == Used()
    assert StackUsage(memory_tables, line.stage.clock).read()[0] == cost


def test_forged_numbers_get_the_stacks_codes_of_a_day(memory_tables: Tables) -> None:
    """However many numbers are made up; the next day has codes again."""
    line = Line(memory_tables, codes_a_day=7)
    assert forged(line, 30) == ["sent"] * 7 + ["unavailable"] * 23
    assert sent(line) == 7
    line.stage.clock.now += DAY_SECONDS
    assert line.send() == "sent"


def test_one_number_does_not_use_up_everybodys_codes(memory_tables: Tables) -> None:
    """What its own limit refuses is not counted for the stack."""
    line = Line(memory_tables, codes_a_day=7)
    assert [line.send(f"{CONTACT}-{n}") for n in range(20)] == ["sent"] * 3 + ["unavailable"] * 17
    [counter] = memory_tables.query(memory_tables.people, STACK, "codes#", limit=5)
    assert (counter["sent"], "expires_at" in counter) == (3, True)
    assert forged(line, 6) == ["sent"] * 4 + ["unavailable"] * 2


def test_two_calls_at_once_share_the_last_code(
    memory_tables: Tables, memory: MemoryDynamoDB
) -> None:
    """The stack's cap is a condition of the write that counts."""
    line = Line(memory_tables, codes_a_day=1)
    results = []

    def at_once(when: str, operation: str) -> None:
        if when == "before" and operation == "transact_write_items":
            memory.written = lambda _when, _operation: None
            results.extend(forged(line, 1))

    memory.written = at_once
    results.append(line.send())
    assert results == ["sent", "unavailable"]
    assert sent(line) == 1


def test_a_pause_right_before_the_send_wins(
    memory_tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way out looks for itself, whoever comes to it."""
    line = Line(memory_tables)
    allowed = iter([True, False])
    monkeypatch.setattr(Meter, "allows", lambda *_: next(allowed))
    assert line.send() == "unavailable"
    assert sent(line) == 0


@pytest.mark.parametrize("number", ["+881612345678", "+10001234567", "+447012345678"])
def test_a_number_that_is_refused_gets_no_code(memory_tables: Tables, number: str) -> None:
    """Satellite, unassigned and personal numbers, as for texts."""
    line = Line(memory_tables)
    assert line.send(number=number) == "unavailable"
    assert sent(line) == 0
