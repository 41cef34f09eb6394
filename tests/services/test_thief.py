"""What whoever has a copy of the tables can make of it, with the address key and without."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conversation.codec import CodecError, SealBrokenError
from conversation.keys import Keys
from conversation.messages import open_message
from conversation.persons import address_hash
from conversation.sealing import Seals
from conversation.tables import Tables
from tests.services.call_stage import CallStage
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.played_kms import PlayedKms, vault_of
from tests.services.stage import KEY, PERSON

WORDS = "my locker code is zebra-seven"


@pytest.fixture
def stage(memory_tables: Tables) -> CallStage:
    """Somebody has texted and was answered."""
    stage = CallStage(memory_tables)
    stage.writes(WORDS)
    return stage


def opened(stage: CallStage, seed: bytes) -> list[str]:
    """What opens of all messages with a seed."""
    found = []
    for item in stage.of(stage.conversation, "message#"):
        seals = Seals(stage.conversation, item["generation"], seed)
        try:
            found.append(open_message(item, seals).text)
        except CodecError:
            continue
    return found


def test_a_copy_of_the_tables_opens_nothing(stage: CallStage, memory: MemoryDynamoDB) -> None:
    """No word and no number is in clear; what is in `keys` is no seed, and no other KMS helps."""
    record = stage.keys.record(stage.conversation)
    assert record
    rests = str(memory.tables)
    assert [one for one in (WORDS, "zebra", PERSON.removeprefix("+")) if one in rests] == []
    seed = stage.tables.vault.unwrap(stage.conversation, record.wrapped_seed)
    assert len(opened(stage, seed)) == 2  # with KMS they are what was said
    assert opened(stage, record.wrapped_seed) == opened(stage, record.public_key) == []
    elsewhere = replace(stage.tables, vault=vault_of(PlayedKms()))
    with pytest.raises(SealBrokenError):
        Keys(elsewhere).seals(stage.conversation, record.generation)


def test_the_address_key_tells_numbers_and_no_words(
    stage: CallStage, memory: MemoryDynamoDB
) -> None:
    """A number that is guessed is recognised, another is not; to what was said it is no key."""
    people = str(memory.tables[stage.tables.people])
    assert address_hash(PERSON, KEY) in people
    assert address_hash("+12025550199", KEY) not in people
    assert opened(stage, KEY) == []
