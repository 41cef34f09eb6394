"""Before the first reply on each route a person is told who answers, once."""

from __future__ import annotations

import pytest

from conversation.allowances import Limits
from conversation.outcomes import Outcome
from conversation.tables import Tables
from conversation.texts import Texts
from conversation.usage import segments_action
from tests.services.stage import Stage
from texting.carrier_outcomes import NotSent
from texting.consent import Consent

LINE = Texts().introduction
WHATSAPP = "whatsapp:"


@pytest.fixture
def stage(memory_tables: Tables) -> Stage:
    """A stage on which nobody was introduced."""
    stage = Stage(memory_tables)
    stage.introduced = False
    return stage


def say(stage: Stage, words: str, channel: str = "") -> str:
    """Text and be answered; the reply."""
    stage.text(words, channel=channel)
    stage.attend()
    return stage.bodies()[-1]


def test_it_says_what_must_be_said() -> None:
    """That this is an AI, how to stop and how to be forgotten; in one segment of text."""
    assert all(word in LINE for word in ("AI", "STOP", "FORGET"))
    assert len(LINE) <= 100


def test_it_is_said_once_on_each_route(stage: Stage) -> None:
    """With the first reply, and again on another channel, where STOP stands for itself."""
    assert say(stage, "one") == f"{LINE}\n\nyou said: one"
    assert say(stage, "two") == "you said: two"
    assert say(stage, "three", WHATSAPP).startswith(LINE)
    assert say(stage, "four", WHATSAPP) == "you said: four"


def test_it_survives_stop_and_start(stage: Stage) -> None:
    """Who opted out and in again was told already."""
    say(stage, "one")
    for at, consent in enumerate((Consent.OUT, Consent.IN)):
        change = stage.consents.changing(
            stage.person, stage.route, consent, at=at, by=f"SM{at}", at_is_carriers=True
        )
        stage.tables.write(change)
    assert say(stage, "two") == "you said: two"


def test_an_apology_is_introduced_too(stage: Stage) -> None:
    """Whatever is said first, is said after it."""

    def broken(_messages: object) -> str:
        raise RuntimeError("no model")

    stage.model.script = broken
    assert say(stage, "one") == f"{LINE}\n\n{Texts().apology}"


def test_silence_introduces_nobody(stage: Stage) -> None:
    """A turn that says nothing leaves the line for the one that does."""
    out = stage.consents.changing(
        stage.person, stage.route, Consent.OUT, at=1, by="SM1", at_is_carriers=False
    )
    stage.tables.write(out)
    stage.text("one")
    stage.attend()
    assert stage.items("turn#")[0]["outcome"] == Outcome.STOPPED
    assert not stage.consents.standing(stage.person, stage.route).introduced


def test_a_resend_says_the_same(stage: Stage) -> None:
    """The line is part of the reply as the memory keeps it: another attempt sends it too."""
    stage.carrier.outcomes = [NotSent("429")]
    stage.text("one")
    stage.attend()
    stage.attend()
    assert stage.bodies() == [f"{LINE}\n\nyou said: one"]
    assert stage.words()[-1] == stage.bodies()[0]


def test_the_operator_may_say_it_otherwise(stage: Stage) -> None:
    """In other words, or fewer; but it cannot be left out."""
    stage.texts = Texts.load({"introduction": "AI. STOP ends, FORGET erases."})
    assert say(stage, "one").startswith("AI. STOP ends")
    with pytest.raises(ValueError, match="introduction"):
        Texts.load({"introduction": " "})


def test_a_refusal_is_introduced(stage: Stage) -> None:
    """The notice of an allowance that is used up may be the first thing that is said."""
    stage.person_limits = Limits(segments_per_day=1)
    stage.tables.write(
        segments_action(stage.tables, stage.conversation, stage.person, stage.clock.now, 1)
    )
    assert say(stage, "one") == f"{LINE}\n\n{Texts().refused}"
