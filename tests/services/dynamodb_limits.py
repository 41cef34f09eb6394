"""What DynamoDB refuses whatever the tables hold: sizes, counts and keys.

Sources: the DynamoDB developer guide, "Quotas" and "Item sizes and formats"; the API reference of
`TransactWriteItems`. The emulator is held against the same cases in test_memory_dynamodb.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from botocore.exceptions import ClientError

from conversation.item_size import MOST_ACTIONS, MOST_ITEM_BYTES, item_size

MOST_TRANSACTION_BYTES = 4 * 1024 * 1024
LONGEST_KEYS = {"pk": 2048, "sk": 1024, "pending_shard": 2048}

Item = Mapping[str, Any]


def check_key(operation: str, item: Item) -> None:
    """Refuse a key without a value or with one that is too long."""
    for name, longest in LONGEST_KEYS.items():
        if name in item:
            size = len(item[name]["S"].encode())
            if not size:
                refuse(operation, f"an empty string is no value of the key attribute {name}")
            if size > longest:
                refuse(operation, f"{name} is {size} bytes long, {longest} are allowed")


def check_item(operation: str, item: Item | None) -> None:
    """Refuse an item as a table would hold it."""
    if item is not None:
        check_key(operation, item)
        if item_size(item) > MOST_ITEM_BYTES:
            refuse(operation, "Item size has exceeded the maximum allowed size")


def check_actions(actions: Sequence[Any], targets: Sequence[Any]) -> None:
    """Refuse a transaction for how many actions it has, or two on one item."""
    if not 1 <= len(actions) <= MOST_ACTIONS:
        refuse("TransactWriteItems", f"{len(actions)} actions; 1 to {MOST_ACTIONS} are allowed")
    if len(set(targets)) != len(targets):
        refuse("TransactWriteItems", "cannot include multiple operations on one item")


def check_total(items: Iterable[Item | None]) -> None:
    """Refuse a transaction for the size of all its items, read or written."""
    if sum(map(item_size, items)) > MOST_TRANSACTION_BYTES:
        refuse("TransactWriteItems", "Transaction request exceeds the 4MB transaction size limit")


def refuse(operation: str, message: str) -> NoReturn:
    """Answer as DynamoDB does."""
    error: Any = {"Error": {"Code": "ValidationException", "Message": message}}
    raise ClientError(error, operation)
