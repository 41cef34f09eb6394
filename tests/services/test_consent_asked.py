"""A text after a START that waits: the carrier is asked which of STOP and START was sent last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from conversation.outcomes import Outcome
from conversation.tables import Action, Tables
from tests.services.stage import Stage
from texting.consent import Consent
from texting.consent_order import ConsentOrder

START = "SMstart"


@pytest.fixture
def stage(memory_tables: Tables) -> Stage:
    """Somebody who texted STOP ten seconds ago, and START five."""
    stage = Stage(memory_tables)
    stops(stage, 10)
    starts(stage, 5)
    return stage


def stops(stage: Stage, ago: float) -> None:
    """A STOP reached us so many seconds ago."""
    at = int((stage.clock.now - ago) * 1000)
    stop = stage.consents.changing(
        stage.person, stage.route, Consent.OUT, at=at, by=f"SMstop{ago}", at_is_carriers=False
    )
    stage.tables.write(stop)


def starts(stage: Stage, ago: float) -> None:
    """A START that was sent so many seconds ago waits."""
    stage.carrier.came_in[START] = int(stage.clock.now - ago) * 1000
    stage.tables.write(stage.consents.deferring(stage.person, stage.route, START))


def outcome(stage: Stage) -> str:
    """What becomes of a text that comes now."""
    stage.text("are you there?")
    stage.attend()
    return str(stage.items("turn#")[-1]["outcome"])


def test_a_start_that_was_sent_later_counts(stage: Stage) -> None:
    """The text after it is answered, without waiting for a listing."""
    assert outcome(stage) == Outcome.ANSWERED
    assert stage.bodies() == ["you said: are you there?"]
    standing = stage.consents.standing(stage.person, stage.route)
    assert (standing.opted_out, standing.start_by) == (False, "")


@pytest.mark.parametrize("ago", [11, 10])
def test_a_start_that_was_not_sent_later_does_not(stage: Stage, ago: float) -> None:
    """A retry that came late, or one of the same second: the text ends stopped."""
    starts(stage, ago)
    assert outcome(stage) == Outcome.STOPPED
    assert stage.bodies() == []
    assert stage.consents.standing(stage.person, stage.route).start_by == START


def test_a_start_between_two_stops_does_not(stage: Stage) -> None:
    """Whichever of them reached us last: both were sent before it did."""
    stops(stage, 3)
    starts(stage, 5)
    assert outcome(stage) == Outcome.STOPPED


@pytest.mark.parametrize("away", [True, False])
def test_a_carrier_that_does_not_tell_leaves_the_stop(stage: Stage, *, away: bool) -> None:
    """It cannot be asked, or has the message no longer; the START waits on for the listing."""
    stage.carrier.away = away
    stage.carrier.came_in.clear()
    assert outcome(stage) == Outcome.STOPPED
    assert stage.bodies() == []
    assert stage.consents.standing(stage.person, stage.route).start_by == START


def test_the_responder_settles_by_updates_alone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody can call, its role may put nothing into `people`."""
    made: list[str] = []
    transact = Tables.transact

    def noting(self: Tables, actions: Sequence[Action], **more: Any) -> None:
        made.extend(
            kind for one in actions for kind, part in one.items() if "people" in part["TableName"]
        )
        transact(self, actions, **more)

    monkeypatch.setattr(Tables, "transact", noting)
    ConsentOrder(stage.tables).ask(stage.person, stage.route, stage.carrier)
    assert made == ["Update", "Update"]
    assert not stage.consents.opted_out(stage.person, stage.route)


def test_who_has_no_start_waiting_costs_no_question(stage: Stage) -> None:
    """Neither somebody who is out, nor somebody who is in."""
    stage.carrier.away = True
    stops(stage, 1)
    assert outcome(stage) == Outcome.STOPPED
    assert stage.consents.standing(stage.person, stage.route).start_by == ""
