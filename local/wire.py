"""HTTP/1.1 over asyncio streams: just what the function host and the AWS proxy need.

Owns framing, and that a listener serves admitted requests only. A general server would cost each
AWS call of a function more than the emulator does; both ends here are our own machine's botocore,
Lambda runtime clients and emulator.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from local.guard import REFUSAL, REFUSED, Guard, NotAdmittedError

HEAD_LIMIT = 64 * 1024
CHUNK = 64 * 1024


class WireError(Exception):
    """The peer closed early or does not speak HTTP/1.1."""


# What ends a connection's task without being anybody's fault. A cancelled one is among them:
# asyncio up to 3.11 would log it as a failed callback.
GONE = (WireError, ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError)


@dataclass(frozen=True)
class Head:
    """The start line and headers of a message, also as they came (``raw``)."""

    start: str
    fields: tuple[tuple[str, str], ...]
    raw: bytes

    @property
    def headers(self) -> dict[str, str]:
        """The headers by name in lower case; of a name that came twice, the last."""
        return dict(self.fields)

    def with_target(self, target: str) -> Head:
        """Return the same request for another path."""
        method, _, version = self.start.split(" ", 2)
        start = f"{method} {target} {version}"
        return replace(self, start=start, raw=start.encode("latin-1") + self.raw[len(self.start) :])

    def with_header(self, name: str, value: str) -> Head:
        """Return the same message with one header more."""
        added = f"{self.start}\r\n{name}: {value}".encode("latin-1")
        field = (name.lower(), value)
        return replace(self, fields=(*self.fields, field), raw=added + self.raw[len(self.start) :])

    @property
    def method(self) -> str:
        """The verb of a request."""
        return self.start.split(" ", 1)[0]

    @property
    def target(self) -> str:
        """The path of a request, with its query."""
        return self.start.split(" ")[1]

    @property
    def status(self) -> int:
        """The status of a response."""
        return int(self.start.split(" ")[1])

    @property
    def chunked(self) -> bool:
        """Whether the body comes in chunks."""
        return self.headers.get("transfer-encoding", "").lower() == "chunked"

    @property
    def length(self) -> int | None:
        """The declared length of the body, None when it is not declared."""
        value = self.headers.get("content-length")
        return None if value is None else int(value)

    @property
    def failed(self) -> bool:
        """Whether a response says so."""
        return self.status >= 400  # noqa: PLR2004 - HTTP's own line

    @property
    def bodiless(self) -> bool:
        """Whether a response of this status never has a body."""
        return self.status in (204, 304)

    @property
    def ends_with_connection(self) -> bool:
        """Whether a response's body is over only when its connection is."""
        return not (self.chunked or self.bodiless or self.length is not None)

    @property
    def keeps_alive(self) -> bool:
        """Whether the peer means to use the connection again."""
        return self.headers.get("connection", "").lower() != "close"


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """Read a start line with headers; None when the peer closed between messages."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise WireError("closed within a head") from error
        return None
    except asyncio.LimitOverrunError as error:
        raise WireError("head too large") from error
    start, *lines = raw.decode("latin-1").split("\r\n")
    parts = [line.partition(":") for line in lines]
    fields = tuple((name.strip().lower(), value.strip()) for name, colon, value in parts if colon)
    return Head(start, fields, raw)


async def admitted(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, guard: Guard
) -> AsyncIterator[Head]:
    """Yield the requests of one connection that a guard admits, their path without a token.

    Ends with the connection, and at the first request that is refused, whose body stays unread.
    """
    while head := await read_head(reader):
        try:
            path = guard.admit(head.target, head.fields)
        except (NotAdmittedError, IndexError):
            refusal = {"Content-Type": "text/plain; charset=utf-8"}
            writer.write(response(REFUSED, REFUSAL.encode(), refusal, close=True))
            await writer.drain()
            return
        yield head if path == head.target else head.with_target(path or "/")


async def body_pieces(
    reader: asyncio.StreamReader, head: Head, *, until_close: bool = False
) -> AsyncIterator[bytes]:
    """Yield a body as it comes, framed as it came: chunk headers and trailers included."""
    if until_close and head.bodiless:
        return
    if head.chunked:
        async for piece in _chunks(reader):
            yield piece
    elif head.length is not None:
        left = head.length
        while left:
            piece = await reader.read(min(left, CHUNK))
            if not piece:
                raise WireError("closed within a body")
            left -= len(piece)
            yield piece
    elif until_close:
        while piece := await reader.read(CHUNK):
            yield piece


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        line = await reader.readline()
        size = int(line.split(b";")[0], 16)
        yield line + await reader.readexactly(size + 2) if size else line
        if not size:
            break
    while True:
        trailer = await reader.readline()
        yield trailer
        if trailer in (b"\r\n", b""):
            return


async def read_body(reader: asyncio.StreamReader, head: Head) -> bytes:
    """Read a whole body as the peer framed it (chunks stay chunked)."""
    return b"".join([piece async for piece in body_pieces(reader, head)])


def unchunked(head: Head, body: bytes) -> bytes:
    """Return the content of a body that :func:`read_body` read."""
    if not head.chunked:
        return body
    content, rest = b"", body
    while rest:
        line, _, rest = rest.partition(b"\r\n")
        size = int(line.split(b";")[0], 16)
        if not size:
            break
        content, rest = content + rest[:size], rest[size + 2 :]
    return content


REASONS = {
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    500: "Server Error",
}


def response(
    status: int, body: bytes = b"", headers: dict[str, str] | None = None, *, close: bool = False
) -> bytes:
    """Return a whole response, ready to be written."""
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
