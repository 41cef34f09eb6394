"""Everything that a stack stores about a person, opened: what `dialtone export` writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from cli.people import Subject
from cli.target import Target
from conversation.codec import CodecError, Role
from conversation.contents import roles_in
from conversation.items import Item
from conversation.keys import ForgottenError, KeyLostError, Keys
from conversation.persons import address_key, person_key

UNOPENED = "(sealed under a key that is gone, or altered)"

_PAGE = 100
_WORDS = frozenset({Role.HUMAN, Role.AI, Role.SYSTEM, Role.TOOL, Role.TURN_HEARD})
_OURS = frozenset({"pk", "schema", "pending_shard", "pending_at", "offered_to"})


def gather(target: Target, subject: Subject) -> dict[str, Any]:
    """Read everything about a person, page by page, and open what is sealed.

    Raises:
        KeyUnavailableError: KMS does not give a key now; half an export is none.
    """
    tables = target.tables
    people = {
        one: _plain(_items(target, tables.people, person_key(one))) for one in subject.persons
    }
    spoken = {
        one: [_opened(target, item) for item in _items(target, tables.conversations, one)]
        for one in subject.conversations(target)
    }
    told: dict[str, Any] = {"persons": people, "conversations": spoken}
    if subject.hashed is not None:
        told["address"] = _plain(_items(target, tables.people, address_key(subject.hashed)))
    return told


def _items(target: Target, table: str, pk: str) -> Iterator[Item]:
    after: str | None = None
    while True:
        page = target.tables.query(table, pk, "", limit=_PAGE, after=after)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1]["sk"]


def _plain(items: Iterator[Item]) -> list[Item]:
    return [{k: v for k, v in item.items() if k not in _OURS} for item in items]


def _opened(target: Target, item: Item) -> Item:
    """An item without what is only ours, and with its words in place of their seals."""
    roles = roles_in(item)
    shown: Item = {}
    for name, value in item.items():
        if name not in _OURS:
            is_sealed = isinstance(value, bytes)
            shown[name] = _open(target, item, name, roles.get(name)) if is_sealed else value
    return shown


def _open(target: Target, item: Item, name: str, role: Role | None) -> Any:
    if role is None:
        return UNOPENED
    try:
        seals = Keys(target.tables).seals(item["pk"], str(item.get("generation")))
        return seals.read(item, name, role, str if role in _WORDS else json.loads)
    except (CodecError, ForgottenError, KeyLostError):
        return UNOPENED
