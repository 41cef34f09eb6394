"""Conversations of any length, written as the engine would have written them by then."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from conversation.keys import Keys
from conversation.messages import Draft, Messages, message_sk
from conversation.tables import Tables
from local.config import SCRIPTED_MODEL

WORDS = "Could you tell me which of the two trains on Friday evening stops at the old harbour?"
ANSWER = (
    "Both do, but only the second one, at 19:40, stops long enough to take a bicycle on board. "
    "The first one passes the old harbour at 18:05 and stays for a minute. If you miss both, "
    "there is a bus from the market square at 20:15 that takes half an hour and needs no booking."
)
_BATCH = 25
_DAYS = 30


def grow_messages(tables: Tables, conversation: str, size: int, *, after: int) -> None:
    """Give a conversation messages up to a number, after those that it has by itself.

    Args:
        tables: Its tables.
        conversation: Which.
        size: How many messages it is to have.
        after: How many it has.
    """
    put_all(tables.client, tables.conversations, _messages(tables, conversation, after, size))
    set_sequence(tables, conversation, size)


def set_sequence(tables: Tables, conversation: str, size: int) -> None:
    """Let the next message have this number."""
    tables.client.update_item(
        TableName=tables.conversations,
        Key={"pk": {"S": conversation}, "sk": {"S": "meta"}},
        UpdateExpression="SET #s = :size",
        ExpressionAttributeNames={"#s": "sequence"},
        ExpressionAttributeValues={":size": {"N": str(size)}},
    )


def shrink_messages(tables: Tables, conversation: str, size: int, *, by: int) -> None:
    """Take the last messages of a conversation away again."""
    for number in range(size, size + by):
        key = {"pk": {"S": conversation}, "sk": {"S": message_sk(number)}}
        tables.client.delete_item(TableName=tables.conversations, Key=key)
    set_sequence(tables, conversation, size)


def put_all(dynamodb: Any, table: str, items: Iterable[Mapping[str, Any]]) -> None:
    """Write items in batches, as quickly as the emulator takes them."""
    batch: list[Mapping[str, Any]] = []
    for item in items:
        batch.append({"PutRequest": {"Item": item}})
        if len(batch) == _BATCH:
            dynamodb.batch_write_item(RequestItems={table: batch})
            batch = []
    if batch:
        dynamodb.batch_write_item(RequestItems={table: batch})


def _messages(
    tables: Tables, conversation: str, after: int, size: int
) -> Iterator[Mapping[str, Any]]:
    """Messages sealed and numbered as the engine does it."""
    generation = Keys(tables).ensure(conversation)
    messages = Messages(tables, time.time, _DAYS)
    for number in range(after, size):
        draft = (
            Draft("human", WORDS, {"answered": True})
            if number % 2 == 0
            else Draft("ai", ANSWER, {"kind": "answer", "model": SCRIPTED_MODEL})
        )
        action = messages.putting(conversation, number, generation, draft)
        item: Mapping[str, Any] = action["Put"]["Item"]
        yield item
