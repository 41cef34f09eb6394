"""What the page shows, as parts that change one by one, and the stream that tells of changes.

Owns the parts (texts, memory, logs, faults, calls) and their versions. The carrier's books announce
their changes; the rest is looked at while somebody watches, a second apart.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.carrier import Message
from local.carrier.message import WHATSAPP
from local.console.calls import calls_part
from local.console.faults import fault_switches
from local.console.memory import Memory
from local.console.stack import Stack

_LOOK_SECONDS = 1.0
_SHOWN_TEXTS = 300
_SHOWN_LINES = 400


class Feed:
    """Reads the parts and streams their changes, to any number of pages.

    Args:
        stack: What to watch.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._memory = Memory(stack)
        self._lock = threading.Lock()
        self._read: dict[str, Any] = {}
        self._read_at = 0.0

    def parts(self) -> dict[str, Any]:
        """Every part as it is now; memory may be a second old."""
        return {
            "texts": [_text(m) for m in self._stack.carrier.messages()[-_SHOWN_TEXTS:]],
            "memory": self._recent_memory(),
            "logs": self.lines(),
            "faults": fault_switches(self._stack),
            "calls": calls_part(self._stack),
        }

    def lines(self, function: str = "", after: int = 0) -> list[dict[str, Any]]:
        """The latest log lines, oldest first."""
        lines = self._stack.log_lines(function, after=after)[-_SHOWN_LINES:]
        return [
            {"number": line.number, "at": line.at, "function": line.function, "text": line.text}
            for line in lines
        ]

    async def events(self, gone: Callable[[], Any]) -> AsyncIterator[str]:
        """Server-sent events: each part when it differs from what was sent; logs as they come.

        Args:
            gone: Awaitable function that says whether the page has left.
        """
        sent: dict[str, str] = {}
        while not self._stack.carrier.stopping.is_set() and not await gone():
            version = self._stack.carrier.book.version
            parts = await asyncio.to_thread(self.parts)
            for name, part in parts.items():
                data = json.dumps(part, ensure_ascii=False)
                digest = hashlib.blake2b(data.encode(), digest_size=16).hexdigest()
                if sent.get(name) != digest:
                    sent[name] = digest
                    yield f"event: {name}\ndata: {data}\n\n"
            yield ": still here\n\n"
            await asyncio.to_thread(self._wait, version)

    def _wait(self, version: int) -> None:
        """Until the carrier has news, or it is time to look at the memory again."""
        book, stopping = self._stack.carrier.book, self._stack.carrier.stopping
        book.wait_until(lambda: book.version != version or stopping.is_set(), _LOOK_SECONDS)
        stopping.wait(0.1)  # news come in bursts

    def _recent_memory(self) -> dict[str, Any]:
        with self._lock:
            if time.monotonic() - self._read_at >= _LOOK_SECONDS or not self._read:
                try:
                    self._read = self._memory.read()
                except (BotoCoreError, ClientError, KeyError) as error:
                    # Starting, stopping or reset: the page says so and looks again.
                    self._read = {"persons": [], "items": {}, "problem": type(error).__name__}
                self._read_at = time.monotonic()
            return self._read


def _text(message: Message) -> dict[str, Any]:
    """A text for the page; addresses split into person and channel."""
    theirs = message.from_ if message.inbound else message.to
    return {
        "sid": message.sid,
        "inbound": message.inbound,
        "person": theirs.removeprefix(WHATSAPP),
        "channel": "whatsapp" if theirs.startswith(WHATSAPP) else "sms",
        "body": message.body,
        "status": message.status,
        "error_code": message.error_code,
        "automatic": message.automatic,
        "at": message.created_at,
        "attempts": [
            {"status": a.status, "milliseconds": a.milliseconds, "error_code": a.error_code}
            for a in message.attempts
        ],
    }
