"""The words with which a person asks that a call be remembered, by language.

Owns how tolerantly they are read: whole messages only. They count only while an offer stands, so
"keep" alone is conversation for whoever was offered nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from messaging.consent_words import words_of

_PHRASES: Final = {
    "en": "keep, keep it, keep that, keep this, keep call, keep the call, keep that call, "
    "keep our call, remember, remember it, remember that, remember the call, remember our call",
    "de": "behalten, behalte es, behalt es, merken, merk es dir, merke es dir, merk dir das",
    "es": "guardar, guarda, guardalo, guardala, recuerda, recuerdalo, conservar",
    "fr": "garder, garde, garde le, gardez, gardez le, retiens, retiens le, conserver",
    "it": "conserva, conservala, tieni, tienila, ricorda, ricordala, ricordatela",
    "nl": "bewaren, bewaar, bewaar het, onthoud, onthoud het, onthouden",
    "pt": "guardar, guarda, guarde, lembrar, lembra, lembre, manter",
}
_COURTESY: Final = frozenset(
    {"please", "pls", "plz", "yes", "yeah", "ok", "okay", "thanks", "thank", "you", "thx"}
    | {"bitte", "danke", "ja", "por", "favor", "si", "gracias", "oui", "merci", "svp", "stp"}
    | {"per", "grazie", "sim", "obrigado", "obrigada", "graag", "dank", "je"}
)


class KeepWords:
    """Reads them.

    Args:
        languages: Which, beside English.
    """

    def __init__(self, languages: Iterable[str] = ()) -> None:
        chosen = (_PHRASES.get(name, "") for name in {"en", *languages})
        self._phrases = {
            tuple(phrase.split()) for one in chosen for phrase in one.split(",") if phrase.strip()
        }

    def are(self, text: str) -> bool:
        """Whether a whole message is one of them; case, accents and courtesy count for nothing."""
        words = words_of(text)
        first, last = 0, len(words)
        while first < last and words[first] in _COURTESY:
            first += 1
        while last > first and words[last - 1] in _COURTESY:
            last -= 1
        return words[first:last] in self._phrases
