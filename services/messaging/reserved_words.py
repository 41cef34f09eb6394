"""The words that are an instruction to the sender, not a message to the assistant.

Owns the word lists and how tolerantly they are read. The lists are those of the carrier
(https://help.twilio.com/articles/223134027) and of the FCC's 2025 rule, which adds REVOKE and
OPT OUT. YES is on neither: it is an answer to a question, and lifts no block on toll-free numbers.

The carrier handles the words on phone numbers itself, by default and with Advanced Opt-Out (then
it says so with `OptOutType`). It does not on WhatsApp, where its START would not lift an SMS block
either: consent is kept per sender.
"""

from __future__ import annotations

import enum
import unicodedata
from typing import Final

from messaging.inbound import InboundText


class ReservedWord(enum.StrEnum):
    """What a reserved word asks for."""

    STOP = "STOP"
    START = "START"
    HELP = "HELP"


_WORDS: Final = {
    **dict.fromkeys(
        ["stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"],
        ReservedWord.STOP,
    ),
    **dict.fromkeys(["start", "unstop"], ReservedWord.START),
    **dict.fromkeys(["help", "info"], ReservedWord.HELP),
}
_TWO_WORDS: Final = {("opt", "out"): "optout", ("stop", "all"): "stopall"}


def reserved_word(text: str) -> ReservedWord | None:
    """Find the reserved word that a whole message is, whatever its case and punctuation."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    letters = "".join(char if char.isalnum() else " " for char in folded)
    words = tuple(letters.split())
    word = _TWO_WORDS.get(words) if len(words) == 2 else None  # noqa: PLR2004
    if word is None and len(words) == 1:
        word = words[0]
    return _WORDS.get(word) if word is not None else None


def instruction(inbound: InboundText) -> ReservedWord | None:
    """Find what a text instructs: the carrier's own reading of it first, then ours."""
    try:
        return ReservedWord(inbound.opt_out_type)
    except ValueError:
        return reserved_word(inbound.text)


def carrier_answers(inbound: InboundText, *, on_numbers: bool) -> bool:
    """Say whether the carrier answers this instruction, so that we must not.

    Args:
        inbound: The text.
        on_numbers: The operator's setting: whether the carrier answers on phone numbers.
    """
    if inbound.opt_out_type:
        return True
    return on_numbers and not inbound.is_whatsapp
