"""What the carrier remembers: numbers, texts and opt-outs, on disk between runs.

Owns the state, its lock and the news that it changed; it decides nothing.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from local.carrier.message import Message
from local.state_folder import StateDamagedError

_KEPT_ON_DISK = 2000
_FLUSH_SECONDS = 0.5


@dataclass
class PhoneNumber:
    """A number of the account, as far as messaging goes."""

    sid: str
    phone_number: str
    sms_url: str = ""
    sms_method: str = "POST"
    sms_fallback_url: str = ""
    sms_fallback_method: str = "POST"
    status_callback: str = ""
    sms_application_sid: str = ""
    voice_url: str = ""
    friendly_name: str = ""


@dataclass
class MessagingService:
    """A sender pool; ``number`` is the one number in it."""

    sid: str
    number: str
    use_inbound_webhook_on_number: bool = True
    friendly_name: str = "dialtone"


class Book:
    """The carrier's state; every change is announced to whoever waits.

    Args:
        path: Where the state rests between runs; None keeps it in memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.numbers: dict[str, PhoneNumber] = {}
        self.services: dict[str, MessagingService] = {}
        self.messages: dict[str, Message] = {}
        self.opted_out: set[tuple[str, str]] = set()
        self.changed = threading.Condition(threading.RLock())
        self.version = 0
        self._path = path
        self._dirty = threading.Event()
        self._closed = threading.Event()
        self._writer: threading.Thread | None = None
        if path is not None:
            self._load(path)
            self._writer = threading.Thread(target=self._write_behind, daemon=True)
            self._writer.start()

    def touch(self) -> None:
        """Say that something changed; call it with or without the lock held."""
        with self.changed:
            self.version += 1
            self.changed.notify_all()
        self._dirty.set()

    def wait_until(self, met: Callable[[], bool], timeout: float) -> bool:
        """Wait for a condition of the state; False when the time ran out."""
        with self.changed:
            return self.changed.wait_for(met, timeout)

    def close(self) -> None:
        """Write what is not yet written, and stop."""
        self._closed.set()
        self._dirty.set()
        if self._writer is not None:
            self._writer.join(timeout=5)
            self.flush()

    def flush(self) -> None:
        """Write the state to disk now; the file is replaced whole, readable by its owner only."""
        if self._path is None:
            return
        with self.changed:
            state = {
                "numbers": [asdict(number) for number in self.numbers.values()],
                "services": [asdict(service) for service in self.services.values()],
                "messages": [m.stored() for m in list(self.messages.values())[-_KEPT_ON_DISK:]],
                "opted_out": sorted(self.opted_out),
            }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(state), encoding="utf-8")
        draft.replace(self._path)

    def _load(self, path: Path) -> None:
        if not path.exists():
            return
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise StateDamagedError(path) from error
        for data in state["numbers"]:
            number = PhoneNumber(**data)
            self.numbers[number.phone_number] = number
        for data in state["services"]:
            service = MessagingService(**data)
            self.services[service.sid] = service
        for data in state["messages"]:
            message = Message.restored(data)
            self.messages[message.sid] = message
        self.opted_out = {(number, person) for number, person in state["opted_out"]}

    def _write_behind(self) -> None:
        while not self._closed.is_set():
            self._dirty.wait()
            self._dirty.clear()
            self._closed.wait(_FLUSH_SECONDS)
            self.flush()
