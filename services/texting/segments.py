"""How many segments a carrier bills for a text.

Owns the GSM 03.38 alphabets and the counting; does not change the text (`rendering` does).
Limits from https://www.twilio.com/docs/glossary/what-sms-character-limit: 160 septets alone and
153 a part in GSM-7, 70 and 67 UTF-16 units in UCS-2. A two-unit character never straddles parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

GSM_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION: Final = frozenset("^{}\\[~]|€\f")

_GSM_SINGLE: Final = 160
_GSM_PART: Final = 153
_UCS_SINGLE: Final = 70
_UCS_PART: Final = 67
_BMP_END: Final = 0xFFFF


@dataclass(frozen=True)
class Segments:
    """What a text costs.

    Attributes:
        encoding: "GSM-7" or "UCS-2".
        units: septets or UTF-16 code units.
        segments: parts the carrier bills; 0 for an empty text.
    """

    encoding: str
    units: int
    segments: int


def is_gsm7(text: str) -> bool:
    """Say whether every character of the text is in the GSM-7 alphabets."""
    return all(char in GSM_BASIC or char in GSM_EXTENSION for char in text)


def _unit_widths(text: str) -> list[int]:
    """Give each character's width in units of the encoding the whole text needs."""
    if is_gsm7(text):
        return [2 if char in GSM_EXTENSION else 1 for char in text]
    return [2 if ord(char) > _BMP_END else 1 for char in text]


def count(text: str) -> Segments:
    """Count the segments of a text as the carrier will send it."""
    gsm = is_gsm7(text)
    widths = _unit_widths(text)
    units = sum(widths)
    encoding = "GSM-7" if gsm else "UCS-2"
    if units == 0:
        return Segments(encoding, 0, 0)
    if units <= (_GSM_SINGLE if gsm else _UCS_SINGLE):
        return Segments(encoding, units, 1)
    return Segments(encoding, units, _parts(widths, _GSM_PART if gsm else _UCS_PART))


def _parts(widths: list[int], capacity: int) -> int:
    parts, used = 1, 0
    for width in widths:
        if used + width > capacity:
            parts, used = parts + 1, 0
        used += width
    return parts
