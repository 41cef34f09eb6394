"""Items as the page shows them: plain fields, opened content, and each item as it rests.

Owns one conversation's view, whether it is of texts or of a call. Reads nothing.
"""

from __future__ import annotations

from typing import Any

from conversation.codec import CodecError
from conversation.contents import roles_in
from conversation.items import Item
from conversation.keys import ForgottenError, KeyLostError, Keys, KeyUnavailableError
from conversation.persons import contact_of

_SHOWN_MESSAGES = 60
_SHOWN_TURNS = 30
_AFTER_CALL = "after-call"
_OPENED = "opened"
_CONTENT = ("content", "text", "reply_to")


def conversation_view(items: list[Item]) -> dict[str, Any]:
    """A conversation: what was said, what waits, what became of it; turns newest first."""
    talk = sorted(items, key=lambda item: str(item["sk"]))
    turns = [_turn(item) for item in of(talk, "turn#")][::-1]
    messages = [shown(item) for item in of(talk, "message#")]
    return {
        "meta": next((shown(item) for item in talk if item["sk"] == "meta"), None),
        "messages": messages[-_SHOWN_MESSAGES:],
        "message_count": len(messages),
        "notes": [shown(item) for item in of(talk, "summary")],
        "inbox": [shown(item) for item in of(talk, "inbox#")],
        "turns": turns[:_SHOWN_TURNS],
        "latest": max((turn["created_at"] for turn in turns if "created_at" in turn), default=0),
    }


def call_view(pk: str, items: list[Item], keeps: list[Item]) -> dict[str, Any]:
    """A call's conversation, when it began, and what became of the offer to keep it."""
    contact = contact_of(pk) or pk
    view = conversation_view(items)
    after = next((shown(item) for item in items if item["sk"] == _AFTER_CALL), None)
    keep = next((shown(item) for item in keeps if item["sk"] == f"keep#{contact}"), None)
    known = [item["started_at"] for item in (after, keep) if item and item.get("started_at")]
    begun = [item["created_at"] for item in items if "created_at" in item]
    return {
        **view,
        "id": contact,
        "person": (view["meta"] or {}).get("person"),
        "started_at": min([*known, *begun], default=0),
        "after_call": after,
        "keep": keep,
        "stored": [shown(item)["stored"] for item in items if item["sk"] in {"meta", _AFTER_CALL}],
    }


def of(items: list[Item], prefix: str) -> list[Item]:
    """Those whose sort key begins so."""
    return [item for item in items if item["sk"].startswith(prefix)]


def _turn(item: Item) -> dict[str, Any]:
    return {**shown(item), "id": item["sk"].removeprefix("turn#")}


def shown(item: Item) -> dict[str, Any]:
    """An item for the page: its plain fields, opened content, and ``stored``, as it rests."""
    opened = item.get(_OPENED, {})
    rests = {name: value for name, value in item.items() if name not in {"channel", _OPENED}}
    given = {name: value for name, value in item.items() if name != _OPENED}
    return {**_plain(given), **opened, "stored": _plain(rests)}


def open_content(item: Item, keys: Keys) -> None:
    """Put beside an item what its content says; None where it stays closed."""
    item[_OPENED] = {name: _opened(item, name, keys) for name in _CONTENT if name in item}


def _opened(item: Item, name: str, keys: Keys) -> str | None:
    try:
        seals = keys.seals(item["pk"], item["generation"])
        return seals.open(item, name, roles_in(item)[name])
    except (CodecError, ForgottenError, KeyError, KeyLostError, KeyUnavailableError):
        return None


def _plain(value: Any) -> Any:
    """Items as JSON; bytes are told by their format byte and length, never shown."""
    if isinstance(value, bytes):
        return f"format {value[0]}, {len(value) - 1} bytes" if value else "empty"
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | set):
        return [_plain(part) for part in value]
    return value
