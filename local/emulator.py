"""The AWS emulator as a child process: started clean, stopped so that it remembers.

Owns the process, its port, its token and its state folder. Knows nothing of what is created in it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local.config import (
    ACCOUNT,
    ADMIN_KEY,
    ADMIN_SECRET,
    LOOPBACK,
    PRIVATE_UMASK,
    REGION,
    ROOT,
    SAVED_FILE,
    TOKEN_VARIABLE,
    UNSAVED_SECRETS_VARIABLE,
    free_port,
    scrubbed_environment,
)
from local.guard import TOKEN_HEADER, new_token

START_SECONDS = 30.0
STOP_SECONDS = 20.0
ATTEMPTS = 3
# What a restart adopts. Everything else is recreated by the program, so its old state would only
# be in the way: roles of functions that no longer exist, queues of an earlier layout.
REMEMBERED_SERVICES = ("dynamodb", "kms", "secretsmanager", "s3")
# What the stack and its tests use. The others are off: some of them run what they are given.
SERVICES = (
    *(
        "apigateway",
        "backup",
        "bedrock",
        "dynamodb",
        "events",
        "iam",
        "kms",
        "lambda",
        "logs",
        "monitoring",
    ),
    *("s3", "scheduler", "secretsmanager", "sns", "sqs", "sts", "tagging"),
)


class EmulatorError(Exception):
    """The emulator did not start; the message holds the end of its log."""


class Emulator:
    """One ministack process on a free loopback port.

    Args:
        state: Folder for persisted state, temporary files and the log.
        persist: Whether tables, keys, secrets and buckets survive a stop.
        token: What a request must present; a new one unless given.
        unsaved_secrets: Names of secrets that do not survive a stop and never reach the disk.

    Attributes:
        saved: Whether everything was written; known after a stop.
        lost: Whether the run before this one ended without writing what it knew (killed, a full
            disk, no power): what is here is as that run found it. Known after a start.
    """

    def __init__(
        self,
        state: Path,
        *,
        persist: bool = True,
        token: str = "",
        unsaved_secrets: Sequence[str] = (),
    ) -> None:
        self.state = state
        self.persist = persist
        self.token = token or new_token()
        self.saved = True
        self.lost = False
        self.port = 0
        self._unsaved_secrets = list(unsaved_secrets)
        self._session = boto3.session.Session()
        self._session_lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Base address of every emulated service."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def keyed_url(self) -> str:
        """The same with the token in it, for a root client that is given an address alone."""
        return f"{self.url}/{self.token}"

    @property
    def pid(self) -> int:
        """Process id, which is also the process group's; 0 when stopped."""
        return self._process.pid if self._process else 0

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def log_file(self) -> Path:
        """Where the emulator's own output goes."""
        return self.state / "logs" / "emulator.log"

    def start(self) -> None:
        """Start the process and wait until it answers.

        Raises:
            EmulatorError: It did not come up.
        """
        folder = self.state / "emulator"
        self.lost = any(folder.glob("*.json")) and not (folder / SAVED_FILE).exists()
        self._forget_recreated()
        for attempt in range(1, ATTEMPTS + 1):
            self.port = free_port()
            self._spawn()
            try:
                self._wait_until_healthy()
            except EmulatorError:
                self.stop()
                # Somebody may have taken the port between the probe and the bind.
                if attempt == ATTEMPTS:
                    raise
            else:
                return

    def stop(self) -> None:
        """Ask it to end, so that state is written, and leave nothing of its group behind."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        self.saved = process.wait() == 0
        if process.stdin:
            process.stdin.close()

    def client(self, service: str, **config: Any) -> Any:
        """Return a boto3 client of the account's root."""
        return self.client_with(ADMIN_KEY, ADMIN_SECRET, None, service, **config)

    def client_with(
        self, key: str, secret: str, token: str | None, service: str, **config: Any
    ) -> Any:
        """Return a boto3 client with given credentials."""
        # One session, because each parses the service models anew, which takes longer than all
        # the calls of a start; it may make one client at a time.
        with self._session_lock:
            return self._session.client(
                service,  # type: ignore[call-overload] # the stubs list literals, this is any
                endpoint_url=self.url,
                region_name=REGION,
                aws_access_key_id=key,
                aws_secret_access_key=secret,
                aws_session_token=token,
                config=presenting(
                    self.token,
                    retries={"total_max_attempts": 3, "mode": "standard"},
                    max_pool_connections=20,
                    **config,
                ),
            )

    def _request(self, path: str) -> urllib.request.Request:
        return urllib.request.Request(self.url + path, headers={TOKEN_HEADER: self.token})  # noqa: S310 - loopback http

    def _forget_recreated(self) -> None:
        folder = self.state / "emulator"
        if not folder.is_dir():
            return
        for file in folder.glob("*.json"):
            if not file.stem.startswith(REMEMBERED_SERVICES):
                file.unlink()

    def _spawn(self) -> None:
        folders = {name: self.state / name for name in ("emulator", "tmp", "logs")}
        for folder in folders.values():
            folder.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, str(ROOT / "local" / "lifeline.py"), "local.emulator_server"],
                cwd=self.state,
                env=self._environment(folders),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=PRIVATE_UMASK,
            )

    def _environment(self, folders: Mapping[str, Path]) -> dict[str, str]:
        return scrubbed_environment(
            AUTH="true",
            AWS_ACCESS_KEY_ID=ADMIN_KEY,
            AWS_SECRET_ACCESS_KEY=ADMIN_SECRET,
            AWS_ENDPOINT_URL=self.url,
            BIND_HOST=LOOPBACK,
            DOCKER_HOST="unix:///nonexistent",
            # No function runs in it or beside it: each is invoked at its own address.
            LAMBDA_STRICT="1",
            PYTHONPATH=str(ROOT),
            SERVICES=",".join(SERVICES),
            GATEWAY_PORT=str(self.port),
            HOME=str(self.state),
            IOT_MTLS_ENABLED="0",
            LOG_LEVEL="WARNING",
            MINISTACK_ACCOUNT_ID=ACCOUNT,
            MINISTACK_HOST=LOOPBACK,
            MINISTACK_REGION=REGION,
            PERSIST_STATE="1" if self.persist else "0",
            S3_DATA_DIR=str(folders["emulator"] / "s3"),
            S3_PERSIST="1" if self.persist else "0",
            SFTP_ENABLED="0",
            STATE_DIR=str(folders["emulator"]),
            TMPDIR=str(folders["tmp"]),
            **{
                TOKEN_VARIABLE: self.token,
                UNSAVED_SECRETS_VARIABLE: json.dumps(self._unsaved_secrets),
            },
        )

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(  # noqa: S310 - loopback http
                    self._request("/_ministack/health"), timeout=2
                ) as answer:
                    if json.load(answer).get("auth") == "enabled":
                        return
            except (OSError, ValueError, urllib.error.URLError):
                time.sleep(0.02)
        raise EmulatorError(f"the AWS emulator did not start:\n{tail(self.log_file)}")


def presenting(token: str, **config: Any) -> Config:
    """Return a configuration with which an SDK's client presents a token."""
    return Config(user_agent_appid=token, **config)  # type: ignore[call-arg] # newer than the stubs


def tail(file: Path, lines: int = 20) -> str:
    """Return the last lines of a log, or a note that there is none."""
    if not file.is_file():
        return "(no log)"
    return "\n".join(file.read_text(errors="replace").splitlines()[-lines:])
