"""An answer is announced with the consent check and sent once (rule 13)."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from conversation.outcomes import DeliveryState, Outcome, TurnState
from conversation.tables import Tables, put
from tests.services.texting_parts import PERSON, PUBLIC, SENDER, Clock
from tests.services.texting_scene import Scene
from texting.carrier_outcomes import Accepted, NotSent, Refused, SendOutcome
from texting.consent import Consent
from texting.delivery import Progress


@pytest.fixture
def scene(tables: Tables) -> Scene:
    """A scene on the emulator."""
    return Scene(tables)


def test_accepted_closes_the_turn(scene: Scene) -> None:
    """One send; the turn holds its sid, its segments and how long it took; nothing stays open."""
    claim, turn = scene.open.answered("**Hello** there")
    result = scene.delivery.deliver(claim, turn)
    assert (result.progress, result.delivery) == (Progress.CLOSED, DeliveryState.ACCEPTED)
    (sent,) = scene.carrier.sent
    assert (sent["sender"], sent["to"], sent["body"]) == (SENDER, PERSON, "Hello there")
    reference = f"{scene.open.conversation.replace('#', '~')}.{turn.id}"
    assert sent["callback"] == f"{PUBLIC}/webhooks/twilio/status/{reference}"
    now = scene.open.read(turn)
    assert (now.delivery, now.carrier_sids, now.segments) == (DeliveryState.ACCEPTED, ["SM0"], 1)
    assert set(now.stages) == {"model", "send"}
    assert scene.meta.open_turn is None
    assert scene.meta.lease_until == 0
    assert scene.pending_at() is None


def test_whatsapp_is_answered_on_whatsapp(scene: Scene) -> None:
    """The address is used as the person wrote from it."""
    claim, turn = scene.open.answered(sender="whatsapp:+13035550100", to="whatsapp:+13035550111")
    scene.delivery.deliver(claim, turn)
    (sent,) = scene.carrier.sent
    assert (sent["sender"], sent["to"]) == ("whatsapp:+13035550100", "whatsapp:+13035550111")


@pytest.mark.parametrize("code", [21610, 63016, 21211, 21617])
def test_final_refusal_is_recorded_and_not_retried(scene: Scene, code: int) -> None:
    """Opted out at the carrier, WhatsApp's window closed: the turn ends and the next is free."""
    scene.carrier.script = [Refused(code)]
    claim, turn = scene.open.answered()
    result = scene.delivery.deliver(claim, turn)
    assert result.progress is Progress.CLOSED
    now = scene.open.read(turn)
    assert (now.delivery, now.delivery_error) == (DeliveryState.FAILED, str(code))
    assert now.segments == 0
    assert scene.meta.open_turn is None
    assert len(scene.carrier.sent) == 1


def test_taken_and_failed_at_once_is_recorded(scene: Scene) -> None:
    """A message that the carrier took and failed in the same breath keeps its sid and code."""
    scene.carrier.script = [Accepted("SMx", "failed", 63016)]
    claim, turn = scene.open.answered()
    scene.delivery.deliver(claim, turn)
    now = scene.open.read(turn)
    assert (now.delivery, now.delivery_error) == (DeliveryState.FAILED, "63016")
    assert now.carrier_sids == ["SMx"]


def test_rate_limit_goes_back_to_answered(scene: Scene) -> None:
    """A 429 or a refused connection: certainly not sent, so it is tried again, soon."""
    scene.carrier.script = [NotSent("rate limited"), NotSent("no connection")]
    claim, turn = scene.open.answered()
    assert scene.delivery.deliver(claim, turn).progress is Progress.RETRY
    assert scene.meta.open_turn.state is TurnState.ANSWERED
    assert scene.meta.open_turn.sending_at is None
    assert scene.meta.lease_until == 0
    assert scene.again(turn).progress is Progress.RETRY
    assert scene.again(turn).progress is Progress.CLOSED
    assert len(scene.carrier.sent) == 3
    assert scene.open.read(turn).carrier_sids == ["SM2"]


@pytest.mark.parametrize("order", ["before", "between"])
def test_stop_wins_over_what_is_not_announced(scene: Scene, order: str) -> None:
    """STOP before the announcement, also between an answer and a retry: nothing is sent."""
    claim, turn = scene.open.answered()
    if order == "between":
        scene.carrier.script = [NotSent("rate limited")]
        scene.delivery.deliver(claim, turn)
        claim = scene.open.taken()
    scene.stop()
    sent = len(scene.carrier.sent)
    result = scene.delivery.deliver(claim, scene.open.read(turn))
    assert result.progress is Progress.CLOSED
    assert len(scene.carrier.sent) == sent
    now = scene.open.read(turn)
    assert (now.outcome, now.delivery) == (Outcome.STOPPED, DeliveryState.FAILED)
    assert now.delivery_error == "opted_out"
    assert scene.meta.open_turn is None


