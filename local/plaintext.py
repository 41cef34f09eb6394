"""Looks for people's words and numbers in whatever was written down, in any form they could take.

For tests and the soak: the stores, queues and logs of a stack must hold neither. Owns which forms
there are and the search; knows no store, only bytes.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

_HASHES = ("md5", "sha1", "sha256", "sha512")
_COUNTRY_DIGITS = 1  # The forms without it are those of the North American numbers used here.
_NATIONAL_DIGITS = 10


@dataclass(frozen=True)
class Found:
    """Something that should not be there.

    Attributes:
        where: The file or store.
        what: The words or the number.
        form: How they were written.
        at: Byte offset.
    """

    where: str
    what: str
    form: str
    at: int


def forms_of_words(words: str) -> dict[str, bytes]:
    """Every form in which words could rest, by name."""
    raw = words.encode()
    return {
        "utf-8": raw,
        "utf-16-le": words.encode("utf-16-le"),
        "utf-16-be": words.encode("utf-16-be"),
        "json": json.dumps(words)[1:-1].encode(),
        "html": html.escape(words).encode(),
        "url": quote(words).encode(),
        "form": quote_plus(words).encode(),
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        **_base64_forms(raw),
        **_base64_forms(words.encode("utf-16-le"), "utf-16 "),
    }


def forms_of_number(number: str) -> dict[str, bytes]:
    """Every form in which an E.164 number could rest: written, encoded, or hashed without a key."""
    digits = number.removeprefix("+")
    national = digits[_COUNTRY_DIGITS:]
    written = {"digits": digits}
    if len(national) == _NATIONAL_DIGITS:
        area, office, line = national[:3], national[3:6], national[6:]
        written |= {
            "national": national,
            "dashed": f"{area}-{office}-{line}",
            "dotted": f"{area}.{office}.{line}",
            "spaced": f"{area} {office} {line}",
            "bracketed": f"({area}) {office}-{line}",
        }
    forms = {
        f"{name} {form}": data
        for name, text in written.items()
        for form, data in forms_of_words(text).items()
    }
    for spelling in (number, digits, f"whatsapp:{number}"):
        for name in _HASHES:
            hashed = hashlib.new(name, spelling.encode(), usedforsecurity=False)
            forms[f"{name} of {spelling}"] = hashed.hexdigest().encode()
            forms[f"raw {name} of {spelling}"] = hashed.digest()
            forms |= _base64_forms(hashed.digest(), f"{name} of {spelling} ")
    return forms


def search(
    stored: Iterable[tuple[str, bytes]], words: Iterable[str], numbers: Iterable[str]
) -> list[Found]:
    """Look for words and numbers in what is stored, given as (where, bytes)."""
    wanted = {text: forms_of_words(text) for text in words}
    wanted |= {number: forms_of_number(number) for number in numbers}
    return [found for where, data in stored for found in _in(where, data, wanted)]


def files(
    folder: Path, skip: Callable[[Path], bool] = lambda _: False
) -> Iterator[tuple[str, bytes]]:
    """Every file under a folder, but those to skip, and every file's name."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not skip(path):
            where = str(path.relative_to(folder))
            yield where, where.encode() + b"\n" + path.read_bytes()


def _in(where: str, data: bytes, wanted: Mapping[str, Mapping[str, bytes]]) -> Iterator[Found]:
    for what, forms in wanted.items():
        for form, looked_for in forms.items():
            at = data.find(looked_for)
            if at >= 0:
                yield Found(where, what, form, at)


def _base64_forms(raw: bytes, name: str = "") -> dict[str, bytes]:
    """Base64 of bytes wherever they begin in what was encoded, in either alphabet."""
    found: dict[str, bytes] = {}
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw)
        # Characters that neighbours have a part in are left out.
        first = -(-before * 8 // 6)
        last = (before + len(raw)) * 8 // 6
        found[f"{name}base64 +{before}"] = encoded[first:last]
        found[f"{name}base64url +{before}"] = encoded[first:last].translate(
            bytes.maketrans(b"+/", b"-_")
        )
    return found
