"""Every way in which a send can end is told apart by whether the text may have gone out."""

from __future__ import annotations

import base64
import logging
import socket
import struct
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.services.carrier_api import ACCOUNT, Api, Vault, carrier, listing
from texting.carrier import Carrier
from texting.carrier_outcomes import (
    Accepted,
    NotSent,
    Refused,
    SendOutcome,
    Unknown,
)


def send(to: Carrier, address: str = "+13035550111") -> SendOutcome:
    """Send something."""
    return to.send(
        sender="+13035550100",
        to=address,
        body="hi +1 & you",
        status_callback="https://a.example/webhooks/twilio/status/person~1.2",
    )


def test_sends_what_the_carrier_documents(api: Api) -> None:
    """One POST with the account's credentials, to our base URL."""
    assert send(carrier(api.url)) == Accepted("SM1", "queued", None)
    ((method, path, form, authorization),) = api.seen
    assert (method, path) == ("POST", "/carrier/2010-04-01/Accounts/AC1/Messages.json")
    assert form == {
        "To": ["+13035550111"],
        "From": ["+13035550100"],
        "Body": ["hi +1 & you"],
        "StatusCallback": ["https://a.example/webhooks/twilio/status/person~1.2"],
    }
    assert base64.b64decode(authorization.removeprefix("Basic ")) == b"AC1:token"


def test_messaging_service_picks_the_sender_of_a_text(api: Api) -> None:
    """With a service the sender is the service's; on WhatsApp it stays ours."""
    through = carrier(api.url, messaging_service_sid="MG1")
    send(through)
    send(through, "whatsapp:+13035550111")
    text, whatsapp = (form for _, _, form, _ in api.seen)
    assert text["MessagingServiceSid"] == ["MG1"]
    assert "From" not in text
    assert whatsapp["From"] == ["+13035550100"]
    assert "MessagingServiceSid" not in whatsapp


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (400, {"code": 21610, "message": "opted out"}, Refused(21610)),
        (400, {"code": 63016, "message": "window"}, Refused(63016)),
        (400, {"code": 21617, "message": "too long"}, Refused(21617)),
        (400, {"code": 21211, "message": "not a number"}, Refused(21211)),
        (403, {"code": 21408, "message": "region"}, Refused(21408)),
        (400, {"type": "t", "title": "x", "status": 400, "code": 21610}, Refused(21610)),
        (400, b"no json", Refused(400)),
        (429, {"code": 20429, "message": "slow down"}, NotSent("rate limited")),
        (429, b"", NotSent("rate limited")),
        (400, {"code": 21611, "message": "queue full"}, NotSent("rate limited")),
        (
            201,
            {"sid": "SM2", "status": "failed", "error_code": 63016},
            Accepted("SM2", "failed", 63016),
        ),
    ],
)
def test_answers(api: Api, status: int, body: Any, outcome: SendOutcome) -> None:
    """A refusal is final, a rate limit is not, and either was certainly not sent."""
    api.status, api.body = status, body
    assert send(carrier(api.url)) == outcome


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {"code": 20500, "message": "oops"}),
        (502, b"<html>"),
        (503, {"code": 20503, "message": "later"}),
        (408, b""),
        (201, b"not json"),
        (201, {"status": "queued"}),
    ],
)
def test_may_have_been_sent(api: Api, status: int, body: Any) -> None:
    """A server error, or a success that cannot be read, leaves open what happened."""
    api.status, api.body = status, body
    assert isinstance(send(carrier(api.url)), Unknown)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_account_trouble_is_no_refusal(api: Api, status: int) -> None:
    """Wrong credentials or a suspended account say nothing about the text: it waits."""
    api.status, api.body = status, {"code": 20003, "message": "Authenticate"}
    assert isinstance(send(carrier(api.url)), NotSent)


def test_rotated_token_is_read_again(api: Api) -> None:
    """The attempt after a 401 uses the secret's new value."""
    vault = Vault(dict(ACCOUNT))
    through = carrier(api.url, vault)
    send(through)
    vault.value["auth_token"] = "rotated"
    api.status, api.body = 401, {"code": 20003, "message": "Authenticate"}
    assert isinstance(send(through), NotSent)
    api.status, api.body = 201, {"sid": "SM9", "status": "queued"}
    assert send(through) == Accepted("SM9")
    assert base64.b64decode(api.seen[-1][3].removeprefix("Basic ")) == b"AC1:rotated"


def test_unknown_account_is_not_sent(api: Api) -> None:
    """Without a secret nothing goes out, and nothing is raised."""
    assert isinstance(send(carrier(api.url, Vault({}))), NotSent)
    assert api.seen == []


def test_refused_connection_is_not_sent() -> None:
    """Nobody listens: certainly not sent."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert send(carrier(f"http://127.0.0.1:{port}")) == NotSent("no connection")


def test_unknown_host_is_not_sent() -> None:
    """A name that nobody knows: certainly not sent."""
    assert isinstance(send(carrier("http://carrier.invalid")), NotSent)


def test_silence_may_have_been_sent(api: Api) -> None:
    """No answer in time, and the attempt ends in time."""

    def hang(_: BaseHTTPRequestHandler) -> bool:
        time.sleep(1.5)
        return True

    api.behave = hang
    began = time.monotonic()
    assert isinstance(send(carrier(api.url)), Unknown)
    assert time.monotonic() - began < 1.4


def test_reset_after_the_request_may_have_been_sent(api: Api) -> None:
    """A connection lost after the request went out leaves open what happened."""

    def reset(handler: BaseHTTPRequestHandler) -> bool:
        linger = struct.pack("ii", 1, 0)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        handler.connection.close()
        handler.close_connection = True
        handler.wfile = handler.rfile = Path("/dev/null").open("r+b")  # noqa: SIM115
        return True

    api.behave = reset
    assert isinstance(send(carrier(api.url)), Unknown)


def test_one_attempt_only(api: Api) -> None:
    """Neither the SDK nor its transport repeats a request by itself."""
    api.status, api.body = 503, b""
    send(carrier(api.url))
    assert len(api.seen) == 1


def test_numbers_and_texts_are_never_logged(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """The SDK would log query parameters; ours logs none."""
    caplog.set_level(logging.DEBUG)
    send(carrier(api.url))
    api.status, api.body = 200, listing([])
    carrier(api.url).list_messages_to("+13035550111", 0)
    assert "13035550111" not in caplog.text
    assert "hi +1" not in caplog.text