def test_start_lets_answers_through_again(scene: Scene) -> None:
    """Consent given back is consent."""
    scene.stop()
    scene.stop(Consent.IN)
    claim, turn = scene.open.answered()
    assert scene.delivery.deliver(claim, turn).delivery is DeliveryState.ACCEPTED


def test_generation_is_checked_again_before_a_send(scene: Scene) -> None:
    """A conversation that was forgotten meanwhile gets nothing more."""
    claim, turn = scene.open.answered()
    meta = scene.tables.get(scene.tables.conversations, scene.open.conversation, "meta") or {}
    scene.tables.write(put(scene.tables.conversations, {**meta, "generation": "another"}))
    assert scene.delivery.deliver(claim, turn, "an answer").progress is Progress.LOST
    assert scene.carrier.sent == []


def test_another_worker_that_took_over_is_left_alone(scene: Scene) -> None:
    """A worker whose claim is old sends nothing and closes nothing."""
    claim, turn = scene.open.answered()
    newer = scene.open.taken(later_seconds=30)
    assert scene.delivery.deliver(claim, turn).progress is Progress.LOST
    assert scene.carrier.sent == []
    assert scene.delivery.deliver(newer, turn).progress is Progress.CLOSED


@pytest.mark.parametrize("asleep", [False, True])
def test_send_not_begun_in_time_is_left_to_reconciliation(scene: Scene, *, asleep: bool) -> None:
    """More than two seconds after the announcement began, the attempt is not made.

    A machine that slept meanwhile knows only by its wall clock.
    """

    class SlowTables:
        """A client whose transactions take their time, once."""

        def __init__(self, client: Any, clock: Clock) -> None:
            self.client, self.clock = client, clock

        def __getattr__(self, name: str) -> Any:
            return getattr(self.client, name)

        def transact_write_items(self, **request: Any) -> Any:
            response = self.client.transact_write_items(**request)
            self.clock.now += 2.1
            return response

    claim, turn = scene.open.answered()
    slow = replace(scene.tables, client=SlowTables(scene.tables.client, scene.clock))
    still = {"monotonic": Clock()} if asleep else {"clock": Clock()}
    result = scene.delivering(slow, **still).deliver(claim, turn)
    assert (result.progress, result.error) == (Progress.LATER, "not begun in time")
    assert scene.carrier.sent == []
    assert scene.meta.open_turn.state is TurnState.SENDING
    assert scene.again(turn, later_seconds=130).progress is Progress.CLOSED
    assert len(scene.carrier.sent) == 1


def test_hanging_attempt_is_ended(scene: Scene) -> None:
    """A carrier that trickles cannot hold the function: the attempt ends, its outcome unknown."""

    def trickle(_: str) -> SendOutcome:
        time.sleep(5)
        return Accepted("late")

    scene.carrier.timeout_seconds = 0.0
    scene.carrier.script = [trickle]
    claim, turn = scene.open.answered()
    result = scene.delivery.deliver(claim, turn)
    assert (result.progress, result.error) == (Progress.LATER, "time-out")


def test_answer_without_visible_text_is_not_sent(scene: Scene) -> None:
    """Nothing can be sent of nothing; the turn still ends."""
    claim, turn = scene.open.answered("\x00\u200b")
    result = scene.delivery.deliver(claim, turn)
    assert (result.progress, result.error) == (Progress.CLOSED, "no_text")
    assert scene.carrier.sent == []


def test_callback_that_was_faster_is_not_overwritten(scene: Scene) -> None:
    """`delivered` reported before the sender wrote `accepted` stays, with one sid."""
    claim, turn = scene.open.answered()

    def reported(sid: str) -> SendOutcome:
        scene.open.annotate(turn, delivery="delivered", carrier_sids=[sid])
        meta = scene.meta
        assert scene.open.lease.close_unheld(meta)
        return Accepted(sid)

    scene.carrier.script = [reported]
    result = scene.delivery.deliver(claim, turn)
    assert (result.progress, result.delivery) == (Progress.CLOSED, DeliveryState.DELIVERED)
    now = scene.open.read(turn)
    assert (now.delivery, now.carrier_sids, now.segments) == (DeliveryState.DELIVERED, ["SM0"], 1)


def test_turn_that_was_forgotten_meanwhile_closes(scene: Scene) -> None:
    """Its record is gone: nothing is written back, and `meta` is closed."""
    claim, turn = scene.open.answered()

    def forget(sid: str) -> SendOutcome:
        key = {"pk": {"S": turn.conversation}, "sk": {"S": f"turn#{turn.id}"}}
        scene.tables.client.delete_item(TableName=scene.tables.conversations, Key=key)
        return Accepted(sid)

    scene.carrier.script = [forget]
    assert scene.delivery.deliver(claim, turn).progress is Progress.CLOSED
    assert scene.open.turns.read(turn.conversation, turn.id) is None
