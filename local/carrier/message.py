"""One text as the carrier keeps it, and the shapes in which its API and its webhooks show it.

Owns the fields and their spelling; who may send, what is delivered when, and faults live elsewhere.
Source of the shapes: Twilio's Message resource (API 2010-04-01) and its messaging webhooks.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum
from typing import Any

API_VERSION = "2010-04-01"
WHATSAPP = "whatsapp:"
MAX_BODY_CHARACTERS = 1600

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWO_SEPTETS = frozenset("^{}\\[~]|€\f")


class Direction(StrEnum):
    """Which way a text went, as the carrier's API says it."""

    INBOUND = "inbound"
    OUTBOUND_API = "outbound-api"
    OUTBOUND_REPLY = "outbound-reply"


@dataclass(frozen=True)
class Attempt:
    """One HTTP request of the carrier to us: ``status`` is None when nothing came back."""

    url: str
    at: float
    milliseconds: int
    status: int | None
    error_code: int | None = None


@dataclass
class Message:
    """A text in the carrier's books; times are epoch seconds.

    ``automatic`` marks the carrier's own opt-out answers.
    """

    sid: str
    direction: Direction
    from_: str
    to: str
    body: str
    status: str
    created_at: float
    updated_at: float
    media: list[str] = field(default_factory=list)
    messaging_service_sid: str | None = None
    error_code: int | None = None
    status_callback: str | None = None
    automatic: bool = False
    form: dict[str, str] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def inbound(self) -> bool:
        """Whether a person sent it to us."""
        return self.direction is Direction.INBOUND

    def stored(self) -> dict[str, Any]:
        """The message as plain JSON data, for the state file and the page."""
        return asdict(self)

    @classmethod
    def restored(cls, data: dict[str, Any]) -> Message:
        """Rebuild a message from ``stored()``; unknown fields of another version are dropped."""
        known = {f.name for f in fields(cls)}
        kept = {name: value for name, value in data.items() if name in known}
        kept["direction"] = Direction(kept["direction"])
        kept["attempts"] = [Attempt(**attempt) for attempt in kept.get("attempts", [])]
        return cls(**kept)


def new_sid(prefix: str) -> str:
    """A resource id of the carrier: two letters and 32 hexadecimal digits."""
    return prefix + secrets.token_hex(16)


def segments(body: str) -> int:
    """How many SMS segments a body takes: 160/153 septets, or 70/67 UTF-16 units."""
    if all(c in _GSM or c in _GSM_TWO_SEPTETS for c in body):
        size, single, part = sum(2 if c in _GSM_TWO_SEPTETS else 1 for c in body), 160, 153
    else:
        size, single, part = len(body.encode("utf-16-le")) // 2, 70, 67
    return 1 if size <= single else -(-size // part)


def rfc2822(epoch: float | None) -> str | None:
    """The carrier's date format; whole seconds, always GMT."""
    if epoch is None:
        return None
    moment = datetime.fromtimestamp(int(epoch), tz=UTC)
    return format_datetime(moment)


def resource(message: Message, account_sid: str) -> dict[str, Any]:
    """The Message resource as the REST API returns it."""
    uri = f"/{API_VERSION}/Accounts/{account_sid}/Messages/{message.sid}"
    return {
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "body": message.body,
        "date_created": rfc2822(message.created_at),
        "date_sent": rfc2822(message.created_at),
        "date_updated": rfc2822(message.updated_at),
        "direction": str(message.direction),
        "error_code": message.error_code,
        "error_message": None,
        "from": message.from_,
        "messaging_service_sid": message.messaging_service_sid,
        "num_media": str(len(message.media)),
        "num_segments": str(segments(message.body)),
        "price": None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.to,
        "uri": f"{uri}.json",
    }


def inbound_form(message: Message, account_sid: str) -> dict[str, str]:
    """The form of the incoming-message webhook, blanks included, as the carrier posts it."""
    form = {
        "AccountSid": account_sid,
        "ApiVersion": API_VERSION,
        "Body": message.body,
        "From": message.from_,
        "MessageSid": message.sid,
        "NumMedia": str(len(message.media)),
        "NumSegments": str(segments(message.body)),
        "SmsMessageSid": message.sid,
        "SmsSid": message.sid,
        "SmsStatus": "received",
        "To": message.to,
    }
    for index, url in enumerate(message.media):
        form[f"MediaUrl{index}"] = url
        form[f"MediaContentType{index}"] = "image/jpeg"
    form.update(_whatsapp_fields(message) if message.from_.startswith(WHATSAPP) else _GEOGRAPHY)
    form.update(message.form)
    return form


def status_form(message: Message, account_sid: str, status: str) -> dict[str, str]:
    """The form of a delivery-status callback."""
    form = {
        "AccountSid": account_sid,
        "ApiVersion": API_VERSION,
        "From": message.from_,
        "MessageSid": message.sid,
        "MessageStatus": status,
        "SmsSid": message.sid,
        "SmsStatus": status,
        "To": message.to,
    }
    if message.messaging_service_sid:
        form["MessagingServiceSid"] = message.messaging_service_sid
    if message.error_code and status in {"failed", "undelivered"}:
        form["ErrorCode"] = str(message.error_code)
    if message.to.startswith(WHATSAPP):
        form["ChannelPrefix"] = "whatsapp"
        form["ChannelToAddress"] = message.to.removeprefix(WHATSAPP)
        form["EventType"] = status.upper()
    elif status == "delivered":
        stamp = datetime.fromtimestamp(message.updated_at, tz=UTC)
        form["RawDlrDoneDate"] = stamp.strftime("%y%m%d%H%M")
    return form


# What the carrier knows of the two ends of an SMS; blanks are sent, and signed, too.
_GEOGRAPHY = {
    "FromCity": "",
    "FromCountry": "US",
    "FromState": "",
    "FromZip": "",
    "ToCity": "",
    "ToCountry": "US",
    "ToState": "",
    "ToZip": "",
}


def _whatsapp_fields(message: Message) -> dict[str, str]:
    """What WhatsApp adds to the form: no geography, but a profile."""
    number = message.from_.removeprefix(WHATSAPP).removeprefix("+")
    profile = {"type": "whatsapp", "data": {"context": {"ProfileName": "", "WaId": number}}}
    return {
        "ChannelMetadata": json.dumps(profile, separators=(",", ":")),
        "MessageType": "image" if message.media else "text",
        "ProfileName": "",
        "ReferralNumMedia": "0",
        "WaId": number,
    }
