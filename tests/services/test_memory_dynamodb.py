"""The DynamoDB in memory answers as the emulator does, for everything that our services ask."""

from __future__ import annotations

from typing import Any

import pytest

from conversation.tables import (
    Action,
    ConditionFailedError,
    Tables,
    check,
    delete,
    put,
    update,
)

ITEM = {"pk": "a", "sk": "b", "count": 1, "map": {"state": "x", "n": 3}, "blob": b"\x00z"}


@pytest.fixture(params=["tables", "memory_tables"])
def either(request: pytest.FixtureRequest) -> Tables:
    """The same tables, once on the emulator and once in memory."""
    found: Tables = request.getfixturevalue(request.param)
    return found


def _update(tables: Tables, expression: str, condition: str, **values: Any) -> Action:
    named = {f":{name}": value for name, value in values.items()}
    return update(
        tables.conversations, "a", "b", expression, condition=condition, values=named or None
    )


@pytest.mark.parametrize(
    ("expression", "condition", "values", "after"),
    [
        ("SET #count = :n", "#count = :one", {"n": 2, "one": 1}, {"count": 2}),
        ("SET #map.#state = :s", "#map.#state <> :s", {"s": "y"}, {"map": {"state": "y", "n": 3}}),
        (
            "SET #map.n = #map.n - :one",
            "attribute_exists(pk)",
            {"one": 1},
            {"map": {"state": "x", "n": 2}},
        ),
        (
            "SET fresh = if_not_exists(fresh, :z)",
            "attribute_not_exists(fresh)",
            {"z": 0},
            {"fresh": 0},
        ),
        ("ADD #count :n, #other :n", "", {"n": 4}, {"count": 5, "other": 4}),
        (
            "SET x = :n REMOVE #map, #blob",
            "#count <= :n",
            {"n": 1},
            {"x": 1, "map": None, "blob": None},
        ),
        ("SET x = :n", "attribute_not_exists(x) OR x < :n", {"n": 1}, {"x": 1}),
        ("SET x = :t", "NOT attribute_type(#count, :t)", {"t": "B"}, {"x": "B"}),
        ("SET x = :t", "NOT attribute_type(#missing, :t)", {"t": "B"}, {"x": "B"}),
        ("SET x = :t", "attribute_type(#blob, :t)", {"t": "B"}, {"x": "B"}),
    ],
)
def test_updates(
    either: Tables, expression: str, condition: str, values: dict[str, Any], after: dict[str, Any]
) -> None:
    """Every form of update and condition that our services write."""
    either.write(put(either.conversations, ITEM))
    either.write(_update(either, expression, condition, **values))
    stored = either.get(either.conversations, "a", "b") or {}
    assert {name: stored.get(name) for name in after} == after


@pytest.mark.parametrize("condition", ["#count = :n", "#missing = :n", "attribute_not_exists(pk)"])
def test_a_failed_condition_shows_what_it_met(either: Tables, condition: str) -> None:
    """Single writes and transactions both say which condition failed, and on which item."""
    either.write(put(either.conversations, ITEM))
    failing = _update(either, "SET x = :n", condition, n=9)
    with pytest.raises(ConditionFailedError) as single:
        either.write(failing)
    assert single.value.items == [ITEM]
    other = put(either.people, {"pk": "p", "sk": "q"})
    with pytest.raises(ConditionFailedError) as several:
        either.transact([other, failing])
    assert several.value.reasons == ["None", "ConditionalCheckFailed"]
    assert several.value.items == [None, ITEM]
    assert either.get(either.people, "p", "q") is None


def test_queries_page_and_descend(either: Tables) -> None:
    """By prefix, in both directions, from a key on."""
    for number in range(5):
        either.write(put(either.conversations, {"pk": "a", "sk": f"m#{number}"}))
    either.write(put(either.conversations, {"pk": "a", "sk": "n#0"}))
    newest = either.query(either.conversations, "a", "m#", limit=2, newest_first=True)
    assert [item["sk"] for item in newest] == ["m#4", "m#3"]
    page = either.query(either.conversations, "a", "m#", limit=9, after="m#2")
    assert [item["sk"] for item in page] == ["m#3", "m#4"]


def test_the_index_holds_what_is_pending(either: Tables) -> None:
    """Due first, only of the shard, keys only, and no longer once it is not pending."""
    for sk, due in (("x", 30), ("y", 10), ("z", 99)):
        item = {"pk": "a", "sk": sk, "pending_shard": "07", "pending_at": due, "text": "t"}
        either.write(put(either.conversations, item))
    found = list(either.due("07", 50, 1))
    assert [item["sk"] for item in found] == ["y", "x"]
    assert set(found[0]) == {"pk", "sk", "pending_shard", "pending_at"}
    assert list(either.due("08", 50, 10)) == []
    ending = update(
        either.conversations,
        "a",
        "y",
        "REMOVE pending_shard, pending_at",
        condition="attribute_exists(pk)",
    )
    either.write(ending)
    assert [item["sk"] for item in either.due("07", 50, 10)] == ["x"]


def test_deletes_and_checks(either: Tables) -> None:
    """A conditional deletion and a check of another item, in one transaction."""
    either.write(put(either.conversations, ITEM))
    either.transact(
        [
            delete(either.conversations, "a", "b", condition="attribute_exists(pk)"),
            check(either.keys, "k", None, condition="attribute_not_exists(pk)"),
        ]
    )
    assert either.get(either.conversations, "a", "b") is None
    with pytest.raises(ConditionFailedError):
        either.write(delete(either.conversations, "a", "b", condition="attribute_exists(pk)"))
