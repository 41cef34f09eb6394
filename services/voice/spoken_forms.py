"""How signs, addresses and numbers are said: what a person would say for what is written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_KEPT_SIGNS: Final = 0x2190
_PICTURES: Final = frozenset({"So", "Sk", "Cs", "Co", "Cn"})
_JOINERS: Final = re.compile("[\u200d\ufe0e\ufe0f\u20e3]")
_EMAIL: Final = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_TOP_LEVEL: Final = "com|org|net|io|dev|gov|edu|app|info|de|fr|es|it|nl|pt|eu|uk|us|co|ai|test"
_URL: Final = re.compile(
    r"\b(?:https?://|www\.)[^\s<>\"')\]]+|\b(?:[a-z0-9-]+\.)+(?:"
    + _TOP_LEVEL
    + r")\b(?:/[^\s)]*)?",
    re.IGNORECASE,
)
_PHONE: Final = re.compile(
    r"(?<![\w-])(?:\+\d[\d ().-]{6,}\d|\(\d{3}\) ?\d{3}-\d{4}|(?:\d{3}-)?\d{3}-\d{4})(?![\w-])"
)
_RANGE: Final = re.compile(
    r"(?<![\d-])(\d[\d.,:]*) ?(?:\u2013|(?<=\d)-(?=\d)) ?(\d[\d.,:]*)(?![\d-])"
)
_SPACES: Final = re.compile(r"[ \t]+")
_BEFORE_STOP: Final = re.compile(r" +([,.;:!?])")
_QUERY: Final = re.compile(r"[?#].*$")


@dataclass(frozen=True)
class Spoken:
    """How one language says what is written as a sign.

    Attributes:
        dot: In an address.
        at: In an address.
        slash: In an address.
        dash: In an address.
        plus: Before a number.
        to: Between the ends of a range.
        about: Before an approximate number.
        number: Before a number in a list.
        times: Between factors.
        equals: Between equal things.
        degrees: After a number.
        code: In place of code that is too long to be read out.
    """

    dot: str = "dot"
    at: str = "at"
    slash: str = "slash"
    dash: str = "dash"
    plus: str = "plus"
    to: str = "to"
    about: str = "about"
    number: str = "number"
    times: str = "times"
    equals: str = "equals"
    degrees: str = "degrees"
    code: str = "Here comes some code, which is better read than heard."


_SPOKEN: Final = {
    "en": Spoken(),
    "de": Spoken(
        *("Punkt", "at", "Schrägstrich", "Strich", "plus", "bis", "etwa", "Nummer", "mal"),
        *("gleich", "Grad", "Hier steht Code, den man besser liest als hört."),
    ),
    "es": Spoken(
        *("punto", "arroba", "barra", "guion", "más", "a", "unos", "número", "por", "igual a"),
        *("grados", "Aquí hay código, que se lee mejor de lo que se oye."),
    ),
    "fr": Spoken(
        *("point", "arobase", "barre", "tiret", "plus", "à", "environ", "numéro", "fois", "égale"),
        *("degrés", "Ici vient du code, qui se lit mieux qu'il ne s'écoute."),
    ),
    "it": Spoken(
        *("punto", "chiocciola", "barra", "trattino", "più", "a", "circa", "numero", "per"),
        *("uguale a", "gradi", "Qui c'è del codice, che si legge meglio di come si ascolta."),
    ),
    "nl": Spoken(
        *("punt", "apenstaartje", "schuine streep", "streepje", "plus", "tot", "ongeveer"),
        *("nummer", "keer", "is", "graden", "Hier staat code, die beter te lezen dan te horen is."),
    ),
    "pt": Spoken(
        *("ponto", "arroba", "barra", "hífen", "mais", "a", "cerca de", "número", "vezes"),
        *("igual a", "graus", "Aqui há código, que se lê melhor do que se ouve."),
    ),
}


def spoken_in(language: str) -> Spoken:
    """How a language says signs; English for a language that we do not know."""
    return _SPOKEN.get(language, _SPOKEN["en"])


def say(text: str, of: Spoken) -> str:
    """A line of words as a person would read it out."""
    for pattern, read in (
        (_EMAIL, lambda found: _email(found[0], of)),
        (_URL, lambda found: _address_and_stop(found[0], of)),
        (_PHONE, lambda found: _digits(found[0], of)),
        (_RANGE, lambda found: f"{found[1]} {of.to} {found[2]}"),
    ):
        text = _replace(pattern, read, text)
    for pattern, sign in _signs(of):
        text = pattern.sub(sign, text)
    return _tidy(without_pictures(text))


def address(url: str, of: Spoken) -> str:
    """An address: "example dot com slash path"."""
    bare = _QUERY.sub("", url)
    for prefix in ("mailto:", "tel:", "https://", "http://", "www."):
        bare = bare.removeprefix(prefix)
    if url.startswith("tel:"):
        return _digits(bare, of)
    if "@" in bare:
        return _email(bare, of)
    said = bare.rstrip("/").replace(".", f" {of.dot} ").replace("/", f" {of.slash} ")
    return _tidy(said.replace("-", f" {of.dash} ").replace("_", " ").replace("%20", " "))


def code(text: str, of: Spoken) -> str:
    """A name out of a program: its signs said or left out."""
    said = text.strip().replace("()", "").replace("_", " ").replace("/", f" {of.slash} ")
    said = re.sub(r"(?<=\w)\.(?=\w)", f" {of.dot} ", said)
    said = re.sub(r"(?<=\w)=(?=\w)|==?", f" {of.equals} ", said)
    said = re.sub(r"(?<=\w)-(?=\w)", f" {of.dash} ", said)
    return _tidy(re.sub(r"[{}\[\]<>;`|\\\"']", " ", said))


def without_pictures(text: str) -> str:
    """The text without emoji and arrows, which nobody says."""
    text = _JOINERS.sub("", text)
    return "".join(
        " " if ord(char) >= _KEPT_SIGNS and unicodedata.category(char) in _PICTURES else char
        for char in text
    )


def pictures(text: str) -> str:
    """What an answer of nothing but emoji shows: "thumbs up sign"."""
    names = [unicodedata.name(char, "").lower() for char in _JOINERS.sub("", text)]
    return ", ".join(name for name in dict.fromkeys(names) if name and "modifier" not in name)


def _signs(of: Spoken) -> list[tuple[re.Pattern[str], str]]:
    return [
        (re.compile(r"\s*[\u2014\u2015]\s*"), ", "),
        (re.compile(r"\s*(?:\u2192|->|=>)\s*"), ", "),
        (re.compile(r"(?<![\w~])[~\u2248]\s?(?=\d)"), f"{of.about} "),
        (re.compile(r"(?<!\w)#(?=\d)"), f"{of.number} "),
        (re.compile(r"(?<=\d)\s?\u00b0\s?([CF])\b"), rf" {of.degrees} \1"),
        (re.compile(r"(?<=\d)\s?\u00b0"), f" {of.degrees} "),
        (re.compile(r"(?<=\d)\s?[\u00d7*x]\s?(?=\d)"), f" {of.times} "),
        (re.compile(r"\s=\s"), f" {of.equals} "),
        (re.compile(r"(?<=[A-Za-z]{2})/(?=[A-Za-z]{2})"), " "),
        (re.compile(r"[*_`~^|\\]+"), " "),
    ]


def _replace(pattern: re.Pattern[str], read: Callable[[re.Match[str]], str], text: str) -> str:
    return pattern.sub(read, text)


def _address_and_stop(found: str, of: Spoken) -> str:
    """An address in a sentence; the stop after it is the sentence's."""
    bare = found.rstrip(".,;:!?")
    return address(bare, of) + found[len(bare) :]


def _email(text: str, of: Spoken) -> str:
    name, _, host = text.partition("@")
    parts = [part.replace(".", f" {of.dot} ").replace("-", f" {of.dash} ") for part in (name, host)]
    return _tidy(f" {of.at} ".join(parts).replace("_", " ").replace("+", f" {of.plus} "))


def _digits(text: str, of: Spoken) -> str:
    """A telephone number, digit by digit, with a pause where it is written with one."""
    groups = [" ".join(group) for group in re.findall(r"\d+", text)]
    said = ", ".join(groups)
    return f"{of.plus} {said}" if text.startswith("+") else said


def _tidy(text: str) -> str:
    return _BEFORE_STOP.sub(r"\1", _SPACES.sub(" ", text)).strip()
