r"""The terminal and its standard streams: results on stdout, everything else on stderr.

Owns the rule that foreign words never steer a terminal. Persons, models, the carrier, AWS and file
names can hold control sequences that retitle a window, write the clipboard or hide a line; all of
them are shown as escapes, such as `\x1b`. Every command prints through this module.

rich is imported when something is shown: help and completion do without it.
"""

from __future__ import annotations

import json
import sys
import traceback
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

LAYOUT = "\n\t"
"""What `visible` leaves as it is in words that may take several lines."""

_PIPED_WIDTH = 160
"""Columns when nobody is watching: a log has no edge to wrap at."""

_JOINERS = "\u200c\u200d"
_FIRST_JOINED = 0x80
"""No ASCII character is ever joined: between two of them a joiner only hides."""

_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Letters and marks by category that no terminal shows: two names would look alike."""


def visible(text: str, keep: str = "") -> str:
    r"""Show what a terminal would obey, or not show at all, as escapes such as `\x1b`.

    Escaped are controls (C0, DEL, C1), format characters (bidi, zero-width, tags; not a joiner in
    a script or an emoji that has them), surrogates, private use, line and paragraph separators, and
    code points that are not assigned.

    Args:
        text: Anybody's words.
        keep: Characters that the layout gives a meaning; `LAYOUT` for words over several lines.
    """
    if text.isprintable() and _BLANK_LETTERS.isdisjoint(text):
        return text
    joins = _joins(text)
    return "".join(
        one if one in keep or place in joins or _is_shown(one) else _escape(one)
        for place, one in enumerate(text)
    )


def _joins(text: str) -> set[int]:
    """Where a joiner stands between two characters that are shown: Persian, Hindi, emoji."""
    return {
        place
        for place in range(1, len(text) - 1)
        if text[place] in _JOINERS
        and all(
            _is_shown(one) and not one.isspace() and ord(one) >= _FIRST_JOINED
            for one in (text[place - 1], text[place + 1])
        )
    }


def _is_shown(character: str) -> bool:
    if character in _BLANK_LETTERS or "\U000e0000" <= character <= "\U000e0fff":
        return False
    # `isprintable` refuses every space but the plain one.
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def line(*parts: str | tuple[str, str]) -> Text:
    """One line of text; a line break in foreign words cannot forge another.

    Args:
        parts: Texts, or texts with their style.
    """
    from rich.text import Text

    pairs = [(part, "") if isinstance(part, str) else part for part in parts]
    return Text.assemble(*((visible(text), style) for text, style in pairs))


def words(text: str) -> Text:
    """Somebody's words, over as many lines as they have."""
    from rich.text import Text

    return Text(visible(text.replace("\r\n", "\n"), LAYOUT))


def results() -> Console:
    """The console that answers go to. A `str` that it prints is one line without markup."""
    return _console(stderr=False)


def remarks() -> Console:
    """The console for progress, warnings and questions; as `results` in all else."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    from cli.safe_console import SafeConsole

    console = SafeConsole(stderr=stderr)
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    return console


def show_json(answer: Any) -> None:
    """Print an answer for scripts, one document."""
    print(to_json(answer, indent=2, sort_keys=True))  # noqa: T201 - output


def to_json(answer: Any, **style: Any) -> str:
    r"""JSON that keeps letters readable, and escapes what `visible` escapes as `\u001b`.

    Args:
        answer: Plain data.
        style: Further arguments of `json.dumps`.
    """
    return visible_json(json.dumps(answer, ensure_ascii=False, **style))


def visible_json(text: str) -> str:
    """Escape in JSON as JSON does: it stays the same document, for outside of strings is none."""
    return "".join(one if one == "\n" or _is_shown(one) else json.dumps(one)[1:-1] for one in text)


def show_text(text: str) -> None:
    """Print a document: a page, a script. Its line breaks are its layout."""
    print(visible(text, LAYOUT))  # noqa: T201 - output


def show_error(message: str, next_step: str = "") -> None:
    """Print what went wrong and what to do next on stderr."""
    remarks().print(line((message, "red")), soft_wrap=True)
    if next_step:
        remarks().print(line(f"  next: {next_step}"), soft_wrap=True)


def show_warning(message: str) -> None:
    """Print what an operator must know before they say yes, on stderr."""
    remarks().print(line((message, "yellow")), soft_wrap=True)


def show_traceback(error: BaseException) -> None:
    """Print the traceback of a mistake of ours on stderr; its message may quote foreign words."""
    text = "".join(traceback.format_exception(error))
    print(visible(text, LAYOUT), end="", file=sys.stderr)  # noqa: T201 - output


def table(title: str, *columns: str) -> Table:
    """An empty table in the one style that all commands use.

    A cell that is a `str` is one line without markup.
    """
    from rich.table import Table

    made = Table(
        title=line(title), title_justify="left", box=None, pad_edge=False, header_style="bold"
    )
    for column in columns:
        made.add_column(column, overflow="fold")
    return made
