"""The list of messages: the API's filters, newest first, page by page.

Owns the query parameters of ``GET …/Messages.json`` as Twilio documents them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from local.carrier.exchange import Carrier
from local.carrier.message import API_VERSION, Message, resource

_DAY_SECONDS = 86_400
_LARGEST_PAGE = 1000


def list_messages(carrier: Carrier, query: Mapping[str, str]) -> dict[str, Any]:
    """One page of the account's messages that match, newest first."""
    size = min(int(query.get("PageSize", "50")), _LARGEST_PAGE)
    page = int(query.get("Page", "0"))
    found = [m for m in reversed(carrier.messages()) if _matches(m, query)]
    # A page token pins the list to what existed at its first page, so that later texts shift none.
    newest = query.get("PageToken", "").removeprefix("PA") or (found[0].sid if found else "")
    start = next((i for i, m in enumerate(found) if m.sid == newest), 0) + page * size
    shown = found[start : start + size]
    base = f"/{API_VERSION}/Accounts/{carrier.account_sid}/Messages.json"

    def uri(number: int) -> str:
        kept = {k: v for k, v in query.items() if k not in {"Page", "PageToken", "PageSize"}}
        paging = {"PageSize": size, "Page": number, "PageToken": f"PA{newest}"}
        return f"{base}?{urlencode({**kept, **paging})}"

    return {
        "end": page * size + max(len(shown) - 1, 0),
        "first_page_uri": uri(0),
        "messages": [resource(m, carrier.account_sid) for m in shown],
        "next_page_uri": uri(page + 1) if start + size < len(found) else None,
        "page": page,
        "page_size": size,
        "previous_page_uri": uri(page - 1) if page else None,
        "start": page * size,
        "uri": uri(page),
    }


def _matches(message: Message, query: Mapping[str, str]) -> bool:
    sent = int(message.created_at)
    if query.get("To") not in (None, "", message.to):
        return False
    if query.get("From") not in (None, "", message.from_):
        return False
    if "DateSent" in query and not _on(sent, query["DateSent"]):
        return False
    if "DateSent>" in query and sent < _moment(query["DateSent>"]):
        return False
    return "DateSent<" not in query or sent <= _moment(query["DateSent<"])


def _on(sent: int, day: str) -> bool:
    start = _moment(day) // _DAY_SECONDS * _DAY_SECONDS
    return start <= sent < start + _DAY_SECONDS


def _moment(text: str) -> int:
    moment = datetime.fromisoformat(text)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(aware.timestamp())
