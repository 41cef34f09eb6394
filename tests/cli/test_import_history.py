"""`dialtone import-history`: tables that langchain-community wrote become conversations here."""

from __future__ import annotations

import base64
import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from typer.testing import Result

from conversation.history import DynamoDBHistory
from conversation.persons import Persons, address_hash, person_key
from tests.cli.langchain_program import Program

Dialtone = Callable[..., Result]
KEY = b"k" * 32
ADA, BEN = "+13035551234", "+13035552345"
_numbers = itertools.count()


@pytest.fixture(autouse=True)
def address_key(stack: Any) -> None:
    """The stack has its credentials."""
    stack.client("secretsmanager").put_secret_value(
        SecretId=f"dialtone-{stack.name}-carrier",
        SecretString=json.dumps({"address_key": base64.b64encode(KEY).decode()}),
    )


@pytest.fixture
def program(emulator: Any) -> Program:
    """The program whose memory moves."""
    return Program(emulator, f"Chats{next(_numbers)}")


def said(stack: Any, number: str) -> list[tuple[str, Any]]:
    """What the memory holds of a person."""
    person = Persons(stack.tables).find(address_hash(number, KEY))
    assert person is not None
    messages = DynamoDBHistory(stack.tables, person_key(person)).messages
    return [(message.type, message.content) for message in messages]


def stored(stack: Any) -> list[dict[str, Any]]:
    """Every item of the stack's tables."""
    tables = stack.tables
    names = (tables.people, tables.conversations, tables.keys)
    return [item for name in names for item in tables.client.scan(TableName=name)["Items"]]


def exchange(number: int) -> list[BaseMessage]:
    """A question and its answer."""
    return [HumanMessage(f"question {number}"), AIMessage(f"answer {number}")]


def test_a_table_becomes_the_memory_of_its_persons(
    dialtone: Dialtone, stack: Any, program: Program
) -> None:
    """A session under a number is that person's, on SMS as on WhatsApp; the source stays as is."""
    program.say(ADA, *exchange(1))
    program.say(ADA, *exchange(2))
    program.say(f"whatsapp:{BEN}", *exchange(3))
    before = program.items()

    answer = dialtone("import-history", program.table, "--yes")

    assert answer.exit_code == 0, answer.output
    assert "imported: 6 messages of 2 sessions" in answer.stdout
    assert said(stack, ADA) == [
        ("human", "question 1"),
        ("ai", "answer 1"),
        ("human", "question 2"),
        ("ai", "answer 2"),
    ]
    assert said(stack, BEN) == [("human", "question 3"), ("ai", "answer 3")]
    assert program.items() == before
    rests = repr(stored(stack))
    assert ADA[2:] not in rests
    assert BEN[2:] not in rests


def test_a_dry_run_writes_nothing(dialtone: Dialtone, stack: Any, program: Program) -> None:
    """--dry-run, and a no to the question, tell what would be done and leave the stack empty."""
    program.say(ADA, *exchange(1))

    dry = dialtone("import-history", program.table, "--dry-run")
    refused = dialtone("import-history", program.table, text="n\n")

    assert (dry.exit_code, refused.exit_code) == (0, 1)
    assert "to import: 1 sessions" in dry.stdout
    assert "messages to import: 2" in dry.stdout
    assert "dry run: nothing was done" in dry.stdout
    assert stored(stack) == []


def test_every_message_comes_once_however_often_it_runs(
    dialtone: Dialtone, stack: Any, program: Program
) -> None:
    """A second run brings nothing twice, and a third brings what the program wrote since."""
    program.say(ADA, *exchange(1))
    dialtone("import-history", program.table, "--yes")

    again = dialtone("import-history", program.table, "--yes")
    program.say(ADA, *exchange(2))
    grown = dialtone("import-history", program.table, "--yes")

    assert "imported before: 1 sessions" in again.stdout
    assert "nothing to import" in again.stdout
    assert "imported: 2 messages of 1 sessions" in grown.stdout
    assert [words for _, words in said(stack, ADA)] == [
        "question 1",
        "answer 1",
        "question 2",
        "answer 2",
    ]


def test_every_kind_of_message_is_taken(dialtone: Dialtone, stack: Any, program: Program) -> None:
    """Tool calls and results, content blocks, roles and numbers come back as they were."""
    call = {"name": "time", "args": {"zone": 1.5, "n": 2}, "id": "c1", "type": "tool_call"}
    messages: list[BaseMessage] = [
        SystemMessage("be brief"),
        HumanMessage([{"type": "text", "text": "what time is it?"}], name="Ada"),
        AIMessage("", tool_calls=[call]),
        ToolMessage("12:00", tool_call_id="c1"),
        AIMessage("noon"),
        ChatMessage(content="as the user", role="user"),
        FunctionMessage(content="f", name="old"),
    ]
    program.say("session-1", *messages)

    answer = dialtone("import-history", program.table, "--yes")

    assert answer.exit_code == 0, answer.output
    (key,) = stack.tables.client.scan(TableName=stack.tables.keys)["Items"]
    found = DynamoDBHistory(stack.tables, key["pk"]["S"]).messages
    assert found == messages


