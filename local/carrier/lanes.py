"""Tasks of one conversation in turn, of different conversations side by side."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Executor

Task = Callable[[], object]


class Lanes:
    """One lane per key on a shared pool; a lane ends when it has nothing left.

    Args:
        pool: Runs the tasks.
        stopping: When set, no further task begins.
    """

    def __init__(self, pool: Executor, stopping: threading.Event) -> None:
        self._pool = pool
        self._stopping = stopping
        self._lock = threading.Lock()
        self._waiting: dict[Hashable, deque[Task]] = {}

    def submit(self, key: Hashable, task: Task) -> None:
        """Run a task after every earlier one of its lane."""
        with self._lock:
            lane = self._waiting.get(key)
            if lane is not None:
                lane.append(task)
                return
            self._waiting[key] = deque([task])
        self._pool.submit(self._drain, key)

    def _drain(self, key: Hashable) -> None:
        while not self._stopping.is_set():
            with self._lock:
                lane = self._waiting[key]
                if not lane:
                    del self._waiting[key]
                    return
                task = lane.popleft()
            task()
