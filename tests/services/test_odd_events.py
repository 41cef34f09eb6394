"""Whatever JSON a function of the texts is handed, it answers, and nothing is poisoned."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import HealthCheck, given, settings

from conversation.deadline import Deadline
from conversation.ids import shard_of
from conversation.tables import StoreBusyError, Tables, put
from messaging import responder
from messaging.acceptance import INBOX, Acceptance
from messaging.carrier_listing import list_and_accept
from messaging.status import StatusReports
from messaging.status import respond as respond_to_report
from messaging.waking import Waking
from messaging.webhook import respond as respond_to_text
from tests.services.odd_json import MISSING, ODD, paths, replaced, values
from tests.services.test_webhook import House
from texting.carrier_outcomes import CarrierMessage
from texting.wakeups import Wakeups

EVENTS = Path(__file__).parents[1] / "events"
EVERY = {**ODD, "missing": MISSING}
slow = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Believing:
    """A signature check that believes everybody: what comes after it is tried."""

    def require(self, *_: Any, **__: Any) -> None:
        """Believe."""


@pytest.fixture
def house(memory_tables: Tables) -> House:
    """A webhook that believes every signature."""
    made = House(memory_tables)
    made.webhook._check = Believing()  # type: ignore[assignment] # as far as it is used
    return made


def of_the_carrier(name: str) -> Any:
    """A golden event of the carrier's."""
    return json.loads((EVENTS / f"{name}.json").read_text("utf-8"))


TEXTS_IN = ("twilio_sms_full", "twilio_sms_minimal", "twilio_whatsapp_user_id")
REPORTS = ("twilio_status_full", "twilio_status_minimal")
_QUEUE_TAKES = re.compile(r"[\x21-\x7e]{1,128}")


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("name", [*TEXTS_IN, *REPORTS])
def test_every_field_of_a_request_may_be_anything(house: House, name: str, kind: str) -> None:
    """API Gateway's part of it is read, or refused with 400."""
    event = of_the_carrier(name)
    for path in paths(event):
        assert answered(house, name, replaced(event, path, EVERY[kind])) in {200, 204, 400}


@slow
@given(values)
def test_any_json_is_a_bad_request(house: House, event: Any) -> None:
    """Also where it is no request at all."""
    assert answered(house, TEXTS_IN[0], event) == 400
    assert answered(house, REPORTS[0], event) == 400


@pytest.mark.parametrize("kind", [kind for kind, value in ODD.items() if isinstance(value, str)])
@pytest.mark.parametrize("name", [*TEXTS_IN, *REPORTS])
def test_every_field_of_a_form_may_be_any_text(house: House, name: str, kind: str) -> None:
    """What is stored and queued of it fits a key and the queue."""
    event = of_the_carrier(name)
    fields = dict(parse_qsl(event["body"], keep_blank_values=True))
    for field in fields:
        form = {**fields, field: ODD[kind][:20_000]}
        body = urlencode(form, errors="replace")
        assert answered(house, name, {**event, "body": body}) in {200, 204, 400}
    for message in house.queue.sent:
        for part in ("MessageGroupId", "MessageDeduplicationId"):
            assert _QUEUE_TAKES.fullmatch(message[part])


def answered(house: House, name: str, event: Any) -> int:
    """The HTTP status of a request."""
    if name in REPORTS:
        reports = StatusReports(house.webhook._check, house.tables)
        return int(respond_to_report(reports, event)["statusCode"])
    return int(respond_to_text(house.webhook, event)["statusCode"])


