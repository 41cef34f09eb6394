"""What the carrier's requests say.

Owns the shape of a REST API (v1) proxy event and of Twilio's inbound form; checks no signature.
Tolerant where the carrier may change (unknown fields, header case, base64 bodies) and strict
where we cannot go on without. Source: https://www.twilio.com/docs/messaging/guides/webhook-request.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

from texting.screening import WHATSAPP

MAX_BODY_BYTES: Final = 64 * 1024

_FORM_TYPE: Final = "application/x-www-form-urlencoded"
_MAX_FIELDS: Final = 1000
# Two letters and 32 hexadecimal digits today.
_SID: Final = re.compile(r"[0-9A-Za-z]{1,64}")


class BadRequestError(Exception):
    """A request that cannot be read. Its message says why, and holds nothing of what was sent."""


@dataclass(frozen=True)
class FormRequest:
    """A form that was posted to us.

    Attributes:
        headers: Lower-case names, last value.
        fields: Every field with all its values, blank ones too.
        has_query: Whether the URL carried a query.
        path_parameters: What the route's `{...}` matched.
    """

    headers: Mapping[str, str]
    fields: Mapping[str, list[str]]
    has_query: bool
    path_parameters: Mapping[str, str]

    def field(self, name: str) -> str:
        """Give a field's first value, or an empty string."""
        return self.fields.get(name, [""])[0]


@dataclass(frozen=True)
class InboundText:
    """A text as it came in.

    Attributes:
        sid: The carrier's id of the message.
        sender: Our address that was texted, as the carrier writes it (with `whatsapp:`); what an
            answer is sent from.
        address: Theirs, as the carrier writes it; what an answer is sent to.
        text: What it says, as it came; may be empty.
        media: How many attachments came with it.
        opt_out_type: STOP, START or HELP when the carrier itself handled it as such.
        sent_at: The carrier's time in epoch milliseconds; None when it was not told, as in a
            webhook.
    """

    sid: str
    sender: str
    address: str
    text: str
    media: int = 0
    opt_out_type: str = ""
    sent_at: int | None = None

    @property
    def number(self) -> str:
        """Who they are, whatever they write with: one number on SMS and on WhatsApp is one person.

        A WhatsApp user who shares no phone number has a business-scoped id here instead; that id
        is then the whole identity.
        """
        return self.address.removeprefix(WHATSAPP)

    @property
    def is_whatsapp(self) -> bool:
        """Say whether it came over WhatsApp."""
        return self.address.startswith(WHATSAPP) or self.sender.startswith(WHATSAPP)


def form_request(event: Any) -> FormRequest:
    """Read a REST API proxy event.

    Raises:
        BadRequestError: The body is over 64 KB, not a form or not readable.
    """
    if not isinstance(event, Mapping):
        raise BadRequestError("not a request")
    headers = {str(k).lower(): str(v) for k, v in _object(event, "headers").items()}
    for name, values in _object(event, "multiValueHeaders").items():
        if isinstance(values, list) and values:
            headers.setdefault(str(name).lower(), str(values[-1]))
    if headers.get("content-type", "").split(";")[0].strip().lower() != _FORM_TYPE:
        raise BadRequestError("not a form")
    query = event.get("queryStringParameters") or event.get("multiValueQueryStringParameters")
    return FormRequest(
        headers=headers,
        fields=_fields(_body(event)),
        has_query=bool(query),
        path_parameters={
            name: value
            for name, value in _object(event, "pathParameters").items()
            if isinstance(value, str)
        },
    )


def inbound_text(request: FormRequest) -> InboundText:
    """Read a text from a form whose signature was checked.

    Raises:
        BadRequestError: `MessageSid` or `From` is missing.
    """
    sid = message_sid(request, "MessageSid", "SmsMessageSid")
    address, sender = _address(request.field("From")), _address(request.field("To"))
    if not address.removeprefix(WHATSAPP):
        raise BadRequestError("no From")
    return InboundText(
        sid=sid,
        sender=sender,
        address=address,
        text=request.field("Body"),
        media=_count(request.field("NumMedia")),
        opt_out_type=request.field("OptOutType").strip().upper(),
    )


def message_sid(request: FormRequest, *names: str) -> str:
    """The carrier's id of a message, from the first field that is not empty.

    Raises:
        BadRequestError: There is none, or it is not what keys and the queue take.
    """
    sid = next(filter(None, map(request.field, names)), "")
    if not _SID.fullmatch(sid):
        raise BadRequestError(f"no {names[0]}")
    return sid


def _object(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of an event that is an object; empty where it is none."""
    found = event.get(name)
    return found if isinstance(found, Mapping) else {}


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not isinstance(body, str):
        raise BadRequestError("a body that is no text")
    try:
        raw = (
            base64.b64decode(body, validate=True)
            if event.get("isBase64Encoded")
            else body.encode()
        )  # fmt: skip
    except (binascii.Error, ValueError) as error:
        raise BadRequestError("a body that is not what its event says") from error
    if len(raw) > MAX_BODY_BYTES:
        raise BadRequestError("over 64 KB")
    return raw


def _fields(body: bytes) -> dict[str, list[str]]:
    try:
        # Blank values are signed like any other, so they are kept.
        return parse_qs(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS
        )
    except ValueError as error:
        raise BadRequestError("not a form") from error


def _address(value: str) -> str:
    """Bring an address into the one spelling that is hashed."""
    value = value.strip()
    scheme, colon, rest = value.partition(":")
    if colon and scheme.lower() == WHATSAPP[:-1]:
        return WHATSAPP + rest.strip()
    return value


def _count(value: str) -> int:
    return int(value) if re.fullmatch(r"[0-9]{1,4}", value) else 0
