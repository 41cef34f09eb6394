"""KMS throttled, away and back; and how long an unwrapped key is kept."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from conversation.deadline import Deadline
from conversation.sealing import Seals
from conversation.tables import Tables
from conversation.vault import KMS_SECONDS, ForeignSeedError, KeyUnavailableError, Limits
from tests.services.played_kms import PlayedKms, refusal, vault_of

PERSON, SEED = "person#01", bytes(range(32))


class Clock:
    """Seconds that waiting moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """What time it is."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.now += seconds


def seals(number: int, generation: str = "g") -> Seals:
    """A key of one of many conversations."""
    return Seals(f"person#{number}", generation, SEED)


def test_a_seed_comes_back_for_its_conversation_only(kms: PlayedKms) -> None:
    """The encryption context is the conversation: no other one's seed can be passed off as its."""
    vault = vault_of(kms)
    wrapped = vault.wrap(PERSON, SEED)
    assert SEED not in wrapped
    assert vault.unwrap(PERSON, wrapped) == SEED
    for conversation, bytes_ in (("person#02", wrapped), (PERSON, wrapped[:-1]), (PERSON, b"?")):
        with pytest.raises(ForeignSeedError):
            vault.unwrap(conversation, bytes_)


def test_a_rotation_changes_nothing(kms: PlayedKms) -> None:
    """What was wrapped before KMS made new key material unwraps after it, and so does the rest."""
    vault = vault_of(kms)
    before = vault.wrap(PERSON, SEED)
    kms.rotate()
    after = vault.wrap(PERSON, SEED)
    assert vault.unwrap(PERSON, before) == vault.unwrap(PERSON, after) == SEED


@pytest.mark.parametrize(
    "error",
    [
        refusal("ThrottlingException", "Decrypt"),
        refusal("KMSInternalException", "Decrypt", 500),
        refusal("Unheard", "Decrypt", 503),
        ReadTimeoutError(endpoint_url="https://kms.test"),
    ],
    ids=["throttled", "internal", "server error", "silent"],
)
def test_what_may_pass_is_tried_again(kms: PlayedKms, error: Exception) -> None:
    """A throttle or a hiccup costs another attempt, not the turn."""
    vault = vault_of(kms, clock=Clock())
    wrapped = vault.wrap(PERSON, SEED)
    kms.errors = [error, error, error]
    assert vault.unwrap(PERSON, wrapped) == SEED
    assert len(kms.calls) == 5


@pytest.mark.parametrize("given", [None, 1.0, 60.0])
def test_trying_again_has_an_end(kms: PlayedKms, given: float | None) -> None:
    """It ends with the caller's deadline, and after some seconds in any case."""
    clock = Clock()
    vault = vault_of(kms, clock=clock)
    kms.away = True
    deadline = None if given is None else Deadline.after(given, clock)
    with pytest.raises(KeyUnavailableError):
        vault.wrap(PERSON, SEED, deadline)
    longest = min(given or KMS_SECONDS, KMS_SECONDS)
    assert longest * 0.3 < clock.now - 100 <= longest
    assert len(kms.calls) > 3


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "DisabledException", "NotFoundException"]
)
def test_what_does_not_pass_is_not_tried_again(kms: PlayedKms, code: str) -> None:
    """A key that is disabled, gone or not ours is unavailable at once."""
    vault = vault_of(kms)
    kms.errors = [refusal(code, "Encrypt")]
    with pytest.raises(KeyUnavailableError, match=code):
        vault.wrap(PERSON, SEED)
    assert len(kms.calls) == 1


def test_an_old_key_leaves_memory_whoever_is_asked_for(kms: PlayedKms) -> None:
    """Looked up or not: whatever is asked for next, what is older than the limit is gone."""
    clock = Clock()
    vault = vault_of(kms, Limits(age_seconds=300), clock)
    for number in range(3):
        vault.hold(seals(number))
        clock.now += 100
    assert vault.held("person#9", "g") is None
    assert [place for place, _ in vault._held] == ["person#1", "person#2"]
    clock.now += 100
    assert vault.held("person#9", "g") is None
    assert [place for place, _ in vault._held] == ["person#2"]
    clock.now += 100
    vault.hold(seals(3))
    assert [place for place, _ in vault._held] == ["person#3"]
    assert len(vault._ends) == 1


def test_a_key_that_was_unwrapped_again_is_as_old_as_that(kms: PlayedKms) -> None:
    """The end of its first time does not take it."""
    clock = Clock()
    vault = vault_of(kms, Limits(age_seconds=300), clock)
    vault.hold(seals(1))
    clock.now += 200
    vault.hold(seals(1))
    clock.now += 200
    assert vault.held("person#1", "g") is not None


def test_a_key_that_is_used_up_is_not_kept(kms: PlayedKms) -> None:
    """It leaves memory with its last use, not with the next."""
    vault = vault_of(kms, Limits(uses=2))
    vault.hold(seals(1))
    assert vault.held("person#1", "g") is not None
    assert vault._held == {}
    vault = vault_of(kms, Limits(uses=1))
    vault.hold(seals(1))
    assert vault._held == {}


def test_a_key_is_kept_for_a_while(kms: PlayedKms) -> None:
    """Until it is too old: then KMS decides again."""
    clock = Clock()
    vault = vault_of(kms, Limits(age_seconds=300), clock)
    vault.hold(seals(1))
    clock.now += 299
    assert vault.held("person#1", "g") is not None
    clock.now += 1
    assert vault.held("person#1", "g") is None


def test_a_key_is_used_up(kms: PlayedKms) -> None:
    """After so many uses KMS is asked again, the first use counting."""
    vault = vault_of(kms, Limits(uses=3))
    vault.hold(seals(1))
    assert [vault.held("person#1", "g") is not None for _ in range(3)] == [True, True, False]


def test_the_key_unused_for_longest_goes_first(kms: PlayedKms) -> None:
    """A worker keeps so many keys; a use keeps one."""
    vault = vault_of(kms, Limits(count=3))
    for number in (1, 2, 3):
        vault.hold(seals(number))
    vault.held("person#1", "g")
    vault.hold(seals(4))
    kept = [number for number in (1, 2, 3, 4) if vault.held(f"person#{number}", "g")]
    assert kept == [1, 3, 4]


def test_a_key_is_kept_by_generation_and_dropped_by_conversation(kms: PlayedKms) -> None:
    """Another generation is another key; forgetting drops each of a conversation."""
    vault = vault_of(kms)
    for key in (seals(1), seals(1, "h"), seals(2)):
        vault.hold(key)
    assert vault.held("person#1", "g") is not vault.held("person#1", "h")
    assert vault.held("person#1", "i") is None
    vault.drop("person#1")
    found: list[Any] = [vault.held(*of) for of in (("person#1", "g"), ("person#1", "h"))]
    assert found == [None, None]
    assert vault.held("person#2", "g") is not None


def test_a_function_without_a_vault_opens_nothing(memory: Any) -> None:
    """Who was given none neither wraps nor unwraps."""
    vault = Tables(memory, "people", "conversations", "keys").vault
    with pytest.raises(KeyUnavailableError):
        vault.unwrap(PERSON, b"?")
