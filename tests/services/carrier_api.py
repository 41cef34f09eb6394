"""A carrier's REST API on a free port, which answers what a test tells it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from conversation.secrets import JsonSecret
from texting.carrier import Carrier

ACCOUNT = {"account_sid": "AC1", "auth_token": "token"}


@dataclass
class Api:
    """A carrier's API that answers what it is told to."""

    url: str = ""
    status: int = 201
    body: Any = field(default_factory=lambda: {"sid": "SM1", "status": "queued"})
    behave: Callable[[BaseHTTPRequestHandler], bool] | None = None
    seen: list[tuple[str, str, dict[str, list[str]], str]] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[Api]:
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
        "from": "+13035550100",
        "to": "+13035550111",
        "body": "hi",
        "num_media": "0",
        "status": "sent",
        "date_created": f"Sat, 21 Nov 2026 09:{seconds // 60:02}:{seconds % 60:02} +0000",
        "date_sent": None,
        **more,
    }
