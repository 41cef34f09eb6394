"""What the carrier does for us: the real SDK against its API, over loopback."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from requests.exceptions import ReadTimeout
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from local.carrier import Carrier, Fault

OURS, ADA, BEN = "+13035550100", "+13035550111", "+13035550122"


def test_a_sent_text_is_reported_until_delivered(
    carrier: Carrier, client: Client, webhook: Any
) -> None:
    """The SDK's create returns a queued message; signed reports follow: queued, sent, delivered."""
    callback = f"{webhook.url}/status"
    sent = client.messages.create(to=ADA, from_=OURS, body="hello", status_callback=callback)
    assert (sent.status, sent.num_segments, sent.direction) == ("queued", "1", "outbound-api")
    requests = webhook.wait(3)
    assert webhook.statuses() == ["queued", "sent", "delivered"]
    for _, form, headers in requests:
        validator = RequestValidator(carrier.auth_token)
        assert validator.validate(callback, form, headers["x-twilio-signature"])
    assert client.messages(sent.sid or "").fetch().status == "delivered"
    assert [m.body for m in carrier.sent_to(ADA)] == ["hello"]


def test_stop_makes_sends_fail_and_start_lifts_it(carrier: Carrier, client: Client) -> None:
    """STOP on a long code is answered by the carrier and refuses sends with 21610 until START."""
    carrier.text(ADA, OURS, " stop ")
    with pytest.raises(TwilioRestException) as refused:
        client.messages.create(to=ADA, from_=OURS, body="hello")
    assert (refused.value.status, refused.value.code) == (400, 21610)
    assert carrier.sent_to(ADA) == []
    assert "unsubscribed" in carrier.sent_to(ADA, automatic=True)[0].body
    carrier.text(ADA, OURS, "START")
    assert client.messages.create(to=ADA, from_=OURS, body="hello").sid


def test_stop_on_whatsapp_is_left_to_us(carrier: Carrier, client: Client) -> None:
    """On WhatsApp the carrier neither answers STOP nor refuses what is sent afterwards."""
    carrier.text(f"whatsapp:{ADA}", f"whatsapp:{OURS}", "STOP")
    client.messages.create(to=f"whatsapp:{ADA}", from_=f"whatsapp:{OURS}", body="hello")
    assert len(carrier.sent_to(f"whatsapp:{ADA}", automatic=True)) == 1


def test_whatsapp_outside_its_window_fails(carrier: Carrier, client: Client, webhook: Any) -> None:
    """A WhatsApp send to someone silent for a day is accepted and then fails with 63016."""
    sent = client.messages.create(
        to=f"whatsapp:{ADA}", from_=f"whatsapp:{OURS}", body="hello",
        status_callback=f"{webhook.url}/status",
    )  # fmt: skip
    webhook.wait(2)
    assert webhook.statuses() == ["queued", "failed"]
    assert webhook.requests[-1][1]["ErrorCode"] == "63016"
    assert client.messages(sent.sid or "").fetch().error_code == 63016


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"to": ADA, "from_": OURS, "body": "x" * 1601}, 21617),
        ({"to": ADA, "from_": OURS, "body": ""}, 21602),
        ({"to": ADA, "from_": "+13035559999", "body": "x"}, 21606),
        ({"to": "ada", "from_": OURS, "body": "x"}, 21211),
        ({"to": f"whatsapp:{ADA}", "from_": "whatsapp:+13035559999", "body": "x"}, 63007),
        ({"to": ADA, "from_": f"whatsapp:{OURS}", "body": "x"}, 21910),
        ({"to": ADA, "messaging_service_sid": "MG0", "body": "x"}, 21701),
    ],
)
def test_wrong_sends_are_refused_with_twilios_codes(
    client: Client, arguments: dict[str, str], code: int
) -> None:
    """The API refuses what Twilio refuses, with its code."""
    with pytest.raises(TwilioRestException) as refused:
        client.messages.create(**arguments)
    assert (refused.value.code, refused.value.status) == (code, 400)


def test_a_wrong_token_is_refused(client: Client, carrier: Carrier) -> None:
    """A wrong token is 401 with code 20003 and nothing is sent."""
    stranger = Client(carrier.account_sid, "wrong", http_client=client.http_client)
    with pytest.raises(TwilioRestException) as refused:
        stranger.messages.create(to=ADA, from_=OURS, body="hello")
    assert (refused.value.status, refused.value.code) == (401, 20003)
    assert carrier.sent_to(ADA) == []


