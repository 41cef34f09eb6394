"""Delivery reports move a delivery forward only, and close a turn that was left in `sending`."""

from __future__ import annotations

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from conversation.ids import parse_turn_reference, turn_reference
from conversation.meta import Claim
from conversation.outcomes import DeliveryState
from conversation.tables import Tables, put
from conversation.turns import Turn
from messaging.inbound import form_request
from messaging.signature import SignatureCheck
from messaging.status import StatusReports, respond
from tests.services.texting_parts import (
    PUBLIC,
    Clock,
    OpenTurns,
    PlayedCarrier,
    recipients,
    secret,
    signed,
)
from texting.delivery import Delivery, Progress
from texting.delivery_path import STATUS_PATH

EVENTS = Path(__file__).parents[1] / "events"


class Desk:
    """A turn whose answer is on its way, and where reports on it come in."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.clock = Clock()
        self.open = OpenTurns(tables, self.clock)
        self.reports = StatusReports(SignatureCheck(secret(), PUBLIC), tables)

    def sending(self) -> tuple[Claim, Turn]:
        """A turn that was announced and whose worker said no more."""
        claim, turn = self.open.answered()
        action, claim = self.open.lease.sending(claim)
        self.tables.write(action)
        return claim, turn

    def sent(self) -> Turn:
        """A turn that was delivered to the carrier and closed."""
        claim, turn = self.open.answered()
        delivery = Delivery(
            self.tables,
            PlayedCarrier(self.clock),
            self.open.lease,
            recipients(self.tables),
            public_url=PUBLIC,
            function_timeout_seconds=65,
            clock=self.clock,
            monotonic=self.clock,
        )
        assert delivery.deliver(claim, turn).progress is Progress.CLOSED
        return turn

    def report(self, turn: Turn, status: str, sid: str = "SM0", **more: str) -> int:
        """One report; returns the HTTP status."""
        reference = turn_reference(turn.conversation, turn.id)
        form = {"MessageSid": sid, "MessageStatus": status, **more}
        event = signed(STATUS_PATH + reference, form, pathParameters={"turn": reference})
        code: int = respond(self.reports, event)["statusCode"]
        return code

    @property
    def meta(self) -> Any:
        """The conversation's meta."""
        return self.open.lease.read(self.open.conversation)


@pytest.fixture
def desk(tables: Tables) -> Desk:
    """A desk on the emulator."""
    return Desk(tables)


ORDERED = ["queued", "sent", "delivered"]


@pytest.mark.parametrize("order", list(itertools.permutations(ORDERED)))
def test_reports_in_any_order_end_delivered(desk: Desk, order: tuple[str, ...]) -> None:
    """Late, early, twice: the furthest counts, and there is one sid."""
    turn = desk.sent()
    for status in (*order, *order):
        assert desk.report(turn, status) == 204
    now = desk.open.read(turn)
    assert (now.delivery, now.carrier_sids) == (DeliveryState.DELIVERED, ["SM0"])


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        ("undelivered", "30003", DeliveryState.UNDELIVERED),
        ("failed", "63016", DeliveryState.FAILED),
    ],
)
def test_bad_end_is_recorded_with_its_code(
    desk: Desk, status: str, code: str, state: DeliveryState
) -> None:
    """What did not arrive says why, and a late `sent` does not hide it."""
    turn = desk.sent()
    desk.report(turn, status, ErrorCode=code)
    desk.report(turn, "sent")
    now = desk.open.read(turn)
    assert (now.delivery, now.delivery_error) == (state, code)


def test_delivered_stays_delivered(desk: Desk) -> None:
    """A late failure of a text that arrived changes nothing."""
    turn = desk.sent()
    desk.report(turn, "delivered")
    desk.report(turn, "undelivered", ErrorCode="30003")
    now = desk.open.read(turn)
    assert (now.delivery, now.delivery_error) == (DeliveryState.DELIVERED, None)


@pytest.mark.parametrize("status", ["read", "partially_delivered"])
def test_whatsapp_read_is_delivered(desk: Desk, status: str) -> None:
    """What was read has arrived."""
    turn = desk.sent()
    desk.report(turn, status)
    assert desk.open.read(turn).delivery is DeliveryState.DELIVERED


@pytest.mark.parametrize("status", ["queued", "sent", "delivered", "undelivered", "a new word"])
def test_report_closes_a_turn_left_in_sending(desk: Desk, status: str) -> None:
    """The worker died after the send: the carrier's own word frees the conversation at once."""
    _, turn = desk.sending()
    assert desk.report(turn, status, "SMsent") == 204
    assert desk.meta.open_turn is None
    assert desk.meta.lease_until == 0
    assert desk.open.read(turn).carrier_sids == ["SMsent"]


def test_sender_that_was_slower_than_the_report_finds_it_closed(desk: Desk) -> None:
    """Its own closing is no error, also when the next turn is open already."""
    claim, turn = desk.sending()
    desk.report(turn, "sent")
    desk.open.lease.close(claim)
    _, following = desk.open.answered()
    desk.open.lease.close(claim)
    assert desk.meta.open_turn.id == following.id


