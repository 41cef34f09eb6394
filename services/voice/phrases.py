"""What a caller may ask for in so many words, by language.

An instruction counts only when the whole transcript is one of these phrases: "help me write to my
agent" is conversation, whatever intent Lex took it for. Lower and upper case, accents, punctuation
and words of courtesy do not count. The bot's sample utterances of the intents are the same phrases
(`stack/voice_phrases.py`); a test ties the two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from typing import Final


class Meaning(StrEnum):
    """What a phrase asks for; the first three are intents of the bot."""

    GOODBYE = "Goodbye"
    AGENT = "Agent"
    HELP = "Help"
    YES = "yes"
    NO = "no"
    REPEAT = "repeat"
    MORE = "more"


FALLBACK_LANGUAGE: Final = "en"

PHRASES: Final[dict[str, dict[Meaning, tuple[str, ...]]]] = {
    "en": {
        Meaning.GOODBYE: (
            *("goodbye", "bye", "bye bye", "good bye", "hang up", "that is all", "that's all"),
        ),
        Meaning.AGENT: (
            *("agent", "operator", "talk to a human", "talk to a person", "speak to a human"),
            *("speak to a person", "speak to somebody", "a human please"),
        ),
        Meaning.HELP: ("help", "help me", "what can you do", "what can I say"),
        Meaning.YES: (
            *("yes", "yeah", "yep", "sure", "yes do", "yes do that", "do that", "go ahead"),
            *("text me", "yes text me", "text it", "of course", "that would be great"),
        ),
        Meaning.NO: ("no", "nope", "no need", "don't", "do not", "never mind", "rather not"),
        Meaning.REPEAT: (
            *("repeat", "repeat that", "say that again", "say it again", "again", "pardon"),
            *("come again", "what did you say", "can you repeat that", "could you repeat that"),
        ),
        Meaning.MORE: ("go on", "more", "continue", "read on", "tell me more", "carry on"),
    },
    "de": {
        Meaning.GOODBYE: (
            *("auf Wiederhören", "auf Wiedersehen", "tschüss", "auflegen", "das war alles"),
        ),
        Meaning.AGENT: (
            *("Mitarbeiter", "Mensch", "mit einem Menschen sprechen"),
            *("mit einem Mitarbeiter sprechen", "ich möchte mit einem Menschen sprechen"),
        ),
        Meaning.HELP: ("Hilfe", "was kannst du", "was können Sie", "was kann ich sagen"),
        Meaning.YES: ("ja", "ja gern", "gern", "gerne", "ja gerne", "klar", "natürlich", "jawohl"),
        Meaning.NO: ("nein", "nö", "lieber nicht", "nicht nötig", "nein nicht nötig"),
        Meaning.REPEAT: ("wiederholen", "noch einmal", "nochmal", "wie bitte", "wie"),
        Meaning.MORE: ("weiter", "mehr", "mach weiter", "fahr fort", "weiterlesen"),
    },
    "es": {
        Meaning.GOODBYE: ("adiós", "hasta luego", "hasta la vista", "colgar", "eso es todo"),
        Meaning.AGENT: (
            *("agente", "operador", "hablar con una persona", "hablar con un agente"),
            "quiero hablar con una persona",
        ),
        Meaning.HELP: ("ayuda", "qué puedes hacer", "qué puedo decir"),
        Meaning.YES: ("sí", "claro", "sí claro", "vale", "por supuesto", "de acuerdo"),
        Meaning.NO: ("no", "mejor no", "no hace falta"),
        Meaning.REPEAT: ("repite", "repita", "otra vez", "cómo", "qué has dicho", "repítelo"),
        Meaning.MORE: ("sigue", "siga", "más", "continúa", "continúe"),
    },
    "fr": {
        Meaning.GOODBYE: ("au revoir", "à bientôt", "raccrocher", "c'est tout"),
        Meaning.AGENT: (
            *("agent", "conseiller", "parler à une personne", "parler à un conseiller"),
            "je veux parler à une personne",
        ),
        Meaning.HELP: ("aide", "que peux-tu faire", "que pouvez-vous faire", "que puis-je dire"),
        Meaning.YES: ("oui", "ouais", "d'accord", "bien sûr", "oui volontiers", "volontiers"),
        Meaning.NO: ("non", "pas la peine", "non pas la peine", "plutôt pas"),
        Meaning.REPEAT: ("répète", "répétez", "encore une fois", "pardon", "comment"),
        Meaning.MORE: ("continue", "continuez", "la suite", "encore", "plus"),
    },
    "it": {
        Meaning.GOODBYE: ("arrivederci", "addio", "riaggancia", "è tutto"),
        Meaning.AGENT: (
            *("operatore", "parlare con una persona", "parlare con un operatore"),
            "voglio parlare con una persona",
        ),
        Meaning.HELP: ("aiuto", "cosa sai fare", "cosa posso dire"),
        Meaning.YES: ("sì", "certo", "sì certo", "va bene", "volentieri", "d'accordo"),
        Meaning.NO: ("no", "meglio di no", "non serve", "non importa"),
        Meaning.REPEAT: ("ripeti", "ripeta", "di nuovo", "ancora una volta", "come"),
        Meaning.MORE: ("continua", "continui", "vai avanti", "ancora"),
    },
    "nl": {
        Meaning.GOODBYE: ("tot ziens", "dag", "ophangen", "dat was alles"),
        Meaning.AGENT: (
            *("medewerker", "met een mens spreken", "met een medewerker spreken"),
            "ik wil met een mens spreken",
        ),
        Meaning.HELP: ("hulp", "wat kun je", "wat kan ik zeggen"),
        Meaning.YES: ("ja", "graag", "ja graag", "natuurlijk", "doe maar", "is goed"),
        Meaning.NO: ("nee", "liever niet", "hoeft niet", "nee hoeft niet"),
        Meaning.REPEAT: ("herhaal", "herhalen", "nog een keer", "opnieuw", "wat zei je"),
        Meaning.MORE: ("ga door", "verder", "meer", "lees verder"),
    },
    "pt": {
        Meaning.GOODBYE: ("adeus", "tchau", "até logo", "desligar", "é tudo"),
        Meaning.AGENT: (
            *("atendente", "falar com uma pessoa", "falar com um atendente"),
            "quero falar com uma pessoa",
        ),
        Meaning.HELP: ("ajuda", "o que você pode fazer", "o que posso dizer"),
        Meaning.YES: ("sim", "claro", "sim claro", "com certeza", "pode ser", "está bem"),
        Meaning.NO: ("não", "melhor não", "não precisa"),
        Meaning.REPEAT: ("repete", "repita", "outra vez", "de novo", "como"),
        Meaning.MORE: ("continua", "continue", "mais", "prossiga"),
    },
}

_COURTESY: Final = {
    "en": "please, thanks, thank you, thank you very much, ok, okay, well, um, uh, oh",
    "de": "bitte, danke, danke schön, vielen Dank, okay, gut, äh, ähm, also",
    "es": "por favor, gracias, muchas gracias, bueno, pues, eh",
    "fr": "s'il vous plaît, s'il te plaît, merci, merci beaucoup, bon, alors, euh",
    "it": "per favore, per piacere, grazie, grazie mille, allora, beh, ehm",
    "nl": "alsjeblieft, alstublieft, dank je, dank u, bedankt, oké, nou, eh",
    "pt": "por favor, obrigado, obrigada, muito obrigado, bom, então",
}
_WORD: Final = re.compile(r"[^\W_]+")


def language_of(locale: str) -> str:
    """The language of a locale, of those that have phrases."""
    language = locale.partition("_")[0].lower()
    return language if language in PHRASES else FALLBACK_LANGUAGE


def meaning_of(transcript: str, language: str) -> Meaning | None:
    """What a whole transcript asks for; None when it is conversation."""
    said = normalised(transcript)
    known = _known(language)
    return known.get(said) or known.get(_bare(said, language))


def normalised(text: str) -> tuple[str, ...]:
    """The words of a text without case, accents and punctuation."""
    decomposed = unicodedata.normalize("NFKD", text.replace("'", "").replace("\u2019", ""))
    letters = "".join(char for char in decomposed if not unicodedata.combining(char))
    return tuple(_WORD.findall(letters.casefold()))


@cache
def _known(language: str) -> dict[tuple[str, ...], Meaning]:
    phrases = PHRASES.get(language, PHRASES[FALLBACK_LANGUAGE])
    return {
        words: meaning
        for meaning, said in phrases.items()
        for phrase in said
        for words in (normalised(phrase), _bare(normalised(phrase), language))
    }


@cache
def _courtesies(language: str) -> tuple[tuple[str, ...], ...]:
    phrases: Iterable[str] = _COURTESY.get(language, _COURTESY[FALLBACK_LANGUAGE]).split(", ")
    return tuple(sorted(map(normalised, phrases), key=len, reverse=True))


def _bare(said: tuple[str, ...], language: str) -> tuple[str, ...]:
    """The words without courtesy at either end; as they are when nothing else was said."""
    left = said
    again = True
    while again:
        again = False
        for courtesy in _courtesies(language):
            count = len(courtesy)
            if len(left) > count and left[-count:] == courtesy:
                left, again = left[:-count], True
            if len(left) > count and left[:count] == courtesy:
                left, again = left[count:], True
    return left
