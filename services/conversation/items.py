"""Python values to DynamoDB attribute values and back.

boto3's own serializer converts every number through `Decimal` and costs an import of all of
boto3; our items hold text, whole numbers, bytes, flags, lists and maps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

SCHEMA = 1
"""Version of the item layout; every item carries it as `schema`."""

_LATEST_MS = 2**47
"""In the year 6429."""

T = TypeVar("T")
Item = dict[str, Any]
"""An item as plain Python values."""


class OddItemError(Exception):
    """An item, or decoded content, is not of the shape that its writer gives it."""


def typed(values: Any, name: str, kind: type[T]) -> T:
    """A field of exactly this type: a flag is no number.

    Raises:
        OddItemError: There is none, or it is of another type.
    """
    value = values.get(name) if isinstance(values, Mapping) else None
    if type(value) is not kind:
        raise OddItemError(f"{name} is no {kind.__name__}")
    return value


def natural(values: Any, name: str) -> int:
    """A field that is a whole number from 0 on, and no greater than a time can be.

    Raises:
        OddItemError: There is none, or it is something else.
    """
    value = typed(values, name, int)
    if not 0 <= value < _LATEST_MS:
        raise OddItemError(f"{name} is no number of ours")
    return value


def to_attribute(value: Any) -> dict[str, Any]:  # noqa: PLR0911  one line per type
    """One value as DynamoDB writes it.

    Raises:
        TypeError: The value has no place in an item (a float, for one: times are whole numbers).
    """
    match value:
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case None:
            return {"NULL": True}
        case Mapping():
            return {"M": to_item(value)}
        case list() | tuple():
            return {"L": [to_attribute(part) for part in value]}
        case _:
            raise TypeError(f"{type(value).__name__} cannot be stored in an item")


def from_attribute(attribute: Mapping[str, Any]) -> Any:
    """One attribute value as plain Python."""
    ((kind, value),) = attribute.items()
    match kind:
        case "N":
            return int(value) if value.lstrip("-").isdigit() else float(value)
        case "M":
            return from_item(value)
        case "L":
            return [from_attribute(part) for part in value]
        case "NULL":
            return None
        case "SS" | "NS" | "BS":
            return set(value)
        case _:
            return value


def to_item(values: Mapping[str, Any]) -> dict[str, Any]:
    """A whole item (or an expression's values) as DynamoDB writes it."""
    return {name: to_attribute(value) for name, value in values.items()}


def from_item(attributes: Mapping[str, Any]) -> Item:
    """A whole item as plain Python."""
    return {name: from_attribute(value) for name, value in attributes.items()}
