"""Nothing is handed to DynamoDB that it cannot take, and nobody finds out halfway."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage

from conversation.history import DynamoDBHistory, to_draft
from conversation.item_size import (
    MOST_ITEM_BYTES,
    MOST_TRANSACTION_BYTES,
    TooLargeError,
    batches,
    item_size,
    require_fitting,
)
from conversation.items import to_item
from conversation.keys import Keys
from conversation.messages import Draft, Messages
from conversation.tables import Tables, check, delete, put, update
from tests.services.stage import Stage

NAME = "http#client#1"
KB = 1024
LARGEST_TEXT_BYTES = 64 * KB
"""More than a webhook's whole request may have."""


@pytest.fixture(params=["tables", "memory_tables"])
def either(request: pytest.FixtureRequest) -> Tables:
    """The same tables, once on the emulator and once in memory."""
    found: Tables = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize(("count", "size"), [(90, 50 * KB), (11, 390 * KB), (100, 1)])
def test_batches_are_cut_by_bytes_too(either: Tables, count: int, size: int) -> None:
    """More bytes than a transaction takes are added, in order, and cleared."""
    history = DynamoDBHistory(either, NAME)
    history.add_messages([HumanMessage(f"{n:03}" + "x" * size) for n in range(count)])
    assert [str(one.content)[:3] for one in history.messages] == [f"{n:03}" for n in range(count)]
    history.clear()
    assert history.messages == []


def test_a_message_that_no_item_holds_is_refused(either: Tables) -> None:
    """It is said which size it has; what was to be added before it is not added either."""
    history = DynamoDBHistory(either, NAME)
    many = [AIMessage("x" * 390 * KB) for _ in range(12)]
    with pytest.raises(TooLargeError) as refused:
        history.add_messages([*many, HumanMessage("x" * 500 * KB)])
    assert refused.value.what == "item"
    assert refused.value.limit == MOST_ITEM_BYTES < 500 * KB < refused.value.size
    assert Keys(either).find(NAME) is None
    assert history.messages == []


@pytest.mark.parametrize("drafts", [1, 12])
def test_what_is_appended_at_once_is_refused_before_it_is_sent(either: Tables, drafts: int) -> None:
    """Also where somebody cuts batches differently."""
    size = 500 * KB if drafts == 1 else 390 * KB
    with pytest.raises(TooLargeError):
        DynamoDBHistory(either, NAME).append([Draft("human", "x" * size, {})] * drafts)


def test_a_single_write_is_refused_before_it_is_sent(either: Tables) -> None:
    """A put and an update alike."""
    large: Any = {":x": "x" * MOST_ITEM_BYTES}
    writes = (
        put(either.people, {"pk": "a", "sk": "b", "x": large[":x"]}),
        update(either.people, "a", "b", "SET x = :x", condition="", values=large),
    )
    for write in writes:
        with pytest.raises(TooLargeError):
            either.write(write)


@pytest.mark.parametrize("door", ["tables", "memory_tables"])
def test_a_turn_of_the_most_and_longest_texts_is_committed(
    request: pytest.FixtureRequest, door: str
) -> None:
    """Twenty texts, each as long as a request, and an answer as long fit one transaction."""
    stage = Stage(request.getfixturevalue(door), lambda _messages: "a" * LARGEST_TEXT_BYTES)
    for _ in range(20):
        stage.text("x" * LARGEST_TEXT_BYTES)
    stage.attend()
    assert len(stage.items("message#")) == 21
    assert stage.items("inbox#") == []


@given(
    st.text(max_size=300),
    st.sampled_from(["human", "ai", "system"]),
    st.sampled_from([{}, {"model": "m", "tokens": 12, "parts": ["a", None]}]),
)
def test_the_size_of_a_draft_is_that_of_its_item(
    words: str, role: str, extra: dict[str, Any]
) -> None:
    """Known before it is sealed and numbered."""
    from tests.services.conftest import name_tables
    from tests.services.memory_dynamodb import MemoryDynamoDB

    tables = name_tables(MemoryDynamoDB())
    generation = Keys(tables).ensure(NAME)
    draft = Draft(role, words, extra)
    messages = Messages(tables, lambda: 1_800_000_000.0, 30)
    made = messages.putting(NAME, 10**11, generation, draft)["Put"]["Item"]
    assert messages.size(NAME, draft) == item_size(made)


def test_sizes_are_counted_as_dynamodb_does() -> None:
    """The examples of its guide: names and values, numbers by their digits, overhead of lists."""
    assert item_size(to_item({"a": "bcd"})) == 4
    assert item_size(to_item({"shoe-size": "8"})) == 10
    assert item_size(to_item({"n": 123})) == 1 + 2 + 1
    assert item_size(to_item({"n": 10**30})) == 1 + 1 + 1
    assert item_size(to_item({"b": b"\x00" * 5, "t": True, "z": None})) == 6 + 2 + 2
    assert item_size(to_item({"l": ["a", 1]})) == 1 + 3 + (1 + 1) + (2 + 1)
    assert item_size(to_item({"m": {"k": "v"}})) == 1 + 3 + 1 + 1 + 1
    assert item_size(to_item({"u": "🙂"})) == 1 + 4


