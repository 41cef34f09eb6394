"""Proving a caller's number: a code by text, typed into the call; and everybody who has none."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from conversation.tables import Tables
from tests.services.call_stage import OTHER
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.proving_line import CODE, Line, event
from tests.services.stage import PERSON, SENDER
from texting.carrier_outcomes import NotSent, Refused, SendOutcome, Unknown
from voice.codes import Codes
from voice.proving import respond


@pytest.fixture
def line(memory_tables: Tables) -> Line:
    """A line over tables in memory."""
    return Line(memory_tables)


def test_a_code_that_came_by_text_proves(line: Line) -> None:
    """It goes from our number to the caller's, and typed in it proves this call."""
    assert line.send() == "sent"
    (text,) = line.stage.carrier.sent
    assert (text["sender"], text["to"], CODE in text["body"]) == (SENDER, PERSON, True)
    assert not line.proved()
    assert line.check(CODE) == "proved"
    assert line.proved()


def test_a_code_rests_nowhere(line: Line, memory: MemoryDynamoDB) -> None:
    """Neither it nor the number is in the store or the log."""
    line.send()
    assert CODE not in str(memory.tables)
    line.check(CODE)
    assert PERSON not in str(memory.tables)


def test_neither_code_nor_number_is_logged(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    """What is logged is the call and the word that the flow gets."""
    caplog.set_level(logging.INFO)
    line.send()
    line.check("999999")
    line.check(CODE)
    logged = str([vars(record) for record in caplog.records])
    assert "'result': 'proved'" in logged
    assert not any(secret in logged for secret in (CODE, "999999", PERSON))


def test_a_wrong_code_proves_nothing(line: Line) -> None:
    """And the right one still does, after it."""
    line.send()
    assert line.check("654321") == "wrong"
    assert not line.proved()
    assert line.check(CODE) == "proved"


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "Timeout", "\uff11" * 6, "******"])
def test_what_is_no_code_is_wrong(line: Line, typed: str) -> None:
    """Whatever Connect hands over."""
    line.send()
    assert line.check(typed) == "wrong"


def test_five_tries_a_day(line: Line) -> None:
    """The sixth is spent, also when right and in the day's next call; a bare pound was one too."""
    line.send()
    assert [line.check(typed) for typed in ("", "000001", "", "12", "000004")] == ["wrong"] * 5
    assert line.check(CODE) == "spent"
    line.send(OTHER)
    assert line.check("234567", OTHER) == "spent"
    assert not line.proved()


def test_three_codes_a_day(line: Line) -> None:
    """Who redials gets no fourth, and the phone's owner no fourth text."""
    assert [line.send(f"{OTHER}-{n}") for n in range(4)] == ["sent"] * 3 + ["unavailable"]
    assert len(line.stage.carrier.sent) == 3
    line.stage.clock.now += 86_400
    assert line.send() == "sent"


def test_a_code_is_bound_to_its_call(line: Line) -> None:
    """Read to another caller, or kept for a redial, it is good for nothing there."""
    line.send()
    line.send(OTHER)
    assert line.check(CODE, OTHER) == "wrong"
    assert line.check(CODE, f"{OTHER}-3") == "expired"
    assert line.check(CODE) == "proved"
    assert not line.proved(OTHER)


def test_a_code_is_good_for_five_minutes(line: Line) -> None:
    """Then it is expired, and a new one takes its place."""
    line.send()
    line.stage.clock.now += 300
    assert line.check(CODE) == "expired"
    line.send()
    assert line.check(CODE) == "wrong"
    assert line.check("234567") == "proved"


def test_a_new_code_takes_the_place_of_the_first(line: Line) -> None:
    """Only the latest proves."""
    line.send()
    line.send()
    assert [line.check(CODE), line.check("234567")] == ["wrong", "proved"]


def test_connects_own_retry_sends_no_second_text(line: Line) -> None:
    """It asks again within seconds when it heard no answer; both hear that one is on its way."""
    assert line.send() == "sent"
    assert respond(line.proving, event("send")) == "sent"
    assert len(line.stage.carrier.sent) == 1


def test_a_retry_of_the_right_code_is_proved_still(line: Line) -> None:
    """Also once the day's tries are spent."""
    line.send()
    assert [line.check(CODE) for _ in range(7)] == ["proved"] * 7


