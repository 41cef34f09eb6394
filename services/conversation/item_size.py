"""The size of an item as DynamoDB counts it, and the limits that it puts on writes.

Sources: the DynamoDB developer guide, "DynamoDB item sizes and formats" and "Quotas"; the API
reference of `TransactWriteItems`.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar

T = TypeVar("T")

MOST_ITEM_BYTES: Final = 400 * 1024
MOST_TRANSACTION_BYTES: Final = 4_000_000
"""The 4 MB of the API reference, read as the smaller of the two that it may mean."""
MOST_ACTIONS: Final = 100

_COLLECTION_OVERHEAD = 3
_ELEMENT_OVERHEAD = 1


class TooLargeError(Exception):
    """DynamoDB cannot take a write at all; nothing was written.

    Attributes:
        what: "item" or "transaction".
        size: Its size in bytes.
        limit: Most bytes that DynamoDB takes.
    """

    def __init__(self, what: str, size: int, limit: int) -> None:
        super().__init__(f"the {what} is {size:,} bytes large; DynamoDB takes {limit:,}")
        self.what = what
        self.size = size
        self.limit = limit


def value_size(value: Mapping[str, Any]) -> int:
    """Bytes of one attribute value in its wire form (binary as base64 text or bytes)."""
    ((kind, content),) = value.items()
    size = 1  # BOOL and NULL
    match kind:
        case "S":
            size = len(content.encode("utf-8", "replace"))
        case "N":
            digits = content.lstrip("-").replace(".", "").strip("0") or "0"
            size = math.ceil(len(digits) / 2) + 1 + content.startswith("-")
        case "B":
            size = len(content if isinstance(content, bytes) else base64.b64decode(content))
        case "SS" | "NS" | "BS":
            size = sum(value_size({kind[0]: one}) for one in content)
        case "L":
            elements = (value_size(one) + _ELEMENT_OVERHEAD for one in content)
            size = _COLLECTION_OVERHEAD + sum(elements)
        case "M":
            size = _COLLECTION_OVERHEAD + item_size(content) + len(content) * _ELEMENT_OVERHEAD
    return size


def item_size(item: Mapping[str, Mapping[str, Any]] | None) -> int:
    """Bytes of an item in its wire form, names included; 0 for none."""
    if not item:
        return 0
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def require_fitting(actions: Iterable[Mapping[str, Mapping[str, Any]]]) -> None:
    """Refuse what DynamoDB would refuse for its size: an item that is put, or all of them.

    What an update or a deletion meets is not known here, and is not counted.

    Raises:
        TooLargeError: An item, or the transaction, is too large.
    """
    total = 0
    for action in actions:
        for request in action.values():
            size = item_size(request.get("Item") or request.get("ExpressionAttributeValues"))
            if size > MOST_ITEM_BYTES:
                raise TooLargeError("item", size, MOST_ITEM_BYTES)
            total += size
    if total > MOST_TRANSACTION_BYTES:
        raise TooLargeError("transaction", total, MOST_TRANSACTION_BYTES)


def batches(
    sized: Iterable[tuple[T, int]], *, most: int, most_bytes: int = MOST_TRANSACTION_BYTES
) -> Iterator[list[T]]:
    """Cut a sequence into runs that one transaction takes each, in order.

    Args:
        sized: Each element with its size in bytes; one that is larger than `most_bytes` stands
            alone.
        most: Most elements of a run.
        most_bytes: Most bytes of a run.
    """
    run: list[T] = []
    total = 0
    for element, size in sized:
        if run and (len(run) == most or total + size > most_bytes):
            yield run
            run, total = [], 0
        run.append(element)
        total += size
    if run:
        yield run
