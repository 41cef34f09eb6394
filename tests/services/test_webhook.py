"""The webhook believes only the carrier, accepts once, wakes, and acknowledges with nothing."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from conversation.tables import StoreBusyError, Tables
from messaging.accept import Acceptor
from messaging.signature import SignatureCheck
from messaging.webhook import PATH, Webhook, respond
from tests.services.texting_parts import PUBLIC, Clock, Queue, Vault, secret, signed
from texting.address_key import AddressKey
from texting.meter import Meter
from texting.wakeups import Wakeups

FORM = {"MessageSid": "SM1", "From": "+13035550111", "To": "+13035550100", "Body": "hello"}
EVENTS = Path(__file__).parents[1] / "events"


class House:
    """A webhook over the emulated tables."""

    def __init__(self, tables: Tables, *, carrier_answers_words: bool = True) -> None:
        self.tables = tables
        self.clock = Clock()
        self.queue = Queue()
        self.vault = Vault()
        self.carrier_answers_words = carrier_answers_words
        self.webhook = self.built()

    def built(self) -> Webhook:
        """The webhook of one worker."""
        held = secret(self.vault)
        acceptor = Acceptor(
            self.tables,
            AddressKey(held),
            receipt_days=30,
            look_after_seconds=20,
            carrier_answers_words=self.carrier_answers_words,
            meter=Meter(self.tables, clock=self.clock),
            clock=self.clock,
        )
        wakeups = Wakeups("https://queue", lambda: self.queue)
        return Webhook(SignatureCheck(held, PUBLIC), acceptor, wakeups)

    def post(self, form: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
        """One signed request."""
        return respond(self.webhook, signed(PATH, FORM if form is None else form, **changes))

    def stored(self) -> int:
        """How many items there are in all tables."""
        tables = self.tables
        return sum(
            self.tables.client.scan(TableName=name)["Count"]
            for name in (tables.people, tables.conversations, tables.keys)
        )


@pytest.fixture
def house(tables: Tables) -> House:
    """A webhook on the emulator."""
    return House(tables)


def inbox_items(tables: Tables) -> list[Any]:
    """Every inbox item."""
    items = tables.client.scan(TableName=tables.conversations)["Items"]
    return [item for item in items if item["sk"]["S"].startswith("inbox#")]


def test_text_is_acknowledged_with_empty_twiml(house: House) -> None:
    """200, no words, and one wake-up that names a conversation and nothing else."""
    response = house.post()
    assert response["statusCode"] == 200
    assert response["headers"]["Content-Type"].startswith("text/xml")
    root = ET.fromstring(response["body"])
    assert (root.tag, list(root), root.text) == ("Response", [], None)
    (wakeup,) = house.queue.sent
    conversation = json.loads(wakeup["MessageBody"])["conversation"]
    assert conversation.startswith("person#")
    assert wakeup["MessageDeduplicationId"] == "SM1"
    assert wakeup["MessageGroupId"] == conversation
    assert "hello" not in str(wakeup)
    assert "5550111" not in str(wakeup)
    assert len(inbox_items(house.tables)) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-twilio-signature": "bm90IGEgc2lnbmF0dXJl"},
        {
            "x-twilio-signature": "bm90IGEgc2lnbmF0dXJl",
            "x-twilio-webhooks-signature-settings": "key=k,algorithm=HMAC_SHA1",
        },
    ],
)
def test_forged_request_gets_nothing(house: House, headers: dict[str, str]) -> None:
    """403, nothing stored, nobody woken, and no word of why."""
    headers = {"content-type": "application/x-www-form-urlencoded", **headers}
    response = house.post(headers=headers)
    assert (response["statusCode"], response["body"]) == (403, "forged")
    assert house.stored() == 0
    assert house.queue.sent == []


def test_body_that_was_changed_is_forged(house: House) -> None:
    """A valid signature over other words is none."""
    response = house.post(body="MessageSid=SM1&From=%2B13035550111&To=%2B13035550100&Body=other")
    assert response["statusCode"] == 403
    assert house.stored() == 0


def test_url_with_a_query_is_forged(house: House) -> None:
    """Our URLs have none."""
    assert house.post(queryStringParameters={"a": "b"})["statusCode"] == 403


@pytest.mark.parametrize("name", ["twilio_sms_full", "twilio_whatsapp_minimal"])
def test_golden_events_are_not_signed_by_our_token(house: House, name: str) -> None:
    """Events with an invented signature are refused like any other."""
    event = json.loads((EVENTS / f"{name}.json").read_text())
    assert respond(house.webhook, event)["statusCode"] == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": {"content-type": "application/json"}, "body": "{}"},
        {"body": "x=" + "y" * 70_000},
        {"body": "not base64", "isBase64Encoded": True},
    ],
)
def test_unreadable_request_is_bad(house: House, changes: dict[str, Any]) -> None:
    """No form, over 64 KB, unreadable: 400 and nothing stored."""
    assert house.post(**changes)["statusCode"] == 400
    assert house.stored() == 0


@pytest.mark.parametrize("missing", ["MessageSid", "From"])
def test_request_without_what_we_need_is_bad(house: House, missing: str) -> None:
    """A signed form without an id or a sender: 400 and nothing stored."""
    form = {name: value for name, value in FORM.items() if name != missing}
    assert house.post(form)["statusCode"] == 400
    assert house.stored() == 0


def test_unknown_parameters_are_accepted(house: House) -> None:
    """The carrier may add parameters, blank ones too, at any time."""
    assert house.post({**FORM, "NewThing": "1", "Blank": ""})["statusCode"] == 200


def test_replay_now_and_an_hour_later(house: House) -> None:
    """The receipt refuses it both times; the conversation is woken, and finds nothing new."""
    house.post()
    assert house.post()["statusCode"] == 200
    house.clock.now += 3600
    assert house.post()["statusCode"] == 200
    assert len(inbox_items(house.tables)) == 1
    assert {wakeup["MessageDeduplicationId"] for wakeup in house.queue.sent} == {"SM1"}


def test_five_at_once_are_one_item(house: House) -> None:
    """Five workers with the same delivery at once: one item, each acknowledged."""
    workers = [house.built() for _ in range(5)]
    with ThreadPoolExecutor(5) as pool:
        responses = list(pool.map(lambda worker: respond(worker, signed(PATH, FORM)), workers))
    assert [response["statusCode"] for response in responses] == [200] * 5
    assert len(inbox_items(house.tables)) == 1
    assert len(house.queue.sent) == 5


def test_wake_up_that_was_lost_is_sent_by_the_retry(house: House) -> None:
    """Accepted, then the queue was gone: the carrier's retry is refused but wakes."""
    house.queue.failing = True
    with pytest.raises(ConnectionError):
        house.post()
    house.queue.failing = False
    assert house.post()["statusCode"] == 200
    assert len(inbox_items(house.tables)) == 1
    assert len(house.queue.sent) == 1


