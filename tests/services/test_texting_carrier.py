"""Every way in which a send can end is told apart by whether the text may have gone out."""

from __future__ import annotations

import base64
import json
import logging
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from conversation.secrets import JsonSecret
from texting.carrier import Carrier
from texting.carrier_outcomes import (
    Accepted,
    CarrierUnavailableError,
    NotSent,
    Refused,
    SendOutcome,
    Unknown,
)

ACCOUNT = {"account_sid": "AC1", "auth_token": "token"}


@dataclass
class Api:
    """A carrier's API that answers what it is told to."""

    url: str = ""
    status: int = 201
    body: Any = field(default_factory=lambda: {"sid": "SM1", "status": "queued"})
    behave: Callable[[BaseHTTPRequestHandler], bool] | None = None
    seen: list[tuple[str, str, dict[str, list[str]], str]] = field(default_factory=list)


@pytest.fixture
def api() -> Iterator[Api]:
    """The API on a free port."""
    api = Api()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def do_DELETE(self) -> None:
            self.answer()

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            form = parse_qs(self.rfile.read(length).decode())
            api.seen.append((self.command, self.path, form, self.headers["Authorization"]))
            if api.behave and api.behave(self):
                return
            body = api.body(self.path) if callable(api.body) else api.body
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(api.status)
            self.send_header("Content-Type", "application/json")
            if api.status != 204:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if api.status != 204:
                self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Nothing to say."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_address[1]}/carrier"
    yield api
    server.shutdown()
    server.server_close()
    thread.join()


class Vault:
    """A Secrets Manager."""

    class exceptions:  # noqa: N801  botocore's name
        """The client's exceptions."""

        class ResourceNotFoundException(Exception):  # noqa: N818
            """No value."""

    def __init__(self, value: dict[str, str]) -> None:
        self.value = value
        self.reads = 0

    def get_secret_value(self, **_: Any) -> dict[str, str]:
        """One read."""
        self.reads += 1
        return {"SecretString": json.dumps(self.value)}


def carrier(url: str, vault: Vault | None = None, **options: Any) -> Carrier:
    """A carrier with short time-outs."""
    vault = vault or Vault(dict(ACCOUNT))
    secret = JsonSecret("arn", lambda: vault)
    return Carrier(secret, api_url=url, **{"timeout_seconds": 1.0, **options})


def send(to: Carrier, address: str = "+15550111") -> SendOutcome:
    """Send something."""
    return to.send(
        sender="+15550100",
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
        "To": ["+15550111"],
        "From": ["+15550100"],
        "Body": ["hi +1 & you"],
        "StatusCallback": ["https://a.example/webhooks/twilio/status/person~1.2"],
    }
    assert base64.b64decode(authorization.removeprefix("Basic ")) == b"AC1:token"


def test_messaging_service_picks_the_sender_of_a_text(api: Api) -> None:
    """With a service the sender is the service's; on WhatsApp it stays ours."""
    through = carrier(api.url, messaging_service_sid="MG1")
    send(through)
    send(through, "whatsapp:+15550111")
    text, whatsapp = (form for _, _, form, _ in api.seen)
    assert text["MessagingServiceSid"] == ["MG1"]
    assert "From" not in text
    assert whatsapp["From"] == ["+15550100"]
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
    carrier(api.url).list_messages_to("+15550111", 0)
    assert "15550111" not in caplog.text
    assert "hi +1" not in caplog.text


def listing(messages: list[dict[str, Any]], after: str | None = None) -> dict[str, Any]:
    """A page as the API writes it."""
    return {
        "messages": messages,
        "next_page_uri": after,
        "first_page_uri": "/x",
        "page": 0,
        "page_size": 50,
        "start": 0,
        "end": len(messages),
        "uri": "/x",
        "previous_page_uri": None,
    }


