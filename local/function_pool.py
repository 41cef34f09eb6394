"""A function's workers: started when needed, kept warm, retired when old or out of date."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial

from local.function_spec import FunctionSpec, Invocation, Result
from local.function_worker import Worker

# STS credentials last an hour; a worker that lives less never holds an expired key.
WORKER_LIFE_SECONDS = 45 * 60
MOST_WAITING = 1000

StartWorker = Callable[["Pool"], Awaitable[Worker]]


class Pool:
    """Invocations of one function, in order, over at most ``limit`` workers.

    Args:
        spec: The function.
        limit: Most workers at once.
        start_worker: Starts one; raises when it cannot.
    """

    def __init__(self, spec: FunctionSpec, *, limit: int, start_worker: StartWorker) -> None:
        self.spec = spec
        self.limit = limit
        self.generation = 0
        self.workers: list[Worker] = []
        self._start_worker = start_worker
        self._waiting: asyncio.Queue[Invocation] = asyncio.Queue()
        self._starting = 0
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def invoke(self, event: bytes) -> Result:
        """Run an event through a worker; it waits its turn when all are busy."""
        invocation = Invocation(event)
        if self._waiting.qsize() >= MOST_WAITING:
            invocation.fail("TooManyRequestsException", "Rate Exceeded.")
            return await invocation.done
        self._waiting.put_nowait(invocation)
        self._staff()
        return await invocation.done

    def warm(self) -> None:
        """Start a first worker before there is work for it."""
        if not self.workers and not self._starting:
            self._begin()

    async def ready(self, timeout_seconds: float) -> bool:
        """Wait until a worker has its imports behind it; false when none has in time."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if any(worker.ready for worker in self.workers):
                return True
            await asyncio.sleep(0.02)
        return False

    def renew(self, generation: int) -> None:
        """Retire the workers that run older sources: idle ones now, busy ones when done."""
        if generation == self.generation:
            return
        self.generation = generation
        had = bool(self.workers)
        self._retire_old()
        if had:
            self._begin()

    async def take(self, worker: Worker) -> Invocation:
        """Give a worker its next invocation; ends the worker when it must not run another."""
        if worker.retired or self._outdated(worker):
            worker.retired = True
            worker.kill()
            await asyncio.Event().wait()  # cancelled once the process is gone
        invocation = await self._waiting.get()
        if invocation.done.done():
            return await self.take(worker)
        return invocation

    def ended(self, worker: Worker) -> None:
        """Note that a worker's process is gone, and replace it if there is work."""
        if worker in self.workers:
            self.workers.remove(worker)
        if not worker.ready and not worker.retired and not self._waiting.empty():
            # It never came to serve: its error belongs to whoever caused the start.
            shape = worker.init_error or {
                "errorType": "Runtime.ExitError",
                "errorMessage": "the worker ended while it was starting; see the function's log",
            }
            self._waiting.get_nowait().finish(shape, error=True)
        self._staff()

    async def close(self) -> None:
        """End every worker and refuse what still waits."""
        self._closed = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in list(self.workers)))
        while not self._waiting.empty():
            self._waiting.get_nowait().fail("ServiceException", "the stack is stopping")

    def _outdated(self, worker: Worker) -> bool:
        old = time.monotonic() - worker.born > WORKER_LIFE_SECONDS
        return old or worker.generation != self.generation

    def _retire_old(self) -> None:
        for worker in [worker for worker in self.workers if self._outdated(worker)]:
            worker.retired = True
            self.workers.remove(worker)
            if worker.current is None:
                worker.kill()
            else:
                worker.current.done.add_done_callback(partial(_kill, worker))

    def _staff(self) -> None:
        """Start as many workers as the waiting invocations are short of."""
        self._retire_old()
        free = sum(worker.current is None for worker in self.workers) + self._starting
        short = self._waiting.qsize() - free
        room = self.limit - len(self.workers) - self._starting
        for _ in range(min(short, room)):
            self._begin()

    def _begin(self) -> None:
        if self._closed:
            return
        self._starting += 1
        task = asyncio.get_running_loop().create_task(self._start())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _start(self) -> None:
        generation = self.generation
        try:
            worker = await self._start_worker(self)
        except Exception as error:  # noqa: BLE001 - whatever it is, someone waits for an answer
            if not self._waiting.empty():
                self._waiting.get_nowait().fail("ServiceException", str(error))
            return
        finally:
            self._starting -= 1
        worker.generation = generation
        self.workers.append(worker)


def _kill(worker: Worker, _: object) -> None:
    worker.kill()
