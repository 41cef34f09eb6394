"""A caller's number may be forged: what is made for it expires, unless it leads to something."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from conversation.clocks import DAY_SECONDS
from conversation.persons import Persons, address_hash, address_key
from conversation.tables import Tables, delete
from messaging.keeps import Keeps
from tests.services.call_stage import CONTACT, OTHER, CallStage
from tests.services.stage import KEY

DAYS = 31
STRANGER = "+12025550143"
HASHED = address_hash(STRANGER, KEY)


@pytest.fixture
def stage(memory_tables: Tables) -> CallStage:
    """A stage whose clock a test moves."""
    return CallStage(memory_tables)


def item(stage: CallStage) -> dict[str, Any]:
    """What the stranger's address holds."""
    tables = stage.tables
    return tables.get(tables.people, address_key(HASHED), "person") or {}


def calls(stage: CallStage, contact: str = CONTACT) -> str | None:
    """The stranger calls; whose id they are given."""
    return stage.calling(person_days=DAYS).resolve(STRANGER, contact).person


def texts(stage: CallStage) -> str:
    """The stranger texts."""
    return Persons(stage.tables, stage.clock, stage.ids).find_or_create(HASHED)


def test_a_number_that_only_called_expires(stage: CallStage) -> None:
    """After what a call leaves behind has; until then it is one person."""
    first = calls(stage)
    assert item(stage)["expires_at"] == int(stage.clock()) + DAYS * DAY_SECONDS
    stage.clock.now += DAYS * DAY_SECONDS - 1
    assert Persons(stage.tables, stage.clock).find(HASHED) == first
    stage.clock.now += 2
    assert Persons(stage.tables, stage.clock).find(HASHED) is None
    assert calls(stage, OTHER) not in {first, None}


@pytest.mark.parametrize("deleted", [False, True])
def test_an_expired_number_begins_anew(stage: CallStage, *, deleted: bool) -> None:
    """Whether or not DynamoDB has deleted it by then; a text makes it stay at once."""
    first = calls(stage)
    stage.clock.now += DAYS * DAY_SECONDS + 1
    if deleted:
        stage.tables.write(delete(stage.tables.people, address_key(HASHED), "person"))
    second = texts(stage)
    assert second != first
    assert "expires_at" not in item(stage)
    assert calls(stage) == second


def test_each_call_puts_it_off_once_a_day(stage: CallStage) -> None:
    """FORGET must find by the number what the latest call left."""
    calls(stage)
    first = item(stage)["expires_at"]
    stage.clock.now += DAY_SECONDS - 60
    calls(stage)
    assert item(stage)["expires_at"] == first
    stage.clock.now += 61
    calls(stage)
    assert item(stage)["expires_at"] >= first + DAY_SECONDS


def test_a_text_keeps_the_person(stage: CallStage) -> None:
    """Who has called and then texts is the same person, for good; further calls change nothing."""
    called = calls(stage)
    assert texts(stage) == called
    assert "expires_at" not in item(stage)
    stage.clock.now += 40 * DAY_SECONDS
    assert calls(stage) == called
    assert "expires_at" not in item(stage)


def test_a_person_who_texted_first_never_expires(stage: CallStage) -> None:
    """A call is no reason to forget anybody."""
    person = texts(stage)
    stage.clock.now += 2 * DAY_SECONDS
    assert calls(stage) == person
    assert "expires_at" not in item(stage)


def test_a_text_beside_a_call_wins(stage: CallStage) -> None:
    """A call that read the item before the text kept it does not have it expire again."""
    calls(stage)
    stale = item(stage)
    texts(stage)
    persons = Persons(stage.tables, stage.clock)
    assert persons._expiring(address_key(HASHED), stale, 1) is False
    assert "expires_at" not in item(stage)


def test_the_latest_offer_is_meant_however_many_there_are(stage: CallStage) -> None:
    """Calls have random ids: the offer that KEEP means may be the last of them in key order."""
    keeps = Keeps(stage.tables, stage.clock)
    over: Any = SimpleNamespace(generation=stage.generation, started_at=1)
    seals = stage.keys.seals(stage.conversation, stage.generation)
    for number in range(150):
        stage.clock.now += 1
        contact = f"{number:08d}{CONTACT[8:]}"
        stage.tables.write(keeps.offering(stage.person, over, contact, seals))
    wanted = keeps.wanted(stage.person)
    assert wanted is not None
    assert wanted.contact == f"{149:08d}{CONTACT[8:]}"
