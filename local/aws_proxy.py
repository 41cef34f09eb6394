"""What stands between the functions and the emulator: counts each AWS call, and breaks some.

A call is recognised by the access key that signed it, so nothing in a function knows of this. A key
that no living worker was given, the account's root among them, and the emulator's own addresses are
refused: a function reaches AWS under its role, and nothing else.
Requests pass through as they came (the emulator checks signatures over the Host header) but for the
emulator's token, which is added here: no function has it. Responses are relayed as they arrive.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from functools import partial
from urllib.parse import unquote

from local.aws_calls import Call, Meter, refusal
from local.config import LOOPBACK
from local.faults import Action, Faults, Rule, When
from local.guard import TOKEN_HEADER, Guard
from local.wire import (
    GONE,
    HEAD_LIMIT,
    Head,
    WireError,
    admitted,
    body_pieces,
    read_body,
    read_head,
    response,
    unchunked,
)

_CREDENTIAL = re.compile(r"Credential=([^/]+)/[^/]+/[^/]+/([^/]+)/")
_UNKNOWN = "-"
# Of the emulator itself; no address of AWS begins so.
_EMULATORS_OWN = ("/_", "/health")
_REFUSED = b'{"__type": "UnrecognizedClientException", "message": "not a function of this stack"}'


Identify = Callable[[str], tuple[str, str] | None]
Kill = Callable[[str], None]
# Called before and after a write; the second call gets what the first returned.
Units = Callable[[Call], Callable[[], float]]
Spent = Callable[..., None]


class AwsProxy:
    """The proxy on its own loopback port.

    Args:
        guard: Admits the functions.
        upstream_port: The emulator's port.
        upstream_token: The emulator's token.
        faults: Rules to carry out.
        identify: Access key → (function, worker).
        kill: Ends a worker at once.
    """

    def __init__(
        self,
        *,
        guard: Guard,
        upstream_port: int,
        upstream_token: str,
        faults: Faults,
        identify: Identify,
        kill: Kill,
    ) -> None:
        self.upstream_port = upstream_port
        self._guard = guard
        self._upstream_token = upstream_token
        self.faults = faults
        self.meter = Meter()
        self.units: Units | None = None
        self.port = 0
        self._identify = identify
        self._kill = kill
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """What the functions take for AWS."""
        return f"http://{LOOPBACK}:{self.port}"

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, LOOPBACK, 0, limit=HEAD_LIMIT)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and drop what is open."""
        if self._server:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        upstream = _Upstream(self.upstream_port)
        try:
            async for head in admitted(reader, writer, self._guard):
                if head.headers.get("expect", "").lower() == "100-continue":
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = await read_body(reader, head)
                await self._serve(head, body, writer, upstream)
                if not head.keeps_alive:
                    break
        except GONE:
            pass  # a killed worker leaves in the middle of things
        finally:
            upstream.close()
            writer.close()

    async def _serve(
        self, head: Head, body: bytes, writer: asyncio.StreamWriter, upstream: _Upstream
    ) -> None:
        call = self._call(head, unchunked(head, body))
        sent = len(head.raw) + len(body)
        if not call.worker or unquote(head.target).startswith(_EMULATORS_OWN):
            self.meter.add(call, sent=sent, received=len(_REFUSED), failed=True)
            writer.write(response(403, _REFUSED))
            await writer.drain()
            return
        broken = await self._strike(When.BEFORE, call)
        if broken:
            self.meter.add(call, sent=sent, received=len(broken), failed=True)
            writer.write(broken)
            await writer.drain()
            return
        settle = None
        if self.units and call.service == "dynamodb":
            settle = await asyncio.to_thread(self.units, call)
        asked = time.monotonic()
        passed = head.with_header(TOKEN_HEADER, self._upstream_token)
        answer = await upstream.ask(_without_expect(passed) + body)
        took = time.monotonic() - asked
        units = await asyncio.to_thread(settle) if settle else 0.0
        spent = partial(self.meter.add, call, sent=sent, units=units, seconds=took)
        # Decided before a byte is relayed: a worker killed "after" must not have seen the answer.
        rules = self._matching(When.AFTER, call)
        if rules:
            rest = b"".join([piece async for piece in body_pieces(upstream.reader, answer)])
            broken = await self._act(rules, call)
            spent(received=len(answer.raw) + len(rest), failed=bool(broken) or answer.failed)
            writer.write(broken or answer.raw + rest)
        else:
            await _relay(answer, upstream.reader, writer, spent)
        await writer.drain()
        if answer.ends_with_connection:
            raise WireError("the answer ended with its connection")

    def _call(self, head: Head, body: bytes) -> Call:
        signed = _CREDENTIAL.search(head.headers.get("authorization", ""))
        key, service = signed.groups() if signed else (_UNKNOWN, _UNKNOWN)
        function, worker = self._identify(key) or (_UNKNOWN, "")
        return Call(function, worker, service, _operation(head, body), body)

    def _matching(self, when: When, call: Call) -> list[Rule]:
        return self.faults.strike(
            when,
            function=call.function,
            service=call.service,
            operation=call.operation,
            body=call.body,
        )

    async def _strike(self, when: When, call: Call) -> bytes:
        return await self._act(self._matching(when, call), call)

    async def _act(self, rules: list[Rule], call: Call) -> bytes:
        """Carry out rules; returns the response to give instead, empty for the real one."""
        broken = b""
        for rule in rules:
            if rule.action is Action.DELAY:
                await asyncio.sleep(rule.seconds)
            elif rule.action is Action.KILL:
                self._kill(call.worker)
                # Whatever is written now reaches nobody; the connection must still end.
                broken = response(500, close=True)
            else:
                broken = broken or refusal(rule.action, call)
        return broken


