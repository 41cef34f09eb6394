"""The search for words and numbers finds them, however they were written down."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from local.plaintext import files, search

WORDS, NUMBER = "the marmalade is under the third stair é", "+13037310462"


@pytest.mark.parametrize(
    "written",
    [
        WORDS.encode(),
        json.dumps({"text": WORDS}).encode(),
        json.dumps({"text": WORDS}, ensure_ascii=False).encode(),
        WORDS.encode("utf-16"),
        quote_plus(WORDS).encode(),
        WORDS.encode().hex().encode(),
        *(base64.b64encode(b"\x00" * n + WORDS.encode() + b"after") for n in range(4)),
        base64.urlsafe_b64encode(b"\x00" + WORDS.encode()),
    ],
)
def test_words_are_found(written: bytes) -> None:
    """Plain, escaped, encoded, and anywhere inside something that was encoded whole."""
    assert search([("file", b"before " + written + b" after")], [WORDS], [])


@pytest.mark.parametrize(
    "written",
    [
        NUMBER.encode(),
        b"tel:3037310462",
        b"(303) 731-0462",
        b"To=%2B13037310462&",
        *(base64.b64encode(b"\x00" * n + NUMBER.encode() + b"!") for n in range(3)),
        hashlib.sha256(NUMBER.encode()).hexdigest().encode(),
        base64.b64encode(hashlib.md5(f"whatsapp:{NUMBER}".encode()).digest()),
    ],
)
def test_numbers_are_found(written: bytes) -> None:
    """Written in any way, encoded, and as a hash that needs no key to be guessed."""
    assert search([("file", b"before " + written + b" after")], [], [NUMBER])


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    """Other words and another number are nobody's; names of files are looked at too."""
    (tmp_path / "a.json").write_text('{"text": "the jam is upstairs", "to": "+13037310463"}')
    (tmp_path / "skipped").write_text(WORDS)
    stored = list(files(tmp_path, lambda path: path.name == "skipped"))
    assert search(stored, [WORDS], [NUMBER]) == []
    (tmp_path / f"log-{NUMBER}").touch()
    [found, *_] = search(files(tmp_path), [], [NUMBER])
    assert found.where == f"log-{NUMBER}"
