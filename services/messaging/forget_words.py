"""The words with which a person asks to be forgotten, by language, and confirms it.

Owns how tolerantly they are read. Only whole messages count, and none that is a likely answer in a
conversation: "forget it", "olvídalo", "oublie". Asking brings no more than a code, so a phrase too
many does no harm. What confirms is the word that our reply told, in every language.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from messaging.consent_words import words_of

CODE_DIGITS: Final = 4

# Phrases apart by commas, without accents, apostrophes and capitals.
_PHRASES: Final = {
    "en": "forget, forget me, forget everything, erase me, erase my data, delete me, "
    "delete my data, delete all my data",
    "de": "vergessen, vergiss mich, vergessen sie mich, vergiss alles, vergessen sie alles, "
    "losch mich, losche mich, loesche mich, losch meine daten, losche meine daten, "
    "loesche meine daten, loschen sie meine daten, loeschen sie meine daten, "
    "meine daten loschen, meine daten loeschen, alle meine daten loschen",
    "es": "olvidar, olvidame, olvideme, olvida todo, olvidalo todo, borrame, borreme, "
    "borrar mis datos, borra mis datos, borre mis datos, borra todos mis datos, "
    "eliminar mis datos, elimina mis datos, elimine mis datos, elimina todos mis datos",
    "fr": "oublier, oublie moi, oubliez moi, oublie tout, oubliez tout, efface moi, effacez moi, "
    "effacer mes donnees, efface mes donnees, effacez mes donnees, supprimer mes donnees, "
    "supprime mes donnees, supprimez mes donnees, supprimez toutes mes donnees",
    "it": "dimenticare, dimenticami, mi dimentichi, dimentica tutto, dimentichi tutto, "
    "cancellare i miei dati, cancella i miei dati, cancelli i miei dati, "
    "cancella tutti i miei dati, eliminare i miei dati, elimina i miei dati",
    "nl": "vergeten, vergeet me, vergeet mij, vergeet alles, wis mij, wis mijn gegevens, "
    "wis al mijn gegevens, verwijder mij, verwijder mijn gegevens, verwijder al mijn gegevens",
    "pt": "esquecer, esqueca me, esquece me, me esqueca, me esquece, esqueca tudo, esquece tudo, "
    "apagar meus dados, apague meus dados, apagar os meus dados, apaga os meus dados, "
    "apague os meus dados, excluir meus dados, exclua meus dados, eliminar os meus dados",
}
_COURTESY: Final = {
    "en": "please pls plz kindly thanks thank you thx now ok okay",
    "de": "bitte danke vielen dank jetzt sofort",
    "es": "por favor gracias muchas ya ahora",
    "fr": "sil te vous plait svp stp merci maintenant",
    "it": "per favore grazie ora adesso",
    "nl": "alstublieft aub bedankt dank je u nu",
    "pt": "por favor obrigado obrigada agora ja",
}
_VERBS: Final = (("forget",), ("forget", "me"))


@dataclass(frozen=True)
class ForgetWords:
    """What a message says about forgetting.

    Attributes:
        code: The digits that confirm it; None for a message that only asks.
    """

    code: str | None = None


class ForgetVocabulary:
    """The words of some languages.

    Args:
        languages: Which, beside English.
    """

    def __init__(self, languages: Iterable[str] = ()) -> None:
        wanted = {"en", *languages} & set(_PHRASES)
        self._phrases = {
            tuple(phrase.split()) for name in wanted for phrase in _PHRASES[name].split(",")
        }
        self._courtesy = {word for name in wanted for word in _COURTESY[name].split()}

    def read(self, text: str) -> ForgetWords | None:
        """Read a whole message; None when it is not about forgetting.

        Case, accents and punctuation count for nothing, nor does courtesy before and after.
        """
        words = words_of(text)
        first, last = 0, len(words)
        while first < last and words[first] in self._courtesy:
            first += 1
        while last > first and words[last - 1] in self._courtesy:
            last -= 1
        words = words[first:last]
        if words in self._phrases:
            return ForgetWords()
        said, code = words[:-1], words[-1] if words else ""
        digits = code.isascii() and code.isdecimal() and len(code) == CODE_DIGITS
        return ForgetWords(code) if digits and said in _VERBS else None
