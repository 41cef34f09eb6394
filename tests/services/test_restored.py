"""One table is restored to an earlier time than another: nothing that follows is silent."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from conversation import observability
from conversation.deadline import Deadline
from conversation.history import DynamoDBHistory
from conversation.items import from_item
from conversation.keys import KeyLostError
from conversation.rekeying import NothingLostError, Rekeying
from conversation.tables import Tables
from messaging.acceptance import CONSENT
from messaging.settling import Settling
from tests.services.call_stage import CONTACT, CallStage
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.voice_stage import TEXTS, VoiceStage

World = tuple[CallStage, MemoryDynamoDB]
Places = dict[tuple[str, str], Any]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what was counted."""
    names: list[str] = []
    monkeypatch.setattr(observability, "count", lambda name, value=1: names.append(name))
    return names


@pytest.fixture
def world(memory_tables: Tables, memory: MemoryDynamoDB) -> World:
    """Somebody who was answered."""
    stage = CallStage(memory_tables)
    stage.knows_us()
    stage.writes("my secret is blue")
    stage.carrier.sent.clear()
    return stage, memory


def comes_back_after_a_forget(world: World) -> None:
    """They were forgotten, and came back; `conversations` is as it was before all that."""
    stage, memory = world
    before = copy.deepcopy(memory.tables[stage.tables.conversations])
    stage.forgets()
    stage.arrives("hello again")
    waits = _inbox(world)
    memory.tables[stage.tables.conversations] = before
    memory.tables[stage.tables.conversations].update(waits)


def comes_before_the_first_text(world: World) -> None:
    """`conversations` is as it was before they ever texted; their next text was accepted."""
    stage, memory = world
    stage.arrives("hello again")
    waits = _inbox(world)
    memory.tables[stage.tables.conversations] = waits


def keys_are_gone(world: World) -> None:
    """`keys` has nothing, and what waits is sealed to yet another key."""
    stage, memory = world
    comes_back_after_a_forget(world)
    del memory.tables[stage.tables.keys][(stage.conversation, "")]


def _inbox(world: World) -> Places:
    stage, memory = world
    table = memory.tables[stage.tables.conversations]
    return {place: item for place, item in table.items() if place[1].startswith("inbox#")}


States = Callable[[World], None]
STATES = [comes_back_after_a_forget, comes_before_the_first_text, keys_are_gone]
every = pytest.mark.parametrize("restore", STATES, ids=lambda state: state.__name__)


def cold(stage: CallStage) -> None:
    """No worker holds a key."""
    stage.tables.vault.drop(stage.conversation)


@every
def test_a_text_that_waits_is_counted_each_time(
    world: World, counted: list[str], restore: States
) -> None:
    """It stays where it is, and whoever meets it counts a lost key."""
    stage, _ = world
    restore(world)
    cold(stage)
    counted.clear()
    waits = _inbox(world)
    for _ in range(4):
        with pytest.raises(KeyLostError):
            stage.attend()
        stage.clock.now += 90
    assert counted.count("KeyLost") == 4
    assert list(_inbox(world)) == list(waits)
    assert stage.bodies() == []


@every
def test_no_text_is_accepted_that_nobody_can_answer(
    world: World, counted: list[str], restore: States
) -> None:
    """503 and a count, as for a key that is gone; a STOP needs no key."""
    stage, memory = world
    restore(world)
    people = len(memory.tables[stage.tables.people])
    counted.clear()
    for _ in range(3):
        with pytest.raises(KeyLostError):
            stage.arrives("are you there?", "SMrefused")
    assert counted == ["KeyLost"] * 3
    assert len(memory.tables[stage.tables.people]) == people
    assert stage.arrives("STOP").effect == CONSENT


@every
def test_other_programs_hear_of_it_too(world: World, counted: list[str], restore: States) -> None:
    """A LangChain program gets the error that is documented, and at once."""
    stage, _ = world
    restore(world)
    cold(stage)
    history = DynamoDBHistory(stage.tables, stage.conversation, clock=stage.clock)
    with pytest.raises(KeyLostError):
        history.add_user_message("hello")
    assert "KeyLost" in counted


@every
def test_after_rekey_the_person_is_answered(world: World, restore: States) -> None:
    """What waited is given up and said to be; the next text is answered, and remembered."""
    stage, _ = world
    restore(world)
    cold(stage)
    work = Rekeying(stage.tables, stage.clock)
    loss = work.look(stage.conversation)
    known = {loss.generation, loss.resting}
    assert loss.waiting == len([1 for one in _inbox(world).values() if _of(one) in known])
    made = work.replace(loss)
    stage.key, stage.generation = made, made.generation
    stage.writes("now?")
    assert stage.bodies() == ["you said: now?"]
    assert stage.remembered() == ["now?", "you said: now?"]
    with pytest.raises(NothingLostError):
        work.look(stage.conversation)


def _of(item: dict[str, Any]) -> str:
    return str(from_item(item)["generation"])


def test_a_call_hears_an_apology_and_it_is_counted(
    memory_tables: Tables, memory: MemoryDynamoDB, counted: list[str]
) -> None:
    """`conversations` is as it was before the call began, and its key is there."""
    stage = VoiceStage(memory_tables)
    stage.say("hello")
    memory.tables[stage.tables.conversations].clear()
    counted.clear()
    assert stage.say("are you there?") == TEXTS.trouble
    assert "KeyLost" in counted


def test_an_offer_that_nobody_can_make_is_counted(world: World, counted: list[str]) -> None:
    """A call's `meta` is lost: what it left to be done is met again and again, and counted."""
    stage, memory = world
    stage.says("hello")
    del memory.tables[stage.tables.conversations][(f"call#{CONTACT}", "meta")]
    counted.clear()
    for _ in range(2):
        with pytest.raises(KeyLostError):
            stage.hangs_up()
    assert counted.count("KeyLost") == 2
    assert stage.of(f"call#{CONTACT}", "after-call")


def test_a_forget_beside_a_reader_is_no_loss(world: World, counted: list[str]) -> None:
    """Read before a FORGET, an old generation is the reader's own fault: nothing is counted."""
    stage, _ = world
    meta = stage.lease.read(stage.conversation)
    stage.forgets()
    stage.arrives("hello again")
    counted.clear()
    settling = Settling(stage.lease, stage.inbox, quiet_seconds=0, cap_seconds=0, clock=stage.clock)
    found = settling.settle(meta, _later(stage), lambda: None)
    assert (found[1], counted) == ([], [])
    stage.wake(stage.conversation)
    assert stage.bodies() == ["you said: hello again"]


def _later(stage: CallStage) -> Deadline:
    return Deadline.after(30, stage.clock)


def test_people_before_the_first_text_makes_them_somebody_new(
    world: World, counted: list[str]
) -> None:
    """What waited for an answer is not sent to a number that nobody is known by; it is counted."""
    stage, memory = world
    stage.arrives("are you there?")
    memory.tables[stage.tables.people].clear()
    for _ in range(8):
        with suppress(Exception):
            stage.attend()
        stage.clock.now += 90
    assert stage.bodies() == []
    assert "ForeignAddress" in counted
    accepted = stage.arrives("hello?")
    assert accepted.conversation != stage.conversation
    stage.wake(accepted.conversation)
    assert stage.bodies()[-1].endswith("you said: hello?")
