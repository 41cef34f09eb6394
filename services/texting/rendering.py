"""A model's Markdown as a text message: plain, cheap to send, and short enough for the carrier.

Owns what happens to an answer between the model and the carrier. Markdown becomes plain text
(`markdown-it-py` parses it), typography is folded where that makes the whole text GSM-7 (a third
of the price of UCS-2), and what is longer than the carrier takes is cut at a sentence. The stored
message keeps the model's own words; only what is sent is rendered.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from texting.segments import GSM_EXTENSION, is_gsm7

MAX_UNITS: Final = 1600
"""The carrier's limit on a body (error 21617). Counted on the safe side, see `_width`."""

CUT_MARK: Final = " (...)"

PARSER: Final = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_BREAK_TAG: Final = re.compile(r"<br\s*/?>", re.IGNORECASE)
_BLANK_LINES: Final = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
_LONG_DASH: Final = re.compile("[ \t\u00a0]*[\u2014\u2015][ \t\u00a0]*")
# Latin sentences end before a space; those of CJK, Arabic, Urdu and Hindi end where they end.
SENTENCE_END: Final = re.compile(
    "[.!?\u2026][\"')\\]]*(?=\\s)|[\u3002\uff01\uff1f\u061f\u06d4\u0964]|\n"
)
_JOINERS: Final = frozenset("\u200d\ufe0e\ufe0f")
_INVISIBLE: Final = frozenset("\u200b\u2060\ufeff\u00ad")
_BMP_END: Final = 0xFFFF
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)

_FOLDED: Final = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u2032": "'", "`": "'",
        "\u00b4": "'", "\u02bc": "'",
        "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u201f": '"', "\u2033": '"',
        "\u00ab": '"', "\u00bb": '"', "\u2039": "'", "\u203a": "'",
        "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2212": "-",
        "\u2022": "-", "\u25cf": "-", "\u2043": "-", "\u00b7": "-",
        "\u2026": "...", "\u2192": "->", "\u2190": "<-", "\u21d2": "=>",
        "\u2264": "<=", "\u2265": ">=", "\u2260": "!=", "\u00d7": "x", "\u00f7": "/",
        "\u2248": "~", "\u00bd": "1/2", "\u00bc": "1/4", "\u00be": "3/4",
        "\u2122": "(TM)", "\u00ae": "(R)", "\u00a9": "(c)",
    }
)  # fmt: skip


def render(markdown: str) -> str:
    """Make a model's answer fit to send as a text.

    Args:
        markdown: The answer as the model wrote it, any length.

    Returns:
        Plain text of at most `MAX_UNITS` units; empty only when nothing visible was left.
    """
    return shorten(fold(plain(markdown)))


def plain(markdown: str) -> str:
    """The same as plain text of any length, its typography kept."""
    cleaned = clean(markdown)
    return _tidy(_blocks(PARSER.parse(cleaned))) or _tidy(cleaned)


def fold(text: str) -> str:
    """Replace typography by GSM-7 characters, if that makes the whole text GSM-7.

    A text in another script, or with an emoji, is sent as UCS-2 whatever we do; folding it would
    only make it longer and worse to read.
    """
    folded = _LONG_DASH.sub(" - ", text).translate(_FOLDED)
    return folded if is_gsm7(folded) else text


def shorten(text: str, limit: int = MAX_UNITS) -> str:
    """Cut a text to the limit at the end of a sentence, else of a word, and mark the cut."""
    if sum(map(_width, text)) <= limit:
        return text
    room = limit - sum(map(_width, CUT_MARK))
    end, used = 0, 0
    while used + _width(text[end]) <= room:
        used += _width(text[end])
        end += 1
    return text[: cut_position(text, end)].rstrip() + CUT_MARK


def _width(char: str) -> int:
    """Count a character as the costlier encoding would: cutting may change which one it is."""
    return 2 if char in GSM_EXTENSION or ord(char) > _BMP_END else 1


def cut_position(text: str, end: int) -> int:
    """Find the best place at or before `end`: a sentence, a word, at least a whole character."""
    half = end // 2
    sentences = [match.end() for match in SENTENCE_END.finditer(text, half, end + 1)]
    sentences = [position for position in sentences if position <= end]
    if sentences:
        return sentences[-1]
    for position in range(end, half, -1):
        if text[position].isspace():
            return position
    while end > half and _continues(text, end):
        end -= 1
    return end


