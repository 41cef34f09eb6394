"""JSON that nobody means: a value of each kind where another is expected, and events full of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

Path = tuple[str | int, ...]


def _nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


ODD: dict[str, Any] = {
    "null": None,
    "true": True,
    "zero": 0,
    "negative": -1,
    "huge": 10**400,
    "fraction": 0.5,
    "exponent": 1e308,
    "NaN": float("nan"),
    "infinite": float("inf"),
    "empty": "",
    "blank": " ",
    "digits": "9" * 5000,
    "other digits": "٣²",
    "lone surrogate": "\ud800",
    "NUL": "a\x00b",
    "long": "x" * 500_000,
    "a list": ["x"],
    "an empty list": [],
    "an object": {"name": "x"},
    "an empty object": {},
    "deep": _nested(200),
}
"""By kind."""

MISSING = object()
"""Stands for a field that is taken out."""

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=20)
    | st.sampled_from(list(ODD.values())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
"""Any JSON."""


def paths(value: Any, at: Path = ()) -> Iterator[Path]:
    """Every place in a JSON value, the whole included."""
    yield at
    if isinstance(value, dict | list):
        named = value.items() if isinstance(value, dict) else enumerate(value)
        for name, part in named:
            yield from paths(part, (*at, name))


def replaced(event: Any, path: Path, value: Any) -> Any:
    """An event with another value in one place."""
    if not path:
        return None if value is MISSING else value
    made = json.loads(json.dumps(event))
    at = made
    for name in path[:-1]:
        at = at[name]
    if value is MISSING:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return made
