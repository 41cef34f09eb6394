"""The words with which a person asks to be forgotten, and confirms it.

Owns how tolerantly they are read. Only whole messages count: "forget it" is conversation. They are
English, as the sentences are that teach them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from messaging.consent_words import words_of

CODE_DIGITS: Final = 4

_PHRASES: Final = frozenset(
    tuple(phrase.split())
    for phrase in (
        "forget",
        "forget me",
        "forget everything",
        "erase me",
        "erase my data",
        "delete me",
        "delete my data",
        "delete all my data",
    )
)
_COURTESY: Final = frozenset(
    {"please", "pls", "plz", "kindly", "thanks", "thank", "you", "thx", "now", "ok", "okay"}
)
_VERBS: Final = (("forget",), ("forget", "me"))


@dataclass(frozen=True)
class ForgetWords:
    """What a message says about forgetting.

    Attributes:
        code: The digits that confirm it; None for a message that only asks.
    """

    code: str | None = None


def read_forget_words(text: str) -> ForgetWords | None:
    """Read a whole message; None when it is not about forgetting.

    Case and punctuation count for nothing, nor does courtesy before and after.
    """
    words = words_of(text)
    first, last = 0, len(words)
    while first < last and words[first] in _COURTESY:
        first += 1
    while last > first and words[last - 1] in _COURTESY:
        last -= 1
    words = words[first:last]
    if words in _PHRASES:
        return ForgetWords()
    said, code = words[:-1], words[-1] if words else ""
    digits = code.isascii() and code.isdecimal() and len(code) == CODE_DIGITS
    return ForgetWords(code) if digits and said in _VERBS else None
