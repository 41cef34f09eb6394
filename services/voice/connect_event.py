"""What Connect hands a function that its contact flow calls.

Owns its shape. A field that is not what it should be counts as absent. Source: Amazon Connect
administrator guide, `connect-lambda-functions`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

SEND: Final = "send"
CHECK: Final = "check"

_ACTIONS: Final = (SEND, CHECK)
_CONTACT: Final = re.compile(r"[0-9A-Za-z-]{1,64}")
_NUMBER: Final = re.compile(r"[ -~]{1,64}")
_CODE: Final = re.compile(r"[0-9]{1,16}")


@dataclass(frozen=True)
class ConnectEvent:
    """One block of the flow.

    Attributes:
        action: `SEND`, `CHECK`, or empty for anything else.
        contact: The contact id of the call; empty when there is none.
        number: The caller's number as Connect writes it; printable ASCII, or empty.
        code: The digits that were typed; empty when they are none.
    """

    action: str
    contact: str
    number: str
    code: str

    @classmethod
    def parse(cls, event: Any) -> ConnectEvent:
        """Read an event; anything can be read."""
        details = _part(event, "Details")
        contact, asked = _part(details, "ContactData"), _part(details, "Parameters")
        action, code = _text(asked.get("action")), _text(asked.get("code"))
        contact_id = _text(contact.get("ContactId"))
        number = _text(_part(contact, "CustomerEndpoint").get("Address"))
        return cls(
            action=action if action in _ACTIONS else "",
            contact=contact_id if _CONTACT.fullmatch(contact_id) else "",
            number=number if _NUMBER.fullmatch(number) else "",
            code=code if _CODE.fullmatch(code) else "",
        )


def _part(value: Any, name: str) -> Mapping[str, Any]:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
