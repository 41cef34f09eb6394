"""The index of what is pending, of a DynamoDB in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from conversation.items import from_attribute

_KEYS = ("pk", "sk", "pending_shard", "pending_at")


def query_pending(
    items: Iterable[dict[str, Any]], values: dict[str, Any], request: dict[str, Any]
) -> dict[str, Any]:
    """Query it: keys only, a page at a time."""
    found = [
        {name: item[name] for name in _KEYS}
        for item in items
        if item.get("pending_shard") == {"S": values[":shard"]}
        and "pending_at" in item
        and from_attribute(item["pending_at"]) <= values[":before"]
    ]
    found.sort(key=_place)
    after = request.get("ExclusiveStartKey")
    if after is not None:
        found = [item for item in found if _place(item) > _place(after)]
    page = found[: request["Limit"]]
    more = len(page) < len(found)
    return {"Items": page, **({"LastEvaluatedKey": page[-1]} if more else {})}


def _place(item: dict[str, Any]) -> tuple[float, str, str]:
    return from_attribute(item["pending_at"]), item["pk"]["S"], item["sk"]["S"]