async def _relay(
    answer: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, spent: Spent
) -> None:
    """Pass an answer on as it comes, counted before its end is seen where its length is known."""
    received = len(answer.raw)
    if answer.length is not None:
        spent(received=received + answer.length, failed=answer.failed)
    writer.write(answer.raw)
    async for piece in body_pieces(reader, answer, until_close=True):
        writer.write(piece)
        received += len(piece)
    if answer.length is None:
        spent(received=received, failed=answer.failed)


class _Upstream:
    """One connection to the emulator, opened when needed and again when it went stale."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    @property
    def reader(self) -> asyncio.StreamReader:
        if self._streams is None:
            raise WireError("not connected")
        return self._streams[0]

    async def ask(self, request: bytes) -> Head:
        """Send a request and return the head of its answer."""
        reused = self._streams is not None
        try:
            return await self._ask(request)
        except (WireError, ConnectionError):
            self.close()
            # An idle connection may have been closed under us before it read anything.
            if not reused:
                raise
            return await self._ask(request)

    async def _ask(self, request: bytes) -> Head:
        if self._streams is None:
            self._streams = await asyncio.open_connection(LOOPBACK, self._port, limit=HEAD_LIMIT)
        reader, writer = self._streams
        writer.write(request)
        head = await read_head(reader)
        if head is None:
            raise WireError("the emulator closed the connection")
        return head

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def _without_expect(head: Head) -> bytes:
    """Drop the header that was answered here, which the emulator would answer again."""
    if "expect" not in head.headers:
        return head.raw
    return re.sub(rb"(?i)\r\nexpect:[^\r]*", b"", head.raw)


def _operation(head: Head, body: bytes) -> str:
    target = head.headers.get("x-amz-target", "")
    if target:
        return target.rpartition(".")[2]
    if b"Action=" in body[:2000]:
        return body.split(b"Action=", 1)[1].split(b"&", 1)[0].decode("latin-1")
    return f"{head.method} {head.target.partition('?')[0]}"
