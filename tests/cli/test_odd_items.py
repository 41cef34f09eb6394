"""`dialtone status` over odd items: each is named, and none hides what else there is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import Result

from conversation.outcomes import DeliveryState

Dialtone = Callable[..., Result]

WAITING: list[tuple[str, dict[str, Any]]] = [
    ("inbox#x", {}),
    ("inbox#", {}),
    ("inbox#ZZZZZZZZZZZZZZZZZZZZZZZZZZ", {}),
    ("inbox#01jabcdefghjkmnpqrstvwxyz0", {}),
    ("inbox#٠١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦٧٨٩٠١٢٣٤٥", {}),
    ("zz", {}),
    ("after-call", {}),
    ("after-call", {"due_at": "soon", "started_at": 1}),
    ("after-call", {"due_at": 1, "started_at": -1}),
    ("after-call", {"due_at": 1, "started_at": 2**80}),
    ("meta", {"open_turn": "x"}),
    ("meta", {"open_turn": {"state": "claimed"}}),
    ("meta", {"open_turn": {"id": "t", "claimed_at": "x"}}),
]
SCANNED: list[tuple[str, dict[str, Any]]] = [
    ("inbox#y", {"set_aside_at": "x"}),
    ("inbox#y", {"set_aside_at": 1}),
    ("inbox#y", {"set_aside_at": None}),
    ("zz", {"set_aside_at": 1}),
    ("inbox#01JABCDEFGHJKMNPQRSTVWXYZ0", {"set_aside_at": True}),
    ("inbox#y", {"held": 1}),
    ("inbox#y", {"held": 1, "received_at": [1]}),
    ("inbox#y", {"held": 1, "received_at": 1, "expires_at": "x"}),
    ("turn#x", {"delivery": "failed", "created_at": "x"}),
    ("turn#x", {"delivery": "failed", "created_at": 1, "sending_at": {"at": 1}}),
]


@pytest.mark.parametrize(("sk", "changes"), WAITING)
def test_an_odd_item_of_the_index_is_named(
    dialtone: Dialtone, stack: Any, sk: str, changes: dict[str, Any]
) -> None:
    """By its keys, with the scan and without; what waits beside it is shown."""
    stack.odd_item(sk, **changes)
    waits = stack.text(stack.ben, "hello")

    for scan in ("--scan", "--no-scan"):
        answer = dialtone("status", "--json", scan)
        assert answer.exit_code == 0, answer.output
        shown = json.loads(answer.stdout)
        assert [(odd["pk"], odd["sk"]) for odd in shown["odd_items"]] == [(stack.ada, sk)]
        assert [entry["id"] for entry in shown["waiting"]] == [waits]


@pytest.mark.parametrize(("sk", "changes"), SCANNED)
def test_an_odd_item_of_the_scan_is_named(
    dialtone: Dialtone, stack: Any, sk: str, changes: dict[str, Any]
) -> None:
    """By its keys; what went wrong beside it is shown."""
    stack.odd_item(sk, waits=False, **changes)
    aside = stack.set_aside(stack.ben, "hello")
    lost = stack.turn(stack.ben, delivery=DeliveryState.UNKNOWN)

    answer = dialtone("status", "--json")

    assert answer.exit_code == 0, answer.output
    shown = json.loads(answer.stdout)
    assert [(odd["pk"], odd["sk"]) for odd in shown["odd_items"]] == [(stack.ada, sk)]
    assert [entry["id"] for entry in shown["set_aside"]] == [aside]
    assert [entry["id"] for entry in shown["unknown"]] == [lost.id]
    assert (shown["held"], shown["undelivered"]) == ([], [])


@pytest.mark.parametrize("sk", ["forget#asked", "forget#19feb4235bf82733efd2c47dde0896ed"])
def test_what_is_left_of_a_forget_is_not_odd(dialtone: Dialtone, stack: Any, sk: str) -> None:
    """It waits in the index by right until the carrier's copies are gone."""
    stack.odd_item(sk)

    assert json.loads(dialtone("status", "--json").stdout)["odd_items"] == []


def test_an_item_that_is_odd_twice_is_named_once(dialtone: Dialtone, stack: Any) -> None:
    """The index and the scan come upon it."""
    stack.odd_item("inbox#y", set_aside_at="x")

    assert len(json.loads(dialtone("status", "--json").stdout)["odd_items"]) == 1


def test_the_table_names_odd_items_and_a_limit_judges_them(dialtone: Dialtone, stack: Any) -> None:
    """Their count stands with the others; --fail-on needs no scan for it."""
    assert "cannot be read" not in dialtone("status").stdout
    stack.odd_item("zz")
    stack.odd_item("inbox#y", waits=False, held=1)

    page = dialtone("status").stdout

    (summed,) = [row for row in page.splitlines() if row.split()[:2] == ["odd", "items"]]
    assert summed.split() == ["odd", "items", "2"]
    assert all(name in page for name in (stack.ada, "zz", "inbox#y"))
    assert dialtone("status", "--no-scan", "--fail-on", "odd-items=0").exit_code == 1
    assert dialtone("status", "--no-scan", "--fail-on", "odd-items=1").exit_code == 0
    assert dialtone("status", "--fail-on", "odd-items=1").exit_code == 1
