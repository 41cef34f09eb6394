"""A local stack that runs, as tests, the page and the command line use it.

Owns the questions one can ask of it. How it is started and stopped is ``local.stack``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.aws_calls import Meter
from local.aws_proxy import AwsProxy
from local.background import Background
from local.carrier import Carrier
from local.carrier import Fault as CarrierFault
from local.config import LOOPBACK
from local.emulator import Emulator
from local.faults import Faults, FaultSet
from local.front_door import FrontDoor
from local.function_host import FunctionHost
from local.function_logs import FunctionLogs, Line
from local.function_spec import Result
from local.phone import Phone
from local.scripted_model import ScriptedModel
from local.write_units import WriteUnits

WARM_SECONDS = 60.0


class FunctionFailedError(Exception):
    """A function ended with an error; ``payload`` is its shape."""

    def __init__(self, payload: Any) -> None:
        super().__init__(json.dumps(payload))
        self.payload = payload


class RunningStack:
    """What a started stack offers.

    Attributes:
        token: What a request to the front door presents.
        outputs: What the program exports.
        carrier: Twilio, played.
        model: The scripted model.
        faults: Rules on AWS operations.
        function_host: Runs the functions.
        phone: Connect and Lex, played; it has no numbers while calls are off.
        notes: What is different from AWS in this run, in words.
        ready: Whether the start has come to its end.
    """

    carrier: Carrier
    model: ScriptedModel
    emulator: Emulator
    function_host: FunctionHost
    _background: Background
    _logs: FunctionLogs
    _proxy: AwsProxy

    def __init__(self) -> None:
        self.token = ""
        self.outputs: dict[str, Any] = {}
        self.faults = Faults()
        self.ready = False
        self.notes: list[str] = []
        self.gateway_url: str | None = None
        self.phone = Phone({}, {}, self.invoke_raw)
        self._clients: dict[str, Any] = {}
        self._door: FrontDoor | None = None

    @property
    def url(self) -> str:
        """Address of the front door with the token that opens it: for our own clients alone."""
        return f"{self.public_url}/{self.token}"

    @property
    def public_url(self) -> str:
        """Address the carrier calls, over which it signs."""
        if self._door is None:
            raise RuntimeError("the stack is not started")
        return f"http://{LOOPBACK}:{self._door.port}"

    @property
    def meter(self) -> Meter:
        """What the functions spent on AWS calls."""
        return self._proxy.meter

    @property
    def proxy(self) -> AwsProxy:
        """What stands between the functions and AWS."""
        return self._proxy

    def measure_write_units(self, *, on: bool = True) -> None:
        """Count write units of DynamoDB from now on, or no longer; slows each write down."""
        self._proxy.units = WriteUnits(self.aws("dynamodb")) if on else None

    def aws(self, service: str) -> Any:
        """Return a client of the account's root."""
        if service not in self._clients:
            self._clients[service] = self.emulator.client(service)
        return self._clients[service]

    def client_as(self, role_or_function: str, service: str) -> Any:
        """Return a client under a role's credentials; a function's name means its own role."""
        role = role_or_function
        if not role.startswith("arn:"):
            role = self.function_host.find(role).spec.role_arn
        given = self.credentials(role, "local")
        return self.emulator.client_with(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], service
        )

    def credentials(self, role_arn: str, session: str) -> Mapping[str, Any]:
        """Return temporary credentials of a role, as STS names their parts."""
        sts = self.aws("sts")
        answer = sts.assume_role(RoleArn=role_arn, RoleSessionName=session[:64])
        return dict(answer["Credentials"])

    def invoke(self, function: str, event: Any) -> Any:
        """Run an event through a function, by short or physical name, and return its answer.

        Raises:
            FunctionFailedError: The function failed, timed out or crashed.
        """
        result = self.invoke_raw(function, event)
        if result.error:
            raise FunctionFailedError(result.payload)
        return result.payload

    def invoke_raw(self, function: str, event: Any) -> Result:
        """Run an event through a function and return how it ended."""
        return self._background.run(self.function_host.invoke(function, event))

    def warm(self, function: str, timeout_seconds: float = WARM_SECONDS) -> bool:
        """Wait until a function has a worker with its imports behind it."""
        return self._background.run(self.function_host.find(function).ready(timeout_seconds))

    def logs(self, function: str = "") -> list[str]:
        """Return what a function wrote, oldest first; of all functions when none is named."""
        return [line.text for line in self._logs.lines(function)]

    def log_lines(self, function: str = "", *, after: int = 0) -> list[Line]:
        """Return log lines with their times and request ids."""
        return self._logs.lines(function, after=after)

    @property
    def function_logs(self) -> FunctionLogs:
        """The logs themselves, for whoever wants to follow them."""
        return self._logs

    def inject(self, asked: FaultSet) -> None:
        """Put the faults of ``--fault`` in force."""
        asked.install(self.faults)
        self.model.faults.slow_seconds = asked.slow_seconds
        self.model.faults.throttle_probability = asked.throttle
        self.carrier.faults.switch(CarrierFault.DUPLICATE, on=asked.duplicate)
        self.phone.faults.duplicate = float(asked.duplicate)
