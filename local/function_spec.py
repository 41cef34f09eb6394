"""What a function is, an event on its way through it, and the environment its process gets."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.config import REGION, scrubbed_environment


@dataclass(frozen=True)
class FunctionSpec:
    """What the program declared of a function, as far as running it needs."""

    name: str
    arn: str
    handler: str
    role_arn: str
    timeout_seconds: float
    memory_megabytes: int
    environment: Mapping[str, str]
    log_group: str = ""
    platform: Mapping[str, str] = field(default_factory=dict)

    @property
    def short_name(self) -> str:
        """The last part of the name, as in ``webhook``."""
        return self.name.rpartition("-")[2]


@dataclass(frozen=True)
class Result:
    """How an invocation ended; ``payload`` is an error's shape when ``error`` is true."""

    request_id: str
    payload: Any
    error: bool
    milliseconds: float


@dataclass
class Invocation:
    """One event on its way through a pool."""

    event: bytes
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    done: asyncio.Future[Result] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    started: float = 0.0

    def finish(self, payload: Any, *, error: bool = False) -> None:
        """Answer whoever waits; a second answer is dropped."""
        if not self.done.done():
            took = (time.monotonic() - self.started) * 1000 if self.started else 0.0
            self.done.set_result(Result(self.request_id, payload, error, took))

    def fail(self, kind: str, message: str) -> None:
        """Answer with an error of the platform's."""
        self.finish({"errorType": kind, "errorMessage": message}, error=True)


def worker_environment(
    spec: FunctionSpec,
    credentials: Mapping[str, Any],
    endpoints: Mapping[str, str],
    task_root: Path,
) -> dict[str, str]:
    """Return what Lambda would give the process, and where AWS is on this machine."""
    given = {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_megabytes),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group or f"/aws/lambda/{spec.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "LAMBDA_TASK_ROOT": str(task_root),
        "TZ": ":UTC",
        "_HANDLER": spec.handler,
    }
    here = {
        # A developer's own configuration must not leak in, nor a metadata service be asked.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return scrubbed_environment(**here, **spec.environment, **spec.platform, **given, **endpoints)
