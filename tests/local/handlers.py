"""Functions for the tests of the function host, in a folder of the test's own."""

from __future__ import annotations

import asyncio
import textwrap
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from local.background import Background
from local.function_host import FunctionHost
from local.function_logs import FunctionLogs
from local.function_spec import FunctionSpec, Result

SOURCE = """
import os, subprocess, sys, time

calls = 0

def echo(event, context):
    print("heard", event)
    return {"event": event, "id": context.aws_request_id, "pid": os.getpid()}

def count(event, context):
    global calls
    calls += 1
    return calls

def fail(event, context):
    raise LookupError("nothing of that name")

def crash(event, context):
    os._exit(3)

def hang(event, context):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    print("child", child.pid, flush=True)
    time.sleep(600)

def nap(event, context):
    time.sleep(event["seconds"])
    return {"started": event, "left": context.get_remaining_time_in_millis()}

def environment(event, context):
    return dict(os.environ)

def roots(event, context):
    import importlib.util
    return {name: importlib.util.find_spec(name) is not None for name in event}
"""


def credentials(_role: str, _session: str) -> Mapping[str, Any]:
    """Credentials of nobody, different each time, good for an hour."""
    key = f"KEY{uuid.uuid4().hex[:12]}"
    until = datetime.now(UTC) + timedelta(hours=1)
    return {"AccessKeyId": key, "SecretAccessKey": "s", "SessionToken": "t", "Expiration": until}


class Host:
    """A function host on a loop of its own, with handlers from ``folder``.

    Args:
        folder: Of the test.
        source: The handlers' module.
        plain: Run our own runtime loop.
        workers: Most workers, by function.
    """

    def __init__(
        self,
        folder: Path,
        source: str = SOURCE,
        *,
        plain: bool = False,
        workers: Mapping[str, int] | None = None,
    ) -> None:
        self.root = folder / "task"
        self.root.mkdir(exist_ok=True)
        self.write(source)
        self.logs = FunctionLogs(folder / "logs")
        self._background = Background("host")
        self.host = FunctionHost(
            credentials=credentials,
            endpoints={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
            logs=self.logs,
            workers=workers or {},
            plain=plain,
            task_root=self.root,
        )

    def write(self, source: str) -> None:
        """Save the handlers' module."""
        (self.root / "handlers.py").write_text(textwrap.dedent(source))

    def __enter__(self) -> Self:
        self._background.run(self.host.start())
        return self

    def __exit__(self, *_: object) -> None:
        self._background.run(self.host.stop())
        self._background.close()
        self.logs.close()

    def add(self, name: str, *, seconds: float = 10, **environment: str) -> None:
        """Make a handler a function."""
        spec = FunctionSpec(
            name=f"test-{name}",
            arn=f"arn:aws:lambda:us-east-1:000000000000:function:test-{name}",
            handler=f"handlers.{name}",
            role_arn="arn:aws:iam::000000000000:role/test",
            timeout_seconds=seconds,
            memory_megabytes=256,
            environment=environment,
            platform={"AWS_LAMBDA_LOG_FORMAT": "Text"},
        )

        async def register() -> None:
            self.host.register(spec)

        self._background.run(register())

    def invoke(self, name: str, event: Any = None) -> Result:
        """Run an event through a function."""
        return self._background.run(self.host.invoke(name, event), 60)

    def invoke_all(self, name: str, events: list[Any]) -> list[Result]:
        """Run events through a function side by side."""

        async def gather() -> list[Result]:
            return list(await asyncio.gather(*(self.host.invoke(name, one) for one in events)))

        return self._background.run(gather(), 60)

    def run(self, work: Any) -> Any:
        """Run a coroutine of the host."""
        return self._background.run(work, 60)

    def lines(self, name: str) -> list[str]:
        """What a function wrote."""
        return [line.text for line in self.logs.lines(name)]
