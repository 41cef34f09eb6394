"""The running summary on the local stack: what left the window is known, and rests sealed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conversation.codec import Role
from local.config import LocalConfig
from local.console.memory import Memory
from local.stack import LocalStack
from tests.e2e.conftest import SHORT_TIMES, Phone

WINDOW = 4


@pytest.fixture(scope="module")
def noting() -> Iterator[LocalStack]:
    """A stack with a small window and notes."""
    settings = {**SHORT_TIMES, "assistant": {"windowMessages": WINDOW, "summary": True}}
    config = LocalConfig(port=0, persist=False, schedules=False, overrides=settings)
    with LocalStack(config) as running:
        yield running


def test_what_left_the_window_is_still_known(noting: LocalStack) -> None:
    """A name told long before the window began is in the answer, and in no item as plain text."""
    phone = Phone(noting, "+13035551777")
    said = ["my name is Zaphod", *[f"filler number {n}" for n in range(5)]]
    for count, words in enumerate(said, 1):
        phone.text(words)
        phone.hear(count)
    phone.wait(lambda: phone.items("summary"), "the notes to be written")

    phone.text("what is my name?")
    replies = phone.hear(len(said) + 1)

    assert "Your name is Zaphod." in replies[-1]
    last = [call for call in noting.model.calls if call.texts[-1] == "what is my name?"][-1]
    assert len(last.messages) <= WINDOW + 1
    assert "Zaphod" not in str(last.messages)
    (item,) = phone.items("summary")
    assert b"Zaphod" not in item["content"]
    keys = phone.keys()
    seals = keys.seals(item["pk"], item["generation"])
    assert "Zaphod" in seals.open(item, "content", Role.SUMMARY)


def test_the_page_shows_the_notes(noting: LocalStack) -> None:
    """Who looks at the console's memory sees what was noted, beside how it rests."""
    phone = Phone(noting, "+13035551778")
    for count in range(1, 5):
        phone.text(f"my lucky number is {count}")
        phone.hear(count)
    phone.wait(lambda: phone.items("summary"), "the notes to be written")

    persons = Memory(noting).read()["persons"]

    (notes,) = [one for person in persons for one in person["notes"] if "lucky" in one["content"]]
    assert notes["stored"]["content"].startswith("format 1, ")
