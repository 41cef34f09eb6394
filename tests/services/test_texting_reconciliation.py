"""A send of unknown outcome is looked up before it is repeated, and repeated once (rule 14)."""

from __future__ import annotations

import pytest

from conversation.outcomes import DeliveryState, TurnState
from conversation.tables import Tables
from tests.services.texting_parts import PERSON
from tests.services.texting_scene import SKEW, TIMEOUT, Scene
from texting.carrier_outcomes import SendOutcome, Unknown
from texting.delivery import Progress


@pytest.fixture
def scene(tables: Tables) -> Scene:
    """A scene on the emulator."""
    return Scene(tables)


def test_time_out_that_arrived_is_found_and_not_repeated(scene: Scene) -> None:
    """Unknown outcome: not before time-out and skew is the carrier asked; then it has it."""

    def late(sid: str) -> SendOutcome:
        scene.carrier.arrives(sid, status="delivered")
        return Unknown("time-out")

    scene.carrier.script = [late]
    claim, turn = scene.open.answered()
    result = scene.delivery.deliver(claim, turn)
    due = scene.clock.ms + (TIMEOUT + SKEW) * 1000
    assert (result.progress, result.look_at) == (Progress.LATER, due)
    assert scene.meta.open_turn.state is TurnState.SENDING
    assert scene.pending_at() == due
    assert scene.again(turn, later_seconds=60).progress is Progress.LATER
    assert scene.carrier.asked == []
    assert scene.pending_at() == due
    result = scene.again(turn, later_seconds=66)
    assert (result.progress, result.delivery) == (Progress.CLOSED, DeliveryState.DELIVERED)
    assert len(scene.carrier.sent) == 1
    assert scene.open.read(turn).carrier_sids == ["SM0"]
    assert scene.carrier.asked == [(PERSON, turn.created_at - SKEW * 1000)]


def test_lost_send_is_repeated_once_and_counted(scene: Scene) -> None:
    """The carrier knows nothing of it: once more, then the outcome is unknown for good."""
    scene.carrier.script = [Unknown("500"), Unknown("500")]
    claim, turn = scene.open.answered()
    scene.delivery.deliver(claim, turn)
    result = scene.again(turn, later_seconds=126)
    assert (result.progress, result.resent) == (Progress.LATER, True)
    assert scene.open.read(turn).resent == 1
    assert len(scene.carrier.sent) == 2
    assert scene.again(turn, later_seconds=60).progress is Progress.LATER
    result = scene.again(turn, later_seconds=66)
    assert (result.progress, result.delivery) == (Progress.CLOSED, DeliveryState.UNKNOWN)
    assert len(scene.carrier.sent) == 2
    assert scene.meta.open_turn is None


def test_repeated_send_that_is_accepted_closes(scene: Scene) -> None:
    """The usual end of a lost send: the second is taken."""
    scene.carrier.script = [Unknown("500")]
    claim, turn = scene.open.answered()
    scene.delivery.deliver(claim, turn)
    result = scene.again(turn, later_seconds=126)
    assert (result.progress, result.resent) == (Progress.CLOSED, True)
    now = scene.open.read(turn)
    assert (now.carrier_sids, now.resent) == (["SM1"], 1)


def test_worker_killed_after_announcing(scene: Scene) -> None:
    """`sending` was written and nobody knows more: reconciled like any unknown outcome."""
    claim, turn = scene.open.answered()
    action, _ = scene.open.lease.sending(claim)
    scene.tables.write(action)
    assert scene.again(turn, later_seconds=100).progress is Progress.LATER
    assert scene.again(turn, later_seconds=30).delivery is DeliveryState.ACCEPTED
    assert len(scene.carrier.sent) == 1


def test_worker_killed_after_the_carrier_accepted(scene: Scene) -> None:
    """The send arrived and its worker died: found at the carrier, one message."""
    claim, turn = scene.open.answered()
    action, _ = scene.open.lease.sending(claim)
    scene.tables.write(action)
    scene.carrier.arrives("SMearlier")
    assert scene.again(turn, later_seconds=126).delivery is DeliveryState.SENT
    assert scene.carrier.sent == []


def test_worker_killed_between_the_two_writes_of_closing(scene: Scene) -> None:
    """The turn says accepted, `meta` still says sending: closed at once, nothing is asked."""
    claim, turn = scene.open.answered()
    action, _ = scene.open.lease.sending(claim)
    scene.tables.write(action)
    scene.open.annotate(turn, delivery="failed", delivery_error="21610")
    result = scene.again(turn)
    assert (result.progress, result.delivery) == (Progress.CLOSED, DeliveryState.FAILED)
    assert (scene.carrier.sent, scene.carrier.asked) == ([], [])
    assert scene.meta.open_turn is None


def test_messages_of_other_turns_and_programs_are_not_ours(scene: Scene) -> None:
    """Neither an earlier turn's sid, nor another sender's, nor a webhook's answer counts."""
    claim, earlier = scene.open.answered("earlier")
    scene.delivery.deliver(claim, earlier)
    scene.carrier.arrives("SM0")
    scene.carrier.script = [Unknown("500"), Unknown("500")]
    claim, turn = scene.open.answered()
    scene.delivery.deliver(claim, turn)
    scene.carrier.arrives("SMother", sender="+13035550999")
    scene.carrier.arrives("SMreply", direction="outbound-reply")
    result = scene.again(turn, later_seconds=126)
    assert result.resent
    assert len(scene.carrier.sent) == 3


def test_messages_of_our_service_are_ours(scene: Scene) -> None:
    """Through a messaging service the sender may be any of its pool."""
    scene.carrier.messaging_service_sid = "MG1"
    scene.carrier.script = [Unknown("time-out")]
    claim, turn = scene.open.answered()
    scene.delivery.deliver(claim, turn)
    scene.carrier.arrives("SMpool", sender="+13035550101", service="MG1")
    assert scene.again(turn, later_seconds=126).progress is Progress.CLOSED
    assert scene.open.read(turn).carrier_sids == ["SMpool"]


def test_consent_is_checked_again_before_a_repetition(scene: Scene) -> None:
    """STOP between the lost send and its repetition: it is not repeated."""
    scene.carrier.script = [Unknown("500")]
    claim, turn = scene.open.answered()
    scene.delivery.deliver(claim, turn)
    scene.stop()
    assert scene.again(turn, later_seconds=126).error == "opted_out"
    assert len(scene.carrier.sent) == 1
    assert scene.open.read(turn).resent == 0


def test_carrier_that_cannot_be_asked(scene: Scene) -> None:
    """Nothing is repeated on a guess: the turn waits, and the sweep looks again."""
    scene.carrier.script = [Unknown("500")]
    claim, turn = scene.open.answered()
    scene.delivery.deliver(claim, turn)
    scene.carrier.unavailable = True
    result = scene.again(turn, later_seconds=126)
    assert result.progress is Progress.LATER
    assert scene.pending_at() == result.look_at == scene.clock.ms + 60_000
    assert len(scene.carrier.sent) == 1
