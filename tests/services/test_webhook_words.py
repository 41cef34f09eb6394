"""Reserved words are found as whole messages only, however they are typed."""

from __future__ import annotations

import pytest

from messaging.inbound import InboundText
from messaging.reserved_words import ReservedWord, carrier_answers, instruction, reserved_word


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("STOP", ReservedWord.STOP),
        ("stop", ReservedWord.STOP),
        (" Stop. ", ReservedWord.STOP),
        ("STOP!!!", ReservedWord.STOP),
        ("“Stop”", ReservedWord.STOP),
        ("stop 🛑", ReservedWord.STOP),
        ("\uff33\uff34\uff2f\uff30", ReservedWord.STOP),
        ("STOPALL", ReservedWord.STOP),
        ("stop all", ReservedWord.STOP),
        ("unsubscribe", ReservedWord.STOP),
        ("Cancel", ReservedWord.STOP),
        ("end", ReservedWord.STOP),
        ("Quit\n", ReservedWord.STOP),
        ("revoke", ReservedWord.STOP),
        ("OPTOUT", ReservedWord.STOP),
        ("opt out", ReservedWord.STOP),
        ("Opt-Out", ReservedWord.STOP),
        ("START", ReservedWord.START),
        ("unstop", ReservedWord.START),
        ("HELP", ReservedWord.HELP),
        ("info?", ReservedWord.HELP),
        ("yes", None),
        ("Please stop", None),
        ("stop it", None),
        ("help me with my homework", None),
        ("the end", None),
        ("opt", None),
        ("out", None),
        ("s t o p", None),
        ("don't stop", None),
        ("", None),
        ("🛑", None),
        ("forget", None),
    ],
)
def test_words(text: str, word: ReservedWord | None) -> None:
    """A word counts when it is all that was said, in any case and with any punctuation."""
    assert reserved_word(text) is word


def text(body: str = "hi", **changes: object) -> InboundText:
    """A text over SMS."""
    given = {"sid": "SM1", "sender": "+15550100", "address": "+15550111", "text": body}
    return InboundText(**{**given, **changes})  # type: ignore[arg-type]  # a test's shorthand


def test_the_carriers_reading_comes_first() -> None:
    """With Advanced Opt-Out the carrier knows words, and languages, that we do not."""
    assert instruction(text("arrêt", opt_out_type="STOP")) is ReservedWord.STOP
    assert instruction(text("arrêt", opt_out_type="SOMETHING_NEW")) is None
    assert instruction(text("stop", opt_out_type="SOMETHING_NEW")) is ReservedWord.STOP


@pytest.mark.parametrize(
    ("inbound", "on_numbers", "answered"),
    [
        (text("STOP"), True, True),
        (text("STOP"), False, False),
        (text("STOP", opt_out_type="STOP"), False, True),
        (text("STOP", address="whatsapp:+15550111"), True, False),
        (text("STOP", address="whatsapp:+15550111", opt_out_type="STOP"), True, True),
    ],
)
def test_who_answers(inbound: InboundText, *, on_numbers: bool, answered: bool) -> None:
    """A second answer is as wrong as none: the carrier's setting holds for phone numbers only."""
    assert carrier_answers(inbound, on_numbers=on_numbers) is answered