def test_a_queue_that_is_away_is_no_error_of_the_function(house: House) -> None:
    """The text is accepted; the carrier's retry, or the sweep, wakes."""

    def away(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://queue")

    house.queue.send_message = away  # type: ignore[method-assign] # for once
    assert answered(house, TEXTS_IN[0], of_the_carrier(TEXTS_IN[0])) == 503


RECORD: dict[str, Any] = {
    "messageId": "m1",
    "receiptHandle": "r1",
    "body": '{"conversation": "person#X"}',
    "attributes": {"ApproximateReceiveCount": "1"},
}
GOOD = {**RECORD, "messageId": "good", "body": '{"conversation": "person#GOOD"}'}
REMAINING = SimpleNamespace(get_remaining_time_in_millis=lambda: 30_000)


class Attending:
    """A use case whose conversations fail, but for one."""

    def __init__(self) -> None:
        self.attended: list[str] = []

    def attend(self, conversation: str, _deadline: Any) -> None:
        """Attend to a conversation."""
        conversation.encode()
        self.attended.append(conversation)
        if conversation != "person#GOOD":
            raise ValueError(conversation)


def batch(patch: pytest.MonkeyPatch, event: Any, queue: Any = None) -> tuple[list[str], Any]:
    """Hand the responder an event: the conversations attended to, and its answer."""
    attending = Attending()
    queue = queue or SimpleNamespace(change_message_visibility=lambda **_: None)
    patch.setattr(responder, "_built", lambda: (attending, Wakeups("https://q", lambda: queue)))
    answer = responder.handler(event, REMAINING)
    json.dumps(answer).encode()
    return attending.attended, answer


@pytest.mark.parametrize("kind", EVERY)
def test_an_odd_record_poisons_no_batch(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """The record after it is dealt with; only what may be tried again is reported."""
    for path in paths(RECORD):
        odd = replaced(RECORD, path, EVERY[kind])
        attended, answer = batch(monkeypatch, {"Records": [odd, GOOD]})
        assert "person#GOOD" in attended
        assert {"itemIdentifier": "good"} not in answer["batchItemFailures"]
        assert len(answer["batchItemFailures"]) == (len(attended) > 1)


@pytest.mark.parametrize(
    "body",
    [
        *("", "null", "[]", "{", "7", '{"conversation": 7}', '{"conversation": ""}'),
        *('{"conversation": "\\ud800"}', json.dumps({"conversation": "x" * 3000})),
        *('{"conversation": "a b"}', "[" * 100_000, "9" * 5000, '{"conversation": ["x"]}'),
    ],
)
def test_a_body_that_names_no_conversation_is_done_with(
    monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    """Trying it again would change nothing."""
    attended, answer = batch(monkeypatch, {"Records": [{**RECORD, "body": body}, GOOD]})
    assert (attended, answer["batchItemFailures"]) == (["person#GOOD"], [])


def test_a_queue_that_does_not_listen_poisons_no_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receipt that ran out: the failure is reported all the same, and the rest goes on."""

    def refused(**_: Any) -> None:
        raise ValueError("the receipt handle has expired")

    queue = SimpleNamespace(change_message_visibility=refused)
    attended, answer = batch(monkeypatch, {"Records": [RECORD, GOOD]}, queue)
    assert attended == ["person#X", "person#GOOD"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}


@slow
@given(values)
def test_the_responder_answers_any_json(monkeypatch: pytest.MonkeyPatch, event: Any) -> None:
    """Also where it is no batch at all."""
    _attended, answer = batch(monkeypatch, event)
    assert set(answer) == {"batchItemFailures"}


class Refusing:
    """A queue that refuses some conversations for good, and notes the others."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.woken: list[str] = []

    def send_from_sweep(self, conversation: str, _pending_at: int) -> None:
        """Wake a conversation."""
        if conversation in self.refused:
            raise ValueError("refused")
        self.woken.append(conversation)


def test_a_conversation_that_cannot_be_woken_keeps_no_other_waiting(
    memory_tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does a shard that cannot be read."""
    tables = memory_tables
    for number in range(40):
        item = {"pk": f"person#{number}", "sk": "meta", "pending_at": 1}
        item["pending_shard"] = shard_of(f"person#{number}")
        tables.write(put(tables.conversations, item))
    lost = shard_of("person#1")
    busy = replace(tables, client=_Busy(tables.client, lost))
    queue = Refusing("person#0", "person#2")
    woken = Waking(busy, queue, 50).run(Deadline.after(30))  # type: ignore[arg-type] # as above
    others = [f"person#{n}" for n in range(40) if n not in {0, 2}]
    assert sorted(queue.woken) == sorted(one for one in others if shard_of(one) != lost)
    assert woken == len(queue.woken)


class _Busy:
    """A client whose index is throttled in one shard."""

    def __init__(self, client: Any, shard: str) -> None:
        self._client = client
        self._shard = shard

    def __getattr__(self, operation: str) -> Any:
        def call(**request: Any) -> Any:
            values = request.get("ExpressionAttributeValues", {})
            if operation == "query" and values.get(":shard") == {"S": self._shard}:
                raise StoreBusyError("throttled")
            return getattr(self._client, operation)(**request)

        return call


@pytest.mark.parametrize("failing", ["accept", "wake"])
def test_a_listed_text_that_fails_keeps_no_other_waiting(failing: str) -> None:
    """Whatever it fails with: it is tried again by the next run, or woken by the sweep."""
    accepted: list[str] = []
    woken: list[str] = []

    def accept(inbound: Any) -> Any:
        if failing == "accept" and inbound.sid == "SM2":
            raise ValueError(inbound.sid)
        accepted.append(inbound.sid)
        return Acceptance(inbound.sid, duplicate=False, effect=INBOX)

    def wake(conversation: str, sid: str) -> None:
        if failing == "wake" and sid == "SM2":
            raise ValueError(sid)
        woken.append(conversation)

    listed = [listed_text(f"SM{number}") for number in (3, 2, 1)]
    carrier: Any = SimpleNamespace(list_inbound=lambda *_: listed)
    acceptor: Any = SimpleNamespace(receipt=lambda _: None, accept=accept)
    count = list_and_accept(
        carrier, acceptor, wake, senders=["+1"], since=0, deadline=Deadline.after(30)
    )
    assert woken == ["SM1", "SM3"]
    assert count == len(accepted) == (2 if failing == "accept" else 3)


def listed_text(sid: str) -> CarrierMessage:
    """A text as the carrier lists it."""
    return CarrierMessage(
        sid, "inbound", "+13035550111", "+13035550100", "hi", 0, "received", None, 1
    )
