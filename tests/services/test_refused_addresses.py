"""An address that gets no text gets none at all: the screening comes before every answer."""

from __future__ import annotations

import re

import pytest

from conversation.tables import Tables
from messaging.consent_words import LANGUAGES
from messaging.policy import Policy
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.test_meter import OUR_WHATSAPP, on_whatsapp, opened, replies
from tests.services.texting_door import Door

SATELLITE, PREMIUM, CUBAN = "+881612345678", "+19005551234", "+5352345678"
WORDS = (
    *("HELP", "hilfe", "START", "YES", "unstop", "FORGET", "FORGET 0000", "delete my data"),
    *("CONTINUE", "KEEP", "hello", "", "olvídame", "vergiss mich", "info"),
)
STOPS = ("STOP", "please stop", "Stop texting me!", "arrêtez", "abmelden", "END")


@pytest.fixture
def door(memory_tables: Tables) -> Door:
    """A door that answers words itself and reads every language."""
    return opened(memory_tables)


@pytest.mark.parametrize("address", [SATELLITE, PREMIUM, CUBAN, "+10001234567", "12345", "BANK"])
@pytest.mark.parametrize("text", WORDS)
def test_nothing_is_said_to_a_refused_address(
    memory_tables: Tables, memory: MemoryDynamoDB, address: str, text: str
) -> None:
    """Whatever it says: a receipt `refused`, and nothing else is written."""
    door = opened(memory_tables, policy=Policy(languages=LANGUAGES, countries=("US",)))
    accepted = door.accept(text, address=address)
    assert (accepted.effect, accepted.reply, accepted.wakes) == ("refused", None, False)
    assert door.accept(text, address=address).reply is None
    kinds = {item["sk"].partition("#")[0] for item in memory.items(memory_tables.people)}
    assert kinds == {"person", "receipt"}
    assert memory.items(memory_tables.conversations) == []


@pytest.mark.parametrize("text", [*WORDS, *STOPS])
def test_nothing_is_said_to_a_refused_number_on_whatsapp(door: Door, text: str) -> None:
    """Where the carrier answers no word, nor do we."""
    accepted = door.accept(text, **on_whatsapp(PREMIUM))
    assert accepted.reply is None
    assert accepted.effect == ("consent" if text in STOPS else "refused")


@pytest.mark.parametrize("text", STOPS)
def test_a_stop_of_a_refused_address_is_recorded_in_silence(door: Door, text: str) -> None:
    """It is out, should it ever be served."""
    accepted = door.accept(text, address=SATELLITE)
    assert (accepted.effect, accepted.reply) == ("consent", None)
    [consent] = door.people(accepted.conversation, "consent#")
    assert consent["state"] == "out"


def test_an_advanced_opt_out_of_a_refused_address_is_recorded(door: Door) -> None:
    """In a word of the carrier's own list, which it tells by `OptOutType`."""
    assert door.accept("ADIOS", address=SATELLITE, opt_out_type="STOP").effect == "consent"
    assert door.accept("HOLA", "SM2", address=SATELLITE, opt_out_type="START").effect == "refused"


def test_somebody_known_who_is_refused_under_new_rules_hears_nothing(
    memory_tables: Tables,
) -> None:
    """Nor can they be forgotten by text: `dialtone forget` does that."""
    before = opened(memory_tables)
    before.accept("hello", "SMfirst", address=CUBAN)
    asked = before.accept("FORGET", "SMask", address=CUBAN)
    code = re.search(r"\d{4}", str(asked.reply))
    assert code
    after = opened(memory_tables, policy=Policy(languages=LANGUAGES, countries=("US",)))
    texts = (f"FORGET {code[0]}", *WORDS, *STOPS)
    assert replies(after, *texts, address=CUBAN) == []
    assert after.people(asked.conversation, "receipt#SM0")[0]["effect"] == "refused"


def test_a_name_on_sms_is_not_taken_for_a_whatsapp_id(door: Door) -> None:
    """The verdict on the one says nothing about the other, though both are spelt alike."""
    name = "US.13491208"
    first = door.accept("hi", "SM1", address=f"whatsapp:{name}", sender=OUR_WHATSAPP)
    forged = door.accept("what did I say?", "SM2", address=name)
    assert (first.effect, forged.effect) == ("inbox", "refused")
