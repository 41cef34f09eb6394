"""The carrier's requests are read as they come, and strictly where we cannot go on without."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from messaging.inbound import (
    MAX_BODY_BYTES,
    BadRequestError,
    InboundText,
    form_request,
    inbound_text,
)

EVENTS = Path(__file__).parents[1] / "events"


def golden(name: str) -> dict[str, Any]:
    """A golden event."""
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return event


def event(body: str, **changes: Any) -> dict[str, Any]:
    """A minimal event with a form."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return {"headers": headers, "body": body, "isBase64Encoded": False, **changes}


def test_full_sms() -> None:
    """Everything that a REST API event and a text over SMS may hold."""
    text = inbound_text(form_request(golden("twilio_sms_full")))
    assert text == InboundText(
        sid="SM00000000000000000000000000000001",
        sender="+13035550100",
        address="+13035550111",
        text="Hello, it's me — how are you?",
        media=0,
    )
    assert not text.is_whatsapp


@pytest.mark.parametrize("name", ["twilio_sms_minimal", "twilio_whatsapp_minimal"])
def test_minimal(name: str) -> None:
    """Only what we cannot go on without."""
    text = inbound_text(form_request(golden(name)))
    assert text.sid
    assert text.number == "+13035550111"
    assert text.text == "Hi"


def test_whatsapp_is_the_same_number() -> None:
    """A person has one number, whatever they write with; the answer goes where they wrote from."""
    text = inbound_text(form_request(golden("twilio_whatsapp_full")))
    assert text.number == "+13035550111"
    assert text.address == "whatsapp:+13035550111"
    assert text.sender == "whatsapp:+13035550100"
    assert text.is_whatsapp


def test_whatsapp_user_without_a_number() -> None:
    """A user who shares no phone number has an id in its place, and is a person all the same."""
    text = inbound_text(form_request(golden("twilio_whatsapp_user_id")))
    assert text.number == "US.13491208655302741918"
    assert text.address == "whatsapp:US.13491208655302741918"


def test_media_and_opt_out() -> None:
    """Attachments are counted; the carrier's own reading of a word is kept."""
    form = {"MessageSid": "MM1", "From": "+1", "NumMedia": "2", "OptOutType": "stop"}
    text = inbound_text(form_request(event(urlencode(form))))
    assert (text.text, text.media, text.opt_out_type) == ("", 2, "STOP")


@pytest.mark.parametrize("value", ["", "x", "-1", "٣"])
def test_odd_media_count_is_none(value: str) -> None:
    """What is no number of attachments is none."""
    form = {"MessageSid": "MM1", "From": "+1", "NumMedia": value}
    assert inbound_text(form_request(event(urlencode(form)))).media == 0


def test_unknown_parameters_are_kept() -> None:
    """The carrier may add parameters at any time; they are signed, so they are kept."""
    request = form_request(event("MessageSid=SM1&From=%2B1&NewThing=1&NewThing=2&Blank="))
    assert request.fields["NewThing"] == ["1", "2"]
    assert request.fields["Blank"] == [""]
    assert inbound_text(request).sid == "SM1"


def test_base64_body() -> None:
    """An API with binary types hands over its bodies in base64."""
    body = base64.b64encode(b"MessageSid=SM1&From=%2B1&Body=hi").decode()
    assert inbound_text(form_request(event(body, isBase64Encoded=True))).text == "hi"


def test_headers_in_any_case() -> None:
    """Header names are case-insensitive, single or multi-valued."""
    headers = {"CONTENT-TYPE": "application/x-www-form-urlencoded; charset=UTF-8"}
    request = form_request({"headers": headers, "body": "a=b"})
    assert request.field("a") == "b"
    many = {"Content-Type": ["application/x-www-form-urlencoded"], "X-Twilio-Signature": ["s"]}
    request = form_request({"headers": None, "multiValueHeaders": many, "body": "a=b"})
    assert request.headers["x-twilio-signature"] == "s"


@pytest.mark.parametrize("text", ["😀👨\u200d👩\u200d👧", "مرحبا", "a\x00b", "x" * 10_000, "+ &=%"])
def test_any_text_arrives_as_it_was_sent(text: str) -> None:
    """Emoji, right-to-left, null bytes and length change nothing."""
    form = {"MessageSid": "SM1", "From": "+1", "Body": text}
    assert inbound_text(form_request(event(urlencode(form)))).text == text


@pytest.mark.parametrize(
    "bad",
    [
        event("{}", headers={"content-type": "application/json"}),
        event("a=b", headers={}),
        event("a=b", headers=None),
        event("x=" + "y" * MAX_BODY_BYTES),
        event("not base64!", isBase64Encoded=True),
        event("Body=%ff%fe"),
        event("&".join(f"p{number}=1" for number in range(1001))),
    ],
)
def test_unreadable_requests(bad: dict[str, Any]) -> None:
    """No form, too large, too many fields, not what the event says: refused before any check."""
    with pytest.raises(BadRequestError):
        form_request(bad)


@pytest.mark.parametrize(
    "body",
    ["", "From=%2B1", "MessageSid=SM1", "MessageSid=SM1&From=", "From=whatsapp%3A&MessageSid=S"],
)
def test_missing_sid_or_sender(body: str) -> None:
    """Without an id or somebody to answer there is nothing to accept."""
    with pytest.raises(BadRequestError):
        inbound_text(form_request(event(body)))
