"""The memory on the emulator: append only, one item per message, a window at a constant price."""

from __future__ import annotations

import asyncio
import threading
import time
import warnings
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from conversation.history import DynamoDBHistory
from conversation.keys import Keys
from conversation.tables import Tables, delete, update

NAME = "http#client#1"


class Counting:
    """A client that counts its requests."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.requests: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Any:
        def call(**request: Any) -> Any:
            self.requests.append((operation, request))
            return getattr(self._client, operation)(**request)

        return call


def plain(messages: list[BaseMessage]) -> list[tuple[str, Any]]:
    """Messages as pairs."""
    return [(message.type, message.content) for message in messages]


def test_messages_come_back_as_they_were_added(tables: Tables) -> None:
    """Every kind of LangChain message round-trips, tool calls and content blocks included."""
    call = {"name": "time", "args": {"zone": "UTC"}, "id": "c1", "type": "tool_call"}
    added: list[BaseMessage] = [
        SystemMessage("be brief"),
        HumanMessage("what time is it? 🙂"),
        AIMessage("", tool_calls=[call]),
        ToolMessage("12:00", tool_call_id="c1"),
        AIMessage([{"type": "text", "text": "noon"}]),
        HumanMessage("thanks", name="Ada"),
    ]
    history = DynamoDBHistory(tables, NAME)
    history.add_messages(added)
    assert history.messages == added


def test_the_interface_is_langchains(tables: Tables) -> None:
    """The convenience and asynchronous methods of the interface work too."""
    history = DynamoDBHistory(tables, NAME)
    history.add_user_message("hi")
    asyncio.run(history.aadd_messages([AIMessage("hello")]))
    assert plain(asyncio.run(history.aget_messages())) == [("human", "hi"), ("ai", "hello")]
    history.clear()
    assert history.messages == []
    history.add_user_message("again")
    assert plain(history.messages) == [("human", "again")]


def test_any_langchain_program_can_use_it(tables: Tables) -> None:
    """A chain with LangChain's own history wrapper keeps its memory in our table."""
    from langchain_core.runnables.history import RunnableWithMessageHistory

    model = GenericFakeChatModel(messages=iter([AIMessage("hello Ada"), AIMessage("Ada")]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = RunnableWithMessageHistory(
            model, lambda session_id: DynamoDBHistory(tables, NAME)
        )
        config: Any = {"configurable": {"session_id": "1"}}
        program.invoke([HumanMessage("I am Ada")], config=config)
        program.invoke([HumanMessage("who am I?")], config=config)
    assert plain(DynamoDBHistory(tables, NAME).messages) == [
        ("human", "I am Ada"),
        ("ai", "hello Ada"),
        ("human", "who am I?"),
        ("ai", "Ada"),
    ]


def test_a_window_is_one_query_however_long_the_conversation(tables: Tables) -> None:
    """The last messages cost one strong Query with a limit, newest first."""
    DynamoDBHistory(tables, NAME).add_messages([HumanMessage(str(n)) for n in range(250)])
    counting = Counting(tables.client)
    counted = replace(tables, client=counting)
    window = DynamoDBHistory(counted, NAME).window(7)
    assert [message.content for message in window] == [str(n) for n in range(243, 250)]
    queries = [request for operation, request in counting.requests if operation == "query"]
    assert len(queries) == 1
    asked = {name: queries[0][name] for name in ("Limit", "ScanIndexForward", "ConsistentRead")}
    assert asked == {"Limit": 7, "ScanIndexForward": False, "ConsistentRead": True}


def test_what_has_expired_is_not_read(tables: Tables) -> None:
    """A message past its life is gone for readers before DynamoDB removes its item."""
    now = [1_800_000_000.0]
    history = DynamoDBHistory(tables, NAME, message_days=1, clock=lambda: now[0])
    history.add_user_message("old")
    now[0] += 86_000
    history.add_user_message("new")
    now[0] += 1_000
    assert plain(history.messages) == [("human", "new")]
    assert plain(history.window(5)) == [("human", "new")]


def test_what_belongs_to_another_generation_is_not_read(tables: Tables) -> None:
    """After the key was forgotten, the old messages are not the new conversation's."""
    history = DynamoDBHistory(tables, NAME)
    history.add_user_message("secret")
    tables.client.delete_item(TableName=tables.keys, Key={"pk": {"S": NAME}})
    clearing = update(
        tables.conversations, NAME, "meta", "REMOVE generation", condition="attribute_exists(pk)"
    )
    tables.write(clearing)
    history.add_user_message("hello")
    assert plain(history.messages) == [("human", "hello")]
    assert plain(history.window(5)) == [("human", "hello")]


def test_concurrent_writers_lose_nothing(tables: Tables) -> None:
    """Eight writers at once: every message is kept, numbered without gap or repeat."""
    Keys(tables).ensure(NAME)
    patient = replace(tables, sleep=time.sleep)
    failures: list[Exception] = []

    def write(number: int) -> None:
        try:
            DynamoDBHistory(patient, NAME).add_messages(
                [HumanMessage(f"{number}"), AIMessage(f"re {number}")]
            )
        except Exception as error:  # noqa: BLE001  carried to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    said = [str(message.content) for message in DynamoDBHistory(tables, NAME).messages]
    assert sorted(said[::2]) == [str(number) for number in range(8)]
    assert said[1::2] == [f"re {words}" for words in said[::2]]


def test_more_messages_than_a_transaction_takes(tables: Tables) -> None:
    """Hundreds are added and cleared in several transactions."""
    history = DynamoDBHistory(tables, NAME)
    history.add_messages([HumanMessage(str(number)) for number in range(205)])
    assert [message.content for message in history.messages] == [str(n) for n in range(205)]
    history.clear()
    assert history.messages == []


@pytest.mark.parametrize("words", ["", "🙂" * 10_000, "a\x00b", "שלום", "\ud800"])
def test_any_text_can_be_stored(tables: Tables, words: str) -> None:
    """Text is stored as it came; only what UTF-8 cannot say is replaced."""
    history = DynamoDBHistory(tables, NAME)
    history.add_user_message(words)
    assert plain(history.messages) == [("human", words.encode("utf-8", "replace").decode())]


def test_a_lost_key_is_never_replaced_in_silence(tables: Tables) -> None:
    """`keys` without the generation that `meta` names is an operator's decision."""
    from conversation.keys import KeyLostError

    Keys(tables).ensure(NAME)
    tables.client.delete_item(TableName=tables.keys, Key={"pk": {"S": NAME}})
    with pytest.raises(KeyLostError):
        DynamoDBHistory(tables, NAME).add_user_message("hello")
    assert Keys(tables).find(NAME) is None


def test_first_contacts_at_once_agree_on_one_person_and_one_key(tables: Tables) -> None:
    """Whoever loses the race reads what the winner wrote."""
    from conversation.persons import Persons

    found: list[tuple[str, str]] = []

    def first_contact() -> None:
        person = Persons(tables).find_or_create("h" * 64)
        found.append((person, Keys(tables).ensure(f"person#{person}", person)))

    threads = [threading.Thread(target=first_contact) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1
    [(person, _)] = set(found)
    listed = tables.query(tables.people, f"person#{person}", "conversation#", limit=5)
    assert [item["sk"] for item in listed] == [f"conversation#person#{person}"]


def test_a_persons_last_seen_is_rewritten_once_a_day(tables: Tables) -> None:
    """The usual text costs a read and no write."""
    from conversation.persons import Persons

    now = [1_800_000_000.0]
    counting = Counting(tables.client)
    counted = replace(tables, client=counting)
    persons = Persons(counted, lambda: now[0])
    person = persons.find_or_create("h" * 64)
    counting.requests.clear()
    now[0] += 3600
    assert persons.find_or_create("h" * 64) == person
    assert [operation for operation, _ in counting.requests] == ["get_item"]
    now[0] += 86_400
    persons.find_or_create("h" * 64)
    assert [operation for operation, _ in counting.requests[1:]] == ["get_item", "update_item"]
    tables.write(delete(tables.people, "address#" + "h" * 64, "person"))
    assert persons.find("h" * 64) is None
