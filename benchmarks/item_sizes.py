"""What a DynamoDB write costs, from the items themselves: emulators do not bill as AWS does.

Source: the Amazon DynamoDB developer guide, "Item sizes and formats" and "Write capacity units":
an item is the sum of its names and values; a write costs one unit for each started kilobyte of the
larger of the item before and after; a transaction costs twice that, also for what it only checks;
an index is charged for each of its entries that is put, deleted or (both) moved.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from local.aws_calls import Call

Attributes = Mapping[str, Mapping[str, Any]]
_KILOBYTE = 1024
_INDEX_KEYS = ("pending_shard", "pending_at", "pk", "sk")
_WRITES = {"PutItem": "Put", "UpdateItem": "Update", "DeleteItem": "Delete"}


def item_bytes(item: Attributes | None) -> int:
    """Size of an item; none is nothing."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in (item or {}).items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(content)
        case "N":
            return math.ceil(len(content.strip("-").replace(".", "")) / 2) + 1
        case "M":
            return 3 + sum(len(k.encode()) + 1 + _value_bytes(v) for k, v in content.items())
        case "L":
            return 3 + sum(1 + _value_bytes(part) for part in content)
        case _:
            return 1


def units(size: int) -> int:
    """Units of one write of this many bytes; one of nothing is charged too."""
    return max(1, math.ceil(size / _KILOBYTE))


def index_units(before: Attributes | None, after: Attributes | None) -> int:
    """Units of the writes that a change causes in the index of what is pending."""
    old, new = _index_entry(before), _index_entry(after)
    if old == new:
        return 0
    return bool(old) + bool(new)


def _index_entry(item: Attributes | None) -> tuple[Any, ...] | None:
    if not item or "pending_shard" not in item or "pending_at" not in item:
        return None
    return tuple(str(item.get(name)) for name in _INDEX_KEYS)


class WriteUnits:
    """Counts the units of each call that the functions make; the local proxy asks it.

    Args:
        dynamodb: A client that reads the tables past the proxy.
    """

    def __init__(self, dynamodb: Any) -> None:
        self._dynamodb = dynamodb

    def __call__(self, call: Call) -> Callable[[], float]:
        """Look at the items before the call; the result looks again, and counts."""
        touched = list(_touched(call))
        before = [self._read(table, key) for _, table, key in touched]

        def settle() -> float:
            total = 0
            for (kind, table, key), old in zip(touched, before, strict=True):
                new = old if kind == "ConditionCheck" else self._read(table, key)
                factor = 2 if call.operation == "TransactWriteItems" else 1
                total += factor * units(max(item_bytes(old), item_bytes(new)))
                total += index_units(old, new)
            return float(total)

        return settle

    def _read(self, table: str, key: Attributes) -> Attributes | None:
        found = self._dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)
        item: Attributes | None = found.get("Item")
        return item


def _touched(call: Call) -> Iterator[tuple[str, str, Attributes]]:
    """Kind, table and key of each item that a call writes or checks."""
    if call.operation == "TransactWriteItems":
        for action in json.loads(call.body)["TransactItems"]:
            ((kind, request),) = action.items()
            yield kind, request["TableName"], _key(request)
    elif call.operation in _WRITES:
        request = json.loads(call.body)
        yield _WRITES[call.operation], request["TableName"], _key(request)


def _key(request: Mapping[str, Any]) -> Attributes:
    """The key of a request; every table's key is `pk` and, but for one, `sk`."""
    if "Key" in request:
        key: Attributes = request["Key"]
        return key
    item: Attributes = request["Item"]
    return {name: item[name] for name in ("pk", "sk") if name in item}
