"""A recording cloud for each test, on an event loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pytest
from pulumi.runtime.settings import reset_options

from tests.components.recording_cloud import RecordingCloud, run_to_the_end

Deploy = Callable[[Callable[[], Any]], None]


@pytest.fixture
def preview() -> bool:
    """Whether outputs stay unknown; a test that wants that overrides it."""
    return False


@pytest.fixture(autouse=True)
def cloud(*, preview: bool, request: pytest.FixtureRequest) -> Iterator[RecordingCloud]:
    """Record everything, and fail a test that registered nothing.

    A test that needs no resource says so with the mark ``registers_nothing``.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    fake = RecordingCloud(preview=preview)
    pulumi.runtime.set_mocks(
        fake.mocks, project="dialtone", stack="test", preview=preview, monitor=fake.monitor
    )
    pulumi.runtime.set_all_config({"aws:region": "us-east-1"})
    yield fake
    # A test that ran no program still registered the stack: let that finish.
    loop.run_until_complete(asyncio.gather(*asyncio.all_tasks(loop), return_exceptions=True))
    reset_options()
    asyncio.set_event_loop(None)
    loop.close()
    if request.node.get_closest_marker("registers_nothing") is None:
        assert fake.resources, "the test registered nothing: it would pass whatever the code does"
    registered = {one.urn for one in fake.resources}
    assert len(registered) == len(fake.resources), "two resources share a URN"


@pytest.fixture
def deploy(cloud: RecordingCloud) -> Deploy:
    """Run a program to its end, and check that every component was completed."""

    def run(program: Callable[[], Any]) -> None:
        run_to_the_end(program)
        incomplete = [
            one.name for one in cloud.components() if one.urn not in cloud.component_outputs
        ]
        assert not incomplete, f"never completed: {incomplete}; forgot publish()?"

    return run