def test_report_on_an_earlier_turn_leaves_the_open_one(desk: Desk) -> None:
    """Only the turn that the report names is closed."""
    earlier = desk.sent()
    _, turn = desk.sending()
    desk.report(earlier, "delivered")
    assert desk.meta.open_turn.id == turn.id


def test_report_on_a_turn_that_waits_closes_nothing(desk: Desk) -> None:
    """A turn back in `answered` was certainly not sent by its last attempt: it stays open."""
    _, turn = desk.open.answered()
    desk.report(turn, "sent")
    assert desk.meta.open_turn.id == turn.id


def test_report_after_the_outcome_was_given_up(desk: Desk) -> None:
    """`unknown` is not the last word: a report that comes late still tells."""
    turn = desk.sent()
    item = desk.tables.get(desk.tables.conversations, turn.conversation, f"turn#{turn.id}") or {}
    desk.tables.write(put(desk.tables.conversations, {**item, "delivery": "unknown"}))
    desk.report(turn, "delivered")
    assert desk.open.read(turn).delivery is DeliveryState.DELIVERED


def test_reports_at_once_lose_nothing(desk: Desk) -> None:
    """Concurrent reports on one turn: the furthest state and every sid."""
    _, turn = desk.sending()
    cases = [("sent", "SMa"), ("delivered", "SMa"), ("queued", "SMb"), ("sent", "SMb")]
    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(lambda case: desk.report(turn, *case), cases))
    assert codes == [204] * 4
    now = desk.open.read(turn)
    assert now.delivery is DeliveryState.DELIVERED
    assert sorted(now.carrier_sids) == ["SMa", "SMb"]


def test_report_on_a_turn_that_is_gone(desk: Desk) -> None:
    """Forgotten or expired: acknowledged, and nothing is written back."""
    turn = desk.sent()
    key = {"pk": {"S": turn.conversation}, "sk": {"S": f"turn#{turn.id}"}}
    desk.tables.client.delete_item(TableName=desk.tables.conversations, Key=key)
    assert desk.report(turn, "delivered") == 204
    assert desk.open.turns.read(turn.conversation, turn.id) is None


def test_forged_report_changes_nothing(desk: Desk) -> None:
    """Unsigned, or signed for another turn: 403."""
    _, turn = desk.sending()
    reference = turn_reference(turn.conversation, turn.id)
    form = {"MessageSid": "SM0", "MessageStatus": "delivered"}
    event = signed(STATUS_PATH + "person~other.turn", form, pathParameters={"turn": reference})
    assert respond(desk.reports, event)["statusCode"] == 403
    event["headers"].pop("x-twilio-signature")
    assert respond(desk.reports, event)["statusCode"] == 403
    assert desk.meta.open_turn.id == turn.id
    assert desk.open.read(turn).delivery is DeliveryState.WAITING


@pytest.mark.parametrize(
    ("reference", "form"),
    [
        ("nonsense", {"MessageSid": "SM0", "MessageStatus": "sent"}),
        ("", {"MessageSid": "SM0", "MessageStatus": "sent"}),
        ("person~1.01BX", {"MessageStatus": "sent"}),
        ("person~1.01BX", {"MessageSid": "SM0"}),
    ],
)
def test_report_that_says_nothing_is_bad(desk: Desk, reference: str, form: dict[str, str]) -> None:
    """Signed, but without a turn, a message or a state: 400."""
    event = signed(STATUS_PATH + reference, form, pathParameters={"turn": reference})
    assert respond(desk.reports, event)["statusCode"] == 400


def test_unreadable_report_is_bad(desk: Desk) -> None:
    """A body that is no form: 400."""
    event = signed(STATUS_PATH, {}, headers={"content-type": "application/json"})
    assert respond(desk.reports, event)["statusCode"] == 400


@pytest.mark.parametrize("name", ["twilio_status_full", "twilio_status_minimal"])
def test_golden_reports_are_read(desk: Desk, name: str) -> None:
    """A golden report has its turn in the path; its invented signature is refused."""
    event = json.loads((EVENTS / f"{name}.json").read_text())
    request = form_request(event)
    assert request.path_parameters["turn"].startswith("person~")
    assert request.field("MessageStatus") in {"delivered", "undelivered"}
    assert respond(desk.reports, event)["statusCode"] == 403


def test_a_long_error_code_is_cut(tables: Tables) -> None:
    """Codes have five digits; what is stored of another stays short."""
    desk = Desk(tables)
    turn = desk.sent()
    assert desk.report(turn, "undelivered", ErrorCode="9" * 5000) == 204
    stored = desk.tables.get(desk.tables.conversations, turn.conversation, f"turn#{turn.id}")
    assert stored is not None
    assert stored["delivery_error"] == "9" * 16


@pytest.mark.parametrize(
    "reference", ["", ".", "x.", ".1", "a.b c", "x" * 600 + ".1", "é" * 300 + ".1"]
)
def test_a_reference_fits_a_key(reference: str) -> None:
    """Anything else is no reference."""
    with pytest.raises(ValueError, match="not a turn reference"):
        parse_turn_reference(reference)