def _continues(text: str, position: int) -> bool:
    """Say whether cutting before this position would split what a reader sees as one sign."""
    char = text[position]
    return (
        unicodedata.combining(char) != 0
        or char in _JOINERS
        or text[position - 1] == "\u200d"
        or ord(char) in _SKIN_TONES
    )


def clean(text: str) -> str:
    """Drop what no phone can show and bring accents into the single characters GSM-7 knows."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
    kept = (
        " " if unicodedata.category(char) == "Zs" else char
        for char in text
        if char not in _INVISIBLE
        and (char in "\n\t" or unicodedata.category(char) != "Cc")
    )  # fmt: skip
    return "".join(kept)


def _tidy(text: str) -> str:
    lines = [line.rstrip() for line in text.replace("\t", " ").split("\n")]
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


class _Writer:
    """Plain text growing block by block, indented as deep as the list it stands in."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.lists: list[int | None] = []
        self.bullet: str | None = None

    def block(self, text: str, *, tight: bool) -> None:
        indent = "  " * max(len(self.lists) - 1, 0)
        first, *rest = text.split("\n")
        hanging = indent + ("  " if self.lists else "")
        lead = indent + self.bullet if self.bullet is not None else hanging if self.lists else ""
        self.bullet = None
        self.parts.append("\n".join([lead + first, *(hanging + line for line in rest)]))
        self.parts.append("\n" if tight else "\n\n")

    def open_list(self, start: int | None) -> None:
        self.lists.append(start)

    def close_list(self) -> None:
        self.lists.pop()
        if not self.lists:
            self.parts.append("\n")

    def item(self) -> None:
        number = self.lists[-1]
        self.bullet = "- " if number is None else f"{number}. "
        if number is not None:
            self.lists[-1] = number + 1


def _blocks(tokens: list[Token]) -> str:
    writer = _Writer()
    cells: list[str] | None = None
    tight = False
    for token in tokens:
        kind = token.type
        if kind == "inline" and cells is not None:
            cells.append(_inline(token.children or []))
        elif kind == "inline":
            writer.block(_inline(token.children or []), tight=tight or bool(writer.lists))
        elif kind in {"fence", "code_block"}:
            writer.block(token.content.rstrip("\n"), tight=False)
        elif kind == "heading_open":
            tight = True
        elif kind == "heading_close":
            tight = False
        elif kind == "tr_open":
            cells = []
        elif kind == "tr_close":
            writer.block(" / ".join(cells or []), tight=True)
            cells = None
        elif kind == "table_close":
            writer.parts.append("\n")
        else:
            _list_token(writer, token)
    return "".join(writer.parts)


def _list_token(writer: _Writer, token: Token) -> None:
    if token.type == "bullet_list_open":
        writer.open_list(None)
    elif token.type == "ordered_list_open":
        writer.open_list(int(token.attrGet("start") or 1))
    elif token.type in {"bullet_list_close", "ordered_list_close"}:
        writer.close_list()
    elif token.type == "list_item_open":
        writer.item()


def _inline(tokens: list[Token]) -> str:
    parts: list[str] = []
    links: list[tuple[str, int]] = []
    for token in tokens:
        if token.type == "text":
            parts.append(_BREAK_TAG.sub("\n", token.content))
        elif token.type == "code_inline":
            parts.append(token.content)
        elif token.type in {"softbreak", "hardbreak"}:
            parts.append("\n")
        elif token.type == "image":
            parts.append(token.content or str(token.attrGet("src") or ""))
        elif token.type == "link_open":
            links.append((str(token.attrGet("href") or ""), len(parts)))
        elif token.type == "link_close":
            url, begun = links.pop()
            parts[begun:] = [_link("".join(parts[begun:]), url)]
    return "".join(parts)


def _link(label: str, url: str) -> str:
    bare = url.removeprefix("mailto:").removeprefix("tel:")
    if not label or label in {url, bare}:
        return label or bare
    return f"{label} ({bare})" if bare else label
