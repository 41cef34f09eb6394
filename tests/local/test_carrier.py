"""The carrier played locally: the real SDK against its API, its webhooks against a real server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from requests.exceptions import ReadTimeout
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from local.carrier import Carrier, Fault, Pace, UnknownNumberError, carrier_app

OURS, ADA, BEN = "+15550100", "+15550111", "+15550122"
QUICK = Pace(to_sent=0.01, to_delivered=0.01)


class LoopbackClient(TwilioHttpClient):  # type: ignore[misc]  # the SDK ships no types
    """Sends what the SDK meant for Twilio's hosts to the carrier on loopback."""

    def __init__(self, base: str) -> None:
        super().__init__(timeout=5)
        self.base = base

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        """Send one request."""
        for host in ("https://api.twilio.com", "https://messaging.twilio.com"):
            url = url.replace(host, self.base)
        return super().request(method, url, *args, **kwargs)


@dataclass
class Webhook:
    """Our side of the webhooks: records what arrives and answers what it is told to."""

    url: str = ""
    answers: list[tuple[int, str]] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def app(self) -> FastAPI:
        """The application to serve."""
        app = FastAPI()

        @app.post("/{path:path}")
        async def receive(path: str, request: Request) -> Response:
            form = {k: str(v) for k, v in (await request.form()).items()}
            with self.changed:
                self.requests.append((path, form, dict(request.headers)))
                status, body = self.answers.pop(0) if self.answers else (200, "<Response/>")
                self.changed.notify_all()
            return Response(body, status, media_type="text/xml")

        return app

    def wait(self, count: int) -> list[tuple[str, dict[str, str], dict[str, str]]]:
        """The requests, once there are ``count``."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.requests) >= count, 10), self.requests
            return list(self.requests)

    def statuses(self) -> list[str]:
        """The statuses reported so far."""
        with self.changed:
            return [form["MessageStatus"] for path, form, _ in self.requests if path == "status"]


@pytest.fixture
def webhook(serve: Callable[[Any], str]) -> Webhook:
    """Our side, served."""
    webhook = Webhook()
    webhook.url = serve(webhook.app())
    return webhook


@pytest.fixture
def carrier(webhook: Webhook) -> Iterator[Carrier]:
    """A carrier whose number points at the webhook."""
    carrier = Carrier(pace=QUICK)
    carrier.add_number(OURS).sms_url = f"{webhook.url}/messages"
    yield carrier
    carrier.close()


@pytest.fixture
def client(carrier: Carrier, serve: Callable[[Any], str]) -> Iterator[Client]:
    """The real SDK, pointed at the carrier."""
    http = LoopbackClient(serve(carrier_app(carrier)))
    yield Client(carrier.account_sid, carrier.auth_token, http_client=http)
    http.session.close()


def test_a_text_reaches_the_webhook_signed(carrier: Carrier, webhook: Webhook) -> None:
    """A text arrives as Twilio's form, with a signature that Twilio's validator accepts."""
    sid = carrier.text(ADA, OURS, "hello é")
    [(_, form, headers)] = webhook.wait(1)
    assert form["Body"] == "hello é"
    assert form["MessageSid"] == form["SmsMessageSid"] == form["SmsSid"] == sid
    assert (form["From"], form["To"], form["NumMedia"]) == (ADA, OURS, "0")
    assert form["AccountSid"] == carrier.account_sid
    assert "FromCity" in form  # a blank is sent, and signed
    signature = headers["x-twilio-signature"]
    validator = RequestValidator(carrier.auth_token)
    assert validator.validate(f"{webhook.url}/messages", form, signature)
    assert not validator.validate(f"{webhook.url}/messages", {**form, "Body": "x"}, signature)


def test_whatsapp_has_its_own_fields(carrier: Carrier, webhook: Webhook) -> None:
    """A WhatsApp text carries the profile fields and goes to the number's webhook."""
    carrier.text(f"whatsapp:{ADA}", f"whatsapp:{OURS}", "hi", ProfileName="Ada")
    [(_, form, _)] = webhook.wait(1)
    assert form["ProfileName"] == "Ada"
    assert form["WaId"] == ADA.removeprefix("+")
    assert "FromCity" not in form


def test_a_shared_key_signs_the_newer_way(carrier: Carrier, webhook: Webhook) -> None:
    """With a shared key the signature is HMAC-SHA256 and its settings header names the key."""
    carrier.webhooks.shared_key = ("webhooks_sharedkey_1", "the secret")
    carrier.text(ADA, OURS, "hello")
    [(_, form, headers)] = webhook.wait(1)
    settings = headers["x-twilio-webhooks-signature-settings"]
    assert settings == "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    url, signature = f"{webhook.url}/messages", headers["x-twilio-signature"]
    assert RequestValidator("the secret").validate(url, form, signature, "HMAC_SHA256")


