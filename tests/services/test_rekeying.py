"""A lost key is given up by an operator, and then the conversation goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conversation.items import to_item
from conversation.keys import KeyLostError, KeyUnavailableError
from conversation.rekeying import NothingLostError, Rekeying
from conversation.tables import ConditionFailedError, Tables
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.played_kms import PlayedKms, conversation_key, refusal, vault_of
from tests.services.stage import Stage


@pytest.fixture
def stage(memory_tables: Tables) -> Stage:
    """A conversation of one exchange, and a text that waits."""
    stage = Stage(memory_tables)
    stage.text("first")
    stage.attend()
    stage.text("second")
    return stage


def lose(stage: Stage, memory: MemoryDynamoDB, kms: PlayedKms) -> None:
    """The item goes, and no worker holds the key any more."""
    memory.tables[stage.tables.keys].clear()
    stage.tables.vault.drop(stage.conversation)


def test_what_is_lost_is_said_and_given_up(
    stage: Stage, memory: MemoryDynamoDB, kms: PlayedKms
) -> None:
    """The new key opens nothing of before; the waiting text is gone; the next one is answered."""
    lose(stage, memory, kms)
    with pytest.raises(KeyLostError):
        stage.attend()
    loss = Rekeying(stage.tables, stage.clock).look(stage.conversation)
    assert (loss.messages, loss.waiting, loss.turn_open) == (2, 1, True)
    epoch, sequence = loss.epoch, stage.items("meta")[0]["sequence"]
    made = Rekeying(stage.tables, stage.clock).replace(loss)
    meta = stage.items("meta")[0]
    assert (meta["epoch"], meta["sequence"]) == (epoch + 1, sequence)
    assert not {"open_turn", "pending_at", "pending_shard"} & set(meta)
    assert stage.keys.find(stage.conversation) == made.generation == meta["generation"]
    assert stage.attend() is None
    stage.key, stage.generation = made, made.generation
    stage.text("third")
    stage.attend_until_done()
    assert stage.bodies() == ["you said: first", "you said: third"]
    assert [message.content for message in stage.model.seen[-1][1:]] == ["third"]
    assert stage.items("inbox#") == []


def test_a_key_that_was_replaced_by_another_is_given_up_too(stage: Stage, kms: PlayedKms) -> None:
    """Whatever rests in its place is overwritten."""
    forged, _ = conversation_key(stage.conversation, kms)
    forged = replace(forged, generation=stage.generation)
    stage.tables.client.put_item(TableName=stage.tables.keys, Item=to_item(forged.item()))
    loss = Rekeying(stage.tables).look(stage.conversation)
    assert "altered" in loss.reason
    made = Rekeying(stage.tables).replace(loss)
    assert stage.keys.seals(stage.conversation, made.generation).public_key == made.public_key


def test_a_key_that_is_there_is_left_alone(stage: Stage) -> None:
    """Nor is one made for who never had one."""
    for conversation in (stage.conversation, "person#nobody"):
        with pytest.raises(NothingLostError):
            Rekeying(stage.tables).look(conversation)


def test_kms_away_is_no_loss(stage: Stage, kms: PlayedKms) -> None:
    """A key that KMS withholds may well come back."""
    kms.errors = [refusal("DisabledException", "Decrypt")]
    with pytest.raises(KeyUnavailableError):
        Rekeying(replace(stage.tables, vault=vault_of(kms))).look(stage.conversation)


def test_a_conversation_that_moved_on_is_not_overwritten(
    stage: Stage, memory: MemoryDynamoDB, kms: PlayedKms
) -> None:
    """A worker wrote, or somebody put the key back: look again first."""
    rests = dict(memory.tables[stage.tables.keys])
    lose(stage, memory, kms)
    loss = Rekeying(stage.tables).look(stage.conversation)
    with pytest.raises(ConditionFailedError):
        Rekeying(stage.tables).replace(replace(loss, epoch=loss.epoch + 7))
    memory.tables[stage.tables.keys].update(rests)
    with pytest.raises(ConditionFailedError):
        Rekeying(stage.tables).replace(loss)
    stage.attend_until_done()
    assert stage.bodies() == ["you said: first", "you said: second"]
