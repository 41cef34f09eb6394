"""Reserved words change consent, once and in the carrier's order; no model sees them (rule 2)."""

from __future__ import annotations

import pytest

from conversation.tables import Tables
from messaging.policy import Policy
from tests.services.texting_door import Door
from texting.consent import DELIVERY_MS

LATER = DELIVERY_MS / 1000 + 1
"""Seconds after which a START is certainly newer than a STOP."""


@pytest.fixture
def door(tables: Tables) -> Door:
    """A door on the emulator."""
    return Door(tables)


def test_stop_is_recorded_and_feeds_no_model(door: Door) -> None:
    """A receipt and consent, in one; nothing waits and nobody is woken."""
    accepted = door.accept(" Stop ")
    assert (accepted.effect, accepted.wakes, accepted.reply) == ("consent", False, None)
    assert door.opted_out()
    assert door.waiting(accepted.conversation) == []
    (receipt,) = door.people(accepted.conversation, "receipt#")
    assert receipt["effect"] == "consent"
    (consent,) = door.people(accepted.conversation, "consent#")
    assert (consent["state"], consent["by"], consent["at"]) == ("out", "SM1", door.clock.ms)


def test_a_stop_that_the_carrier_does_not_know_is_answered(door: Door) -> None:
    """It counts all the same; the carrier says nothing to it, so we confirm it, once each."""
    accepted = door.accept("Please stop texting me, thanks!")
    assert (accepted.effect, accepted.wakes) == ("consent", False)
    assert "opted out" in str(accepted.reply)
    assert door.opted_out()


@pytest.mark.parametrize("word", ["START", "unstop"])
def test_unstop_is_a_start_whatever_was_said(door: Door, word: str) -> None:
    """Sent after a STOP that comes late, it undoes it: no turn takes it for words meanwhile."""
    accepted = door.accept(word, "SM1", sent_at=door.clock.ms)
    assert (accepted.effect, door.waiting(accepted.conversation)) == ("consent", [])
    late = door.accept("STOP", "SM2", sent_at=door.clock.ms - 5_000)
    assert (late.effect, door.opted_out()) == ("ignored", False)


@pytest.mark.parametrize("word", ["YES", "yes!"])
def test_yes_opts_in_only_who_is_out(door: Door, word: str) -> None:
    """Otherwise it is an answer to a question: a text like any other."""
    talk = door.accept(word, "SM1")
    assert (talk.effect, door.waiting(talk.conversation)) == ("inbox", [word])
    door.accept("STOP", "SM2")
    door.clock.now += LATER
    assert door.accept(word, "SM3").effect == "consent"
    assert not door.opted_out()
    again = door.accept(word, "SM3")
    assert (again.duplicate, again.wakes) == (True, False)


def test_every_change_is_in_the_ledger(door: Door) -> None:
    """State, when, by which message and how it was read: for good, in order, without words."""
    accepted = door.accept("STOP", "SM1", opt_out_type="STOP")
    door.clock.now += LATER
    door.accept("START", "SM2")
    door.accept("START", "SM2")
    log = door.people(accepted.conversation, "consent-log#")
    assert [(e["state"], e["by"], e["how"]) for e in log] == [
        ("out", "SM1", "carrier"),
        ("in", "SM2", "word"),
    ]
    assert log[0]["at"] < log[1]["at"]
    assert all("expires_at" not in entry for entry in log)


def test_languages_are_the_operators_choice(tables: Tables) -> None:
    """A word of a language that is not listed is conversation."""
    english, french = Door(tables), Door(tables, policy=Policy(languages=("fr",)))
    assert english.accept("arrêtez", "SM1").effect == "inbox"
    assert french.accept("Arrêtez, s'il vous plaît !", "SM2").effect == "consent"


def test_start_lifts_stop(door: Door) -> None:
    """The latest word counts."""
    door.accept("STOP", "SM1")
    door.clock.now += LATER
    door.accept("START", "SM2")
    assert not door.opted_out()


def test_help_changes_nothing(door: Door) -> None:
    """A receipt, so that the listing finds it known; consent stays as it was."""
    door.accept("STOP", "SM1")
    accepted = door.accept("HELP", "SM2")
    assert (accepted.effect, accepted.wakes) == ("ignored", False)
    assert door.opted_out()


def test_consent_is_kept_per_sender(door: Door) -> None:
    """STOP to one of our numbers says nothing about another, nor about WhatsApp."""
    door.accept("STOP")
    assert door.opted_out()
    assert not door.opted_out("whatsapp:+13035550100")


NINE = 1_800_000_000_000


@pytest.mark.parametrize(
    ("first", "second", "out"),
    [
        (("START", NINE), ("STOP", NINE + 1000), True),
        (("START", NINE + 1000), ("STOP", NINE), False),
        (("STOP", NINE + 1000), ("START", NINE), True),
        (("STOP", NINE), ("START", NINE + 1000), False),
        # The carrier's times are whole seconds: a tie is a STOP.
        (("START", NINE), ("STOP", NINE), True),
        (("STOP", NINE), ("START", NINE), True),
        # Told by no clock of the carrier's: STOP counts.
        (("START", NINE + 9000), ("STOP", None), True),
    ],
)
def test_consent_follows_the_carriers_time(
    door: Door, first: tuple[str, int], second: tuple[str, int | None], *, out: bool
) -> None:
    """A word that the listing finds late does not undo a newer one; it has its receipt."""
    door.accept(first[0], "SM1", sent_at=first[1])
    accepted = door.accept(second[0], "SM2", sent_at=second[1])
    assert door.opted_out() is out
    assert len(door.people(accepted.conversation, "receipt#")) == 2
    assert door.accept(second[0], "SM2", sent_at=second[1]).duplicate


@pytest.mark.parametrize(
    ("word", "part"), [("STOP", "opted out"), ("START", "opted in"), ("HELP", "assistant")]
)
def test_words_are_answered_where_the_carrier_does_not(
    tables: Tables, word: str, part: str
) -> None:
    """Once configured so, each has its sentence; a repeated delivery gets the same one."""
    door = Door(tables, carrier_answers_words=False)
    assert part in str(door.accept(word).reply)
    again = door.accept(word)
    assert again.duplicate
    assert part in str(again.reply)
    assert door.accept(word, "SM2", opt_out_type=word).reply is None
