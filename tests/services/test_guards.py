"""Each guard of the protocol, planted out: a short scene then breaks the invariant it protects.

The table says which invariant of `ledger` catches which guard. The same scenes, with every guard
in place, break none; so no scene finds anything of its own. Where two guards cover for each other
they are planted out together, and the table says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.services import planted, scenes
from tests.services.interleaving import follow, schedules
from tests.services.ledger import ViolationError
from tests.services.planted import Plant
from tests.services.scenes import Meeting
from tests.services.world import World

Scene = Callable[[World], Meeting]
LONGEST = 45


@dataclass(frozen=True)
class Guard:
    """A row of the table.

    Attributes:
        rule: Of docs/turn-protocol.md.
        what: What guards.
        plant: Takes it away.
        scene: In which that shows.
        invariant: Which is then broken.
        skew: Seconds between the two workers' clocks.
    """

    rule: str
    what: str
    plant: Plant
    scene: Scene
    invariant: str
    skew: float = 0
    allowance: int = 0


GUARDS = [
    Guard(
        "1",
        "receipts are new",
        planted.receipt,
        scenes.same_text_twice,
        "each message is accepted once",
    ),
    Guard(
        "1",
        "a duplicate wakes too",
        planted.duplicates_wake,
        scenes.webhook_dies,
        "whatever was accepted is woken for",
    ),
    Guard(
        "2",
        "consent changes are newer",
        planted.consent_is_newer,
        scenes.late_start,
        "consent is the latest word",
    ),
    Guard(
        "2",
        "YES is START only while opted out",
        planted.yes_only_when_out,
        scenes.yes,
        "YES is conversation",
    ),
    Guard(
        "4",
        "acceptance checks the generation",
        planted.accept_generation,
        scenes.forget_and_text,
        "a text is sealed to the living key",
    ),
    Guard(
        "6", "a claim checks the epoch", planted.claim_epoch, scenes.two_workers, "the epoch rises"
    ),
    Guard(
        "6",
        "a running lease is left alone",
        planted.lease_runs,
        scenes.two_workers,
        "a lease is not taken while it runs",
    ),
    Guard("6", "an update needs its item (sweep)", planted.sweep_sees, scenes.sweep, "no ghosts"),
    Guard(
        "6",
        "an update needs its item (erasing)",
        planted.eraser_notes,
        scenes.two_erasers,
        "no ghosts",
    ),
    Guard("7", "attempts are counted", planted.attempts, scenes.workers_die, "all comes to rest"),
    Guard(
        "7",
        "a busy store is not counted",
        planted.excused,
        scenes.store_is_busy,
        "only what breaks its turn is set aside",
    ),
    Guard(
        "7", "a turn has one route", planted.one_route, scenes.two_channels, "a turn has one route"
    ),
    Guard(
        "8",
        "the commit checks the epoch",
        planted.commit_epoch,
        scenes.overtaken,
        "the epoch rises",
        skew=60,
    ),
    Guard(
        "8",
        "the commit checks the sequence, and numbers are new",
        planted.commit_sequence,
        scenes.another_writer,
        "numbers have no gap and no repeat",
    ),
    Guard(
        "8",
        "counters are in the commit",
        planted.counters,
        scenes.two_workers,
        "counters are what was committed",
    ),
    Guard(
        "9",
        "release and close check the epoch",
        planted.release_epoch,
        scenes.overtaken_and_failing,
        "the epoch rises",
        skew=60,
    ),
    Guard(
        "12",
        "an open turn is in the index",
        planted.claim_is_pending,
        scenes.worker_dies_once,
        "what waits is in the index",
    ),
    Guard(
        "12",
        "a pause stops new turns",
        planted.pause,
        scenes.pause,
        "nothing is answered in a pause",
    ),
    Guard(
        "13",
        "announcing checks consent",
        planted.announce_consent,
        scenes.stop,
        "no send begins after STOP",
    ),
    Guard(
        "13",
        "announcing checks the epoch",
        planted.sending_epoch,
        scenes.overtaken_before_sending,
        "the epoch rises",
        skew=60,
    ),
    Guard(
        "13",
        "a send begins within two seconds",
        planted.in_time,
        scenes.slow_announcement,
        "a send begins in time",
    ),
    Guard(
        "14",
        "the carrier is asked only when the sender is dead",
        planted.reconcile_late,
        scenes.sending,
        "no reply is sent twice",
        skew=60,
    ),
    Guard(
        "14",
        "sids that another turn holds are ignored",
        planted.other_turns_sids,
        scenes.second_send_is_lost,
        "a turn holds its own sends",
    ),
    Guard("14", "one resend", planted.one_resend, scenes.sends_are_lost, "a send is repeated once"),
    Guard(
        "14",
        "an opted-out person's texts stop",
        planted.consent_first,
        scenes.after_stop,
        "an opted-out person's texts stop",
    ),
    Guard(
        "15",
        "a lost key is not replaced",
        planted.key_lost,
        scenes.key_is_lost,
        "a key is never replaced silently",
    ),
    Guard(
        "16",
        "FORGET checks the epoch",
        planted.forget_epoch,
        scenes.forget_beside_a_commit,
        "the epoch rises",
    ),
    Guard(
        "16",
        "only older generations end forgotten",
        planted.forget_key_generation,
        scenes.forget_in_a_turn,
        "each text ends in one way",
    ),
    Guard(
        "16",
        "copies go before their turn",
        planted.copies_first,
        scenes.forget_with_carrier_away,
        "no copy is left of what was forgotten",
    ),
    Guard(
        "16",
        "a send under way is waited for",
        planted.send_under_way,
        scenes.forget_while_sending,
        "no copy is left of what was forgotten",
    ),
    Guard(
        "16",
        "other generations are skipped",
        planted.generation_skipped,
        scenes.forget_dies,
        "nothing raises an alarm",
    ),
    Guard(
        "16",
        "FORGET is confirmed by its code",
        planted.code_compared,
        scenes.forged_forget,
        "FORGET is confirmed",
    ),
    Guard(
        "-",
        "an allowance is looked at",
        planted.allowance,
        scenes.more_than_allowed,
        "an allowance is kept",
        allowance=3,
    ),
    Guard(
        "-",
        "content is bound to its place",
        planted.binding,
        scenes.items_are_swapped,
        "nothing swapped is shown",
    ),
]
SCENES = {(row.scene.__name__, row.skew, row.allowance) for row in GUARDS}


def violations(
    scene: Scene, skew: float, allowance: int, switches: int = 1
) -> Iterator[ViolationError]:
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
        except ViolationError as found:
            yield found
        finally:
            world.end()


@pytest.mark.parametrize("row", GUARDS, ids=lambda row: f"{row.rule} {row.what}")
def test_a_guard_that_is_planted_out_is_missed(row: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the guard, the invariant that the table names is broken."""
    row.plant(monkeypatch)
    found = next(violations(row.scene, row.skew, row.allowance), None)
    assert found is not None
    assert found.invariant == row.invariant, found


@pytest.mark.parametrize(
    ("scene", "skew", "allowance"),
    sorted(SCENES, key=str),
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_with_every_guard_in_place_nothing_is_broken(
    scene: str, skew: float, allowance: int
) -> None:
    """In every interleaving of the scene with one switch to the other worker and back."""
    for found in violations(getattr(scenes, scene), skew, allowance):
        raise found
