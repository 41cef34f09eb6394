"""Markdown as speech: what a person would say, in messages that Lex takes."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.phone.bot import BotMessage
from local.phone.lex_answers import spoken_words
from voice.lex_event import LONGEST_MESSAGE, MOST_MESSAGES
from voice.rendering import Speech, chat, speech, spoken_text
from voice.spoken_forms import spoken_in

SAID = [
    ("Hello", ["Hello."]),
    ("**Bold** and _thin_ `words`!", ["Bold and thin words!"]),
    ("# Weather\n\nSunny.", ["Weather.", "Sunny."]),
    ("- milk\n- eggs", ["milk.", "eggs."]),
    ("1. wash\n2. rinse", ["1: wash.", "2: rinse."]),
    ("3. wash\n   - gently\n4. rinse", ["3: wash.", "gently.", "4: rinse."]),
    ("See https://www.example.com/a-b?x=1.", ["See example dot com slash a dash b."]),
    ("See [the docs](https://docs.example.com).", ["See the docs."]),
    ("<https://example.com>", ["example dot com."]),
    ("Mail ada.l@example.org", ["Mail ada dot l at example dot org."]),
    ("Call +1 202-555-0143", ["Call plus 1, 2 0 2, 5 5 5, 0 1 4 3."]),
    ("~5 \u20ac, 3\u20135 days, 10-12 men", ["about 5 \u20ac, 3 to 5 days, 10 to 12 men."]),
    ("20\u00b0C on 2024-05-01", ["20 degrees C on 2024-05-01."]),
    ("4\u00d75 = 20", ["4 times 5 equals 20."]),
    ("Ranked #1 \U0001f600!", ["Ranked number 1!"]),
    ("Yes \u2014 and no", ["Yes, and no."]),
    ("\U0001f44d", ["thumbs up sign."]),
    ("| Name | Born |\n|---|---|\n| Ada | 1815 |", ["Name: Ada, Born: 1815."]),
    ("```\nls -l\n```", ["ls -l."]),
    ("Run:\n```python\na = 1\nb = 2\n```", ["Run:", spoken_in("en").code]),
    ("`git_push()` then `a.b`", ["git push then a dot b."]),
    ("![a cat](https://example.com/c.png)", ["a cat."]),
    ("5 < 6 & 7 > 6", ["5 < 6 & 7 > 6."]),
]  # fmt: skip


@pytest.mark.parametrize(("markdown", "said"), SAID)
def test_it_is_said_as_a_person_would(markdown: str, said: list[str]) -> None:
    """Signs, numbers and addresses become words; what cannot be said is left out."""
    assert spoken_text(markdown, "en") == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", "beispiel Punkt de, 3 bis 5."),
        ("es", "beispiel punto de, 3 a 5."),
        ("fr", "beispiel point de, 3 à 5."),
        ("xx", "beispiel dot de, 3 to 5."),
    ],
)
def test_signs_are_said_in_the_callers_language(language: str, said: str) -> None:
    """Else a German voice would say "dot"."""
    assert spoken_text("beispiel.de, 3\u20135", language) == [said]


def test_ssml_is_escaped() -> None:
    """What a model or a caller wrote is never markup."""
    (message,) = speech("</speak><break time='9s'/> R&B & <b>x</b>", "en").messages
    root = ET.fromstring(message["content"])
    assert (root.tag, len(root)) == ("speak", 0)
    assert "R&B" in (root.text or "")


def test_six_thousand_characters_are_cut_at_a_sentence() -> None:
    """The caller hears that there is more, and hears it when they ask."""
    story = " ".join(f"This is sentence number {number} of it." for number in range(190))
    assert len(story) > 6000
    heard, begin = [], 0
    for _ in range(10):
        part = speech(story, "en", begin=begin, more="There is more.")
        assert len(part.messages) <= MOST_MESSAGES
        words = [spoken_words(_message(one)) for one in part.messages]
        assert all(one.endswith(".") for one in words)
        assert (words[-1] == "There is more.") is part.more
        heard += words[:-1] if part.more else words
        begin = part.through
        if not part.more:
            break
    assert " ".join(heard) == story


def test_one_endless_sentence_is_cut_at_a_word() -> None:
    """A message is never longer than Lex takes, however little there is to cut at."""
    part = speech("ampersand & " * 600, "en", more="More.")
    assert part.more
    assert all(len(one["content"]) <= LONGEST_MESSAGE for one in part.messages)


@given(st.text(max_size=3000))
def test_anything_becomes_messages_that_lex_takes(markdown: str) -> None:
    """Whatever a model writes: valid, within the limits, never empty, and all of it in the end."""
    renderers: tuple[Callable[..., Speech], ...] = (partial(speech, language="en"), chat)
    for render in renderers:
        begin, more = 0, True
        while more:
            part = render(markdown, begin=begin)
            assert 0 < len(part.messages) <= MOST_MESSAGES
            for one in part.messages:
                assert 0 < len(one["content"]) <= LONGEST_MESSAGE
                spoken_words(_message(one))
            assert part.through > begin
            begin, more = part.through, part.more


def test_a_chat_keeps_what_can_be_read() -> None:
    """Lines and addresses stay; a long answer is cut there too."""
    assert chat("- https://example.com\n- b").messages == [
        {"contentType": "PlainText", "content": "- https://example.com\n- b"}
    ]
    assert chat("word. " * 2000, more="More.").messages[-1]["content"] == "More."


def _message(given: dict[str, str]) -> BotMessage:
    return BotMessage(content=given["content"], content_type=given["contentType"])
