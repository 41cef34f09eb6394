"""Malformed senders, premium numbers and countries that are not served are refused at the door."""

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
from texting.screening import COUNTRY, MALFORMED, PREMIUM, Screening

GERMAN, PREMIUM_NUMBER = "+493012345678", "+19005551234"


@pytest.mark.parametrize(
    ("address", "countries", "refusal"),
    [
        ("+12125551234", (), None),
        ("+15550111", (), None),
        (GERMAN, (), None),
        (GERMAN, ("US", "CA"), COUNTRY),
        (GERMAN, ("US", "DE"), None),
        (f"whatsapp:{GERMAN}", ("US",), COUNTRY),
        # The number plan does not tell where it is: one of its code's countries is enough.
        ("+15555552000", ("CA",), None),
        ("+15555552000", ("DE",), COUNTRY),
        (PREMIUM_NUMBER, (), PREMIUM),
        (PREMIUM_NUMBER, ("US",), PREMIUM),
        ("+449098790000", (), PREMIUM),
        ("22395", (), MALFORMED),
        ("BANK", (), MALFORMED),
        ("+0123456789", (), MALFORMED),
        ("+999123456789", (), MALFORMED),
        ("+1555٣٣٣٣333", (), MALFORMED),
        ("whatsapp:US.13491208655302741918", (), None),
        ("whatsapp:US.13491208655302741918", ("US",), None),
        ("whatsapp:US.13491208655302741918", ("DE",), COUNTRY),
        ("whatsapp:something-new", ("DE",), None),
    ],
)
def test_addresses(address: str, countries: tuple[str, ...], refusal: str | None) -> None:
    """Each is judged by its kind and its country."""
    assert Screening(countries).refusal(address) == refusal


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
