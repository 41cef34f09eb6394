"""Tables of langchain-community's `DynamoDBChatMessageHistory`, read and never written.

One item per session: its key, the list of its messages, and perhaps when it expires. Source:
langchain_community 0.4.2, `chat_message_histories/dynamodb.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import messages_from_dict

from cli.problems import CommandError
from conversation.history import to_draft
from conversation.items import Item, from_item
from conversation.messages import Draft

_ADDRESS_SCHEME = re.compile(r"(?i)(whatsapp|sms|tel):")
_NUMBER_MARKS = re.compile(r"[\s().-]")
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_LARGEST_BYTES = 380_000
"""Longest content of one message: DynamoDB takes 400 KB an item, its other attributes included."""
_CLIENT_SIDE_ENCRYPTION = "*amzn-ddb-map-desc*"
"""An attribute of every item that `kms_key_id` had encrypted before it was stored."""


@dataclass(frozen=True)
class Layout:
    """How a program called `DynamoDBChatMessageHistory`.

    Attributes:
        table: The table's name.
        key: Names of the table's key attributes, the partition key first.
        session: The key attribute that holds the session id.
        history: `history_messages_key`.
        ttl: `ttl_key_name`.
    """

    table: str
    key: tuple[str, ...]
    session: str
    history: str
    ttl: str


@dataclass(frozen=True)
class Session:
    """One item that holds a session.

    Attributes:
        name: Its whole key as JSON: what tells it from the table's other items.
        id: The session id.
        messages: As the item holds them.
        expires_at: Epoch seconds; None when it never does.
        problem: Why its messages cannot be read, if they cannot.
    """

    name: str
    id: str
    messages: list[Any]
    expires_at: int | None = None
    problem: str | None = None


def find_layout(client: Any, table: str, session: str | None, history: str, ttl: str) -> Layout:
    """Ask the table for its key.

    Raises:
        CommandError: There is no such table, or the attribute that is to hold the session id is
            not part of its key.
    """
    try:
        schema = client.describe_table(TableName=table)["Table"]["KeySchema"]
    except client.exceptions.ResourceNotFoundException:
        raise CommandError(
            f"there is no table {table}", "check its name, --source-region and --source-profile"
        ) from None
    ranked = sorted(schema, key=lambda part: str(part["KeyType"]))  # HASH before RANGE
    key = tuple(str(part["AttributeName"]) for part in ranked)
    if session is None:
        session = "SessionId" if "SessionId" in key else key[0]
    if session not in key:
        raise CommandError(
            f"{table} has no key attribute {session!r}",
            f"pass one of {', '.join(key)} to --session-key",
        )
    return Layout(table, key, session, history, ttl)


def read_sessions(
    client: Any,
    layout: Layout,
    only: str | None = None,
    other: Callable[[], None] = lambda: None,
) -> Iterator[Session]:
    """Read the table page by page, strongly, and yield its sessions.

    Args:
        client: A DynamoDB client of the table's account.
        layout: How its items are laid out.
        only: One session id, to leave the others out.
        other: Told of each item that holds no history.
    """
    request: dict[str, Any] = {"TableName": layout.table, "ConsistentRead": True}
    while True:
        page = client.scan(**request)
        for attributes in page["Items"]:
            item = from_item(attributes)
            if only is not None and str(item[layout.session]) != only:
                continue
            if layout.history in item:
                yield _session(layout, item)
            else:
                other()
        if "LastEvaluatedKey" not in page:
            return
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _session(layout: Layout, item: Item) -> Session:
    key = {part: item[part] for part in layout.key}
    ends = item.get(layout.ttl)
    found, problem = item[layout.history], None
    if _CLIENT_SIDE_ENCRYPTION in item:
        problem = "encrypted by the program that wrote it (kms_key_id)"
    elif not isinstance(found, list):
        problem = f"{layout.history} is no list of messages"
    return Session(
        name=json.dumps(key, sort_keys=True, ensure_ascii=False, default=repr),
        id=str(item[layout.session]),
        messages=[] if problem else found,
        expires_at=int(ends) if isinstance(ends, int | float) else None,
        problem=problem,
    )


class UnreadableMessageError(Exception):
    """A message that is none, as LangChain sees it."""


def read_message(raw: Any) -> Draft:
    """A message of the source as a draft; every type that LangChain knows is taken.

    Raises:
        UnreadableMessageError: It is not one, or too large. Says why without quoting it.
    """
    if not isinstance(raw, dict) or not isinstance(raw.get("data"), dict):
        raise UnreadableMessageError("not a message: no type and data")
    try:
        (message,) = messages_from_dict([raw])
        draft = to_draft(message)
    except (KeyError, TypeError, ValueError) as error:
        reason = f"LangChain cannot read it ({type(error).__name__})"
        raise UnreadableMessageError(reason) from error
    if len(draft.text.encode("utf-8", "replace")) > _LARGEST_BYTES:
        raise UnreadableMessageError("larger than an item can be")
    return draft


def address_of(session_id: str) -> str | None:
    """The address that a session id is: a phone number as E.164 or a WhatsApp user's id.

    Returns:
        The address as the webhook hashes it; None when the id is something else.
    """
    scheme = _ADDRESS_SCHEME.match(session_id.strip())
    rest = session_id.strip()[scheme.end() if scheme else 0 :].strip()
    number = _NUMBER_MARKS.sub("", rest)
    if _E164.fullmatch(number):
        return number
    is_whatsapp = scheme is not None and scheme[1].lower() == "whatsapp"
    return rest if is_whatsapp and rest else None
