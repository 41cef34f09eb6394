"""The stack's one public port: webhooks, carrier, model, console page, and what tests ask.

Guarded as a whole. Adds what the emulated gateway lacks: a stable address, forwarding headers, the
size limit, and the generic body of an error. Its routing and throttling are the emulated gateway's.
"""

from __future__ import annotations

import errno
import socket
import uuid
from typing import TYPE_CHECKING

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from local.admin import add_admin_routes
from local.background import Background
from local.carrier import carrier_app
from local.config import LOOPBACK
from local.console.app import create_app as create_console
from local.guard import TOKEN_HEADER, Guard, GuardedApp
from local.scripted_model import model_app

if TYPE_CHECKING:
    from local.running import RunningStack

BODY_LIMIT = 10 * 1024 * 1024
GATEWAY_SECONDS = 29.0
BAD_GATEWAY = 502
# Said by our own server; httpx has decoded the content.
SAID_AGAIN = {"content-encoding", "date", "server"}
HOP_BY_HOP = {"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"}
WEBHOOKS = "/webhooks"
CARRIER = "/carrier"
MODEL = "/bedrock"


class PortTakenError(Exception):
    """Somebody else listens on the port; the message says what to do."""


def listen(port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        PortTakenError: The port is in use.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(
                f"port {port} is taken: stop what listens there, or choose another, "
                "make local ARGS='--port 8090'"
            ) from error
        raise
    return listener


class FrontDoor:
    """The server, on a thread of its own: a page that hangs must not hold up the functions.

    Args:
        stack: What it is the front of.
        listener: From :func:`listen`.
        functions_token: What the functions present to the model.
    """

    def __init__(
        self, stack: RunningStack, listener: socket.socket, *, functions_token: str
    ) -> None:
        self.port = int(listener.getsockname()[1])
        self._listener = listener
        self._background = Background("front-door")
        self._gateway = httpx.AsyncClient(timeout=GATEWAY_SECONDS, trust_env=False)
        self._stack = stack
        guard = Guard(
            stack.token,
            narrow={functions_token: (f"{MODEL}/",)},
            own_credentials={
                f"{WEBHOOKS}/": "x-twilio-signature",
                f"{CARRIER}/": "authorization",
            },
        )
        config = uvicorn.Config(
            GuardedApp(self._app(), guard),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._serving = self._background.submit(self._server.serve(sockets=[self._listener]))

    def stop(self) -> None:
        """Stop taking requests; event streams of the page are cut."""
        self._server.should_exit = True
        self._server.force_exit = False
        try:
            self._serving.result(timeout=5)
        except TimeoutError:
            self._serving.cancel()
        self._background.run(self._gateway.aclose())
        self._background.close()
        self._listener.close()

    def _app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)
        app.mount(CARRIER, carrier_app(self._stack.carrier))
        app.mount(MODEL, model_app(self._stack.model))
        app.add_api_route(
            WEBHOOKS + "/{path:path}",
            self._forward,
            methods=["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"],
        )
        add_admin_routes(app, self._stack)
        app.mount("/", create_console(self._stack))
        return app

    async def _forward(self, request: Request) -> Response:
        """Hand a request to the emulated gateway."""
        gateway = self._stack.gateway_url
        if gateway is None:
            return JSONResponse({"message": "the local stack is still starting"}, 503)
        body = await _limited_body(request)
        if body is None:
            return JSONResponse({"message": "Request Too Long"}, 413)
        try:
            answer = await self._gateway.request(
                request.method,
                _target(request, gateway),
                content=body,
                headers=[
                    *_headers(request, self.port),
                    (TOKEN_HEADER.encode(), self._stack.emulator.token.encode()),
                ],
            )
        except httpx.TimeoutException:
            return JSONResponse({"message": "Endpoint request timed out"}, 504)
        except httpx.TransportError:
            return JSONResponse({"message": "Internal server error"}, 500)
        if answer.status_code == BAD_GATEWAY:
            # The emulated gateway puts a handler's error into the body; the real one never does.
            return JSONResponse({"message": "Internal server error"}, BAD_GATEWAY)
        dropped = HOP_BY_HOP | SAID_AGAIN
        headers = {k: v for k, v in answer.headers.items() if k.lower() not in dropped}
        return Response(answer.content, answer.status_code, headers)


def _target(request: Request, gateway: str) -> str:
    raw = request.scope.get("raw_path") or request.url.path.encode()
    query = request.scope.get("query_string", b"")
    return gateway + raw.split(b"?")[0].decode("ascii") + (f"?{query.decode()}" if query else "")


def _headers(request: Request, port: int) -> list[tuple[bytes, bytes]]:
    # As bytes: what a stranger sends need not be ASCII.
    kept = [(k, v) for k, v in request.headers.raw if k.decode("latin-1").lower() not in HOP_BY_HOP]
    client = request.client.host if request.client else LOOPBACK
    trace = uuid.uuid4().hex
    return [
        *kept,
        (b"X-Forwarded-For", client.encode()),
        (b"X-Forwarded-Port", str(port).encode()),
        (b"X-Forwarded-Proto", request.url.scheme.encode()),
        (b"X-Amzn-Trace-Id", f"Root=1-{trace[:8]}-{trace[8:]}".encode()),
    ]


async def _limited_body(request: Request) -> bytes | None:
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > BODY_LIMIT:
            return None
        pieces.append(piece)
    return b"".join(pieces)
