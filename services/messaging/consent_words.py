"""The words with which people stop, start and ask, by language.

Owns the vocabulary and how tolerantly it is read; what a word leads to is decided elsewhere.

English is the carriers' own list (https://help.twilio.com/articles/223134027) with REVOKE and OPT
OUT of the FCC's 2025 rule (47 CFR 64.1200(a)(10)), which also wants "any reasonable means" to be
honoured: hence the plain sentences. The other languages have no list of the carriers': theirs are
the words for the same, left out where they are a likely answer in a conversation ("alto", "para").
A STOP too many is confirmed and undone with START; a STOP too few is a broken promise.
"""

from __future__ import annotations

import enum
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


class ReservedWord(enum.StrEnum):
    """What a reserved word asks for.

    `AGREE` is a START while the person is opted out, and otherwise a word like any other. UNSTOP is
    no word of conversation, and lifts the carrier's block whenever it comes: always a START.
    """

    STOP = "STOP"
    START = "START"
    HELP = "HELP"
    AGREE = "AGREE"


@dataclass(frozen=True)
class _Language:
    """One language: phrases apart by commas, without accents, apostrophes and capitals."""

    stop: str
    start: str
    agree: str
    help: str
    courtesy: str


_LANGUAGES: Final = {
    "en": _Language(
        stop="stop, stopall, stop all, unsubscribe, unsubscribe me, cancel, end, quit, revoke, "
        "optout, opt out, opt me out, stop texting, stop texting me, stop messaging, "
        "stop messaging me, stop texts, stop messages, stop all texts, stop all messages, "
        "stop these texts, stop these messages, stop sending texts, stop sending messages, "
        "stop sending me texts, stop sending me messages, stop sending me these, "
        "do not text me, do not text me again, dont text me, dont text me again, "
        "dont message me, no more texts, no more messages, remove me, remove me from your list, "
        "take me off your list, i want to opt out, i want to unsubscribe, i opt out",
        start="start, unstop",
        agree="yes",
        help="help, info",
        courtesy="please, pls, plz, kindly, thanks, thank, you, thx, ty, now, ok, okay, hi, "
        "hello, hey, sorry",
    ),
    "de": _Language(
        stop="stopp, abmelden, abmeldung, abbestellen, austragen, kundigen, kuendigen, beenden, "
        "keine nachrichten mehr, keine sms mehr, nicht mehr schreiben, schreib mir nicht mehr, "
        "schreiben sie mir nicht mehr",
        start="starten, anmelden",
        agree="ja",
        help="hilfe",
        courtesy="bitte, danke, vielen, dank, jetzt, hallo, sofort",
    ),
    "es": _Language(
        stop="parar, pare, basta, baja, dar de baja, darme de baja, dame de baja, cancelar, "
        "cancelar suscripcion, no mas mensajes, no mas textos, no me escribas mas, "
        "no me escriba mas, deja de escribirme, deje de escribirme, no quiero mas mensajes",
        start="iniciar, comenzar, empezar",
        agree="si",
        help="ayuda",
        courtesy="por, favor, gracias, hola, ya, ahora, muchas",
    ),
    "fr": _Language(
        stop="arret, arreter, arretez, desabonner, desabonnement, me desabonner, "
        "desabonnez moi, desinscription, desinscrire, me desinscrire, resilier, annuler, "
        "plus de messages, ne mecrivez plus, ne mecris plus, arretez de mecrire",
        start="commencer, demarrer",
        agree="oui",
        help="aide",
        courtesy="sil, te, vous, plait, svp, stp, merci, bonjour, maintenant",
    ),
    "it": _Language(
        stop="basta, disiscrivi, disiscrivimi, disiscrizione, annulla, disdici, disdire, "
        "cancellami, cancella iscrizione, niente piu messaggi, non scrivermi piu, "
        "smetti di scrivermi",
        start="inizia, iniziare",
        agree="si",
        help="aiuto",
        courtesy="per, favore, grazie, ciao, ora, adesso",
    ),
    "nl": _Language(
        stop="stoppen, afmelden, uitschrijven, opzeggen, geen berichten meer, "
        "stuur geen berichten meer",
        start="starten, aanmelden",
        agree="ja",
        help="hulp",
        courtesy="alstublieft, aub, bedankt, dank, je, u, nu, hallo",
    ),
    "pt": _Language(
        stop="parar, pare, descadastrar, descadastre me, cancelar, cancelar inscricao, "
        "nao quero mais mensagens, nao me escreva mais, pare de me escrever, sem mais mensagens",
        start="iniciar, comecar",
        agree="sim",
        help="ajuda",
        courtesy="por, favor, obrigado, obrigada, ola, agora, ja",
    ),
}

LANGUAGES: Final = tuple(_LANGUAGES)
"""The languages that `sms.languages` may list. English always counts: it is the carriers'."""


_APOSTROPHES: Final = "'`\u2019"


class Vocabulary:
    """The words of some languages.

    Args:
        languages: Which, beside English.

    Raises:
        ValueError: One of them is unknown.
    """

    def __init__(self, languages: Iterable[str] = ()) -> None:
        wanted = {"en", *languages}
        unknown = sorted(wanted - set(LANGUAGES))
        if unknown:
            raise ValueError(f"no words for: {', '.join(unknown)}")
        chosen = [_LANGUAGES[name] for name in sorted(wanted)]
        self._stop = _phrases(language.stop for language in chosen)
        self._courtesy = {
            word for phrase in _phrases(one.courtesy for one in chosen) for word in phrase
        }
        self._exact = {
            **dict.fromkeys(_phrases(one.help for one in chosen), ReservedWord.HELP),
            **dict.fromkeys(_phrases(one.agree for one in chosen), ReservedWord.AGREE),
            **dict.fromkeys(_phrases(one.start for one in chosen), ReservedWord.START),
        }

    def read(self, text: str) -> ReservedWord | None:
        """Find the reserved word that a whole message is.

        Case, accents and punctuation count for nothing; before and after a STOP courtesy does
        neither. START, HELP and YES are read without courtesy: "please help" is a question.
        """
        words = words_of(text)
        if words in self._exact:
            return self._exact[words]
        first, last = 0, len(words)
        while first < last and words[first] in self._courtesy:
            first += 1
        while last > first and words[last - 1] in self._courtesy:
            last -= 1
        return ReservedWord.STOP if words[first:last] in self._stop else None


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text: no case, accents, apostrophes or punctuation."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(
        char
        if char.isalnum()
        else ""
        if char in _APOSTROPHES or unicodedata.combining(char)
        else " "
        for char in folded
    )
    return tuple(kept.split())


def _phrases(lists: Iterable[str]) -> set[tuple[str, ...]]:
    return {tuple(phrase.split()) for one in lists for phrase in one.split(",")}
