"""Each guard around calls, planted out: a short scene then goes wrong. With all in place none does.

Where two guards cover for each other they are planted out together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import texting.inbox
from conversation.keys import Keys
from conversation.tables import check
from messaging.keeps import Keep, Keeps
from tests.services.call_stage import CONTACT, OTHER, CallStage
from tests.services.conftest import name_tables
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.planted import Plant, becomes, both, drops
from tests.services.played_kms import PlayedKms
from texting.held import Held
from texting.inbox import Inbox
from voice.codes import Check, Codes

CALL = f"call#{CONTACT}"
SECOND_MESSAGE = 2


@dataclass
class World:
    """A stage, and the store below it."""

    memory: MemoryDynamoDB
    stage: CallStage

    def meanwhile(self, what: Callable[[], Any]) -> None:
        """Have something happen right before the next write."""

        def now(when: str, _operation: str) -> None:
            if when == "before":
                self.memory.written = lambda _when, _operation: None
                what()

        self.memory.written = now


def two_yes(world: World) -> bool:
    """Two yes at once: whether both count as the first."""
    stage = world.stage
    stage.holds("how far is it?")
    found: list[Any] = []
    world.meanwhile(lambda: found.append(stage.agrees()))
    found.append(stage.agrees())
    return len(set(found)) == 1


def no_beside_yes(world: World) -> bool:
    """No and yes at once: whether the yes makes a text of what is no longer there."""
    stage = world.stage
    caller = stage.holds("how far is it?")

    def no() -> None:
        stage.held.drop(caller.conversation, contact=CONTACT, turn="t-0002")

    world.meanwhile(no)
    stage.agrees()
    return bool(stage.of(CALL, "inbox#"))


def yes_after_forget(world: World) -> bool:
    """FORGET comes between finding the words and the yes: whether they are released."""
    stage = world.stage
    stage.holds("how far is it?")
    world.meanwhile(stage.forgets)
    return stage.agrees().wakes


def before_yes(world: World) -> bool:
    """The conversation is woken before the caller said anything: whether they get a text."""
    world.stage.holds("how far is it?")
    world.stage.wake(CALL)
    return bool(world.stage.bodies())


def keep_again(world: World) -> bool:
    """KEEP, and once more: whether the call is in the memory twice."""
    stage = world.stage
    stage.says("I go to Oslo")
    stage.hangs_up()
    for _ in range(2):
        stage.writes("KEEP")
    return str(stage.remembered()).count("A telephone call") >= SECOND_MESSAGE


def forget_in_keep(world: World) -> bool:
    """The call is forgotten while its notes are written: whether they are kept."""
    stage = world.stage
    stage.says("I go to Oslo")
    stage.hangs_up()

    def forgets(_messages: Any) -> str:
        stage.forgetting().begin(CALL)
        return "notes"

    stage.model.script = forgets
    stage.writes("KEEP")
    return "A telephone call" in str(stage.remembered())


def five_calls(world: World) -> bool:
    """Five calls in a day: whether they are offered more often than three times."""
    for number in range(5):
        world.stage.says("hello", f"{OTHER}-{number}")
        world.stage.hangs_up(f"{OTHER}-{number}")
    return len(world.stage.bodies()) > 3


def six_guesses(world: World) -> bool:
    """Five wrong codes, then the right one: whether it proves."""
    stage = world.stage
    stage.codes.issue(stage.person, stage.hashed, CONTACT)
    tried = [f"00000{number}" for number in range(5)] + ["123456"]
    found = [stage.codes.check(stage.person, stage.hashed, CONTACT, code) for code in tried]
    return found[-1] is Check.PROVED


def other_call(world: World) -> bool:
    """A code of one call is typed into another that was given one too: whether it proves."""
    stage = world.stage
    for contact in (CONTACT, OTHER):
        stage.codes.issue(stage.person, stage.hashed, contact)
    kept = stage.of_person(f"proof#{CONTACT}")[0]["digest"]
    return bool(kept == stage.of_person(f"proof#{OTHER}")[0]["digest"])


def _reads_as_open(original: Any) -> Any:
    def read(self: Keeps, person: str, contact: str) -> Keep | None:
        keep = original(self, person, contact)
        return keep and Keep(keep.contact, keep.generation, keep.started_at, keep.offered_at)

    return read


def _takes_what_is_held(self: Inbox, conversation: str, _generation: str | None) -> Any:
    table = self._tables.conversations
    found = self._tables.query(table, conversation, "inbox#", limit=5)
    return [texting.inbox._parse(item) for item in found]


def _any_generation(self: Keys, conversation: str, _generation: str) -> Any:
    return check(
        self._tables.conversations, conversation, "never", condition="attribute_not_exists(pk)"
    )


def _digest(_self: Codes, person: str, _contact: str, code: str) -> str:
    return f"{person} {code}"


HELD = "attribute_exists(held) AND expires_at > :today"
GUARDS: list[tuple[str, Plant, Callable[[World], bool]]] = [
    (
        "a release has a receipt, of words that are held",
        both(drops(Held, "_receipt", "attribute_not_exists(pk)"), drops(Held, "_releasing", HELD)),
        two_yes,
    ),
    ("what is released exists", drops(Held, "_releasing", HELD), no_beside_yes),
    (
        "a release checks the generation",
        becomes(Keys, "condition", _any_generation),
        yes_after_forget,
    ),
    (
        "what is held is not waiting",
        becomes(Inbox, "waiting", _takes_what_is_held),
        before_yes,
    ),
    (
        "a call is kept once",
        both(
            becomes(Keeps, "read", _reads_as_open(Keeps.read)),
            drops(Keeps, "keeping", " AND attribute_not_exists(kept_at)"),
        ),
        keep_again,
    ),
    (
        "notes check the call's generation",
        becomes(Keys, "condition", _any_generation),
        forget_in_keep,
    ),
    (
        "offers are counted",
        both(
            becomes(Keeps, "has_room", lambda *_: True),
            drops(Keeps, "counting", "attribute_not_exists(offers) OR offers < :most"),
        ),
        five_calls,
    ),
    ("tries are counted", becomes(Codes, "_counted", lambda *_: True), six_guesses),
    ("a code is bound to its call", becomes(Codes, "_digest", _digest), other_call),
]


def world() -> World:
    """A stage over new tables in memory, whose person knows who answers."""
    memory = MemoryDynamoDB()
    stage = CallStage(name_tables(memory, PlayedKms()))
    stage.knows_us()
    return World(memory, stage)


@pytest.mark.parametrize(("what", "plant", "scene"), GUARDS, ids=[row[0] for row in GUARDS])
def test_a_guard_that_is_planted_out_is_missed(
    what: str, plant: Plant, scene: Callable[[World], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the guard the scene goes wrong, and with it it does not."""
    del what
    assert not scene(world())
    plant(monkeypatch)
    assert scene(world())
