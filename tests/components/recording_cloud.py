"""A cloud that remembers everything it is asked for and creates nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks

from tests.components import recorded_calls

ACCOUNT = "123456789012"
REGION = "us-east-1"
ENVELOPE = "4dabf18193072939515e22adb298388d"


@dataclass(frozen=True)
class Recorded:
    """One resource as the engine would have been told about it."""

    type: str
    name: str
    inputs: dict[str, Any]
    custom: bool
    urn: str
    parent: str
    protect: bool
    depends_on: tuple[str, ...] = ()
    aliases: int = 0
    ignored: tuple[str, ...] = ()
    retained: bool = False
    trigger: Any = None
    provider: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)


class RecordingCloud:
    """Records resources, outputs of components, and answers what a provider would.

    Args:
        preview: Whether computed outputs stay unknown, as they do before the first deployment.
    """

    def __init__(self, *, preview: bool = False) -> None:
        self.preview = preview
        self.resources: list[Recorded] = []
        self.component_outputs: dict[str, dict[str, Any]] = {}
        self.lock = threading.Lock()
        self.mocks = _Provider(self)
        self.monitor = _Monitor(self.mocks, self)

    def of(self, kind: Any) -> list[Recorded]:
        """Everything of one resource class, by its own token."""
        token = kind if isinstance(kind, str) else kind.pulumi_type
        return [one for one in self.resources if one.type == token]

    def one(self, kind: Any, name: str | None = None) -> Recorded:
        """The only resource of a class, or the one of that logical name."""
        found = [one for one in self.of(kind) if name is None or one.name == name]
        assert len(found) == 1, f"{kind} {name}: {[one.name for one in found]}"
        return found[0]

    def components(self) -> list[Recorded]:
        """Every component."""
        return [one for one in self.resources if not one.custom]

    def children(self, component: Recorded) -> list[Recorded]:
        """Everything a component is the parent of."""
        return [one for one in self.resources if one.parent == component.urn]


class _Provider(Mocks):
    def __init__(self, cloud: RecordingCloud) -> None:
        self.cloud = cloud

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        given = plain(args.inputs)
        if not args.custom:
            return None, given
        if self.cloud.preview:
            return None, given
        return f"{args.name}-id", {**given, **_computed(args.typ, args.name, given)}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        answers: dict[str, dict[str, Any]] = {
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT, "id": ACCOUNT},
            "aws:index/getPartition:getPartition": {"partition": "aws", "id": "aws"},
            "aws:index/getRegion:getRegion": {"region": REGION, "id": REGION},
            "aws:ecr/getAuthorizationToken:getAuthorizationToken": {
                "userName": "AWS",
                "password": "a-token",
                "id": "token",
            },
            **recorded_calls.ANSWERS,
        }
        return answers[args.token], []


class _Monitor(MockMonitor):
    # The SDK's methods have no annotations: this is the one place that calls them.
    _sdk: Any = MockMonitor

    def __init__(self, mocks: Mocks, cloud: RecordingCloud) -> None:
        super().__init__(mocks)
        self.cloud = cloud

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        with _loop_of_this_thread():
            return self._sdk.Invoke(self, request)

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        with _loop_of_this_thread():
            response = self._sdk.RegisterResource(self, request)
        if request.type == "pulumi:pulumi:Stack":
            return response
        recorded = Recorded(
            type=request.type,
            name=request.name,
            inputs=plain(rpc.deserialize_properties(request.object, keep_unknowns=True)),
            custom=bool(request.custom),
            urn=response.urn,
            parent=request.parent,
            protect=bool(request.protect),
            depends_on=tuple(request.dependencies),
            aliases=len(request.aliases) + len(request.aliasURNs),
            ignored=tuple(request.ignoreChanges),
            retained=bool(request.retainOnDelete),
            trigger=rpc.deserialize_property(request.replacement_trigger),
            provider=request.provider,
        )
        with self.cloud.lock:
            self.cloud.resources.append(recorded)
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        outputs = plain(rpc.deserialize_properties(request.outputs, keep_unknowns=True))
        with self.cloud.lock:
            assert request.urn not in self.cloud.component_outputs, f"twice: {request.urn}"
            self.cloud.component_outputs[request.urn] = outputs
        return self._sdk.RegisterResourceOutputs(self, request)


@contextmanager
def _loop_of_this_thread() -> Iterator[None]:
    """Close what the SDK would leave open: it makes a loop in each thread that calls it."""
    if threading.current_thread() is threading.main_thread():
        yield
        return
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def run_to_the_end(program: Callable[[], Any]) -> None:
    """Run a program, and wait for everything it registers."""
    test: Any = pulumi.runtime.test
    test(lambda: (program(), None)[1])()


def plain(value: Any) -> Any:
    """Whole numbers as integers, secrets unwrapped, unknowns as None-like text."""
    if isinstance(value, dict):
        if ENVELOPE in value:
            return plain(value["value"])
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, pulumi.output.Unknown):
        return "<unknown>"
    return value


_SERVICES = {
    "aws:dynamodb/table:Table": ("dynamodb", "table/{name}"),
    "aws:lambda/function:Function": ("lambda", "function:{name}"),
    "aws:sqs/queue:Queue": ("sqs", "{name}"),
    "aws:sns/topic:Topic": ("sns", "{name}"),
    "aws:secretsmanager/secret:Secret": ("secretsmanager", "secret:{name}-AbCdEf"),
    "aws:cloudwatch/logGroup:LogGroup": ("logs", "log-group:{name}"),
    "aws:kms/key:Key": ("kms", "key/{logical}"),
    "aws:scheduler/schedule:Schedule": ("scheduler", "schedule/default/{name}"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("cloudwatch", "alarm:{name}"),
}


def _computed(kind: str, logical: str, given: dict[str, Any]) -> dict[str, Any]:
    of_calls = recorded_calls.computed(kind, logical)
    if of_calls is not None:
        return of_calls
    name = given.get("name", logical)
    if kind in _SERVICES:
        service, form = _SERVICES[kind]
        tail = form.format(name=name, logical=logical)
        arn = f"arn:aws:{service}:{REGION}:{ACCOUNT}:{tail}"
    else:
        arn = f"arn:aws:iam::{ACCOUNT}:role/{name}" if kind == "aws:iam/role:Role" else ""
    invoke = "arn:aws:apigateway:{}:lambda:path/2015-03-31/functions/{}/invocations"
    extra: dict[str, dict[str, Any]] = {
        "aws:lambda/function:Function": {"invokeArn": invoke.format(REGION, arn), "version": "1"},
        "aws:sqs/queue:Queue": {"url": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"},
        "aws:kms/key:Key": {"keyId": logical},
        "aws:apigateway/restApi:RestApi": {
            "arn": f"arn:aws:apigateway:{REGION}::/restapis/{logical}-id",
            "executionArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{logical}-id",
            "rootResourceId": "root",
        },
        "aws:apigateway/domainName:DomainName": {
            "regionalDomainName": "d-1.execute-api.amazonaws.com",
            "regionalZoneId": "Z1",
        },
        "aws:ecr/repository:Repository": {
            "repositoryUrl": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}"
        },
        "docker-build:index:Image": {"digest": f"sha256:{'b' * 64}"},
        "pulumi-python:dynamic/twilio:Number": {
            "status": "ready",
            "number_sid": "PN1",
            "previous": {},
        },
    }
    if kind == "aws:lambda/alias:Alias":
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{given.get('functionName')}:{name}"
        return {"arn": arn, "invokeArn": invoke.format(REGION, arn)}
    return {"arn": arn, **extra.get(kind, {})}
