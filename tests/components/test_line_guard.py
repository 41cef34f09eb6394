"""What keeps a made instance and a claimed number from being replaced, and says why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import struct_pb2  # type: ignore[import-untyped]  # no stubs in the lock
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime.proto import provider_pb2

from stack.line_guard import LineGuardProvider
from tests.components.dynamic_host import dynamic_host
from tests.components.programs import compose
from tests.components.recorded_calls import INSTANCE_ID, NUMBER_ID
from tests.components.recording_cloud import RecordingCloud

PB: Any = provider_pb2
GUARD = "pulumi-python:dynamic/dialtone:LineGuard"
MADE = {"instance": "made:mine", "number": "made:US"}
ADOPTED = {"instance": f"adopted:{INSTANCE_ID}", "number": f"adopted:{NUMBER_ID}"}


@pytest.mark.registers_nothing
@pytest.mark.parametrize(
    ("olds", "news", "refused"),
    [
        ({}, MADE, set()),
        (MADE, MADE, set()),
        ({}, ADOPTED, set()),
        # Another adopted one takes nothing away from the first.
        (ADOPTED, {"instance": "adopted:other", "number": "adopted:other"}, set()),
        (ADOPTED, MADE, set()),
        (MADE, {**MADE, "instance": "made:other"}, {"instance"}),
        (MADE, {**MADE, "number": "made:CA"}, {"number"}),
        (MADE, ADOPTED, {"instance", "number"}),
    ],
)
def test_only_what_was_made_is_guarded(
    olds: dict[str, str], news: dict[str, str], refused: set[str]
) -> None:
    """A made one stays the one; what is adopted may be exchanged."""
    found = LineGuardProvider().check(olds, news)

    assert {one.property for one in found.failures} == refused
    assert found.inputs == news


@pytest.mark.registers_nothing
def test_the_refusal_says_what_aws_does() -> None:
    """Both lock-outs, what to set back, and how to let go on purpose."""
    instance, number = LineGuardProvider().check(MADE, ADOPTED).failures

    assert "then blocks the account for 30 days" in instance.reason
    assert "voice.instanceAlias back as they were" in instance.reason
    assert "rests for up to 180 days" in number.reason
    assert "(US)" in number.reason
    assert "pulumi state delete" in number.reason


def test_the_guard_knows_what_was_made(cloud: RecordingCloud) -> None:
    """It is declared with what the settings say, and stays while calls are off."""
    made = {"createInstance": True, "instanceAlias": "mine", "claimNumberCountry": "US"}
    compose(cloud, voice={"enabled": True, **made})
    off = RecordingCloud()
    compose(off, voice=made)

    guard = cloud.one(GUARD)
    assert {kind: guard.inputs[kind] for kind in MADE} == MADE
    assert off.one(GUARD).urn == guard.urn


def test_an_adopted_line_is_remembered_as_such(cloud: RecordingCloud) -> None:
    """So that a later wish to make one is no replacement."""
    ids = {"instanceId": INSTANCE_ID, "phoneNumberId": NUMBER_ID}
    compose(cloud, voice={"enabled": True, **ids})

    guard = cloud.one(GUARD).inputs
    assert {kind: guard[kind] for kind in ADOPTED} == ADOPTED


@pytest.fixture
def host() -> Iterator[Any]:
    """Pulumi's host of dynamic providers."""
    with dynamic_host({}) as started:
        yield started


@pytest.mark.registers_nothing
def test_it_lives_through_deployments(host: Any) -> None:
    """In Pulumi's own host: made, unchanged, refused, and forgotten."""
    made = bag(**MADE)
    host.Configure(PB.ConfigureRequest(), timeout=30)
    assert not host.Check(PB.CheckRequest(news=made), timeout=30).failures
    created = host.Create(PB.CreateRequest(properties=made), timeout=30)
    olds = created.properties

    same = host.Diff(PB.DiffRequest(id=created.id, olds=olds, news=made), timeout=30)
    refused = host.Check(PB.CheckRequest(olds=olds, news=bag(**ADOPTED)), timeout=30)

    assert same.changes == PB.DiffResponse.DIFF_NONE
    assert [one.property for one in refused.failures] == ["instance", "number"]
    host.Delete(PB.DeleteRequest(id=created.id, properties=olds), timeout=30)


def bag(**values: str) -> struct_pb2.Struct:
    """Inputs as the engine sends them."""
    properties = struct_pb2.Struct()
    properties.update({**values, "__provider": serialize_provider(LineGuardProvider())})
    return properties
