"""A model's Markdown as speech: words that a person would say, in messages that Lex takes.

Owns what happens to an answer between the memory and the caller. The stored message keeps the
model's own words, so the same answer is rendered the same way each time, and can be gone on with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from markdown_it.token import Token

from texting.rendering import PARSER, SENTENCE_END, clean, cut_position
from texting.rendering import plain as as_text
from voice.lex_event import LONGEST_MESSAGE, MOST_MESSAGES, marked_up, plain
from voice.spoken_forms import Spoken, address, code, pictures, say, spoken_in

SPOKEN_MESSAGES: Final = 2
"""Messages of one answer that are spoken before the caller is asked: about two minutes."""

_SHORT_CODE: Final = 60
_NO_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOTHING: Final = "..."
_STOPS: Final = frozenset(".!?:;,\u2026\u3002\uff01\uff1f\u061f\u06d4\u0964")


@dataclass(frozen=True)
class Speech:
    """An answer, or the next part of one.

    Attributes:
        messages: As Lex takes them.
        through: How many pieces of the answer have been spoken with these.
        more: Whether pieces are left.
    """

    messages: list[dict[str, str]]
    through: int
    more: bool


def speech(markdown: str, language: str, *, begin: int = 0, more: str = "") -> Speech:
    """An answer as it is spoken.

    Args:
        markdown: As the model wrote it, any length.
        language: "en", "es", …
        begin: How many pieces were spoken before.
        more: What is said when pieces are left.
    """
    pieces = _cut(spoken_text(markdown, language), lambda text: len(_ssml(text)))
    return _part([marked_up(_ssml(it)) for it in pieces], begin, SPOKEN_MESSAGES, more)


def chat(markdown: str, *, begin: int = 0, more: str = "") -> Speech:
    """The same answer where it is read: plain text."""
    pieces = [plain(piece) for piece in _fitting(as_text(markdown) or _NOTHING, len)]
    return _part(pieces, begin, MOST_MESSAGES - 1, more)


def spoken_text(markdown: str, language: str) -> list[str]:
    """The answer's words, a paragraph or point each, every one with a stop at its end."""
    of = spoken_in(language)
    cleaned = clean(markdown)
    said = [_stopped(line) for line in _lines(PARSER.parse(cleaned), of) if line]
    return said or [_stopped(pictures(cleaned) or cleaned.strip() or _NOTHING)]


def _part(messages: list[dict[str, str]], begin: int, most: int, more: str) -> Speech:
    begin = begin if begin < len(messages) else 0
    chosen = messages[begin : begin + most]
    through = begin + len(chosen)
    left = through < len(messages)
    return Speech([*chosen, plain(more)] if left and more else chosen, through, left)


def _ssml(text: str) -> str:
    return f"<speak>{escape(_NO_XML.sub('', text))}</speak>"


def _stopped(line: str) -> str:
    """The line with a stop, or the voice would run into the next."""
    return line if line[-1:] in _STOPS or line[-2:-1] in _STOPS else f"{line}."


def _cut(paragraphs: Sequence[str], size: Callable[[str], int]) -> list[str]:
    """Pieces that fit a message, cut at the end of a sentence, else of a word."""
    pieces: list[str] = []
    for sentence in _sentences(paragraphs):
        joined = f"{pieces[-1]} {sentence}" if pieces else sentence
        if pieces and size(joined) <= LONGEST_MESSAGE:
            pieces[-1] = joined
        else:
            pieces += _fitting(sentence, size)
    return pieces


def _sentences(paragraphs: Sequence[str]) -> Iterator[str]:
    for paragraph in paragraphs:
        begin = 0
        ends = [found.end() for found in SENTENCE_END.finditer(paragraph)]
        for end in [*ends, len(paragraph)]:
            sentence, begin = paragraph[begin:end].strip(), end
            if sentence:
                yield sentence


def _fitting(text: str, size: Callable[[str], int]) -> Iterator[str]:
    """A sentence in as few parts as fit."""
    while size(text) > LONGEST_MESSAGE:
        end = min(len(text), LONGEST_MESSAGE)
        while size(text[:end]) > LONGEST_MESSAGE:  # what is escaped takes more room
            end -= max(1, (size(text[:end]) - LONGEST_MESSAGE) // 5)
        end = cut_position(text, end)
        yield text[:end].strip()
        text = text[end:].strip()
    if text:
        yield text


def _lines(tokens: Sequence[Token], of: Spoken) -> Iterator[str]:
    """A line for each paragraph, point and row; long code is not read out."""
    points, heads = _Points(), []
    cells: list[str] | None = None
    for token in tokens:
        kind = token.type
        if kind == "inline" and cells is not None:
            cells.append(_inline(token.children or [], of))
        elif kind == "inline":
            yield points.take() + _inline(token.children or [], of)
        elif kind in {"fence", "code_block"}:
            yield points.take() + _code_block(token.content, of)
        elif kind == "tr_open":
            cells = []
        elif kind == "thead_close":
            heads = cells or []
        elif kind == "tr_close" and heads:
            yield _row(heads, cells or [])
        elif kind == "table_close":
            heads, cells = [], None
        else:
            points.see(token)


class _Points:
    """The lists that a line stands in, and what is said before its next point."""

    def __init__(self) -> None:
        self._numbers: list[int | None] = []
        self._said = ""

    def take(self) -> str:
        """What is said before the line: the number of its point, once."""
        said, self._said = self._said, ""
        return said

    def see(self, token: Token) -> None:
        """A list or a point begins or ends."""
        if token.type == "bullet_list_open":
            self._numbers.append(None)
        elif token.type == "ordered_list_open":
            self._numbers.append(int(token.attrGet("start") or 1))
        elif token.type in {"bullet_list_close", "ordered_list_close"}:
            self._numbers.pop()
        elif token.type == "list_item_open" and self._numbers[-1] is not None:
            self._said = f"{self._numbers[-1]}: "
            self._numbers[-1] += 1


def _row(heads: Sequence[str], cells: Sequence[str]) -> str:
    """A row of a table: "Name: Ada, Born: 1815"."""
    said = [f"{head}: {cell}" if head else cell for head, cell in zip(heads, cells, strict=False)]
    return ", ".join(said)


def _code_block(content: str, of: Spoken) -> str:
    short = content.strip()
    return code(short, of) if len(short) <= _SHORT_CODE and "\n" not in short else of.code


def _inline(tokens: Sequence[Token], of: Spoken) -> str:
    """A paragraph's words; of a link, what it is called and not where it leads."""
    parts: list[str] = []
    links: list[tuple[str, int]] = []
    for token in tokens:
        if token.type == "text":
            parts.append(token.content)
        elif token.type == "code_inline":
            parts.append(code(token.content, of))
        elif token.type in {"softbreak", "hardbreak"}:
            parts.append(" ")
        elif token.type == "image":
            parts.append(token.content)
        elif token.type == "link_open":
            links.append((str(token.attrGet("href") or ""), len(parts)))
        elif token.type == "link_close":
            url, begun = links.pop()
            label = "".join(parts[begun:]).strip()
            bare = url.removeprefix("mailto:").removeprefix("tel:")
            parts[begun:] = [address(url, of) if label in {"", url, bare} else label]
    return say("".join(parts), of)
