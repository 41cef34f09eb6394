"""Importing when things go wrong: a crash at any write, a FORGET, a number that changed hands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, messages_to_dict

from cli.importing import Choices, Importer, Verdict
from cli.langchain_table import Layout, Session, address_of
from conversation.history import DynamoDBHistory
from conversation.persons import Persons, address_hash, person_key
from conversation.tables import Tables, put, update

KEY = b"k" * 32
ADA = "+13035551234"
LAYOUT = Layout("Chats", ("SessionId",), "SessionId", "History", "expireAt")


class Crash(BaseException):
    """The process was killed."""


class Dying:
    """A DynamoDB client that dies before or after its n-th write."""

    def __init__(self, client: Any, at: int, *, after: bool) -> None:
        self._client = client
        self.left = at
        self._after = after

    def __getattr__(self, operation: str) -> Any:
        def call(**request: Any) -> Any:
            write = operation in {"put_item", "update_item", "transact_write_items"}
            self.left -= write
            if write and self.left == 0 and not self._after:
                raise Crash
            answer = getattr(self._client, operation)(**request)
            if write and self.left == 0:
                raise Crash
            return answer

        return call


def session(count: int, *, first: int = 0) -> Session:
    """A session of Ada's with this many messages."""
    kinds = (HumanMessage, AIMessage)
    messages = [kinds[n % 2](f"message {n}") for n in range(first, first + count)]
    return Session('{"SessionId": "ada"}', ADA, messages_to_dict(messages))


def importer(tables: Tables, **choices: Any) -> Importer:
    """An importer of the stack."""
    return Importer(tables, LAYOUT, KEY, Choices(**choices))


def conversation(tables: Tables) -> str:
    """Ada's conversation."""
    return person_key(Persons(tables).find(address_hash(ADA, KEY)) or "")


def words(tables: Tables) -> list[Any]:
    """What Ada's memory holds."""
    messages = DynamoDBHistory(tables, conversation(tables)).messages
    return [message.content for message in messages]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 8))
def test_a_run_that_died_is_run_again(stack: Any, at: int, after: bool) -> None:  # noqa: FBT001  a case
    """Wherever it dies, the next run brings the rest: each message once, in order."""
    tables, long = stack.tables, session(200)
    dying = replace(tables, client=Dying(tables.client, at, after=after))
    try:
        importer(dying).bring(long)
    except Crash:
        pass
    else:
        assert dying.client.left > 0

    importer(tables).bring(long)

    assert words(tables) == [f"message {n}" for n in range(200)]
    assert importer(tables).look(long).verdict is Verdict.PRESENT


def test_what_was_forgotten_stays_forgotten(stack: Any) -> None:
    """After FORGET, and a new first contact, another run brings nothing back."""
    tables = stack.tables
    importer(tables).bring(session(4))
    name = conversation(tables)
    _forget(tables, name)

    assert importer(tables).bring(session(6)).verdict is Verdict.FORGOTTEN

    DynamoDBHistory(tables, name).add_user_message("hello")
    assert importer(tables, append=True).bring(session(6)).verdict is Verdict.FORGOTTEN
    assert words(tables) == ["hello"]


def test_a_forget_in_the_middle_ends_the_import(stack: Any) -> None:
    """The rest of a session is not written under the key of a new beginning."""
    tables = stack.tables

    class Forgetting(Dying):
        def __getattr__(self, operation: str) -> Any:
            call = super().__getattr__(operation)

            def between(**request: Any) -> Any:
                answer = call(**request)
                if operation == "transact_write_items" and len(request["TransactItems"]) > 50:
                    _forget(tables, conversation(tables))
                return answer

            return between

    client = Forgetting(tables.client, 0, after=True)
    look = importer(replace(tables, client=client)).bring(session(200))

    assert (look.verdict, look.messages) == (Verdict.FORGOTTEN, 0)
    assert words(tables) == []
    assert importer(tables).bring(session(200)).verdict is Verdict.FORGOTTEN


def test_a_number_that_changed_hands_gets_nothing(stack: Any) -> None:
    """What was the memory of a number's earlier holder is not brought to the next."""
    tables = stack.tables
    importer(tables).bring(session(2))
    person = Persons(tables).find_or_create("another")
    address = f"address#{address_hash(ADA, KEY)}"
    item = {"pk": address, "sk": "person", "person": person, "last_seen": 1, "schema": 1}
    tables.write(put(tables.people, item))

    assert importer(tables).bring(session(4)).verdict is Verdict.FORGOTTEN


@pytest.mark.parametrize("now", [session(4, first=2), session(1)])
def test_a_session_that_was_cut_at_its_beginning_is_left_alone(stack: Any, now: Session) -> None:
    """With `history_size` the source drops its oldest: then nobody can tell what is new."""
    importer(stack.tables).bring(session(4))

    assert importer(stack.tables).bring(now).verdict is Verdict.CHANGED
    assert len(words(stack.tables)) == 4


def test_two_at_once_bring_each_message_once(stack: Any) -> None:
    """Of two runs at the same time one finds its mark taken and brings nothing."""
    tables = stack.tables
    importer(tables).bring(session(1))
    early = importer(tables)
    place = early._place(session(3))
    importer(tables).bring(session(3))

    from conversation.tables import ConditionFailedError

    drafts, _ = early._drafts(session(3), place)
    with pytest.raises(ConditionFailedError):
        early._write(session(3), place, drafts)
    assert words(tables) == ["message 0", "message 1", "message 2"]


@pytest.mark.parametrize(
    ("session_id", "address"),
    [
        ("+13035551234", "+13035551234"),
        ("whatsapp:+13035551234", "+13035551234"),
        ("WhatsApp:+1 (303) 555-1234", "+13035551234"),
        ("tel:+1-303-555-1234", "+13035551234"),
        ("sms:+13035551234", "+13035551234"),
        ("whatsapp:US.1349120865530274", "US.1349120865530274"),
        ("13035551234", None),
        ("+0123456789", None),
        ("+123", None),
        ("whatsapp:", None),
        ("5f0c1c1e-session", None),
        ("", None),
    ],
)
def test_which_session_ids_are_addresses(session_id: str, address: str | None) -> None:
    """An international number or a WhatsApp user's id; plain digits may be anything."""
    assert address_of(session_id) == address


def _forget(tables: Tables, name: str) -> None:
    """Begin a FORGET as rule 16 does, as far as the memory is concerned."""
    tables.client.delete_item(TableName=tables.keys, Key={"pk": {"S": name}})
    clearing = update(
        tables.conversations, name, "meta", "REMOVE generation", condition="attribute_exists(pk)"
    )
    tables.write(clearing)
