"""The plugin in a process of its own, with a recording cloud in the place of Pulumi's engine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2  # type: ignore[import-untyped]  # no stubs
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    provider_pb2,
    provider_pb2_grpc,
    resource_pb2_grpc,
)

import components
from tests.components.recording_cloud import RecordingCloud

FOLDER = Path(components.__file__).parent
# How the engine writes down a value that comes from another resource; see ``pulumi.runtime.rpc``.
SIGNATURE = "4dabf18193072939515e22adb298388d"
OUTPUT_VALUE = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
PB: Any = provider_pb2


@dataclass(frozen=True)
class Made:
    """A component as the program that asked for it sees it."""

    urn: str
    outputs: dict[str, Any]


@dataclass(frozen=True)
class Late:
    """A value that comes from another resource; unknown in a preview."""

    urn: str
    value: Any

    def as_sent(self) -> dict[str, Any]:
        """Write it as the engine does."""
        known = {} if self.value is None else {"value": self.value}
        return {SIGNATURE: OUTPUT_VALUE, "dependencies": [self.urn], **known}


class _Engine(resource_pb2_grpc.ResourceMonitorServicer, engine_pb2_grpc.EngineServicer):
    """Hands what the plugin registers to the recording cloud, and keeps what it logs."""

    def __init__(self) -> None:
        self.cloud = RecordingCloud()
        self.warnings: list[str] = []
        for call in ("GetDeploymentInfo", "Invoke", "RegisterResource", "RegisterResourceOutputs"):
            setattr(self, call, partial(self._record, call))

    def _record(self, call: str, request: Any, _context: Any) -> Any:
        return getattr(self.cloud.monitor, call)(request)

    def Log(self, request: Any, _context: Any) -> Any:  # noqa: N802 - the protocol's name
        if request.severity >= engine_pb2.WARNING:
            self.warnings.append(request.message)
        return empty_pb2.Empty()


class Plugin:
    """The components as a program in another language reaches them."""

    def __init__(self, channel: grpc.Channel, engine: _Engine, address: str) -> None:
        self._provider: Any = provider_pb2_grpc.ResourceProviderStub(channel)
        self._engine = engine
        self._address = address

    def schema(self) -> dict[str, Any]:
        """The schema that other languages' SDKs are made of."""
        answer = self._provider.GetSchema(PB.GetSchemaRequest(), timeout=30)
        schema: dict[str, Any] = json.loads(answer.schema)
        return schema

    def construct(
        self, cloud: RecordingCloud, component: str, name: str, inputs: Mapping[str, Any]
    ) -> Made:
        """Construct a component, as the engine asks for it."""
        self._engine.cloud = cloud
        request = PB.ConstructRequest(
            project="dialtone",
            stack="test",
            dryRun=cloud.preview,
            parallel=4,
            monitorEndpoint=self._address,
            type=f"dialtone:index:{component}",
            name=name,
            inputs=_struct(inputs),
        )
        answer = self._provider.Construct(request, timeout=30)
        assert not self._engine.warnings
        return Made(answer.urn, json_format.MessageToDict(answer.state))


@contextmanager
def started() -> Iterator[Plugin]:
    """Start the plugin as Pulumi does for a program in another language."""
    engine = _Engine()
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(engine, server)
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    process = subprocess.Popen(
        [sys.executable, str(FOLDER), address], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        port = process.stdout.readline().strip()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Plugin(channel, engine, address)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        server.stop(None).wait()


def _struct(inputs: Mapping[str, Any]) -> Any:
    sent = struct_pb2.Struct()
    sent.update(_sent(inputs))
    return sent


def _sent(value: Any) -> Any:
    if isinstance(value, Late):
        return value.as_sent()
    if isinstance(value, Mapping):
        return {key: _sent(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_sent(one) for one in value]
    return value
