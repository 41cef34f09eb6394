"""Runs every function of the stack, for the page and for the tests alike.

The emulator sends each invocation here (``MINISTACK_LAMBDA_PROXY_URL``); the event sources and
``LocalStack.invoke`` come in directly, which keeps an error's real shape.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from local.config import DEFAULT_WORKERS, LOOPBACK, SERVICES
from local.function_logs import FunctionLogs
from local.function_pool import Pool
from local.function_spec import FunctionSpec, Result
from local.function_worker import Worker
from local.guard import Guard, new_token
from local.source_watch import SourceTree
from local.wire import GONE, HEAD_LIMIT, admitted, read_body, response, unchunked

WATCH_SECONDS = 1.0

Credentials = Callable[[str, str], Mapping[str, Any]]


class UnknownFunctionError(LookupError):
    """No function of that name is part of the stack."""


class FunctionHost:
    """All functions of a stack; every coroutine runs on one loop.

    Args:
        credentials: (role ARN, session name) → temporary credentials; blocking.
        endpoints: Where AWS is, by environment variable; may be filled in before the first worker.
        logs: Takes what the functions write.
        workers: Most workers at once, by short or physical name.
        plain: Use our own runtime loop in place of awslambdaric.
        task_root: What the workers import from; watched for changes.
    """

    def __init__(
        self,
        *,
        credentials: Credentials,
        endpoints: dict[str, str],
        logs: FunctionLogs,
        workers: Mapping[str, int] | None = None,
        plain: bool = False,
        task_root: Path = SERVICES,
    ) -> None:
        self.endpoints = endpoints
        self.logs = logs
        self.port = 0
        self._guard = Guard(new_token())
        self.pools: dict[str, Pool] = {}
        self._credentials = credentials
        self._limits = dict(DEFAULT_WORKERS if workers is None else workers)
        self._plain = plain
        self._task_root = task_root
        self._sources = SourceTree(task_root)
        self._by_key: dict[str, Worker] = {}
        self._server: asyncio.Server | None = None
        self._watcher: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where the emulator sends invocations, with the token that it needs."""
        return f"http://{LOOPBACK}:{self.port}/{self._guard.token}/invoke"

    async def start(self) -> None:
        """Listen for the emulator and watch the sources."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0, limit=HEAD_LIMIT)
        self.port = self._server.sockets[0].getsockname()[1]
        self._watcher = asyncio.get_running_loop().create_task(self._watch())

    async def stop(self) -> None:
        """End every worker."""
        if self._server:
            self._server.close()
        if self._watcher:
            self._watcher.cancel()
        await asyncio.gather(*(pool.close() for pool in self.pools.values()))
        # Also those that were retired and have left their pool.
        await asyncio.gather(*(worker.stop() for worker in list(self._by_key.values())))

    def register(self, spec: FunctionSpec) -> None:
        """Make a function known; it starts with its first event, or by :meth:`warm`."""
        limit = self._limits.get(spec.name) or self._limits.get(spec.short_name) or 1
        self.pools[spec.name] = Pool(spec, limit=limit, start_worker=self._start_worker)

    async def warm(self) -> None:
        """Start one worker of each function."""
        for pool in self.pools.values():
            pool.warm()

    def find(self, function: str) -> Pool:
        """Return a function by its physical or short name.

        Raises:
            UnknownFunctionError: There is none.
        """
        for name, pool in self.pools.items():
            if function in (name, pool.spec.arn) or name.endswith(f"-{function}"):
                return pool
        raise UnknownFunctionError(f"no function {function!r}; there are {sorted(self.pools)}")

    async def invoke(self, function: str, event: Any) -> Result:
        """Run an event through a function and wait for how it ends."""
        pool = self.find(function)
        self._renew()
        payload = event if isinstance(event, bytes) else json.dumps(event).encode()
        return await pool.invoke(payload)

    def identify(self, access_key: str) -> tuple[str, str] | None:
        """Return (function, worker) that an access key was issued to."""
        worker = self._by_key.get(access_key)
        return (worker.spec.name, worker.id) if worker else None

    def kill(self, worker_id: str) -> None:
        """End a worker at once, as a crash would."""
        for worker in list(self._by_key.values()):
            if worker.id == worker_id:
                worker.log("killed by an injected fault")
                worker.kill()

    def workers(self, function: str = "") -> list[Worker]:
        """Return the living workers of one function, or of all."""
        pools = [self.find(function)] if function else list(self.pools.values())
        return [worker for pool in pools for worker in pool.workers]

    async def _start_worker(self, pool: Pool) -> Worker:
        spec = pool.spec
        credentials = await asyncio.to_thread(self._credentials, spec.role_arn, spec.name)

        def ended(worker: Worker) -> None:
            self._by_key.pop(worker.access_key, None)
            pool.ended(worker)

        worker = Worker(
            spec,
            credentials=credentials,
            endpoints=self.endpoints,
            logs=self.logs,
            take=pool.take,
            ended=ended,
            plain=self._plain,
            task_root=self._task_root,
        )
        self._by_key[worker.access_key] = worker
        await worker.start()
        return worker

    def _renew(self) -> None:
        generation = self._sources.refresh()
        for pool in self.pools.values():
            pool.renew(generation)

    async def _watch(self) -> None:
        """Restart workers soon after a save, so that the next message need not wait for it."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            self._renew()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async for head in admitted(reader, writer, self._guard):
                body = unchunked(head, await read_body(reader, head))
                name = head.headers.get("x-amzn-lambda-function-name", "")
                try:
                    result = await self.invoke(name, body)
                except UnknownFunctionError as error:
                    writer.write(response(404, str(error).encode()))
                    continue
                content = b"" if result.payload is None else json.dumps(result.payload).encode()
                # The contract has no field for a function's error, only the status.
                writer.write(response(500 if result.error else 200, content))
                await writer.drain()
        except GONE:
            pass  # the emulator gave up waiting
        finally:
            writer.close()