@pytest.mark.parametrize(
    ("fault", "status", "sent"),
    [
        (Fault.RATE_LIMIT, 429, 0),
        (Fault.ERROR_500, 500, 0),
        (Fault.OPTED_OUT, 400, 0),
        (Fault.ACCEPT_THEN_500, 500, 1),
    ],
)
def test_a_fault_strikes_once(
    carrier: Carrier, client: Client, fault: Fault, status: int, sent: int
) -> None:
    """A fault answers its status, sends or does not, and is used up."""
    carrier.faults.add(fault, number=ADA)
    client.messages.create(to=BEN, from_=OURS, body="another person")
    with pytest.raises(TwilioRestException) as failed:
        client.messages.create(to=ADA, from_=OURS, body="hello")
    assert failed.value.status == status
    assert len(carrier.sent_to(ADA)) == sent
    assert client.messages.create(to=ADA, from_=OURS, body="hello").sid


@pytest.mark.parametrize(("fault", "sent"), [(Fault.HANG, 0), (Fault.ACCEPT_THEN_HANG, 1)])
def test_an_answer_may_never_come(
    carrier: Carrier, client: Client, fault: Fault, sent: int
) -> None:
    """A hanging send times out at the caller, whether or not the text went out."""
    carrier.faults.add(fault)
    client.http_client.timeout = 0.3
    with pytest.raises(ReadTimeout):
        client.messages.create(to=ADA, from_=OURS, body="hello")
    assert len(carrier.sent_to(ADA)) == sent


def test_a_lost_webhook_is_only_listed(carrier: Carrier, client: Client, webhook: Any) -> None:
    """A lost webhook is never delivered, but the list of messages has the text."""
    carrier.faults.add(Fault.LOST_WEBHOOK)
    lost = carrier.text(ADA, OURS, "lost")
    carrier.text(ADA, OURS, "arrives")
    assert [form["Body"] for _, form, _ in webhook.wait(1)] == ["arrives"]
    since = datetime.now(UTC) - timedelta(hours=1)
    listed = client.messages.list(to=OURS, date_sent_after=since)
    assert [m.body for m in listed] == ["arrives", "lost"]
    assert listed[1].sid == lost
    assert listed[1].direction == "inbound"


def test_the_list_is_filtered_and_paged(carrier: Carrier, client: Client) -> None:
    """Filters by sender, addressee and time; the SDK pages through everything, newest first."""
    for i in range(7):
        carrier.text(ADA, OURS, str(i))
    carrier.text(BEN, OURS, "ben")
    assert [m.body for m in client.messages.list(from_=ADA, page_size=3)] == list("6543210")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert client.messages.list(date_sent_after=tomorrow) == []
    assert len(client.messages.list(date_sent_before=tomorrow)) == 8
    assert len(client.messages.list(date_sent=datetime.now(UTC), limit=5)) == 5


def test_a_number_is_found_and_pointed_at_a_webhook(carrier: Carrier, client: Client) -> None:
    """A deployment finds its number by E.164 and sets its URLs."""
    [number] = client.incoming_phone_numbers.list(phone_number=OURS)
    url = "https://example.com/webhook#rc=3"
    number.update(sms_url=url, sms_fallback_url=url, sms_method="POST")
    assert carrier.number_of(OURS).sms_url == url
    assert client.incoming_phone_numbers(number.sid or "").fetch().sms_fallback_url == url


def test_a_messaging_service_says_whose_webhook_it_uses(carrier: Carrier, client: Client) -> None:
    """The messaging service says so, and sends from its number."""
    service = carrier.add_service(OURS)
    fetched = client.messaging.v1.services(service.sid).fetch()
    assert fetched.use_inbound_webhook_on_number is True
    sent = client.messages.create(to=ADA, messaging_service_sid=service.sid, body="hello")
    assert (sent.from_, sent.messaging_service_sid) == (OURS, service.sid)


def test_a_deleted_message_is_gone(carrier: Carrier, client: Client) -> None:
    """A message deleted through the API is no longer in the carrier's books."""
    sid = carrier.text(ADA, OURS, "forget me")
    assert client.messages(sid).delete()
    with pytest.raises(TwilioRestException) as missing:
        client.messages(sid).fetch()
    assert missing.value.code == 20404