def message(sid: str, seconds: int, direction: str = "outbound-api", **more: Any) -> dict[str, Any]:
    """A message as the API lists it, created this many seconds after 09:00."""
    return {
        "sid": sid,
        "direction": direction,
        "from": "+15550100",
        "to": "+15550111",
        "body": "hi",
        "num_media": "0",
        "status": "sent",
        "date_created": f"Sat, 21 Nov 2026 09:{seconds // 60:02}:{seconds % 60:02} +0000",
        "date_sent": None,
        **more,
    }


NINE = 1_795_251_600_000


def test_lists_what_was_sent_since(api: Api) -> None:
    """Newest first, over pages, down to the time asked for and no further."""
    newest = [message("SM4", 1800), message("SMi", 1790, "inbound")]
    older = [message("SM3", 1700, error_code=30003), message("SM2", 600)]
    pages = {
        0: listing(newest, "/2010-04-01/p?Page=1"),
        1: listing(older, "/2010-04-01/p?Page=2"),
    }
    api.status = 200
    api.body = lambda path: pages[int(parse_qs(urlsplit(path).query).get("Page", ["0"])[0])]
    found = carrier(api.url).list_messages_to("+15550111", NINE + 1_650_000)
    assert [m.sid for m in found] == ["SM4", "SM3"]
    assert found[0].created_at == NINE + 1_800_000
    assert found[1].error_code == 30003
    assert len(api.seen) == 2
    assert parse_qs(urlsplit(api.seen[0][1]).query)["To"] == ["+15550111"]


def test_lists_what_came_in(api: Api) -> None:
    """Our own outbound messages are left out."""
    api.status = 200
    api.body = listing([message("SM1", 10), message("SM2", 5, "inbound", num_media="2")])
    (found,) = carrier(api.url).list_inbound("+15550100", NINE)
    assert (found.sid, found.media) == ("SM2", 2)


def test_message_without_a_date_is_listed(api: Api) -> None:
    """A message that the carrier has not dated yet is as new as can be."""
    api.status, api.body = 200, listing([message("SM1", 10, date_created=None)])
    (found,) = carrier(api.url).list_messages_to("+15550111", NINE)
    assert found.created_at is None


@pytest.mark.parametrize(("status", "body"), [(500, b""), (401, b"{}"), (200, b"x"), (200, b"{}")])
def test_listing_that_fails(api: Api, status: int, body: bytes) -> None:
    """Whatever goes wrong, the caller learns that nobody could be asked."""
    api.status, api.body = status, body
    with pytest.raises(CarrierUnavailableError):
        carrier(api.url).list_messages_to("+15550111", 0)


def test_listing_without_a_connection() -> None:
    """Neither a refused connection nor a missing secret is anything else."""
    with pytest.raises(CarrierUnavailableError):
        carrier("http://carrier.invalid").list_inbound("+15550100", 0)
    with pytest.raises(CarrierUnavailableError):
        carrier("http://carrier.invalid", Vault({})).list_inbound("+15550100", 0)


def no_such(status: int, code: int) -> dict[str, Any]:
    """An error of the API."""
    return {"status": status, "code": code, "message": "no"}


@pytest.mark.parametrize(
    ("status", "body", "gone"),
    [
        (204, None, True),
        (404, no_such(404, 20404), True),
        (409, no_such(409, 20009), False),
        (400, no_such(400, 20009), False),
    ],
)
def test_a_copy_is_gone_or_not_yet(api: Api, status: int, body: Any, *, gone: bool) -> None:
    """Deleted, deleted before, or not finished with: the last is asked for again later."""
    api.status, api.body = status, body
    assert carrier(api.url).erase("SM1") is gone
    [(method, path, _, _)] = api.seen
    assert (method, path) == ("DELETE", "/carrier/2010-04-01/Accounts/AC1/Messages/SM1.json")


@pytest.mark.parametrize(("status", "code"), [(401, 20003), (404, 0), (429, 20429), (500, 0)])
def test_a_copy_that_nobody_can_be_asked_for(api: Api, status: int, code: int) -> None:
    """Credentials, limits and outages are no answer: FORGET is not done."""
    api.status, api.body = status, no_such(status, code)
    with pytest.raises(CarrierUnavailableError):
        carrier(api.url).erase("SM1")
