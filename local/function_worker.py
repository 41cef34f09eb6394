"""One worker: a process, the Runtime API it talks to, and the invocation it is on."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from local.config import LOOPBACK, SERVICES
from local.function_logs import FunctionLogs
from local.function_spec import FunctionSpec, Invocation, worker_environment
from local.guard import Guard, new_token
from local.wire import GONE, HEAD_LIMIT, Head, admitted, read_body, response, unchunked

RUNTIME = "/2018-06-01/runtime"
ACCEPTED = 202
# Enough for the loop to look at the pipe and hand its lines on.
LOOP_TURNS = 4


Take = Callable[["Worker"], Awaitable[Invocation]]
Ended = Callable[["Worker"], None]


class Worker:
    """A process under a role's own credentials.

    Args:
        spec: The function.
        credentials: Of the function's role, as STS names them.
        endpoints: Where AWS is, by environment variable.
        logs: Takes what the process writes.
        take: Gives the next invocation when the process asks for one.
        ended: Told once the process is gone.
        plain: Use our own runtime loop in place of awslambdaric.
    """

    def __init__(
        self,
        spec: FunctionSpec,
        *,
        credentials: Mapping[str, Any],
        endpoints: Mapping[str, str],
        logs: FunctionLogs,
        take: Take,
        ended: Ended,
        plain: bool = False,
        task_root: Path = SERVICES,
    ) -> None:
        self.id = uuid.uuid4().hex[:12]
        self.spec = spec
        self.access_key = str(credentials["AccessKeyId"])
        self.credentials_until: float = credentials["Expiration"].timestamp()
        self.generation = 0
        self.ready = False
        self.retired = False
        self.init_error: dict[str, Any] | None = None
        self.current: Invocation | None = None
        self._request_id = ""
        self.environment = worker_environment(spec, credentials, endpoints, task_root)
        self._logs = logs
        self._take = take
        self._ended = ended
        self._plain = plain
        self._task_root = task_root
        self._guard = Guard(new_token())
        self._process: asyncio.subprocess.Process | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """Process id, which is also the process group's; 0 before the start."""
        return self._process.pid if self._process else 0

    async def start(self) -> None:
        """Start the process; it asks for its first invocation when its imports are done."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0, limit=HEAD_LIMIT)
        port = self._server.sockets[0].getsockname()[1]
        flags = ["--plain"] if self._plain else []
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("worker.py")),
            "--handler",
            self.spec.handler,
            *flags,
            cwd=self._task_root,
            env={
                **self.environment,
                "AWS_LAMBDA_RUNTIME_API": f"{LOOPBACK}:{port}/{self._guard.token}",
            },
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        reading = self._hold(self._read_output())
        self._ending = self._hold(self._wait(reading))

    def kill(self) -> None:
        """End the process and whatever it started, at once."""
        self.retired = True
        self._end_group()

    def _end_group(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def stop(self) -> None:
        """End the process and wait until it is gone."""
        self.kill()
        if self._ending is not None:
            await self._ending
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _hold(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _read_output(self) -> None:
        stream = self._process.stdout if self._process else None
        while stream and not stream.at_eof():
            try:
                line = await stream.readline()
            except ValueError:  # longer than the stream's limit: asyncio dropped that part
                continue
            if text := line.decode(errors="replace").rstrip("\n"):
                self.log(text)

    async def _wait(self, reading: asyncio.Task[None]) -> None:
        if self._process is None or self._process.stdin is None:
            return
        code = await self._process.wait()
        self._end_group()  # what it started holds its output open
        self._process.stdin.close()
        await reading
        if self._server:
            self._server.close()
        for task in [task for task in self._tasks if task is not asyncio.current_task()]:
            if task.get_name() == "runtime-api":
                task.cancel()
        invocation, self.current = self.current, None
        if invocation:
            reason = f"signal: {-code}" if code < 0 else f"exit status {code}"
            message = (
                f"RequestId: {invocation.request_id} Error: Runtime exited with error: {reason}"
            )
            self._report(invocation, message)
            invocation.fail("Runtime.ExitError", message)
        self._ended(self)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            task.set_name("runtime-api")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            async for head in admitted(reader, writer, self._guard):
                body = unchunked(head, await read_body(reader, head))
                writer.write(await self._answer(head, body))
                await writer.drain()
        except GONE:
            pass  # the process is gone, which _wait sees
        finally:
            writer.close()

    async def _answer(self, head: Head, body: bytes) -> bytes:
        path = head.target.removeprefix(RUNTIME)
        if path == "/invocation/next":
            return await self._next()
        if path == "/init/error":
            self.init_error = _parsed(body)
            return response(ACCEPTED, b"{}")
        _, _, request_id, outcome = path.split("/")
        invocation, self.current = self.current, None
        if invocation is None or invocation.request_id != request_id:
            return response(400, b'{"errorType": "InvalidRequestID"}')
        for _ in range(LOOP_TURNS):
            await asyncio.sleep(0)  # what it printed before its answer is in the pipe already
        self._report(invocation)
        invocation.finish(_parsed(body), error=outcome == "error")
        return response(ACCEPTED, b"{}")

    async def _next(self) -> bytes:
        self.ready = True
        invocation = await self._take(self)
        invocation.started = time.monotonic()
        self._request_id = invocation.request_id
        timeout = self.spec.timeout_seconds
        self.log(f"START RequestId: {invocation.request_id} Version: $LATEST")
        self._hold(self._limit(invocation, timeout))
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + timeout) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self.spec.arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}",
        }
        return response(200, invocation.event, headers)

    async def _limit(self, invocation: Invocation, seconds: float) -> None:
        """Kill the process if it is still on the invocation when its time is up."""
        await asyncio.wait({invocation.done}, timeout=seconds)
        if self.current is invocation:
            self.current = None
            message = f"Task timed out after {seconds:.2f} seconds"
            self._report(invocation, f"{invocation.request_id} {message}")
            self.kill()
            invocation.fail("Sandbox.Timedout", f"RequestId: {invocation.request_id} {message}")

    def _report(self, invocation: Invocation, error: str = "") -> None:
        took = (time.monotonic() - invocation.started) * 1000
        self.log(error, invocation.request_id)
        self.log(f"END RequestId: {invocation.request_id}", invocation.request_id)
        self.log(
            f"REPORT RequestId: {invocation.request_id}\tDuration: {took:.2f} ms\t"
            f"Memory Size: {self.spec.memory_megabytes} MB",
            invocation.request_id,
        )

    def log(self, text: str, request_id: str = "") -> None:
        """Write a line to the function's log; empty ones are dropped."""
        if text:
            self._logs.write(self.spec.name, request_id or self._request_id, text)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode(errors="replace")
