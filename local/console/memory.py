"""What the stack remembers, read from its tables as the administrator and made readable.

Owns the page's view of ``people`` and ``conversations``: items grouped by person, content opened
with the administrator's right to the stack's key, and the item as stored beside it. Reads whole
tables, which is right for a laptop and nowhere else.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from conversation.codec import CodecError
from conversation.items import Item, from_item
from conversation.keys import ForgottenError, KeyLostError, Keys, KeyUnavailableError
from conversation.persons import address_hash, route_of
from conversation.tables import Tables
from conversation.vault import Vault
from local.carrier.message import WHATSAPP
from local.config import OUR_NUMBER
from local.console.stack import CONTACTS, Stack

_MOST_ITEMS = 5000
_SHOWN_MESSAGES = 60
_SHOWN_TURNS = 30
# Attributes that hold content, and the role each is bound to; a message's is its own.
_OPENED = "opened"
_CONTENT = {"content": "", "text": "inbox", "reply_to": "reply_to"}


class Memory:
    """Reads what a stack remembers.

    Args:
        stack: Whose tables.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._names: dict[str, str] = {}
        self._channels: dict[str, str] = {}
        self._keys: Keys | None = None

    def read(self) -> dict[str, Any]:
        """Persons with their conversations, most recently seen first."""
        people = list(self._scan("peopleTable"))
        conversations = list(self._scan("conversationsTable"))
        self._learn_names()
        keys = self._unlock()
        for item in conversations:
            _open(item, keys)
        for item in people + conversations:
            self._add_channel(item)
        persons = [
            _person(item, self._names, people, conversations)
            for item in people
            if item["sk"] == "person" and item["pk"].startswith("address#")
        ]
        persons.sort(key=lambda person: str(person["latest"]), reverse=True)
        return {
            "persons": persons,
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

    def _learn_names(self) -> None:
        """Whose hashes these are, which only the holder of the stack's key can tell."""
        if self._names:
            return
        secrets = self._stack.aws("secretsmanager")
        found = secrets.get_secret_value(SecretId=self._stack.outputs["carrierSecretArn"])
        key = base64.b64decode(json.loads(found["SecretString"])["address_key"])
        for address, channel in ((OUR_NUMBER, "SMS"), (f"{WHATSAPP}{OUR_NUMBER}", "WhatsApp")):
            self._channels[route_of(address, "", key).partition("#")[0]] = channel
        self._names = {address_hash(c.number, key): c.name for c in CONTACTS}

    def _add_channel(self, item: Item) -> None:
        """Name the channel of what has a route."""
        route = item.get("route") or item["sk"].removeprefix("consent#")
        channel = self._channels.get(route.partition("#")[0])
        if channel:
            item["channel"] = channel


def _person(
    address: Item, names: Mapping[str, str], people: list[Item], conversations: list[Item]
) -> dict[str, Any]:
    pk = f"person#{address['person']}"
    mine = [item for item in people if item["pk"] == pk]
    talk = sorted((i for i in conversations if i["pk"] == pk), key=lambda i: str(i["sk"]))
    turns = [_turn(item) for item in _of(talk, "turn#")][::-1]
    messages = [_shown(item) for item in _of(talk, "message#")]
    meta = next((_shown(item) for item in talk if item["sk"] == "meta"), None)
    return {
        "id": address["person"],
        "name": names.get(address["pk"].removeprefix("address#"), ""),
        "address": _shown(address),
        "consent": [_shown(item) for item in _of(mine, "consent#")],
        "usage": [_shown(item) for item in _of(mine, "usage#")],
        "receipts": len(_of(mine, "receipt#")),
        "meta": meta,
        "messages": messages[-_SHOWN_MESSAGES:],
        "message_count": len(messages),
        "notes": [_shown(item) for item in _of(talk, "summary")],
        "inbox": [_shown(item) for item in _of(talk, "inbox#")],
        "turns": turns[:_SHOWN_TURNS],
        "latest": turns[0]["id"] if turns else "",
    }


def _of(items: list[Item], prefix: str) -> list[Item]:
    return [item for item in items if item["sk"].startswith(prefix)]


def _turn(item: Item) -> dict[str, Any]:
    return {**_shown(item), "id": item["sk"].removeprefix("turn#")}


def _shown(item: Item) -> dict[str, Any]:
    """An item for the page: its plain fields, opened content, and ``stored``, as it rests."""
    opened = item.get(_OPENED, {})
    rests = {name: value for name, value in item.items() if name not in {"channel", _OPENED}}
    given = {name: value for name, value in item.items() if name != _OPENED}
    return {**_plain(given), **opened, "stored": _plain(rests)}


def _open(item: Item, keys: Keys) -> None:
    """Put beside an item what its content says; None where it stays closed."""
    item[_OPENED] = {
        name: _opened(item, name, role, keys) for name, role in _CONTENT.items() if name in item
    }


def _opened(item: Item, name: str, role: str, keys: Keys) -> str | None:
    try:
        seals = keys.seals(item["pk"], item["generation"])
        return seals.open(item[name], sk=item["sk"], role=role or item["role"])
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
