"""The stack that a command speaks to: names of its resources and clients that reach them.

A stack in AWS is found by the names that the components give (`<project>-<stack>-<name>`) and by
the caller's own credentials. The stack on this machine says in `.local/stack.json` how to reach it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import botocore.config
import botocore.session

from cli.problems import CommandError
from conversation.tables import Tables
from conversation.vault import Vault

PROJECT = "dialtone"
"""The project's name in Pulumi.yaml, the first part of every physical name."""

LOCAL = "local"
_ROOT = Path(__file__).resolve().parent.parent
_TIMEOUTS = botocore.config.Config(
    connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 3, "mode": "standard"}
)


@dataclass(frozen=True)
class Target:
    """One deployed stack, in AWS or on this machine.

    Attributes:
        stack: The Pulumi stack's name, or `local`.
        session: Of botocore.
        connection: What each client is made with.
        outputs: What the program exports, where that is known.
        token: What the local stack's emulator wants to see; empty in AWS.
    """

    stack: str
    session: Any
    connection: dict[str, Any]
    outputs: dict[str, Any] = field(default_factory=dict)
    token: str = ""

    @property
    def is_local(self) -> bool:
        """Whether the stack runs on this machine."""
        return self.stack == LOCAL

    def name(self, role: str) -> str:
        """The physical name of the resource called `role`."""
        return f"{PROJECT}-{self.stack}-{role}"

    def client(self, service: str) -> Any:
        """Build a client for one AWS service."""
        config = _TIMEOUTS
        if self.token:
            presented = botocore.config.Config(user_agent_appid=self.token)  # type: ignore[call-arg] # unknown to the stubs
            config = config.merge(presented)
        return self.session.create_client(service, config=config, **self.connection)

    @cached_property
    def tables(self) -> Tables:
        """The stack's three tables, and its key: the caller may use it or may not."""
        return Tables(
            client=self.client("dynamodb"),
            people=self.name("people"),
            conversations=self.name("conversations"),
            keys=self.name("keys"),
            vault=Vault(lambda: self.client("kms"), f"alias/{self.name('data')}"),
        )

    def queue_url(self, output: str, role: str) -> str:
        """The address of a queue: the output that names it, else what AWS says."""
        if output in self.outputs:
            return str(self.outputs[output])
        answer = self.client("sqs").get_queue_url(QueueName=f"{self.name(role)}.fifo")
        return str(answer["QueueUrl"])

    @property
    def arguments(self) -> str:
        """The options that name this stack again, for the commands we suggest."""
        return f"--stack {self.stack}"


def open_target(
    stack: str, region: str | None, profile: str | None, stack_file: Path | None
) -> Target:
    """Find the stack that the options name.

    Args:
        stack: The Pulumi stack's name, or `local`.
        region: AWS region, or None for the one of the caller's configuration.
        profile: A profile of the caller's configuration, or None.
        stack_file: Where the local stack says how to reach it, or None for `.local/stack.json`.

    Raises:
        CommandError: The local stack is not running or its file cannot be read.
    """
    if stack != LOCAL:
        session = botocore.session.Session(profile=profile)
        return Target(stack, session, {"region_name": region} if region else {})
    told = _read_stack_file(stack_file or _find_stack_file())
    connection = {
        "region_name": told["region"],
        "endpoint_url": told["endpoint"],
        "aws_access_key_id": told["access_key_id"],
        "aws_secret_access_key": told["secret_access_key"],
    }
    outputs, token = told.get("outputs", {}), told.get("endpoint_token", "")
    return Target(stack, botocore.session.Session(), connection, outputs, token)


def _find_stack_file() -> Path:
    """The file beside the command's working directory, else beside this checkout."""
    here = Path.cwd() / ".local" / "stack.json"
    return here if here.exists() else _ROOT / ".local" / "stack.json"


def _read_stack_file(path: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise CommandError(
            "the stack on this machine is not running",
            "start it with `make local`; for a stack in AWS pass --stack NAME",
        ) from None
    except ValueError as error:
        raise CommandError(f"{path} is no JSON: {error}", "restart `make local`") from None
    missing = {"endpoint", "region", "access_key_id", "secret_access_key"} - told.keys()
    if missing:
        raise CommandError(
            f"{path} does not say its {', '.join(sorted(missing))}", "restart `make local`"
        )
    return told
