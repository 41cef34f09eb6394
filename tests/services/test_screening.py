"""Malformed senders, costly and impossible numbers, countries not served: refused at the door."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from conversation.tables import Tables
from messaging.policy import Policy
from tests.services.test_webhook_imports import SERVICES
from tests.services.texting_door import Door
from texting import screening
from texting.screening import (
    COUNTRY,
    IMPOSSIBLE,
    MALFORMED,
    NON_GEOGRAPHIC,
    PERSONAL,
    PREMIUM,
    SHARED_COST,
    UNASSIGNED,
    Screening,
)

GERMAN, PREMIUM_NUMBER = "+493012345678", "+19005551234"
SATELLITE = "+881612345678"
GLOBAL_NUMBERS = (
    SATELLITE,
    "+870773111632",
    "+8781012345678",
    "+882161234567",
    "+8835100123456",
    "+88812345678",
    "+979123456789",
    "+80012345678",
    "+80812345678",
)


@pytest.mark.parametrize(
    ("address", "countries", "refusal"),
    [
        ("+12125551234", (), None),
        ("+15550111", (), UNASSIGNED),
        ("+10001234567", ("US",), UNASSIGNED),
        ("+1303555010", (), IMPOSSIBLE),
        (GERMAN, (), None),
        (GERMAN, ("US", "CA"), COUNTRY),
        (GERMAN, ("US", "DE"), None),
        (f"whatsapp:{GERMAN}", ("US",), COUNTRY),
        ("+15555552000", ("US",), UNASSIGNED),
        ("+442079460958", ("GB",), None),
        (PREMIUM_NUMBER, (), PREMIUM),
        (PREMIUM_NUMBER, ("US",), PREMIUM),
        ("+449098790000", (), PREMIUM),
        (f"whatsapp:{PREMIUM_NUMBER}", (), PREMIUM),
        ("+33810123456", (), SHARED_COST),
        ("+447012345678", (), PERSONAL),
        # No country's: satellites, global networks, freephone, premium; whatever is assigned there.
        *((number, (), NON_GEOGRAPHIC) for number in GLOBAL_NUMBERS),
        *((f"whatsapp:{number}", (), NON_GEOGRAPHIC) for number in GLOBAL_NUMBERS),
        # A second spelling of a number would be a second person, with a budget of its own.
        ("+113035550100", (), MALFORMED),
        ("+4407400123456", (), MALFORMED),
        # As WhatsApp still writes them; the same without its 1, and with its 9.
        ("whatsapp:+5215512345678", ("MX",), None),
        ("whatsapp:+554187654321", ("BR",), None),
        ("whatsapp:+5215512345678", ("US",), COUNTRY),
        ("22395", (), MALFORMED),
        ("BANK", (), MALFORMED),
        ("+0123456789", (), MALFORMED),
        ("+999123456789", (), MALFORMED),
        ("+1555٣٣٣٣333", (), MALFORMED),
        ("whatsapp:US.ENT.11815799212886844830", ("US",), None),
        ("whatsapp:US.13491208655302741918", (), None),
        ("whatsapp:US.13491208655302741918", ("US",), None),
        ("whatsapp:US.13491208655302741918", ("DE",), COUNTRY),
        ("whatsapp:us.13491208655302741918", ("US",), None),
        ("whatsapp:cu.ab", ("US",), COUNTRY),
        ("whatsapp:Cu.ab", (), None),
        # Neither a number with its + nor somebody's id: of no country, so of none that is served.
        ("whatsapp:something-new", ("DE",), MALFORMED),
        ("whatsapp:something-new", (), MALFORMED),
        ("whatsapp:881612345678", ("US",), MALFORMED),
        ("whatsapp:5355555555", ("US",), MALFORMED),
        ("whatsapp:whatsapp:+5355555555", ("US",), MALFORMED),
        ("whatsapp:whatsapp:US.13491208655302741918", ("US",), MALFORMED),
        ("whatsapp:0", ("US",), MALFORMED),
        ("whatsapp:", (), MALFORMED),
        ("whatsapp:US.", (), MALFORMED),
        ("whatsapp:US.\u0661\u0662", ("US",), MALFORMED),
        ("whatsapp:US.12\n", ("US",), MALFORMED),
        ("messenger:US.13491208655302741918", ("US",), MALFORMED),
        ("whatsapp:+12345", (), MALFORMED),
        ("whatsapp:+0123456789", (), MALFORMED),
    ],
)
def test_addresses(address: str, countries: tuple[str, ...], refusal: str | None) -> None:
    """Each is judged by its kind and its country."""
    assert Screening(countries).refusal(address) == refusal


@pytest.mark.parametrize(
    ("number", "prefix", "texted"),
    [
        (SATELLITE, "+8816", True),
        ("+10001234567", "+1000", True),
        ("+999123456789", "+999", True),  # a country that is younger than the number plan here
        (PREMIUM_NUMBER, "+1900", True),
        (SATELLITE, "+8817", False),
    ],
)
def test_an_operator_serves_a_range_that_the_plan_does_not_know(
    number: str, prefix: str, *, texted: bool
) -> None:
    """Whatever its kind and its country; a caller with such a number can be texted too."""
    screening = Screening(("DE",), (prefix,))
    assert (screening.refusal(number) is None) is texted
    assert (screening.refusal(f"whatsapp:{number}") is None) is texted
    assert screening.takes_texts(number) is texted
    assert screening.refusal("+12125551234") == COUNTRY


@pytest.mark.parametrize("number", [*GLOBAL_NUMBERS, "+10001234567", "+447012345678"])
def test_a_caller_with_a_refused_number_is_not_texted(number: str) -> None:
    """One verdict for texts and for calls."""
    assert not Screening().takes_texts(number)


def test_every_rule_is_in_the_name_of_the_rules() -> None:
    """A verdict that was stored under other rules is not taken for one of these."""
    rules = [
        Screening(),
        Screening(("US",)),
        Screening((), ("+881",)),
        Screening(("US",), ("+881",)),
    ]
    assert len({one.fingerprint for one in rules}) == len(rules)
    assert Screening(("US", "CA")).fingerprint == Screening(("CA", "US")).fingerprint


def test_a_refused_text_gets_a_receipt_and_nothing_else(tables: Tables) -> None:
    """No key, no inbox item, no wake-up, no answer; the listing finds it known."""
    door = Door(tables)
    accepted = door.accept(address=PREMIUM_NUMBER)
    assert (accepted.effect, accepted.wakes, accepted.reply) == ("refused", False, None)
    assert [item["effect"] for item in door.people(accepted.conversation, "receipt#")] == [
        "refused"
    ]
    assert tables.get(tables.keys, accepted.conversation) is None
    assert door.accept(address=PREMIUM_NUMBER).duplicate


def test_a_stop_is_heard_from_everybody(tables: Tables) -> None:
    """Whom we do not serve can still opt out."""
    assert Door(tables).accept("STOP", address=PREMIUM_NUMBER).effect == "consent"


def test_a_verdict_is_kept(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    """`phonenumbers` is asked at the first contact only, and again under other rules."""
    judged: list[str] = []
    judge = Screening.refusal

    def counting(self: Screening, address: str) -> str | None:
        judged.append(address)
        return judge(self, address)

    monkeypatch.setattr(screening.Screening, "refusal", counting)
    door = Door(tables)
    for number in range(3):
        assert door.accept(sid=f"SM{number}", address=GERMAN).effect == "inbox"
    assert judged == [GERMAN]
    served = Door(tables, policy=Policy(countries=("US",)))
    for number in range(3, 6):
        assert served.accept(sid=f"SM{number}", address=GERMAN).effect == "refused"
    assert judged == [GERMAN] * 2


def test_the_library_is_loaded_by_a_number_only() -> None:
    """Importing the acceptance, and judging what is no number, leave it on the disk."""
    code = (
        "import sys, messaging.accept, texting.screening as s; s.Screening().refusal('BANK');"
        "assert 'phonenumbers' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(SERVICES)}, check=True)


def test_a_whatsapp_id_is_a_person(tables: Tables) -> None:
    """Somebody without a phone number has a conversation like anybody; answers go to the id."""
    door = Door(tables)
    address = "whatsapp:US.13491208655302741918"
    sender: Any = {"sender": "whatsapp:+15550100", "address": address}
    first = door.accept("hi", "SM1", **sender)
    again = door.accept("and hi", "SM2", **sender)
    assert first.conversation == again.conversation
    assert door.waiting(first.conversation) == ["hi", "and hi"]
    other = door.accept("hi", "SM3", **{**sender, "address": f"{address}9"})
    assert other.conversation != first.conversation
    assert "1349120865" not in str(door.people(first.conversation, "receipt#"))
