"""What a write would cost on AWS: computed from the items before and after, indexes included.

The emulator reports no consumed capacity. A write costs one unit for each started kilobyte of the
larger of the two item versions, twice that in a transaction; an index costs a unit for each entry
put or deleted. Source: the DynamoDB developer guide, "Read and write operations" and "Using global
secondary indexes". Slows every write down, so it is off unless asked for.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from conversation.item_size import item_size
from local.aws_calls import Call

KILOBYTE = 1024
Value = Mapping[str, Any]
Item = Mapping[str, Value]


def units(size: int) -> int:
    """Write units of an item version; at least one."""
    return max(1, math.ceil(size / KILOBYTE))


@dataclass(frozen=True)
class Index:
    """A secondary index, as far as its writes cost."""

    keys: tuple[str, ...]
    projected: tuple[str, ...] | None

    def entry(self, item: Item | None) -> dict[str, Value] | None:
        """What of an item is in the index; None when the item is not."""
        if not item or any(key not in item for key in self.keys):
            return None
        names = item if self.projected is None else self.projected
        return {name: item[name] for name in names if name in item}

    def cost(self, before: Item | None, after: Item | None) -> int:
        """Units of carrying one write over."""
        old, new = self.entry(before), self.entry(after)
        if old == new:
            return 0
        if old is None or new is None:
            return units(item_size(old or new))
        if any(old[key] != new[key] for key in self.keys):
            return units(item_size(old)) + units(item_size(new))
        return units(max(item_size(old), item_size(new)))


@dataclass(frozen=True)
class Write:
    """One item that a request writes."""

    table: str
    key: str  # JSON, so that it can be looked up
    factor: int


class WriteUnits:
    """Hook of the AWS proxy: looks at the items before a write, and again after it.

    Args:
        client: boto3 client of DynamoDB that does not pass the proxy.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._tables: dict[str, tuple[tuple[str, ...], list[Index]]] = {}

    def __call__(self, call: Call) -> Callable[[], float]:
        """Look at what a call is about to write; the result is called once it has."""
        writes = self._writes(call.operation, call.body)
        before = {write: self._read(write) for write in writes}

        def settle() -> float:
            total = 0
            for write, old in before.items():
                new = self._read(write)
                total += write.factor * units(max(item_size(old), item_size(new)))
                total += sum(index.cost(old, new) for index in self._table(write.table)[1])
            return float(total)

        return settle

    def _writes(self, operation: str, body: bytes) -> list[Write]:
        request = json.loads(body)
        match operation:
            case "PutItem" | "UpdateItem" | "DeleteItem":
                return [self._write(request, 1)]
            case "TransactWriteItems":
                parts = [part for item in request["TransactItems"] for part in item.values()]
                return [self._write(part, 2) for part in parts]
            case "BatchWriteItem":
                return [
                    self._write({"TableName": table, **part}, 1)
                    for table, items in request["RequestItems"].items()
                    for item in items
                    for part in item.values()
                ]
            case _:
                return []

    def _write(self, part: Mapping[str, Any], factor: int) -> Write:
        table = part["TableName"]
        names = self._table(table)[0]
        holder = part.get("Key") or part.get("Item") or {}
        key = {name: holder[name] for name in names}
        return Write(table, json.dumps(key, sort_keys=True), factor)

    def _read(self, write: Write) -> Item | None:
        answer = self._client.get_item(
            TableName=write.table, Key=json.loads(write.key), ConsistentRead=True
        )
        found: Item | None = answer.get("Item")
        return found

    def _table(self, name: str) -> tuple[tuple[str, ...], list[Index]]:
        if name not in self._tables:
            told = self._client.describe_table(TableName=name)["Table"]
            keys = tuple(key["AttributeName"] for key in told["KeySchema"])
            indexes = [_index(index, keys) for index in told.get("GlobalSecondaryIndexes") or []]
            self._tables[name] = keys, indexes
        return self._tables[name]


def _index(told: Mapping[str, Any], table_keys: tuple[str, ...]) -> Index:
    keys = tuple(key["AttributeName"] for key in told["KeySchema"])
    projection = told["Projection"]
    if projection["ProjectionType"] == "ALL":
        return Index(keys, None)
    more = projection.get("NonKeyAttributes") or []
    return Index(keys, (*table_keys, *keys, *more))