def test_two_guesses_at_once_are_counted_both(line: Line, memory: MemoryDynamoDB) -> None:
    """Each try is counted by one conditional write before it is compared: none gets in between."""
    line.send()
    for number in range(4):
        line.check(f"00000{number}")
    results = []

    def at_once(when: str, _operation: str) -> None:
        if when == "before":
            memory.written = lambda _when, _operation: None
            results.append(line.check("000008"))

    memory.written = at_once
    results.append(line.check(CODE))
    assert results == ["wrong", "spent"]


def test_two_requests_at_once_get_no_fourth_code(line: Line, memory: MemoryDynamoDB) -> None:
    """Two calls ask at the same time for the third code of the day: one gets it."""
    for number in range(2):
        line.send(f"{OTHER}-{number}")
    results = []

    def at_once(when: str, _operation: str) -> None:
        if when == "before":
            memory.written = lambda _when, _operation: None
            results.append(line.send(f"{OTHER}-8"))

    memory.written = at_once
    results.append(line.send(f"{OTHER}-9"))
    assert sorted(results) == ["sent", "unavailable"]
    assert len(line.stage.carrier.sent) == 3


def test_the_day_has_its_counters_however_often_a_person_is_forgotten(line: Line) -> None:
    """FORGET gives nobody new tries: they are the number's."""
    line.send()
    for number in range(5):
        line.check(f"00000{number}")
    line.stage.forgets()
    line.stage.wake(line.stage.conversation)
    line.send()
    assert line.check("234567") == "spent"


def test_forget_takes_the_proof_and_the_carriers_copy_of_the_code(line: Line) -> None:
    """A call that was proved before is so no longer."""
    line.send()
    line.check(CODE)
    line.stage.writes("hello")
    line.stage.forgets()
    line.stage.wake(line.stage.conversation)
    assert not line.proved()
    (proof,) = line.stage.of_person("proof#")
    assert set(proof) == {"pk", "sk", "expires_at", "schema"}
    assert line.stage.carrier.sent[0]["sid"] in line.stage.copies.erased


def test_who_opted_out_gets_no_code(line: Line) -> None:
    """Nor is one counted."""
    line.stage.opts_out()
    assert line.send() == "unavailable"
    assert line.stage.carrier.sent == []


def test_stop_right_before_the_send_wins(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Consent is read again when the code is made and counted."""
    issue = Codes.issue

    def and_stop(self: Codes, person: str, hashed: str, contact: str) -> str | None:
        code = issue(self, person, hashed, contact)
        line.stage.opts_out()
        return code

    monkeypatch.setattr(Codes, "issue", and_stop)
    assert line.send() == "unavailable"
    assert line.stage.carrier.sent == []


@pytest.mark.parametrize("number", ["anonymous", "", "+449098790000", "+442079460958"])
def test_a_number_that_cannot_be_texted_is_never_proved(line: Line, number: str) -> None:
    """Hidden, premium, a line at home: no code, and nothing to check."""
    assert line.send(number=number) == "unavailable"
    assert line.check(CODE, number=number) == "expired"
    assert line.stage.carrier.sent == []


@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        (Unknown("time-out"), "sent"),
        (NotSent("429"), "unavailable"),
        (Refused(21610), "unavailable"),
    ],
)
def test_one_attempt_is_made(line: Line, outcome: SendOutcome, result: str) -> None:
    """What may have been sent is waited for; what was not is said; neither is repeated."""
    line.stage.carrier.outcomes = [outcome]
    assert line.send() == result
    assert line.stage.carrier.sent == []


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"Details": {"ContactData": {"ContactId": None, "CustomerEndpoint": None}}},
        event("sing"),
    ],
)
def test_an_event_that_says_nothing_is_unavailable(line: Line, broken: dict[str, Any]) -> None:
    """The flow goes on without a proof."""
    assert respond(line.proving, broken) == "unavailable"


def test_what_fails_is_unavailable_and_says_no_number(
    line: Line, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller goes on, and the log names the error without its message."""

    def failing(*_: object) -> None:
        raise RuntimeError(f"no luck with {PERSON}")

    monkeypatch.setattr(Codes, "issue", failing)
    assert line.send() == "unavailable"
    logged = str([vars(record) for record in caplog.records])
    assert "RuntimeError" in logged
    assert PERSON not in logged