def test_lost_key_is_unavailable(house: House) -> None:
    """503, so that the carrier tries again while the operator decides."""
    house.post()
    conversation = json.loads(house.queue.sent[0]["MessageBody"])["conversation"]
    house.tables.client.delete_item(TableName=house.tables.keys, Key={"pk": {"S": conversation}})
    assert house.post({**FORM, "MessageSid": "SM2"})["statusCode"] == 503


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"auth_token": "token"},
        {"auth_token": "token", "address_key": "!"},
        {"auth_token": "token", "address_key": "c2hvcnQ="},
    ],
)
def test_secret_without_a_value_is_unavailable(house: House, value: dict[str, str] | None) -> None:
    """Before `dialtone secrets set` nothing can be checked or accepted: 503, nothing stored."""
    house.vault.value = value
    assert house.post()["statusCode"] == 503
    assert house.stored() == 0


def test_busy_store_is_unavailable(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Throttled beyond the deadline: 503."""

    def busy(*_: Any, **__: Any) -> None:
        raise StoreBusyError("busy")

    monkeypatch.setattr(Tables, "transact", busy)
    assert house.post()["statusCode"] == 503


def test_reserved_word_is_left_to_the_carrier(house: House) -> None:
    """Recorded, not answered a second time, and nobody is woken."""
    response = house.post({**FORM, "Body": "STOP"})
    assert "Message" not in response["body"]
    assert house.queue.sent == []


def test_reserved_word_is_answered_where_the_carrier_does_not(tables: Tables) -> None:
    """At once, in the response: an answer to STOP must not wait for a turn."""
    house = House(tables, carrier_answers_words=False)
    (message,) = ET.fromstring(house.post({**FORM, "Body": "help"})["body"])
    assert message.tag == "Message"
    assert "STOP" in str(message.text)


def test_whatsapp_word_is_answered_by_us(house: House) -> None:
    """On WhatsApp the carrier answers no words; the answer stays on WhatsApp."""
    form = {**FORM, "From": "whatsapp:+13035550111", "To": "whatsapp:+13035550100", "Body": "Stop"}
    assert "opted out" in house.post(form)["body"]


def test_reply_is_escaped(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator's sentence may hold any sign."""
    monkeypatch.setattr(Webhook, "receive", lambda *_: "A & B <c> \"d\" 'e'")
    (message,) = ET.fromstring(house.post()["body"])
    assert message.text == "A & B <c> \"d\" 'e'"


def test_whatsapp_user_without_a_number_is_accepted(house: House) -> None:
    """A user id is as good as a number."""
    form = {**FORM, "From": "whatsapp:US.13491208655302741918", "To": "whatsapp:+13035550100"}
    assert house.post(form)["statusCode"] == 200
    assert len(inbox_items(house.tables)) == 1


@pytest.mark.parametrize("text", ["", "😀", "مرحبا", "a\x00b", "x" * 10_000, "</Response>"])
def test_any_text_is_accepted(house: House, text: str) -> None:
    """Whatever a person may send is a text."""
    assert house.post({**FORM, "Body": text})["statusCode"] == 200
    assert len(inbox_items(house.tables)) == 1


def test_logs_hold_no_text_and_no_number(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Ids, sizes and durations only."""
    house.post({**FORM, "Body": "very private words"})
    house.post(headers={"content-type": "application/x-www-form-urlencoded"})
    logged = str([record.__dict__ for record in caplog.records])
    assert "accepted" in logged
    assert "forged" in logged
    assert "very private" not in logged
    assert "5550111" not in logged