def test_the_fragment_decides_retries(carrier: Carrier, webhook: Webhook) -> None:
    """``#rc=2&rp=5xx`` retries a 500 twice with one idempotency token; the signature ignores it."""
    carrier.number_of(OURS).sms_url = f"{webhook.url}/messages#rc=2&rp=5xx"
    webhook.answers = [(500, ""), (503, "")]
    sid = carrier.text(ADA, OURS, "hello")
    requests = webhook.wait(3)
    assert len({headers["i-twilio-idempotency-token"] for _, _, headers in requests}) == 1
    _, form, headers = requests[2]
    validator = RequestValidator(carrier.auth_token)
    assert validator.validate(f"{webhook.url}/messages", form, headers["x-twilio-signature"])
    assert carrier.wait_delivered(sid).attempts[-1].status == 200


def test_by_default_an_error_goes_to_the_fallback(carrier: Carrier, webhook: Webhook) -> None:
    """Without a fragment a 500 is not retried: the fallback URL gets the text and the error."""
    carrier.number_of(OURS).sms_fallback_url = f"{webhook.url}/fallback"
    webhook.answers = [(500, "")]
    sid = carrier.text(ADA, OURS, "hello")
    (_, _, _), (path, form, _) = webhook.wait(2)
    assert (path, form["MessageSid"], form["ErrorCode"]) == ("fallback", sid, "11200")
    assert [a.status for a in carrier.wait_delivered(sid).attempts] == [500, 200]


def test_nobody_listening_is_a_connection_failure(carrier: Carrier) -> None:
    """A refused connection is retried once, as by default, and recorded as 11205."""
    carrier.number_of(OURS).sms_url = "http://127.0.0.1:9/messages"
    message = carrier.wait_delivered(carrier.text(ADA, OURS, "hello"))
    assert [a.error_code for a in message.attempts] == [11205, 11205]


def test_texts_of_one_person_arrive_in_order(carrier: Carrier, webhook: Webhook) -> None:
    """A burst of one person is delivered one after the other."""
    for i in range(10):
        carrier.text(ADA, OURS, str(i))
    assert [form["Body"] for _, form, _ in webhook.wait(10)] == [str(i) for i in range(10)]


def test_twiml_is_obeyed(carrier: Carrier, webhook: Webhook) -> None:
    """A ``<Message>`` in the webhook's answer is sent to the person."""
    webhook.answers = [(200, "<Response><Message>hi <Body>there</Body></Message></Response>")]
    carrier.text(ADA, OURS, "hello")
    [reply] = carrier.wait_reply(ADA)
    assert (reply.body, reply.direction) == ("hi there", "outbound-reply")


def test_a_sent_text_is_reported_until_delivered(
    carrier: Carrier, client: Client, webhook: Webhook
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


def test_whatsapp_outside_its_window_fails(
    carrier: Carrier, client: Client, webhook: Webhook
) -> None:
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
        ({"to": ADA, "from_": "+15559999", "body": "x"}, 21606),
        ({"to": "ada", "from_": OURS, "body": "x"}, 21211),
        ({"to": f"whatsapp:{ADA}", "from_": "whatsapp:+15559999", "body": "x"}, 63007),
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


def test_a_lost_webhook_is_only_listed(carrier: Carrier, client: Client, webhook: Webhook) -> None:
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


def test_a_duplicate_arrives_twice(carrier: Carrier, webhook: Webhook) -> None:
    """The duplicate fault delivers one text twice; ``deliver_again`` as often as asked."""
    carrier.faults.switch(Fault.DUPLICATE, on=True)
    sid = carrier.text(ADA, OURS, "hello")
    webhook.wait(2)
    assert all(delivery.succeeded for delivery in carrier.deliver_again(sid, 3))
    assert [form["MessageSid"] for _, form, _ in webhook.wait(5)] == [sid] * 5


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


def test_the_books_survive_a_restart(tmp_path: Path) -> None:
    """Texts, opt-outs and the number's sid are there after a restart, in a private file."""
    path = tmp_path / "carrier.json"
    first = Carrier(state_path=path, pace=QUICK)
    number = first.add_number(OURS)
    first.text(ADA, OURS, "STOP")
    first.close()
    second = Carrier(state_path=path, pace=QUICK)
    assert [m.body for m in second.messages() if m.inbound] == ["STOP"]
    assert second.is_opted_out(OURS, ADA)
    assert second.add_number(OURS).sid == number.sid
    assert path.stat().st_mode & 0o077 == 0
    second.close()


def test_a_text_to_nobody_is_an_error(carrier: Carrier) -> None:
    """A text to a number the account does not have is refused."""
    with pytest.raises(UnknownNumberError):
        carrier.text(ADA, "+15550199", "hello")
