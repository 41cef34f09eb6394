"""A model's answer becomes a plain text that the carrier takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from texting.rendering import CUT_MARK, MAX_UNITS, render
from texting.segments import count, is_gsm7


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("Just words.", "Just words."),
        ("**bold** and _italic_ and ~~gone~~", "bold and italic and gone"),
        ("# Title\nBody", "Title\nBody"),
        ("- one\n- two", "- one\n- two"),
        ("* one\n* two", "- one\n- two"),
        ("3. three\n4. four", "3. three\n4. four"),
        ("1. a\n   - b\n   - c\n2. d", "1. a\n  - b\n  - c\n2. d"),
        ("- loose\n\n- items", "- loose\n- items"),
        ("before\n\n- item\n\nafter", "before\n\n- item\n\nafter"),
        ("[site](https://a.example/x)", "site (https://a.example/x)"),
        ("<https://a.example>", "https://a.example"),
        ("[https://a.example](https://a.example)", "https://a.example"),
        ("[mail](mailto:a@b.example)", "mail (a@b.example)"),
        ("![a cat](https://a.example/cat.png)", "a cat"),
        ("![](https://a.example/cat.png)", "https://a.example/cat.png"),
        ("use `x = 1` here", "use x = 1 here"),
        ("```python\nx = [1]\n  y\n```", "x = [1]\n  y"),
        ("> quoted\n> twice", "quoted\ntwice"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a / b\n1 / 2"),
        ("one<br>two", "one\ntwo"),
        ("a < b && c > d", "a < b && c > d"),
        ("R&amp;D", "R&D"),
        ("2 * 3 * 4 = 24, snake_case_name, #tag", "2 * 3 * 4 = 24, snake_case_name, #tag"),
        ("line\nbreaks stay", "line\nbreaks stay"),
        ("far\n\n\n\napart", "far\n\napart"),
        ("  spaces  ", "spaces"),
        ("---", "---"),
        ("", ""),
        (" \n\t ", ""),
    ],
)
def test_markdown_becomes_plain_text(markdown: str, plain: str) -> None:
    """No mark-up reaches the phone, and no word of the answer is lost."""
    assert render(markdown) == plain


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("It\u2019s \u201cso\u201d \u2013 good\u2026", 'It\'s "so" - good...'),
        ("one—two — three", "one - two - three"),
        ("non\u00a0breaking\u202fspaces", "non breaking spaces"),
        ("5 \u00d7 3 \u2264 15 \u2192 ok", "5 x 3 <= 15 -> ok"),
        ("• dot", "- dot"),
        ("cafe\u0301", "café"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
    ],
)
def test_typography_is_folded_to_gsm(typed: str, sent: str) -> None:
    """Signs that would make every part cost more are replaced by plain ones."""
    assert render(typed) == sent
    assert is_gsm7(render(typed))


@pytest.mark.parametrize("text", ["“Привет” — так…", "He said “hi” 😀…", "שלום — “עולם”"])
def test_text_that_needs_ucs2_keeps_its_typography(text: str) -> None:
    """Where folding cannot save anything, the answer is sent as it was written."""
    assert render(text) == text


def test_control_characters_do_not_reach_the_carrier() -> None:
    """Null bytes, escapes and lone surrogates are dropped; the words around them stay."""
    assert render("a\x00b\x1b[31mc\ud800d\r\ne") == "ab[31mcd\ne"


def test_long_answer_is_cut_at_a_sentence() -> None:
    """What does not fit ends with a whole sentence and says that something is missing."""
    sent = render("This is a sentence. " * 200)
    assert len(sent) <= MAX_UNITS
    assert sent.endswith("This is a sentence." + CUT_MARK)
    assert len(sent) > MAX_UNITS - 40


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("これは文です。" * 400, "。" + CUT_MARK),
        ("هل هذا سؤال؟ " * 300, "؟" + CUT_MARK),
        ("line without an end\n" * 200, "end" + CUT_MARK),
        ("word " * 800, "word" + CUT_MARK),
        ("x" * 5000, "x" + CUT_MARK),
    ],
)
def test_cut_finds_the_best_place(text: str, end: str) -> None:
    """Sentences of other scripts, lines and words are respected before a hard cut is made."""
    sent = render(text)
    assert sent.endswith(end)
    assert count(sent).units <= MAX_UNITS


def test_cut_splits_no_sign() -> None:
    """A family of joined emoji is kept whole or left out."""
    family = "👨\u200d👩\u200d👧\u200d👦"
    sent = render(family * 400).removesuffix(CUT_MARK)
    assert sent == family * (len(sent) // len(family))


@given(st.text(max_size=4000))
def test_any_text_renders_within_the_limit(text: str) -> None:
    """Whatever a model writes, the carrier takes it."""
    sent = render(text)
    assert count(sent).units <= MAX_UNITS
    assert "\x00" not in sent
    sent.encode()


@given(st.text(alphabet="{}[]|~^€😀a. \n", min_size=700, max_size=2500))
def test_signs_of_two_units_stay_within_the_limit(text: str) -> None:
    """The limit holds also where a cut changes the encoding."""
    assert count(render(text)).units <= MAX_UNITS
