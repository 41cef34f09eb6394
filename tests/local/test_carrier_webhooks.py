"""What the carrier does to us: signed webhooks, retries, fallbacks, opt-outs, its own books."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from twilio.request_validator import RequestValidator

from local.carrier import Carrier, Fault, Pace, UnknownNumberError

OURS, ADA = "+13035550100", "+13035550111"
QUICK = Pace(to_sent=0.01, to_delivered=0.01)


def test_a_text_reaches_the_webhook_signed(carrier: Carrier, webhook: Any) -> None:
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


def test_whatsapp_has_its_own_fields(carrier: Carrier, webhook: Any) -> None:
    """A WhatsApp text carries the profile fields and goes to the number's webhook."""
    carrier.text(f"whatsapp:{ADA}", f"whatsapp:{OURS}", "hi", ProfileName="Ada")
    [(_, form, _)] = webhook.wait(1)
    assert form["ProfileName"] == "Ada"
    assert form["WaId"] == ADA.removeprefix("+")
    assert "FromCity" not in form


def test_a_shared_key_signs_the_newer_way(carrier: Carrier, webhook: Any) -> None:
    """With a shared key the signature is HMAC-SHA256 and its settings header names the key."""
    carrier.webhooks.shared_key = ("webhooks_sharedkey_1", "the secret")
    carrier.text(ADA, OURS, "hello")
    [(_, form, headers)] = webhook.wait(1)
    settings = headers["x-twilio-webhooks-signature-settings"]
    assert settings == "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    url, signature = f"{webhook.url}/messages", headers["x-twilio-signature"]
    assert RequestValidator("the secret").validate(url, form, signature, "HMAC_SHA256")


def test_the_fragment_decides_retries(carrier: Carrier, webhook: Any) -> None:
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


def test_by_default_an_error_goes_to_the_fallback(carrier: Carrier, webhook: Any) -> None:
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


def test_texts_of_one_person_arrive_in_order(carrier: Carrier, webhook: Any) -> None:
    """A burst of one person is delivered one after the other."""
    for i in range(10):
        carrier.text(ADA, OURS, str(i))
    assert [form["Body"] for _, form, _ in webhook.wait(10)] == [str(i) for i in range(10)]


def test_twiml_is_obeyed(carrier: Carrier, webhook: Any) -> None:
    """A ``<Message>`` in the webhook's answer is sent to the person."""
    webhook.answers = [(200, "<Response><Message>hi <Body>there</Body></Message></Response>")]
    carrier.text(ADA, OURS, "hello")
    [reply] = carrier.wait_reply(ADA)
    assert (reply.body, reply.direction) == ("hi there", "outbound-reply")


def test_a_duplicate_arrives_twice(carrier: Carrier, webhook: Any) -> None:
    """The duplicate fault delivers one text twice; ``deliver_again`` as often as asked."""
    carrier.faults.switch(Fault.DUPLICATE, on=True)
    sid = carrier.text(ADA, OURS, "hello")
    webhook.wait(2)
    assert all(delivery.succeeded for delivery in carrier.deliver_again(sid, 3))
    assert [form["MessageSid"] for _, form, _ in webhook.wait(5)] == [sid] * 5


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
        carrier.text(ADA, "+13035550199", "hello")
