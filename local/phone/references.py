"""JSONPath references of a contact flow, such as ``$.CustomerEndpoint.Address``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

ROOTS = {
    "Attributes",
    "Channel",
    "ContactId",
    "CustomerEndpoint",
    "External",
    "InitialContactId",
    "InstanceARN",
    "LanguageCode",
    "Lex",
    "Queue",
    "StoredCustomerInput",
    "SystemEndpoint",
    "TextToSpeechVoice",
}
_INLINE = re.compile(r"\$\.[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_-]+|\['[^']+'\])*")


def resolve(value: str, data: Mapping[str, Any]) -> str | None:
    """Return what a parameter stands for: itself, or what it refers to; None if that is absent."""
    return _look_up(value, data) if value.startswith("$.") else value


def filled_in(text: str, data: Mapping[str, Any]) -> str:
    """Return words with the references among them filled in; what is absent is left out."""
    return _INLINE.sub(lambda found: _look_up(found.group(), data) or "", text)


def unknown_roots(value: Any) -> set[str]:
    """Return references in a document that begin with nothing Connect knows."""
    if isinstance(value, Mapping):
        return set().union(*map(unknown_roots, value.values()))
    if isinstance(value, list):
        return set().union(*map(unknown_roots, value))
    if not isinstance(value, str):
        return set()
    found = _INLINE.findall(value)
    return {path for path in found if _parts(path)[0] not in ROOTS}


def _look_up(path: str, data: Mapping[str, Any]) -> str | None:
    found: Any = data
    for part in _parts(path):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return None if found is None or isinstance(found, Mapping) else str(found)


def _parts(path: str) -> list[str]:
    return [a or b for a, b in re.findall(r"\.([A-Za-z0-9_-]+)|\['([^']+)'\]", path)]
