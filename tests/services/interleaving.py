"""Workers that take turns at each call of a store: a scheduler that nothing is left to chance in.

Each task runs in a thread of its own, and one thread runs at a time: a task goes on when a test
steps it, and stops before each call that leaves the process, and after each write. A test thus
decides every interleaving, kills a worker between any two writes, and can repeat what it found.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

PATIENCE_SECONDS = 30


class Killed(BaseException):
    """The worker's process ended here."""


@dataclass(eq=False)
class Task:
    """One worker's process.

    Attributes:
        name: For a test's messages.
        body: What it does.
        born: When it began, by the world's clock.
        at: The call that it stops before, or has just made.
        done: Whether it has ended, in whatever way.
        error: What ended it, when something did.
    """

    name: str
    body: Callable[[], None]
    born: float = 0.0
    at: str = "begin"
    done: bool = False
    error: BaseException | None = None
    _killed: bool = False
    _go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _here: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _thread: threading.Thread | None = None

    def step(self) -> None:
        """Let it run to its next stop."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        self._go.release()
        assert self._here.acquire(timeout=PATIENCE_SECONDS), f"{self.name} hangs at {self.at}"

    def kill(self) -> None:
        """End it where it stopped."""
        self._killed = True
        if not self.done:
            self.step()

    def stop_at(self, point: str) -> None:
        """Called by the task itself: wait here to be stepped."""
        self.at = point
        self._here.release()
        self._go.acquire()
        if self._killed:
            raise Killed

    def _run(self) -> None:
        self._go.acquire()
        try:
            if not self._killed:
                self.body()
        except BaseException as error:  # noqa: BLE001  whatever ended it is the test's to judge
            self.error = error
        self.done = True
        self._here.release()


class Scheduler:
    """Steps tasks, one at a time."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.running: Task | None = None

    def start(self, name: str, body: Callable[[], None], born: float = 0.0) -> Task:
        """A new task, which has done nothing yet."""
        task = Task(name, body, born)
        self.tasks.append(task)
        return task

    def point(self, what: str) -> None:
        """A call that leaves the process: whoever makes it stops here, if it is a task."""
        if self.running is not None:
            self.running.stop_at(what)

    def step(self, task: Task) -> None:
        """Let one task run to its next stop."""
        before, self.running = self.running, task
        try:
            task.step()
        finally:
            self.running = before
            if task.done:
                self.tasks.remove(task)

    def run(self, task: Task, until: str = "") -> None:
        """Step a task until it is about to make such a call, or has ended."""
        while not task.done and not (until and task.at.startswith(until)):
            self.step(task)

    def kill(self, task: Task) -> None:
        """End a task where it is."""
        before, self.running = self.running, task
        try:
            task.kill()
        finally:
            self.running = before
            if task in self.tasks:
                self.tasks.remove(task)

    def kill_all(self) -> None:
        """End every task."""
        for task in list(self.tasks):
            self.kill(task)


def schedules(switches: int, longest: int) -> Iterator[tuple[int, ...]]:
    """After how many steps each switch to the next task comes, few switches first.

    Every interleaving in which workers are switched at most so often: most bugs of concurrency
    need no more than two.
    """
    for count in range(switches + 1):
        yield from itertools.product(range(longest), repeat=count)


def follow(scheduler: Scheduler, tasks: Sequence[Task], schedule: Sequence[int]) -> bool:
    """Run tasks in turn, switching as a schedule says, then each to its end.

    Returns:
        Whether the schedule was one of its own: no task had ended before it was switched.
    """
    own = True
    for number, steps in enumerate(schedule):
        task = tasks[number % len(tasks)]
        for _ in range(steps):
            own = own and not task.done
            if not task.done:
                scheduler.step(task)
    first = len(schedule) % len(tasks)
    for task in [*tasks[first:], *tasks[:first]]:
        scheduler.run(task)
    return own
