"""What every service's mapping works with: clients, what is remembered, and what was declared."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.config import ACCOUNT, REGION
from local.function_spec import FunctionSpec
from local.phone.bot import Bot
from local.provisioner.inputs import Inputs
from local.state_folder import StateDamagedError


@dataclass(frozen=True)
class EventSource:
    """A queue that a function works off."""

    queue_url: str
    function: str
    batch_size: int
    maximum_concurrency: int
    reports_failures: bool


@dataclass(frozen=True)
class Seed:
    """What a JSON secret holds on this machine.

    Attributes:
        always: Keys written at each start.
        once: Keys written only where they are missing, so that they survive restarts.
        adopts: Whether keys of an earlier start stay.
    """

    always: Mapping[str, str] = field(default_factory=dict)
    once: Mapping[str, str] = field(default_factory=dict)
    adopts: bool = True

    def over(self, existing: Mapping[str, str]) -> dict[str, str]:
        """Return the value to write, given the one that is there."""
        return {**self.once, **(existing if self.adopts else {}), **self.always}


@dataclass
class Declared:
    """What the program declared that something other than the emulator carries out here.

    Attributes:
        functions: For the function host.
        event_sources: For the queue pollers.
        stages: REST API id → stage name, for the front door.
        not_emulated: Type → why, of what exists only in the program.
        translated: What was changed on its way to the emulator, in words.
        counts: How many resources of each type.
        call_flows: Number → the contact flow that answers it, as data.
        bots: Alias ARN → the bot behind it.
        associated: ARNs that the Connect instance may use.
        instance: ARN of the Connect instance; empty without one.
    """

    functions: list[FunctionSpec] = field(default_factory=list)
    event_sources: list[EventSource] = field(default_factory=list)
    stages: dict[str, str] = field(default_factory=dict)
    not_emulated: dict[str, str] = field(default_factory=dict)
    translated: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    call_flows: dict[str, dict[str, Any]] = field(default_factory=dict)
    bots: dict[str, Bot] = field(default_factory=dict)
    associated: set[str] = field(default_factory=set)
    instance: str = ""


@dataclass
class CallParts:
    """What has been declared for calls, before it is put together.

    Attributes:
        bots: By their own id, behind no alias yet.
        flows: By their own id, behind no number yet.
    """

    bots: dict[str, Bot] = field(default_factory=dict)
    flows: dict[str, dict[str, Any]] = field(default_factory=dict)


class Remembered:
    """The ids of what a restart adopts, in one JSON file.

    Args:
        file: ``provisioned.json``; None remembers nothing.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._ids: dict[str, str] = {}
        if file is not None and file.is_file():
            try:
                self._ids = dict(json.loads(file.read_text()))
            except ValueError as error:
                raise StateDamagedError(file) from error

    def get(self, kind: str, name: str) -> str | None:
        """Return the id of what was created before, if anything was."""
        with self._lock:
            return self._ids.get(f"{kind}/{name}")

    def put(self, kind: str, name: str, identity: str) -> None:
        """Remember an id across restarts."""
        with self._lock:
            self._ids[f"{kind}/{name}"] = identity
            if self._file is not None:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                temporary = self._file.with_suffix(".tmp")
                temporary.write_text(json.dumps(self._ids, indent=2, sort_keys=True) + "\n")
                temporary.replace(self._file)


class Account:
    """The emulated account, as the mappings see it.

    Args:
        clients: Service → boto3 client of the account's root.
        remembered: Ids of earlier runs.
        seeds: What secrets hold here, by physical name.
        function_url: Where the emulator sends invocations.
        aws_url: The emulator, for what reads ``AWS_ENDPOINT_URL``.
        schedules: Whether schedules fire.
        create_dynamic: Runs the provider of a dynamic resource.
    """

    def __init__(
        self,
        clients: Callable[[str], Any],
        *,
        remembered: Remembered | None = None,
        seeds: Mapping[str, Seed] | None = None,
        function_url: str = "",
        aws_url: str = "",
        schedules: bool = True,
        create_dynamic: Callable[[Mapping[str, Any]], Created] | None = None,
    ) -> None:
        self.remembered = remembered or Remembered(None)
        self.seeds = dict(seeds or {})
        self.function_url = function_url
        self.aws_url = aws_url
        self.schedules = schedules
        self.create_dynamic = create_dynamic
        self.declared = Declared()
        self.calls = CallParts()
        self._make_client = clients
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:
        """Return the one client of a service; clients may be used by several threads."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._make_client(service)
            return self._clients[service]

    @staticmethod
    def arn(service: str, resource: str) -> str:
        """Return an ARN of this account and region."""
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


@dataclass(frozen=True)
class Created:
    """What a provider's Create returns: the id, and the properties it computed."""

    id: str
    outputs: Mapping[str, Any] = field(default_factory=dict)


Create = Callable[[Inputs, Account], Created]
