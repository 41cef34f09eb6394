"""Each guard around calls, planted out: a short scene then goes wrong. With all in place none does.

Where two guards cover for each other they are planted out together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import voice.codes
from conversation.keys import Keys
from conversation.tables import check
from messaging.keeps import Keep, Keeps
from tests.services import voice_guard_scenes as scenes
from tests.services.call_stage import CallStage
from tests.services.conftest import name_tables
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.planted import Plant, becomes, both, drops
from tests.services.played_kms import PlayedKms
from texting.after_call import AfterCalls
from texting.held import Held
from texting.inbox import Inbox
from texting.waiting_text import read_item
from voice.codes import Codes


def _reads_as_open(original: Any) -> Any:
    def read(self: Keeps, person: str, contact: str) -> Keep | None:
        keep: Keep | None = original(self, person, contact)
        return keep and replace(keep, kept_at=None)

    return read


def _takes_what_is_held(self: Inbox, conversation: str, _generation: str | None) -> Any:
    table = self._tables.conversations
    found = self._tables.query(table, conversation, "inbox#", limit=5)
    return [read_item(item, "", 0) for item in found]


def _any_generation(self: Keys, conversation: str, _generation: str) -> Any:
    return check(
        self._tables.conversations, conversation, "never", condition="attribute_not_exists(pk)"
    )


def _digest(_self: Codes, person: str, _contact: str, code: str) -> str:
    return f"{person} {code}"


HELD = "attribute_exists(held) AND expires_at > :today"
GUARDS: list[tuple[str, Plant, Callable[[scenes.World], bool]]] = [
    (
        "a release has a receipt, of words that are held",
        both(drops(Held, "_receipt", "attribute_not_exists(pk)"), drops(Held, "_releasing", HELD)),
        scenes.two_yes,
    ),
    ("what is released exists", drops(Held, "_releasing", HELD), scenes.no_beside_yes),
    (
        "a release checks the generation",
        becomes(Keys, "condition", _any_generation),
        scenes.yes_after_forget,
    ),
    (
        "what is held is not waiting",
        becomes(Inbox, "waiting", _takes_what_is_held),
        scenes.before_yes,
    ),
    (
        "a call is kept once",
        both(
            becomes(Keeps, "read", _reads_as_open(Keeps.read)),
            drops(Keeps, "keeping", " AND attribute_not_exists(kept_at)"),
        ),
        scenes.keep_again,
    ),
    (
        "notes check the call's generation",
        becomes(Keys, "condition", _any_generation),
        scenes.forget_in_keep,
    ),
    (
        "notes check the call's generation, as the offer does",
        both(
            becomes(Keys, "condition", _any_generation),
            drops(Keeps, "keeping", "generation = :generation AND "),
        ),
        scenes.forgotten_in_keep,
    ),
    (
        "what is over is what was read",
        drops(AfterCalls, "ending", "due_at = :due"),
        scenes.call_goes_on,
    ),
    (
        "a call is offered once",
        both(
            becomes(Keeps, "read", lambda *_: None),
            drops(Keeps, "offering", "attribute_not_exists(pk)"),
        ),
        scenes.offered_before,
    ),
    (
        "offers are counted",
        both(
            becomes(Keeps, "has_room", lambda *_: True),
            drops(Keeps, "counting", "attribute_not_exists(offers) OR offers < :most"),
        ),
        scenes.five_calls,
    ),
    ("tries are counted", becomes(Codes, "_counted", lambda *_: True), scenes.six_guesses),
    (
        "a call that is proved gets no code",
        drops(voice.codes, "put", "attribute_not_exists(proved_at)"),
        scenes.proved_beside_a_new_code,
    ),
    (
        "a code that was replaced is none",
        drops(Codes, "_proving", "digest = :digest"),
        scenes.new_code_beside_a_guess,
    ),
    (
        "an update needs its item",
        drops(voice.codes, "update", "attribute_exists(pk)"),
        scenes.id_of_a_lost_code,
    ),
    ("a code is bound to its call", becomes(Codes, "_digest", _digest), scenes.other_call),
]


def world() -> scenes.World:
    """A stage over new tables in memory, whose person knows who answers."""
    memory = MemoryDynamoDB()
    stage = CallStage(name_tables(memory, PlayedKms()))
    stage.knows_us()
    return scenes.World(memory, stage)


@pytest.mark.parametrize(("what", "plant", "scene"), GUARDS, ids=[row[0] for row in GUARDS])
def test_a_guard_that_is_planted_out_is_missed(
    what: str, plant: Plant, scene: Callable[[scenes.World], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the guard the scene goes wrong, and with it it does not."""
    del what
    assert not scene(world())
    plant(monkeypatch)
    assert scene(world())