@given(st.lists(st.integers(0, 12)), st.integers(1, 4), st.integers(1, 20))
def test_runs_keep_order_and_limits(sizes: list[int], most: int, most_bytes: int) -> None:
    """Nothing is left out; only what is too large alone is more than its limit, alone."""
    numbered = list(enumerate(sizes))
    cut = list(batches([(one, one[1]) for one in numbered], most=most, most_bytes=most_bytes))
    assert [one for run in cut for one in run] == numbered
    for run in cut:
        assert 1 <= len(run) <= most
        assert len(run) == 1 or sum(size for _, size in run) <= most_bytes


def test_a_transaction_is_refused_for_all_its_items() -> None:
    """Each fits, together they do not."""
    each = put("t", {"pk": "a", "sk": "b", "x": b"x" * 399 * KB})
    require_fitting([each] * (MOST_TRANSACTION_BYTES // (400 * KB)))
    with pytest.raises(TooLargeError, match="the transaction is"):
        require_fitting([each] * 11)


def _item(**more: Any) -> dict[str, Any]:
    return {"pk": "a", "sk": "b", **more}


REFUSED = {
    "an item over 400 KB": lambda t: [put(t, _item(x="x" * 401 * KB))],
    "an update that grows one over 400 KB": lambda t: [
        update(t, "big", "b", "SET y = :y", condition="", values={":y": "y" * 30 * KB})
    ],
    "an empty partition key": lambda t: [put(t, _item(pk=""))],
    "an empty sort key": lambda t: [put(t, _item(sk=""))],
    "an empty key of the index": lambda t: [put(t, _item(pending_shard="", pending_at=1))],
    "an update of an empty key": lambda t: [update(t, "a", "", "SET x = :x", condition="")],
    "a deletion of an empty key": lambda t: [delete(t, "", "b")],
    "a partition key over 2048 bytes": lambda t: [put(t, _item(pk="é" * 1025))],
    "a sort key over 1024 bytes": lambda t: [put(t, _item(sk="é" * 513))],
}
REFUSED_OF_TRANSACTIONS = {
    "two actions on one item": lambda t: [put(t, _item()), delete(t, "a", "b")],
    "a check of an item that is written": lambda t: [
        put(t, _item()),
        check(t, "a", "b", condition="attribute_not_exists(pk)"),
    ],
    "101 actions": lambda t: [put(t, _item(sk=str(n))) for n in range(101)],
    "over 4 MB": lambda t: [put(t, _item(sk=str(n), x="x" * 390 * KB)) for n in range(11)],
}


@pytest.mark.parametrize("case", [*REFUSED, *REFUSED_OF_TRANSACTIONS])
def test_the_table_in_memory_refuses_what_dynamodb_refuses(either: Tables, case: str) -> None:
    """And the emulator, so that neither lets a mistake of ours through."""
    table = either.conversations
    either.write(put(table, {"pk": "big", "sk": "b", "x": "x" * 380 * KB}))
    actions = (REFUSED | REFUSED_OF_TRANSACTIONS)[case](table)
    # What an update would leave behind cancels a transaction with a ValidationError.
    with pytest.raises(ClientError, match=r"Validation(Exception|Error)"):
        either.client.transact_write_items(TransactItems=actions)
    if case in REFUSED:
        ((kind, request),) = actions[0].items()
        name = {"Put": "put_item", "Update": "update_item", "Delete": "delete_item"}[kind]
        with pytest.raises(ClientError, match="ValidationException"):
            getattr(either.client, name)(**request)
    assert [item["pk"] for item in either.query(table, "big", "", limit=9)] == ["big"]
    assert either.query(table, "a", "", limit=200) == []


def test_a_read_of_an_empty_key_is_refused(either: Tables) -> None:
    """An empty id must not look like somebody unknown."""
    with pytest.raises(ClientError, match="ValidationException"):
        either.get(either.people, "", "b")
    with pytest.raises(ClientError, match="ValidationException"):
        either.query(either.people, "", "", limit=1)


def test_messages_of_the_memory_count_their_deletion(memory_tables: Tables) -> None:
    """What is deleted counts: a transaction that deletes 4 MB is refused in memory."""
    table = memory_tables.conversations
    for number in range(11):
        memory_tables.write(put(table, _item(sk=str(number), x="x" * 390 * KB)))
    with pytest.raises(ClientError, match="ValidationException"):
        memory_tables.transact([delete(table, "a", str(number)) for number in range(11)])


def test_more_than_words_counts_as_it_is_stored() -> None:
    """A message of LangChain's is stored as its JSON."""
    draft = to_draft(AIMessage("x", tool_calls=[{"name": "n", "args": {}, "id": "i"}]))
    assert draft.extra == {"form": "langchain"}
    assert len(draft.text) > 100
