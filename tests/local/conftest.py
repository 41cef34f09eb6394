"""What tests of the local stack share: a port to serve on, and a carrier with both its sides."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from local.carrier import Carrier, Pace, carrier_app
from local.emulator import Emulator

OURS = "+13035550100"
QUICK = Pace(to_sent=0.01, to_delivered=0.01)


@contextlib.contextmanager
def _serving(app: Any) -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none")
        config.timeout_graceful_shutdown = 1
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=5)


@pytest.fixture
def serve() -> Iterator[Callable[[Any], str]]:
    """Serve ASGI applications until the test ends; each call returns the URL of one."""
    with contextlib.ExitStack() as stack:
        yield lambda app: stack.enter_context(_serving(app))


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One emulator for all tests that take it; they use names of their own."""
    emulator = Emulator(tmp_path_factory.mktemp("emulator"), persist=False)
    emulator.start()
    yield emulator
    emulator.stop()


class LoopbackClient(TwilioHttpClient):  # type: ignore[misc]  # the SDK ships no types
    """Sends what the SDK meant for Twilio's hosts to the carrier on loopback."""

    def __init__(self, base: str) -> None:
        super().__init__(timeout=5)
        self.base = base

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        """Send one request."""
        for host in ("https://api.twilio.com", "https://messaging.twilio.com"):
            url = url.replace(host, self.base)
        return super().request(method, url, *args, **kwargs)


@dataclass
class Webhook:
    """Our side of the webhooks: records what arrives and answers what it is told to."""

    url: str = ""
    answers: list[tuple[int, str]] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def app(self) -> FastAPI:
        """The application to serve."""
        app = FastAPI()

        @app.post("/{path:path}")
        async def receive(path: str, request: Request) -> Response:
            form = {k: str(v) for k, v in (await request.form()).items()}
            with self.changed:
                self.requests.append((path, form, dict(request.headers)))
                status, body = self.answers.pop(0) if self.answers else (200, "<Response/>")
                self.changed.notify_all()
            return Response(body, status, media_type="text/xml")

        return app

    def wait(self, count: int) -> list[tuple[str, dict[str, str], dict[str, str]]]:
        """The requests, once there are ``count``."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.requests) >= count, 10), self.requests
            return list(self.requests)

    def statuses(self) -> list[str]:
        """The statuses reported so far."""
        with self.changed:
            return [form["MessageStatus"] for path, form, _ in self.requests if path == "status"]


@pytest.fixture
def webhook(serve: Callable[[Any], str]) -> Webhook:
    """Our side, served."""
    webhook = Webhook()
    webhook.url = serve(webhook.app())
    return webhook


@pytest.fixture
def carrier(webhook: Webhook) -> Iterator[Carrier]:
    """A carrier whose number points at the webhook."""
    carrier = Carrier(pace=QUICK)
    carrier.add_number(OURS).sms_url = f"{webhook.url}/messages"
    yield carrier
    carrier.close()


@pytest.fixture
def client(carrier: Carrier, serve: Callable[[Any], str]) -> Iterator[Client]:
    """The real SDK, pointed at the carrier."""
    http = LoopbackClient(serve(carrier_app(carrier)))
    yield Client(carrier.account_sid, carrier.auth_token, http_client=http)
    http.session.close()
