"""The responder and the webhook when a key is away, lost, or what rests is not what was sealed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from conversation import observability
from conversation.codec import SealBrokenError
from conversation.keys import KeyLostError, KeyUnavailableError
from conversation.outcomes import Outcome
from conversation.tables import Tables
from messaging.acceptance import CONSENT
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.played_kms import PlayedKms, refusal, vault_of
from tests.services.stage import Stage
from tests.services.texting_door import Door


@pytest.fixture
def stage(memory_tables: Tables) -> Stage:
    """One person and one number, over tables in memory."""
    return Stage(memory_tables)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what was counted."""
    names: list[str] = []
    monkeypatch.setattr(observability, "count", lambda name, value=1: names.append(name))
    return names


def cold(stage: Stage, kms: PlayedKms) -> Any:
    """A new worker, which holds no key."""
    return stage.worker(replace(stage.tables, vault=vault_of(kms)))


def test_an_answer_waits_for_the_key(stage: Stage, kms: PlayedKms, counted: list[str]) -> None:
    """With KMS away the turn stays open, counts no attempt, and is answered once KMS is back."""
    stage.text("hello")
    for _ in range(5):
        kms.errors = [refusal("DisabledException", "Decrypt")]
        with pytest.raises(KeyUnavailableError):
            stage.attend(cold(stage, kms))
    meta = stage.items("meta")[0]
    assert (meta["open_turn"]["attempts"], "pending_at" in meta) == (0, True)
    assert (stage.bodies(), len(stage.items("inbox#"))) == ([], 1)
    assert counted.count("KeyUnavailable") == 5
    assert stage.attend(cold(stage, kms)) is None
    assert stage.bodies() == ["you said: hello"]
    assert stage.items("turn#")[0]["outcome"] == Outcome.ANSWERED


def test_a_worker_that_holds_the_key_answers_without_kms(stage: Stage, kms: PlayedKms) -> None:
    """KMS away is felt only by who has to ask it."""
    stage.text("first")
    stage.attend()
    asked, kms.away = len(kms.calls), True
    stage.text("second")
    stage.attend()
    assert stage.bodies() == ["you said: first", "you said: second"]
    assert len(kms.calls) == asked


def test_a_throttled_kms_costs_no_turn(stage: Stage, kms: PlayedKms) -> None:
    """It is asked again within the turn's own time."""
    stage.text("hello")
    kms.errors = [refusal("ThrottlingException", "Decrypt") for _ in range(3)]
    assert stage.attend(cold(stage, kms)) is None
    assert stage.bodies() == ["you said: hello"]


def test_an_answer_that_is_made_waits_for_the_key_too(stage: Stage, kms: PlayedKms) -> None:
    """A worker dies after its commit; the next one cannot read the reply until KMS is back."""
    stage.text("hello")
    stage.carrier.outcomes = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        stage.attend()
    stage.carrier.sent.clear()
    stage.clock.now += 200
    kms.errors = [refusal("DisabledException", "Decrypt")]
    with pytest.raises(KeyUnavailableError):
        stage.attend(cold(stage, kms))
    assert stage.bodies() == []
    stage.attend_until_done()
    assert stage.bodies() == ["you said: hello"]
    assert len(stage.model.seen) == 1


def test_a_lost_key_leaves_the_turn_to_an_operator(
    stage: Stage, memory: MemoryDynamoDB, kms: PlayedKms, counted: list[str]
) -> None:
    """No answer, no new key, nothing thrown away; put back, the key opens everything."""
    stage.text("hello")
    kept = memory.tables[stage.tables.keys].copy()
    memory.tables[stage.tables.keys].clear()
    for _ in range(5):
        with pytest.raises(KeyLostError):
            stage.attend(cold(stage, kms))
    assert counted.count("KeyLost") == 5
    assert memory.tables[stage.tables.keys] == {}
    memory.tables[stage.tables.keys].update(kept)
    stage.attend(cold(stage, kms))
    assert stage.bodies() == ["you said: hello"]


def items(memory: MemoryDynamoDB, stage: Stage, prefix: str) -> list[dict[str, Any]]:
    """The stored items themselves, in order."""
    table = memory.tables[stage.tables.conversations]
    return [item for (_, sk), item in sorted(table.items()) if sk.startswith(prefix)]


def test_swapped_texts_are_never_answered(
    stage: Stage, memory: MemoryDynamoDB, counted: list[str]
) -> None:
    """Two texts change places: neither reaches the model, and the person hears an apology."""
    stage.text("pay Ann")
    stage.text("cancel that")
    first, second = items(memory, stage, "inbox#")
    first["text"], second["text"] = second["text"], first["text"]
    for _ in range(8):
        with suppress(SealBrokenError):
            stage.attend()
    assert stage.model.seen == []
    assert {turn["outcome"] for turn in stage.items("turn#")} == {Outcome.SET_ASIDE}
    assert not any("Ann" in body or "cancel" in body for body in stage.bodies())
    assert len(stage.items("turn#")) == 2
    assert counted.count("SealBroken") >= 6


def test_a_reply_address_of_another_text_is_not_texted(
    stage: Stage, memory: MemoryDynamoDB, counted: list[str]
) -> None:
    """An answer goes to who asked: an address that was put there does not open."""
    stage.text("hello")
    other = Stage(replace(stage.tables, conversations=f"{stage.tables.conversations}-b"))
    other.text("hello")
    items(memory, stage, "inbox#")[0]["reply_to"] = items(memory, other, "inbox#")[0]["reply_to"]
    for _ in range(3):
        with pytest.raises(SealBrokenError):
            stage.attend()
    stage.attend_until_done()
    assert stage.bodies() == []
    assert "SealBroken" in counted


def test_a_message_put_into_the_past_is_not_shown_to_the_model(
    stage: Stage, memory: MemoryDynamoDB, counted: list[str]
) -> None:
    """A replayed answer is left out of the window and counted; the turn is answered without it."""
    for words in ("one", "two"):
        stage.text(words)
        stage.attend()
    _, ai, _, last = items(memory, stage, "message#")
    last["content"] = ai["content"]
    stage.text("three")
    stage.attend()
    assert [message.content for message in stage.model.seen[-1][1:]] == [
        *("one", "you said: one", "two", "three"),
    ]
    assert "SealBroken" in counted


def test_a_first_contact_waits_for_kms(memory_tables: Tables, kms: PlayedKms) -> None:
    """No key can be made, so nothing is accepted: the carrier, then the listing, try again."""
    door = Door(memory_tables)
    kms.errors = [refusal("DisabledException", "Encrypt")]
    with pytest.raises(KeyUnavailableError):
        door.accept("hello")
    accepted = door.accept("hello")
    assert (accepted.duplicate, door.waiting(accepted.conversation)) == (False, ["hello"])


def test_who_is_known_is_accepted_without_kms(memory_tables: Tables, kms: PlayedKms) -> None:
    """Sealing to a public half asks nobody, so KMS away loses no text."""
    door = Door(memory_tables)
    door.accept("hello", "SM1")
    kms.away = True
    asked = len(kms.calls)
    assert not door.accept("are you there?", "SM2").duplicate
    assert len(kms.calls) == asked


def test_a_stop_needs_no_key(memory_tables: Tables, kms: PlayedKms) -> None:
    """STOP counts, also from somebody new, with KMS away."""
    kms.away = True
    assert Door(memory_tables).accept("STOP").effect == CONSENT
