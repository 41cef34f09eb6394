"""What the stack remembers, read from its tables as the administrator and made readable.

Owns the page's view of ``people`` and ``conversations``: conversations grouped by person, calls of
nobody known apart, content opened with the administrator's right to the stack's key. Reads whole
tables, which is right for a laptop and nowhere else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from conversation.items import Item, from_item
from conversation.keys import Keys
from conversation.persons import contact_of, person_key
from conversation.tables import Tables
from conversation.vault import Vault
from local.console.conversations import call_view, conversation_view, of, open_content, shown
from local.console.names import Names
from local.console.stack import Stack

_MOST_ITEMS = 5000
_SHOWN_CALLS = 30
_ADDRESS = "address#"


class Memory:
    """Reads what a stack remembers.

    Args:
        stack: Whose tables.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._names = Names(stack)
        self._keys: Keys | None = None

    def read(self) -> dict[str, Any]:
        """Persons with their conversations and calls, most recently heard of first."""
        people = list(self._scan("peopleTable"))
        conversations = list(self._scan("conversationsTable"))
        self._names.learn()
        keys = self._unlock()
        for item in conversations:
            open_content(item, keys)
        for item in people + conversations:
            self._names.add_channel(item)
        mine, talks = _grouped(people), _grouped(conversations)
        keeps = of(people, "keep#")
        calls = [call_view(pk, items, keeps) for pk, items in talks.items() if contact_of(pk)]
        calls.sort(key=lambda call: int(call["started_at"]), reverse=True)
        persons = [
            _person(address, self._names, mine, talks, calls[:_SHOWN_CALLS])
            for address in people
            if address["sk"] == "person" and address["pk"].startswith(_ADDRESS)
        ]
        persons.sort(key=lambda person: int(person["latest"]), reverse=True)
        return {
            "persons": persons,
            "calls": [call for call in calls[:_SHOWN_CALLS] if not call["person"]],
            "items": {"people": len(people), "conversations": len(conversations)},
        }

    def _unlock(self) -> Keys:
        """The conversations' keys; what was unwrapped is kept for as long as a worker keeps it."""
        if self._keys is None:
            outputs = self._stack.outputs
            tables = Tables(
                self._stack.aws("dynamodb"),
                outputs["peopleTable"],
                outputs["conversationsTable"],
                outputs["keysTable"],
                vault=Vault(lambda: self._stack.aws("kms"), outputs["keyArn"]),
            )
            self._keys = Keys(tables)
        return self._keys

    def _scan(self, output: str) -> Iterable[Item]:
        client, table = self._stack.aws("dynamodb"), self._stack.outputs[output]
        pages = client.get_paginator("scan").paginate(
            TableName=table, ConsistentRead=True, PaginationConfig={"MaxItems": _MOST_ITEMS}
        )
        for page in pages:
            for item in page["Items"]:
                yield from_item(item)


def _grouped(items: Iterable[Item]) -> Mapping[str, list[Item]]:
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        groups[item["pk"]].append(item)
    return groups


def _person(
    address: Item,
    names: Names,
    people: Mapping[str, list[Item]],
    talks: Mapping[str, list[Item]],
    calls: list[dict[str, Any]],
) -> dict[str, Any]:
    pk = person_key(address["person"])
    mine = people.get(pk, [])
    view = conversation_view(talks.get(pk, []))
    theirs = [call for call in calls if call["person"] == address["person"]]
    return {
        **view,
        "id": address["person"],
        "name": names.of(address["pk"].removeprefix(_ADDRESS)),
        "address": shown(address),
        "consent": [shown(item) for item in of(mine, "consent#")],
        "usage": [
            shown(item) for prefix in ("usage#", "voice-usage#") for item in of(mine, prefix)
        ],
        "receipts": len(of(mine, "receipt#")),
        "calls": theirs,
        "latest": max([view["latest"], *(call["latest"] for call in theirs)]),
    }
