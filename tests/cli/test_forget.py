"""`dialtone forget` and `dialtone export`: what is a person's, erased or written down."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conversation.codec import Role
from conversation.items import to_item
from conversation.persons import address_hash, call_key
from conversation.summaries import Summaries, Summary
from tests.cli import calls

Dialtone = Callable[..., Result]
ADDRESS_KEY = b"k" * 32
NUMBER = "+13035550111"
WORDS = ("where is my cat", "on the roof", "and my dog?")


@pytest.fixture
def ada(stack: Any) -> str:
    """Ada's person id: a turn, notes, a text that waits, consent, and the address she has."""
    person = stack.ada.partition("#")[2]
    key = base64.b64encode(ADDRESS_KEY).decode()
    account = {"account_sid": "AC" + "0" * 32, "auth_token": "0" * 32, "address_key": key}
    stack.client("secretsmanager").put_secret_value(
        SecretId=f"dialtone-{stack.name}-carrier", SecretString=json.dumps(account)
    )
    stack.turn(stack.ada)
    stack.text(stack.ada, "and my dog?")
    generation = stack.seals(stack.ada).generation
    written = Summaries(stack.tables).writing(stack.ada, generation, Summary(), "likes cats", 1)
    stack.tables.transact(written)
    meta = {"sk": "meta", "generation": generation, "epoch": 1, "sequence": 2}
    people = [
        {"pk": f"address#{address_hash(NUMBER, ADDRESS_KEY)}", "sk": "person", "person": person},
        {"pk": stack.ada, "sk": "consent#route", "state": "in", "at": 1, "by": "SM1"},
        listing(stack, stack.ada),
    ]
    put(stack, stack.tables.conversations, {"pk": stack.ada, "lease_until": 0, **meta})
    for item in people:
        put(stack, stack.tables.people, {"last_seen": 1, **item})
    return str(person)


def listing(stack: Any, conversation: str) -> dict[str, Any]:
    """That a conversation is Ada's, as it is written with the conversation's key."""
    generation = stack.seals(conversation).generation
    key = {"pk": stack.ada, "sk": f"conversation#{conversation}"}
    return {**key, "generation": generation, "created_at": 1}


def put(stack: Any, table: str, item: dict[str, Any]) -> None:
    """Write an item."""
    stack.tables.client.put_item(TableName=table, Item=to_item({"schema": 1, **item}))


def test_an_export_has_every_word_and_fact(dialtone: Dialtone, stack: Any, ada: str) -> None:
    """Messages, what waits, notes, turns with their address, consent."""
    answer = dialtone("export", "--number", "+1 303 555-0111", "--format", "json")
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    [items] = told["conversations"].values()
    kinds = {item["sk"].partition("#")[0] for item in items}
    assert kinds == {"message", "inbox", "turn", "summary", "meta"}
    assert all(words in answer.stdout for words in (*WORDS, "likes cats", NUMBER))
    assert "consent#route" in [item["sk"] for item in told["persons"][ada]]
    assert told["address"][0]["person"] == ada


def test_a_page_for_people(dialtone: Dialtone, ada: str, tmp_path: Path) -> None:
    """Markdown into a new file that nobody else may read; never over another."""
    page = tmp_path / "ada.md"
    options = ("export", "--person", ada, "--format", "markdown", "--output", str(page))
    assert dialtone(*options).exit_code == 0
    text = page.read_text("utf-8")
    assert page.stat().st_mode & 0o077 == 0
    assert "**You**" in text
    assert all(f"> {words}" in text for words in (*WORDS, "likes cats"))
    assert "last seen 1970-01-01 00:00 UTC" in text
    assert dialtone(*options).exit_code == 2


