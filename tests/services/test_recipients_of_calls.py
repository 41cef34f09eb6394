"""Whose a call is: its number says so, and `meta` alone does not."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from conversation import observability
from conversation.codec import CodecError
from conversation.items import to_attribute
from conversation.persons import Persons, address_hash, person_key
from conversation.tables import Tables
from tests.services.call_stage import CONTACT, CallStage
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.stage import KEY
from tests.services.voice_stage import VoiceStage

BEN = "+13035550122"


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what was counted."""
    names: list[str] = []
    monkeypatch.setattr(observability, "count", lambda name, value=1: names.append(name))
    return names


@pytest.fixture
def calls(memory_tables: Tables) -> CallStage:
    """Somebody who calls."""
    calls = CallStage(memory_tables)
    calls.knows_us()
    return calls


def owner(calls: CallStage, memory: MemoryDynamoDB, person: Any) -> None:
    """Somebody writes into `meta` whose call it is."""
    meta = memory.tables[calls.tables.conversations][(f"call#{CONTACT}", "meta")]
    meta.pop("person", None)
    if person is not None:
        meta["person"] = to_attribute(person)


@pytest.mark.parametrize("person", [None, "01SOMEBODYELSE"])
def test_a_call_of_somebody_else_is_offered_and_answered_to_nobody(
    calls: CallStage, memory: MemoryDynamoDB, counted: list[str], person: str | None
) -> None:
    """`meta` says of itself whose call it is; the address says whose it is."""
    calls.says("hello")
    calls.holds("how far is it?")
    calls.agrees()
    owner(calls, memory, person)
    for _ in range(8):
        with suppress(CodecError):
            calls.hangs_up()
    assert calls.bodies() == []
    assert calls.of_person("keep#") == []
    assert memory.tables[calls.tables.people].get((person_key("01SOMEBODYELSE"), "keep#")) is None
    assert "ForeignAddress" in counted


def test_a_call_counts_for_whom_its_number_is(calls: CallStage, memory: MemoryDynamoDB) -> None:
    """Also when `meta` names somebody else: a spoken turn goes by the number."""
    voice = VoiceStage(calls.tables)
    voice.say("hello")
    meta = memory.tables[voice.tables.conversations][(f"call#{voice.contact}", "meta")]
    theirs = meta["person"]
    meta["person"] = to_attribute("01SOMEBODYELSE")
    voice.say("and then?")
    usage = [pk for pk, sk in memory.tables[voice.tables.people] if sk.startswith("voice-usage#")]
    assert usage == [person_key(theirs["S"])]


def test_an_offer_of_somebody_elses_call_is_none(calls: CallStage, memory: MemoryDynamoDB) -> None:
    """Who may write in `people` copies an offer to another person: KEEP tells them nothing."""
    calls.says("I go to Oslo")
    calls.hangs_up()
    people = memory.tables[calls.tables.people]
    theirs, mine = f"keep#{CONTACT}", people.pop((person_key(calls.person), f"keep#{CONTACT}"))
    ben = Persons(calls.tables, calls.clock, calls.ids).find_or_create(address_hash(BEN, KEY))
    people[(person_key(ben), theirs)] = {**mine, "pk": to_attribute(person_key(ben))}
    accepted = calls.door.accept("KEEP", "SMben", address=BEN)
    assert accepted.conversation == person_key(ben)
    asked = len(calls.model.seen)
    calls.wake(accepted.conversation)
    assert calls.bodies()[-1].endswith(calls.texts.keep_gone)
    assert len(calls.model.seen) == asked
