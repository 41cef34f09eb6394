"""The whole stack as one object: the launcher starts it, and so do the tests.

Owns the order in which the parts start and stop, and nothing of what they do.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Self

from local.aws_proxy import AwsProxy
from local.background import Background
from local.carrier import Carrier
from local.config import (
    ADMIN_KEY,
    ADMIN_SECRET,
    MODEL_SECRET,
    OUR_NUMBER,
    REGION,
    LocalConfig,
)
from local.emulator import Emulator
from local.event_source import EventSourcePoller
from local.front_door import MODEL, FrontDoor, listen
from local.function_host import FunctionHost
from local.function_logs import FunctionLogs
from local.guard import Guard, new_token
from local.phone import Phone
from local.phone.policies import Policies
from local.provision import provision
from local.provisioner import Declared
from local.running import RunningStack
from local.scripted_model import ScriptedModel
from local.state_folder import remembered_token, state_lock

WARM_SECONDS = 60.0
STACK_FILE = "stack.json"
LOST = (
    "the run before this one was killed before it could save: what was said in it is lost, and "
    "what was forgotten in it is back"
)
OnStep = Callable[[str, float], None]


class LocalStack(RunningStack):
    """dialtone on this machine.

    Args:
        config: How to run it.
        on_step: Told (what, seconds) after each step of the start.
    """

    def __init__(self, config: LocalConfig | None = None, *, on_step: OnStep | None = None) -> None:
        super().__init__()
        self.config = config or LocalConfig()
        self._on_step = on_step or (lambda _what, _seconds: None)
        self._closing = contextlib.ExitStack()
        self._declared = Declared()
        self._functions_token = new_token()

    def start(self) -> Self:
        """Start everything; on failure everything started so far is stopped again.

        Raises:
            PortTakenError: The public port is in use.
            StateInUseError: Another stack runs on the same folder.
            ProgramError: The Pulumi program or a resource of it failed.
        """
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop everything; what the emulator holds is written down. May be called twice."""
        self.ready = False
        self._closing.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> None:
        listener = listen(self.config.port)
        self._closing.callback(listener.close)
        self._take_state()
        with self._step("AWS emulator"):
            self._start_emulator()
        with self._step("carrier, model, functions"):
            self._start_parts()
            self._door = FrontDoor(self, listener, functions_token=self._functions_token)
            self._closing.callback(self._door.stop)
            self._closing.callback(self._silence)
        with self._step("Pulumi program"):
            self._provision()
        with self._step("triggers"):
            self._start_triggers()
        self._write_stack_file()
        self.ready = True

    @contextlib.contextmanager
    def _step(self, what: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self._on_step(what, time.monotonic() - begun)

    def _take_state(self) -> None:
        if not self.config.persist and self.config.state == LocalConfig.state:
            folder = Path(tempfile.mkdtemp(prefix="dialtone-"))
            self._closing.callback(shutil.rmtree, folder, ignore_errors=True)
            self.config = replace(self.config, state=folder)
        self._closing.enter_context(state_lock(self.config.state))
        # Of a stack that was killed: nobody may take it for this one.
        (self.config.state / STACK_FILE).unlink(missing_ok=True)
        self.token = remembered_token(self.config.state) if self.config.persist else new_token()

    def _start_emulator(self) -> None:
        self.emulator = Emulator(
            self.config.state,
            persist=self.config.persist,
            # A developer's own keys: here while the stack runs, and never on its disk.
            unsaved_secrets=(MODEL_SECRET,),
        )
        self._closing.callback(self.emulator.stop)
        self.emulator.start()

    def _start_parts(self) -> None:
        state = self.config.state
        self.carrier = Carrier(state_path=self._carrier_state())
        self._closing.callback(self.carrier.close)
        self.carrier.add_number(OUR_NUMBER)
        self.model = ScriptedModel()
        self._logs = FunctionLogs(state / "logs")
        self._closing.callback(self._logs.close)
        self._background = Background("functions")
        self._closing.callback(self._background.close)
        endpoints: dict[str, str] = {}
        self.function_host = FunctionHost(
            credentials=self.credentials,
            endpoints=endpoints,
            logs=self._logs,
            workers=self.config.workers,
            task_root=self.config.task_root,
        )
        self._proxy = AwsProxy(
            guard=Guard(self._functions_token),
            upstream_port=self.emulator.port,
            upstream_token=self.emulator.token,
            faults=self.faults,
            identify=self.function_host.identify,
            kill=self.function_host.kill,
        )
        self._background.run(self._proxy.start())
        self._closing.callback(lambda: self._background.run(self._proxy.stop()))
        self._background.run(self.function_host.start())
        self._closing.callback(lambda: self._background.run(self.function_host.stop()))
        endpoints["AWS_ENDPOINT_URL"] = self._proxy.url
        endpoints["AWS_SDK_UA_APP_ID"] = self._functions_token

    def _carrier_state(self) -> Path | None:
        """Where the carrier's texts are, as old as what the emulator knows of them.

        Else the sweep would list texts whose receipts are lost, and they were answered again.
        """
        if not self.config.persist:
            return None
        state, beside = self.config.state / "carrier.json", self.config.state / "carrier.start.json"
        if self.emulator.lost:
            self.notes.append(LOST)
            state.unlink(missing_ok=True)
            if beside.exists():
                shutil.copy(beside, state)
        elif state.exists():
            shutil.copy(state, beside)
        return state

    def _silence(self) -> None:
        """Let slow answers go, so that the front door need not wait for them."""
        self.model.stopping.set()
        self.carrier.stopping.set()

    def _provision(self) -> None:
        bedrock = f"{self.public_url}{MODEL}"
        self.function_host.endpoints["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] = bedrock
        made = provision(
            self.config,
            emulator=self.emulator,
            public_url=self.public_url,
            function_url=self.function_host.url,
            carrier_secret={
                "account_sid": self.carrier.account_sid,
                "auth_token": self.carrier.auth_token,
            },
        )
        self.outputs, self.gateway_url = made.outputs, made.gateway_url
        self.notes += made.notes
        self._declared = made.declared
        for spec in made.declared.functions:
            self.function_host.register(spec)
        self._connect_calls(made.declared)

    def _connect_calls(self, declared: Declared) -> None:
        self.phone = Phone(
            declared.call_flows,
            declared.bots,
            self.invoke_raw,
            permitted=Policies(self.aws("lambda")).allow,
            associated=declared.associated,
            instance=declared.instance,
        )
        self._closing.callback(self.phone.hang_up_all)

    def _start_triggers(self) -> None:
        groups = {spec.name: spec.log_group for spec in self._declared.functions}
        self._logs.forward(self.aws("logs"), lambda function: groups.get(function) or None)
        for source in self._declared.event_sources:
            pool = self.function_host.find(source.function)
            poller = EventSourcePoller(
                source,
                client=partial(self.client_as, pool.spec.role_arn, "sqs"),
                invoke=self.invoke_raw,
                concurrency=min(source.maximum_concurrency, pool.limit),
                complain=partial(self._logs.write, pool.spec.name, ""),
            )
            poller.start()
            self._closing.callback(poller.stop)
        if self.config.warm:
            self._background.run(self.function_host.warm())

    def _write_stack_file(self) -> None:
        """Tell the command line where the stack is, and the tokens that open it."""
        file = self.config.state / STACK_FILE
        known = {
            "pid": os.getpid(),
            "url": self.url,
            "endpoint": self.emulator.url,
            "endpoint_token": self.emulator.token,
            "region": REGION,
            "access_key_id": ADMIN_KEY,
            "secret_access_key": ADMIN_SECRET,
            "outputs": self.outputs,
        }
        written = file.with_suffix(".tmp")
        written.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
        written.replace(file)  # whoever sees it sees all of it
        self._closing.callback(file.unlink, missing_ok=True)
