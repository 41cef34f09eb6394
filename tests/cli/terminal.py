"""A terminal that tests run commands in, and the words that somebody would attack it with."""

from __future__ import annotations

import os
import pty
import re
import sys
import threading
from collections.abc import Callable

import pytest

ATTACKS = {
    "window title (OSC 0), ended by BEL": "\x1b]0;owned\x07",
    "link (OSC 8), ended by ST": "\x1b]8;;http://evil.example\x1b\\here\x1b]8;;\x1b\\",
    "clipboard (OSC 52), ended by ST": "\x1b]52;c;cm0gLXJm\x1b\\",
    "colour (CSI)": "\x1b[31mred",
    "cursor (CSI)": "\x1b[2K\x1b[1A",
    "device control (DCS)": "\x1bP$q\x1b\\",
    "reset": "\x1bc",
    "C1 in one character": "\x9b31m\x9d0;owned\x9c\x90\x85",
    "C0 and DEL": "\x00\x07\x08\x0b\x0c\x0e\x0f\x1a\x7f",
    "carriage return": "good\rbad",
    "bidi": "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c",
    "zero-width and tags": "\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\U000e0041",
    "separators": "\u2028\u2029",
    "private use": "\ue000\U000f0000",
    "blank letters": "\u115f\u3164\uffa0",
    "markup of rich": "[red]R[/red] [link=http://evil.example]L[/link] [/] :bomb:",
}
"""By kind."""

ATTACK = "".join(ATTACKS.values())
"""All of them, on one line."""

SEEN = "]0;owned"
"""How the first looks without its ends: printed after all."""

_OF_RICH = re.compile(
    r"\x1b\[(?:[\d;]*m|\?25[lh]|2K|1A)|\r|\x1b\]8;(?:id=\d+;http://127\.0\.0\.1:1/|;)\x1b\\"
)


class Terminal:
    """Runs what prints, in a pseudo-terminal with colours, and keeps what came through."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch

    def run(self, work: Callable[[], object]) -> str:
        """What a terminal is sent, byte for byte."""
        ours, theirs = pty.openpty()
        came: list[bytes] = []
        reader = threading.Thread(target=_read, args=(ours, came))
        reader.start()
        with self._patch.context() as patch, os.fdopen(theirs, "w", encoding="utf-8") as screen:
            for name, value in {"TERM": "xterm-256color", "COLUMNS": "4000"}.items():
                patch.setenv(name, value)
            patch.delenv("NO_COLOR", raising=False)
            patch.setattr(sys, "stdout", screen)
            patch.setattr(sys, "stderr", screen)
            try:
                work()
            except SystemExit:
                pass
            finally:
                screen.flush()
        reader.join()
        os.close(ours)
        return b"".join(came).decode()


def _read(terminal: int, came: list[bytes]) -> None:
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other end is closed
            return
        if not piece:
            return
        came.append(piece)


def assert_harmless(sent: str) -> None:
    """Nothing but rich's own colours and cursor, and nothing that an attack put in."""
    for kind, attack in ATTACKS.items():
        assert attack == ATTACKS["markup of rich"] or attack not in sent, kind
    left = _OF_RICH.sub("", sent)
    obeyed = {one for one in left if not one.isprintable() and one not in "\n\t\u3000\xa0"}
    assert not obeyed, f"raw: {sorted(obeyed)}"
    assert not {*"\u115f\u3164\uffa0"} & {*left}
