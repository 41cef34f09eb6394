"""Who may talk to a port of the local stack: a process that knows the port's token.

"Loopback" is no guard: every page in a browser of this machine and every other process reaches a
loopback port. So each listener asks for three things, outermost and before a body is read: a Host
that is this machine (a rebound name is not), no foreign Origin (a page sends its own), and a token
that only our own clients have.

A client presents the token in the way it can: our own HTTP clients in a header, an AWS SDK as its
application id (``AWS_SDK_UA_APP_ID``), and whatever is configured by an address alone, a browser
among them, as the first part of the path. Cookies are no way: a browser sends those of one port to
every port of the host.

Standard library only: the emulator's process imports it too.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

TOKEN_HEADER = "X-Dialtone-Token"  # noqa: S105 - a header's name
# An application id has at most 50 characters, and the SDK replaces unusual ones.
TOKEN_BYTES = 16
REFUSED = 403
REFUSAL = (
    "403: this port of dialtone's local stack answers its own processes only. "
    "For the page, open the address that `make local` printed.\n"
)

_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
_TOKEN = re.compile(r"[0-9a-f]{32}")
_APPLICATION_ID = re.compile(r"(?:^|\s)app/(\S+)")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def new_token() -> str:
    """Return a token of 32 hexadecimal digits."""
    return secrets.token_hex(TOKEN_BYTES)


def is_token(text: str) -> bool:
    """Say whether a text has the form of a token: an empty one would open every door."""
    return _TOKEN.fullmatch(text) is not None


class NotAdmittedError(Exception):
    """A request is not from a process of ours; the message is for the log only."""


@dataclass(frozen=True)
class Guard:
    """Admits requests to one listener.

    Attributes:
        token: Opens every path.
        narrow: Further tokens, each with the path prefixes that it opens.
        own_credentials: Path prefixes whose requests carry credentials of their own, each with the
            header that has them, in lower case. The application checks them; such a request needs
            no token, but a loopback Host and no foreign Origin.
    """

    token: str
    narrow: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    own_credentials: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what is no token.

        Raises:
            ValueError: One of the tokens is none.
        """
        if not all(map(is_token, (self.token, *self.narrow))):
            raise ValueError("a guard needs tokens of 32 hexadecimal digits")

    def admit(self, path: str, headers: Iterable[tuple[str, str]]) -> str:
        """Check a request and return its path without a token in it; empty for the bare token.

        Args:
            path: As requested, with its query or without.
            headers: Names in lower case; a name may come more than once.

        Raises:
            NotAdmittedError: The request is refused.
        """
        given: dict[str, list[str]] = {}
        for name, value in headers:
            given.setdefault(name, []).append(value)
        _check_host(given.get("host", []))
        _check_origin(given.get("origin", []), given["host"][0])
        _check_path(path)
        first, separator, rest = path.removeprefix("/").partition("/")
        if self._opens(first, separator + rest):
            return separator + rest
        for prefix, header in self.own_credentials.items():
            if path.startswith(prefix) and header in given:
                return path
        presented = [*given.get(TOKEN_HEADER.lower(), [])]
        for agent in given.get("user-agent", []):
            presented += _APPLICATION_ID.findall(agent)
        if not any(self._opens(token, path) for token in presented):
            raise NotAdmittedError("no token")
        return path

    def _opens(self, token: str, path: str) -> bool:
        if _same(token, self.token):
            return True
        return any(
            _same(token, other) and path.startswith(prefixes)
            for other, prefixes in self.narrow.items()
        )


class GuardedApp:
    """An ASGI application behind a guard.

    The application sees neither the token's header nor the token's part of the path.

    Args:
        app: What is guarded; it must be the server's only application.
        guard: Admits requests.
    """

    def __init__(self, app: App, guard: Guard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        # `raw_path` has no query and is as it was sent; without one the path is decoded.
        asked = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        try:
            path = self._guard.admit(asked, _decoded(scope["headers"]))
        except NotAdmittedError:
            await _refuse(scope, send)
            return
        if not path and scope["method"] in {"GET", "HEAD"}:
            # A page's relative addresses start after the last slash.
            await _redirect(asked + "/", send)
            return
        taken = len(asked) - len(path)
        await self._app(
            {
                **scope,
                "path": scope["path"][taken:] or "/",
                "raw_path": path.encode("latin-1") or b"/",
                "headers": _without_token(scope["headers"]),
            },
            receive,
            send,
        )


def _check_host(hosts: list[str]) -> None:
    if len(hosts) != 1 or not _LOOPBACK.fullmatch(hosts[0]):
        raise NotAdmittedError("not asked for by a name of this machine")


def _check_origin(origins: list[str], host: str) -> None:
    if any(origin != f"http://{host}" for origin in origins):
        raise NotAdmittedError("asked by a page of another origin")


def _check_path(path: str) -> None:
    """Refuse dot segments: whoever passes the path on may resolve them to a path of its own."""
    asked = unquote(unquote(path.partition("?")[0])).replace("\\", "/")
    if {".", ".."} & set(asked.split("/")):
        raise NotAdmittedError("a path with dot segments")


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())


def _decoded(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers]


def _without_token(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    ours = TOKEN_HEADER.lower().encode()
    return [(name, value) for name, value in headers if name.lower() != ours]


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] != "http":
        await send({"type": f"{scope['type']}.close", "code": 1008})
        return
    # No CORS header, so a page cannot even read this. The body, if any, stays unread.
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": REFUSED, "headers": headers})
    body = b"" if scope["method"] == "HEAD" else REFUSAL.encode()
    await send({"type": "http.response.body", "body": body})


async def _redirect(to: str, send: Send) -> None:
    headers = [(b"location", to.encode("latin-1")), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 308, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