@pytest.fixture
def called(stack: Any, ada: str) -> str:
    """Ada has called: a spoken turn, words that wait for a yes, the offer to remember it."""
    conversation = call_key(calls.CONTACT)
    put(stack, stack.tables.people, listing(stack, conversation))
    calls.belongs(stack, stack.ada)
    seals = stack.seals(conversation)
    turn, role = calls.spoken(stack, 1), Role.TURN_HEARD
    stack.message(conversation, 0, "human", "what did I ask the vet")
    stack.tables.write(
        {
            "Update": {
                "TableName": stack.tables.conversations,
                "Key": to_item({"pk": conversation, "sk": f"turn#{turn.id}"}),
                "UpdateExpression": "SET heard = :heard",
                "ExpressionAttributeValues": to_item(
                    {":heard": seals.seal("0" * 64, {"sk": f"turn#{turn.id}", **vars(turn)}, role)}
                ),
            }
        }
    )
    calls.hold(stack, f"{calls.CONTACT}-0002", "and when is it open")
    calls.end(stack)
    calls.offer(stack, stack.ada)
    return ada


def test_an_export_has_what_was_said_in_calls(dialtone: Dialtone, called: str) -> None:
    """Words of a call, held words, the address the offer goes to: all opened, on the page too."""
    shown = dialtone("export", "--person", called)
    page = dialtone("export", "--person", called, "--format", "markdown").stdout

    told = json.loads(shown.stdout)["conversations"][call_key(calls.CONTACT)]
    assert {item["sk"].partition("#")[0] for item in told} == {
        *("message", "turn", "inbox", "after-call", "meta")
    }
    assert "sealed under" not in shown.stdout
    for words in ("what did I ask the vet", "and when is it open"):
        assert words in shown.stdout
        assert f"> {words}" in page
    assert f"## Call `call#{calls.CONTACT}`" in page
    assert "said in a call, not answered yet" in page
    assert "`after-call`" in page
    assert f"`keep#{calls.CONTACT}`" in page


def test_notes_of_a_call_are_the_assistants(dialtone: Dialtone, stack: Any, ada: str) -> None:
    """What KEEP brought into the memory is shown as what it is."""
    stack.message(stack.ada, 7, "system", "Notes of your call: the vet", kind="notes")

    page = dialtone("export", "--person", ada, "--format", "markdown").stdout

    assert "**Notes of the assistant**" in page
    assert "> Notes of your call: the vet" in page


def test_what_no_longer_opens_says_so(dialtone: Dialtone, stack: Any, ada: str) -> None:
    """An export after the key is gone is honest about it."""
    stack.tables.client.delete_item(TableName=stack.tables.keys, Key=to_item({"pk": stack.ada}))
    stack.tables.vault.drop(stack.ada)
    told = dialtone("export", "--person", ada).stdout
    assert WORDS[0] not in told
    assert "sealed under a key that is gone" in told


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--number", NUMBER, "--person", "x"),
        ("--number", "5550111"),
        ("--number", "+13035559999"),
        ("--person", "01JABCDEFGHJKMNPQRSTVWXYZ9"),
    ],
)
@pytest.mark.parametrize("command", ["forget", "export"])
def test_whom_nobody_knows(
    dialtone: Dialtone, ada: str, command: str, options: tuple[str, ...]
) -> None:
    """Neither, both, no number in full, a stranger: a sentence, and nothing is done."""
    answer = dialtone(command, *options)
    assert answer.exit_code == 2, answer.output
    assert "next:" in answer.stderr


def test_a_dry_run_erases_nothing(dialtone: Dialtone, stack: Any, ada: str) -> None:
    """It names the conversations."""
    answer = dialtone("forget", "--number", NUMBER, "--dry-run")
    assert answer.exit_code == 0, answer.output
    assert stack.ada in answer.stdout
    assert stack.tables.get(stack.tables.keys, stack.ada) is not None


def test_it_asks_first(dialtone: Dialtone, stack: Any, ada: str) -> None:
    """No is no."""
    assert dialtone("forget", "--person", ada, text="n\n").exit_code == 1
    assert stack.tables.get(stack.tables.keys, stack.ada) is not None
