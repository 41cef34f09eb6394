"""What the functions wrote: kept in memory, in files, and passed on to the emulated log groups."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.screen import visible_json

KEPT_LINES = 5000
FORWARD_SECONDS = 2.0
BATCH = 1000


@dataclass(frozen=True)
class Line:
    """One line of a function's output.

    Attributes:
        number: Rises by one with each line of the stack.
        at: Epoch seconds.
        function: Physical name.
        request_id: Of the invocation, empty outside one.
        text: Without its line end.
    """

    number: int
    at: float
    function: str
    request_id: str
    text: str


class FunctionLogs:
    """Ring buffer and files, safe to use from any thread.

    Args:
        folder: Where ``<function>.log`` files go.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lines: deque[Line] = deque(maxlen=KEPT_LINES)
        self._lock = threading.Lock()
        self._number = 0
        self._files: dict[str, Any] = {}
        self._unsent: dict[str, list[Line]] = defaultdict(list)
        self._listeners: list[Callable[[Line], None]] = []
        self._stopped = threading.Event()
        self._forwarder: threading.Thread | None = None

    def write(self, function: str, request_id: str, text: str) -> None:
        """Keep one line."""
        with self._lock:
            self._number += 1
            line = Line(self._number, time.time(), function, request_id, text)
            self._lines.append(line)
            if self._forwarder:
                self._unsent[function].append(line)
            file = self._files.get(function)
            if file is None:
                path = self._folder / f"{function}.log"
                file = self._files[function] = path.open("a", buffering=1)
            file.write(visible_json(text) + "\n")  # somebody will look at it in a terminal
            listeners = list(self._listeners)
        for listener in listeners:
            listener(line)

    def lines(self, function: str = "", *, after: int = 0) -> list[Line]:
        """Return kept lines, oldest first, of one function (physical or short name) or of all."""
        with self._lock:
            return [
                line
                for line in self._lines
                if line.number > after
                and (
                    not function
                    or line.function == function
                    or line.function.endswith(f"-{function}")
                )
            ]

    def listen(self, listener: Callable[[Line], None]) -> Callable[[], None]:
        """Call ``listener`` with each new line; returns what ends that."""
        with self._lock:
            self._listeners.append(listener)

        def end() -> None:
            with self._lock:
                self._listeners.remove(listener)

        return end

    def forward(self, client: Any, groups: Callable[[str], str | None]) -> None:
        """Pass lines on to CloudWatch Logs from now on.

        Args:
            client: boto3 client of ``logs``.
            groups: Physical function name → log group, None where there is none.
        """
        self._forwarder = threading.Thread(
            target=self._forward, args=(client, groups), name="function-logs", daemon=True
        )
        self._forwarder.start()

    def close(self) -> None:
        """Stop passing on and close the files."""
        self._stopped.set()
        if self._forwarder:
            self._forwarder.join(timeout=FORWARD_SECONDS)
        with self._lock:
            for file in self._files.values():
                file.close()
            self._files.clear()

    def _forward(self, client: Any, groups: Callable[[str], str | None]) -> None:
        streams: set[str] = set()
        while not self._stopped.wait(FORWARD_SECONDS):
            with self._lock:
                batches, self._unsent = self._unsent, defaultdict(list)
            for function, lines in batches.items():
                group = groups(function)
                if group is None:
                    continue
                try:
                    _send(client, group, lines[-BATCH:], streams)
                except Exception:  # noqa: BLE001, S112 - a convenience: must never stop the stack
                    continue


def _send(client: Any, group: str, lines: Iterable[Line], streams: set[str]) -> None:
    if group not in streams:
        client.create_log_stream(logGroupName=group, logStreamName="local")
        streams.add(group)
    events = [{"timestamp": int(line.at * 1000), "message": line.text} for line in lines]
    client.put_log_events(logGroupName=group, logStreamName="local", logEvents=events)
