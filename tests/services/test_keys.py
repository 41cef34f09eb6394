"""The key item: made once, never replaced in silence, and believed only when it fits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conversation import observability
from conversation.codec import Role, SealBrokenError
from conversation.items import Item, to_item
from conversation.keys import ForgottenError, KeyLostError, KeyRecord, Keys, KeyUnavailableError
from conversation.sealing import Sealer
from conversation.tables import Tables, update
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.played_kms import PlayedKms, conversation_key, refusal

PERSON = "person#01"
HOME: Item = {"sk": "inbox#1"}


@pytest.fixture
def keys(memory_tables: Tables) -> Keys:
    """Keys over tables in memory."""
    return Keys(memory_tables)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what was counted."""
    names: list[str] = []
    monkeypatch.setattr(observability, "count", lambda name, value=1: names.append(name))
    return names


def lose(tables: Tables) -> None:
    """Somebody deletes the item of the key."""
    tables.client.delete_item(TableName=tables.keys, Key={"pk": {"S": PERSON}})


def put(tables: Tables, record: KeyRecord) -> None:
    """Somebody writes an item of a key."""
    tables.client.put_item(TableName=tables.keys, Item=to_item(record.item()))


def said(keys: Keys, sealed: bytes) -> str:
    """What a sealed text says."""
    seals = keys.seals(PERSON, keys.ensure(PERSON))
    return seals.open({**HOME, "text": sealed}, "text", Role.TEXT)


def test_a_key_is_a_public_half_and_a_wrapped_seed(
    keys: Keys, kms: PlayedKms, memory: MemoryDynamoDB, memory_tables: Tables
) -> None:
    """That is all that rests; making it asks KMS to wrap once and never to unwrap."""
    record = keys.ensure_record(PERSON)
    (item,) = memory.tables[memory_tables.keys].values()
    assert set(item) == {"pk", "schema", "generation", "public_key", "wrapped_seed", "created_at"}
    assert len(record.public_key) == 32
    assert kms.calls == [("encrypt", PERSON)]
    assert keys.ensure_record(PERSON) == record
    assert keys.find(PERSON) == record.generation
    assert len(kms.calls) == 1


def test_what_the_public_half_sealed_opens_with_the_seed(keys: Keys, kms: PlayedKms) -> None:
    """Sealing asks nobody; opening costs one call of KMS, the next one none."""
    sealed = keys.ensure_record(PERSON).sealer.seal("hello", HOME, Role.TEXT)
    assert isinstance(keys.ensure_record(PERSON).sealer, Sealer)
    for _ in range(3):
        assert said(keys, sealed) == "hello"
    assert kms.calls == [("encrypt", PERSON), ("decrypt", PERSON)]


def test_a_rotated_key_opens_what_rests(keys: Keys, kms: PlayedKms) -> None:
    """KMS makes new key material: nobody who reads notices."""
    record = keys.ensure_record(PERSON)
    sealed = record.sealer.seal("hello", HOME, Role.TEXT)
    kms.rotate()
    assert said(keys, sealed) == "hello"


def test_a_lost_key_is_an_operators_decision(
    keys: Keys, memory_tables: Tables, counted: list[str]
) -> None:
    """It is an error that is counted, for who seals and for who opens, and nothing is replaced."""
    generation = keys.ensure(PERSON)
    lose(memory_tables)
    with pytest.raises(KeyLostError):
        keys.ensure_record(PERSON)
    with pytest.raises(KeyLostError):
        keys.seals(PERSON, generation)
    assert counted == ["KeyLost", "KeyLost"]
    assert keys.find(PERSON) is None


def test_a_key_that_another_replaced_is_lost_too(
    keys: Keys, kms: PlayedKms, memory_tables: Tables
) -> None:
    """A `keys` item of a generation that `meta` does not name is not the conversation's."""
    generation = keys.ensure(PERSON)
    put(memory_tables, conversation_key(PERSON, kms)[0])
    with pytest.raises(KeyLostError):
        keys.seals(PERSON, generation)


def test_what_was_forgotten_is_not_lost(
    keys: Keys, memory_tables: Tables, counted: list[str]
) -> None:
    """FORGET takes the key and `meta`'s generation together: no alarm for who comes late."""
    generation = keys.ensure(PERSON)
    lose(memory_tables)
    cleared = update(memory_tables.conversations, PERSON, "meta", "REMOVE generation", condition="")
    memory_tables.write(cleared)
    with pytest.raises(ForgottenError):
        keys.seals(PERSON, generation)
    assert counted == []
    assert keys.ensure(PERSON) != generation


@pytest.mark.parametrize("field", ["public_key", "wrapped_seed", "generation"])
def test_a_key_item_that_does_not_fit_is_broken(
    keys: Keys, kms: PlayedKms, memory_tables: Tables, counted: list[str], field: str
) -> None:
    """A public key, a seed or a generation of somebody else's making is found at the unwrapping."""
    record = keys.ensure_record(PERSON)
    theirs = conversation_key("person#02", kms)[0]
    forged = replace(record, **{field: getattr(theirs, field)})
    put(memory_tables, forged)
    moved = update(
        memory_tables.conversations,
        PERSON,
        "meta",
        "SET generation = :g",
        condition="",
        values={":g": forged.generation},
    )
    memory_tables.write(moved)
    with pytest.raises(SealBrokenError):
        keys.seals(PERSON, forged.generation)
    assert counted == ["SealBroken"]


def test_no_key_is_made_while_kms_is_away(
    keys: Keys, kms: PlayedKms, memory_tables: Tables, counted: list[str]
) -> None:
    """A first contact waits; nothing half made is left."""
    kms.errors = [refusal("DisabledException", "Encrypt")]
    with pytest.raises(KeyUnavailableError):
        keys.ensure(PERSON)
    assert counted == ["KeyUnavailable"]
    assert keys.find(PERSON) is None
    assert memory_tables.get(memory_tables.conversations, PERSON, "meta") is None
    kms.errors.clear()
    assert keys.ensure(PERSON)
