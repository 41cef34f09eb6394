"""Each guard of the protocol, planted out: a short scene then breaks the invariant it protects.

The table says which invariant of `ledger` catches which guard. The same scenes, with every guard
in place, break none; so no scene finds anything of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.guards import GUARDS, Guard, Scene
from tests.services.interleaving import follow, schedules
from tests.services.ledger import ViolationError
from tests.services.world import World

LONGEST = 45


SCENES = {(row.scene.__name__, row.skew, row.allowance): row.scene for row in GUARDS}


def violations(
    scene: Scene, skew: float, allowance: int, switches: int = 1
) -> Iterator[list[ViolationError]]:
    """What is broken, in each interleaving of a scene."""
    for schedule in schedules(switches, LONGEST):
        world = World(skew=skew, turns_a_day=allowance)
        try:
            meeting = scene(world)
            if len(meeting) < 2 and schedule:
                return
            own = follow(world.scheduler, meeting, schedule) if meeting else True
            if own:
                world.check()
                if world.name and world.stored():
                    world.settle()
        except ViolationError:
            yield world.ledger.violations
        finally:
            world.end()


@pytest.mark.parametrize("row", GUARDS, ids=lambda row: f"{row.rule} {row.what}")
def test_a_guard_that_is_planted_out_is_missed(row: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the guard, the invariant that the table names is broken."""
    row.plant(monkeypatch)
    found = next(violations(row.scene, row.skew, row.allowance), None)
    assert found is not None
    assert row.invariant in {one.invariant for one in found}, found


@pytest.mark.parametrize(
    ("name", "skew", "allowance"),
    sorted(SCENES, key=str),
    ids=str,
)
def test_with_every_guard_in_place_nothing_is_broken(
    name: str, skew: float, allowance: int
) -> None:
    """In every interleaving of the scene with one switch to the other worker and back."""
    for found in violations(SCENES[name, skew, allowance], skew, allowance):
        raise found[0]
