"""A function's workers: started when needed, kept warm, retired when old or out of date."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial

from local.function_spec import FunctionSpec, Invocation, Result
from local.function_worker import Worker

# Of its credentials' hour, how much a worker must have left to get another event: more than the
# longest event takes.
CREDENTIALS_LEFT_SECONDS = 15 * 60
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
        self._waiting: deque[Invocation] = deque()
        self._idle: dict[Worker, asyncio.Future[Invocation]] = {}
        self._starting = 0
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def invoke(self, event: bytes) -> Result:
        """Run an event through a worker; it waits its turn when all are busy."""
        invocation = Invocation(event)
        if len(self._waiting) >= MOST_WAITING:
            invocation.fail("TooManyRequestsException", "Rate Exceeded.")
            return await invocation.done
        self._retire_old()
        self._waiting.append(invocation)
        self._hand_out()
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
        """Give a worker its next invocation; a retired one never gets another."""
        future: asyncio.Future[Invocation] = asyncio.get_running_loop().create_future()
        self._idle[worker] = future
        self._retire_old()
        self._hand_out()
        return await future  # cancelled with its connection once the process is gone

    def ended(self, worker: Worker) -> None:
        """Note that a worker's process is gone, and replace it if there is work."""
        self._idle.pop(worker, None)
        if worker in self.workers:
            self.workers.remove(worker)
        if not worker.ready and not worker.retired and self._waiting:
            # It never came to serve: its error belongs to whoever caused the start.
            shape = worker.init_error or {
                "errorType": "Runtime.ExitError",
                "errorMessage": "the worker ended while it was starting; see the function's log",
            }
            self._waiting.popleft().finish(shape, error=True)
        self._staff()

    async def close(self) -> None:
        """End every worker and refuse what still waits."""
        self._closed = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in list(self.workers)))
        while self._waiting:
            self._waiting.popleft().fail("ServiceException", "the stack is stopping")

    def _hand_out(self) -> None:
        """Give waiting invocations to idle workers, both in order of arrival."""
        for worker, future in list(self._idle.items()):
            if not self._waiting:
                return
            if worker.retired or future.done():
                continue
            del self._idle[worker]
            # From here on it is the worker's, whatever happens to either of them.
            worker.current = self._waiting.popleft()
            future.set_result(worker.current)

    def _outdated(self, worker: Worker) -> bool:
        # By the wall clock, as AWS counts: the monotonic one stands still while a laptop sleeps.
        old = time.time() > worker.credentials_until - CREDENTIALS_LEFT_SECONDS
        return old or worker.generation != self.generation

    def _retire_old(self) -> None:
        for worker in [worker for worker in self.workers if self._outdated(worker)]:
            worker.retired = True
            self.workers.remove(worker)
            self._idle.pop(worker, None)
            if worker.current is None:
                worker.kill()
            else:
                worker.current.done.add_done_callback(partial(_kill, worker))

    def _staff(self) -> None:
        """Start as many workers as the waiting invocations are short of."""
        unborn = sum(not worker.ready for worker in self.workers) + self._starting
        short = len(self._waiting) - unborn
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
            if self._waiting:
                self._waiting.popleft().fail("ServiceException", str(error))
            return
        finally:
            self._starting -= 1
        worker.generation = generation
        self.workers.append(worker)


def _kill(worker: Worker, _: object) -> None:
    worker.kill()
