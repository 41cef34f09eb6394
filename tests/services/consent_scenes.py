"""Short scenes of STOP and START that arrive in another order than they were sent."""

from __future__ import annotations

from tests.services.scenes import Meeting
from tests.services.stepped_store import BUSY
from tests.services.world import World


def retried_start(world: World) -> Meeting:
    """START finds the store busy, STOP is accepted, and the carrier tries START again."""
    world.hears("a")
    start = world.says("START")
    world.faults.tables["people-0"] = [BUSY]
    world.scheduler.run(world.delivers(start))
    world.now += 3
    world.hears("STOP")
    world.now += 10
    return [world.delivers(start)]


def text_after_a_retried_start(world: World) -> Meeting:
    """The same, and a text comes before any listing."""
    [late] = retried_start(world)
    world.scheduler.run(late)
    world.hears("b")
    return [world.wakes(0), world.wakes(1)]


def slow_stop(world: World) -> Meeting:
    """START is sent while STOP is still on its way; then the carrier's log is read."""
    world.hears("a")
    stop = world.says("STOP")
    world.now += 2
    start = world.says("START")
    world.now += 2
    world.scheduler.run(world.delivers(stop))
    return [world.delivers(start), world.lists()]
