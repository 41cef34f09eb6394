"""Which texts are an instruction to the sender, and which of those the carrier answers itself.

The carrier handles its own words on phone numbers, by default and with Advanced Opt-Out (then it
says so with `OptOutType`). It knows only its English words, alone; whatever else we read as an
instruction we answer. It handles none on WhatsApp, where its START would not lift an SMS block
either: consent is kept per sender.
"""

from __future__ import annotations

from typing import Final

from messaging.consent_words import ReservedWord, Vocabulary
from messaging.inbound import InboundText

__all__ = ["ReservedWord", "Vocabulary", "carrier_answers", "instruction"]

_CARRIERS: Final = frozenset(
    {
        *("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"),
        *("START", "YES", "UNSTOP", "HELP", "INFO"),
    }
)


def instruction(inbound: InboundText, vocabulary: Vocabulary) -> ReservedWord | None:
    """Find what a text instructs: the carrier's own reading of it first, then ours."""
    try:
        return ReservedWord(inbound.opt_out_type)
    except ValueError:
        return vocabulary.read(inbound.text)


def carrier_answers(inbound: InboundText, *, on_numbers: bool) -> bool:
    """Say whether the carrier answers this instruction, so that we must not.

    Args:
        inbound: The text.
        on_numbers: The operator's setting: whether the carrier answers on phone numbers.
    """
    if inbound.opt_out_type:
        return True
    return on_numbers and not inbound.is_whatsapp and inbound.text.strip().upper() in _CARRIERS
