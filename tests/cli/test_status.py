"""`dialtone status`: what waits, what is open, what went wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import Result

from conversation.outcomes import DeliveryState
from conversation.persons import call_key
from tests.cli import calls

Dialtone = Callable[..., Result]


def test_a_quiet_stack_shows_nothing_that_waits(dialtone: Dialtone, stack: Any) -> None:
    """A stack without trouble counts nothing and exits with 0."""
    shown = json.loads(dialtone("status", "--json").stdout)

    lists = ("waiting", "open_turns", "calls", "held", "set_aside", "undelivered", "unknown")
    assert [shown[name] for name in lists] == [[]] * len(lists)
    assert shown["dead_letters"] == 0


def test_every_kind_of_trouble_is_counted(dialtone: Dialtone, stack: Any) -> None:
    """Waiting, open, set aside, undelivered, unknown and dead: each is filed where it belongs."""
    waits = stack.text(stack.ada, "are you there", age_seconds=600)
    opened = stack.open_turn(stack.ben, age_seconds=90)
    aside = stack.set_aside(stack.ada, "this one breaks")
    failed = stack.turn(stack.ada, delivery=DeliveryState.FAILED, delivery_error="30034")
    lost = stack.turn(stack.ada, delivery=DeliveryState.UNKNOWN)
    stack.turn(stack.ada)
    stack.dead_letter('{"conversation": "person#x"}', "person#x")

    shown = json.loads(dialtone("status", "--json").stdout)

    assert [entry["id"] for entry in shown["waiting"]] == [waits]
    assert 595 < shown["waiting"][0]["age_seconds"] < 700
    assert [(entry["id"], entry["says"]) for entry in shown["open_turns"]] == [
        (opened, "claimed, attempt 2")
    ]
    assert [entry["id"] for entry in shown["set_aside"]] == [aside]
    assert [(e["id"], e["says"]) for e in shown["undelivered"]] == [(failed.id, "failed 30034")]
    assert [entry["id"] for entry in shown["unknown"]] == [lost.id]
    assert shown["dead_letters"] == 1


def test_calls_are_shown_with_what_is_to_become_of_them(dialtone: Dialtone, stack: Any) -> None:
    """A call that ended, and words held for a yes: neither is a text that waits, nor trouble."""
    calls.spoken(stack, 1)
    calls.end(stack)
    calls.hold(stack, f"{calls.CONTACT}-0002", "where is my cat")

    shown = json.loads(dialtone("status", "--json").stdout)
    quick = json.loads(dialtone("status", "--no-scan", "--json").stdout)
    page = dialtone("status")

    assert [entry["conversation"] for entry in shown["calls"]] == [call_key(calls.CONTACT)]
    assert "due in 4m 5" in shown["calls"][0]["says"]
    assert [entry["conversation"] for entry in shown["held"]] == [call_key(calls.CONTACT)]
    assert (len(quick["calls"]), quick["held"]) == (1, None)
    assert (shown["waiting"], shown["set_aside"], shown["undelivered"]) == ([], [], [])
    assert "held for a caller's yes" in page.stdout
    assert "cat" not in page.output


def test_what_was_not_looked_for_is_not_counted_as_none(dialtone: Dialtone, stack: Any) -> None:
    """Without the scan, four rows say so."""
    assert dialtone("status", "--no-scan").stdout.count("not looked for") == 4


def test_a_person_reads_counts_ages_and_what_to_do_next(dialtone: Dialtone, stack: Any) -> None:
    """The table names each kind with its oldest, and the next command stands below it."""
    stack.text(stack.ada, "hello", age_seconds=3700)
    stack.set_aside(stack.ada, "hello")

    answer = dialtone("status")

    (waiting,) = [line for line in answer.stdout.splitlines() if "texts waiting" in line][:1]
    assert waiting.split() == ["texts", "waiting", "1", "1h", "1m"]
    assert f"dialtone redrive --stack {stack.name}" in answer.stderr
    assert "hello" not in answer.output


def test_an_old_failure_no_longer_counts(dialtone: Dialtone, stack: Any) -> None:
    """A delivery that failed before --since is history."""
    stack.turn(stack.ada, delivery=DeliveryState.FAILED, created_at=1_000)

    assert json.loads(dialtone("status", "--json").stdout)["undelivered"] == []
    shown = json.loads(dialtone("status", "--json", "--since", "40000d").stdout)
    assert len(shown["undelivered"]) == 1


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (["waiting=5m"], 1),
        (["waiting=1h"], 0),
        (["open-turns=1m"], 1),
        (["set-aside=0"], 1),
        (["set-aside=1"], 0),
        (["undelivered=0", "unknown=0"], 0),
        (["undelivered=0", "waiting=5m"], 1),
        (["dead-letters=0"], 0),
    ],
)
def test_a_limit_that_is_exceeded_fails(
    dialtone: Dialtone, stack: Any, limits: list[str], code: int
) -> None:
    """--fail-on turns what is shown into an exit code of 1, and only when it is exceeded."""
    stack.text(stack.ada, "hello", age_seconds=400)
    stack.open_turn(stack.ben, age_seconds=90)
    stack.set_aside(stack.ada, "hello")

    arguments = [part for limit in limits for part in ("--fail-on", limit)]
    answer = dialtone("status", *arguments)

    assert answer.exit_code == code, answer.output


def test_without_the_scan_only_the_index_is_read(dialtone: Dialtone, stack: Any) -> None:
    """--no-scan says which kinds were not looked for instead of counting none."""
    stack.set_aside(stack.ada, "hello")

    shown = json.loads(dialtone("status", "--json", "--no-scan").stdout)

    assert (shown["set_aside"], shown["waiting"]) == (None, [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fail-on", "waiting"], "is not NAME=LIMIT"),
        (["--fail-on", "hunger=1"], "is not NAME=LIMIT"),
        (["--fail-on", "waiting=soon"], "is no limit"),
        (["--fail-on", "unknown=0", "--no-scan"], "needs the scan"),
        (["--since", "yesterday"], "is no duration"),
    ],
)
def test_a_wrong_option_is_explained(
    dialtone: Dialtone, stack: Any, arguments: list[str], said: str
) -> None:
    """A mistake on the command line costs no call and says what is expected."""
    answer = dialtone("status", *arguments)

    assert answer.exit_code == 2
    assert said in answer.stderr