def test_its_own_options_are_understood(dialtone: Dialtone, stack: Any, emulator: Any) -> None:
    """Another key, a sort key, another history attribute and its time to live."""
    program = Program(emulator, f"Chats{next(_numbers)}", "Tenant", "Phone")
    options = {"history_messages_key": "Words", "ttl_key_name": "Ends"}
    ends = int(time.time()) + 3600
    program.say(ADA, *exchange(1), key={"Tenant": "a", "Phone": ADA}, ttl=3600, **options)
    program.say(BEN, *exchange(2), key={"Tenant": "a", "Phone": BEN}, ttl=-60, **options)
    arguments = ("--session-key", "Phone", "--history-attribute", "Words", "--ttl-attribute")

    answer = dialtone("import-history", program.table, "--yes", *arguments, "Ends")

    assert "expired: 1 sessions" in answer.stdout
    assert len(said(stack, ADA)) == 2
    assert Persons(stack.tables).find(address_hash(BEN, KEY)) is None
    kept = [i for i in stored(stack) if i.get("sk", {}).get("S", "").startswith("message#")]
    assert all(ends - 5 <= int(item["expires_at"]["N"]) <= ends + 60 for item in kept)


def test_what_cannot_be_read_is_reported_and_left_out(
    dialtone: Dialtone, stack: Any, program: Program, tmp_path: Path
) -> None:
    """The rest of a session is brought; each thing left out is named with its reason."""
    program.say(ADA, *exchange(1))
    ((item),) = program.items()
    words, sets = {"content": {"S": "hi"}}, {"M": {"of": {"SS": ["a"]}}}
    strange = [
        {"S": "no message"},
        {"M": {"type": {"S": "martian"}, "data": {"M": {"content": {"S": "hi"}}}}},
        {"M": {"type": {"S": "human"}, "data": {"M": {"nothing": {"S": "x"}}}}},
        {"M": {"type": {"S": "human"}, "data": {"M": {**words, "additional_kwargs": sets}}}},
    ]
    item["History"]["L"][1:1] = strange
    program.put(**item)
    program.put(SessionId={"S": "text"}, History={"S": "[]"})
    program.put(
        SessionId={"S": "sealed"}, History={"B": b"x"}, **{"*amzn-ddb-map-desc*": {"B": b"x"}}
    )
    program.put(SessionId={"S": "empty"}, History={"L": []})
    program.put(SessionId={"S": "settings"}, Theme={"S": "dark"})
    report = tmp_path / "report.jsonl"

    answer = dialtone("import-history", program.table, "--yes", "--report", str(report))

    assert answer.exit_code == 1
    assert said(stack, ADA) == [("human", "question 1"), ("ai", "answer 1")]
    for expected in ("unreadable: 2 sessions", "without messages: 1", "without a history: 1"):
        assert expected in answer.stdout
    assert "kms_key_id" in answer.stdout
    assert ADA not in answer.output
    assert "martian" not in answer.output
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    by_session = {json.loads(line["session"])["SessionId"]: line for line in lines}
    assert [p["message"] for p in by_session[ADA]["unreadable"]] == [1, 2, 3, 4]
    assert by_session[ADA]["conversation"].startswith("person#")
    assert report.stat().st_mode & 0o777 == 0o600


def test_words_said_here_are_not_overtaken_by_older_ones(
    dialtone: Dialtone, stack: Any, program: Program
) -> None:
    """Who has texted already keeps the memory as it is, unless the operator says --append."""
    program.say(ADA, *exchange(1))
    person = Persons(stack.tables).find_or_create(address_hash(ADA, KEY))
    DynamoDBHistory(stack.tables, person_key(person)).add_messages(exchange(9))

    kept = dialtone("import-history", program.table, "--yes")
    appended = dialtone("import-history", program.table, "--yes", "--append")

    assert "nothing to import" in kept.stdout
    assert "texted already" in kept.stdout
    assert "imported: 2 messages" in appended.stdout
    assert [words for _, words in said(stack, ADA)][:3] == ["question 9", "answer 9", "question 1"]


def test_session_ids_need_not_mean_persons(
    dialtone: Dialtone, stack: Any, program: Program
) -> None:
    """With --no-numbers a session under somebody's number is not put into their memory."""
    program.say(ADA, *exchange(1))

    answer = dialtone("import-history", program.table, "--yes", "--no-numbers")

    assert "imported: 2 messages" in answer.stdout
    assert Persons(stack.tables).find(address_hash(ADA, KEY)) is None


def test_one_session_can_be_tried_first(dialtone: Dialtone, stack: Any, program: Program) -> None:
    """--session leaves the others out."""
    program.say(ADA, *exchange(1))
    program.say(BEN, *exchange(2))

    answer = dialtone("import-history", program.table, "--yes", "--session", BEN)

    assert "imported: 2 messages of 1 sessions" in answer.stdout
    assert Persons(stack.tables).find(address_hash(ADA, KEY)) is None
    assert len(said(stack, BEN)) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--history-attribute", "Words"), "--history-attribute"),
        (("--session-key", "Phone"), "one of SessionId"),
        (("--session", "nobody"), "holds no such session"),
    ],
)
def test_wrong_names_are_told_plainly(
    dialtone: Dialtone, program: Program, arguments: tuple[str, ...], says: str
) -> None:
    """A name that fits nothing is an error with the next step, and not an empty import."""
    program.say(ADA, *exchange(1))

    answer = dialtone("import-history", program.table, *arguments)

    assert answer.exit_code == 2
    assert says in answer.stderr


def test_what_cannot_work_is_said_before_anything_is_read(
    dialtone: Dialtone, stack: Any, program: Program
) -> None:
    """The stack's own table, a table that is not there, and a stack without its address key."""
    own = dialtone("import-history", stack.tables.conversations)
    missing = dialtone("import-history", "NoSuchTable")
    stack.client("secretsmanager").put_secret_value(
        SecretId=f"dialtone-{stack.name}-carrier", SecretString="{}"
    )
    keyless = dialtone("import-history", program.table)

    assert "own tables" in own.stderr
    assert "there is no table NoSuchTable" in missing.stderr
    assert "--source-region" in missing.stderr
    assert "secrets set" in keyless.stderr
    assert {own.exit_code, missing.exit_code, keyless.exit_code} == {2}
