"""Secrets Manager is away: texts and STOP are taken all the same, and nobody sees a traceback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twilio.request_validator import RequestValidator

from conversation import aws, secrets
from local.config import OUR_NUMBER
from local.faults import Action
from local.stack import LocalStack
from messaging import webhook
from tests.services.texting_parts import Clock, signed

Text = Callable[[str, str], dict[str, Any]]


@pytest.fixture
def clock() -> Clock:
    """A worker's clock: an hour passes at once."""
    return Clock()


@pytest.fixture
def text(stack: LocalStack, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Text]:
    """Text a webhook that runs here, under its own role, with that clock."""
    worker = stack.function_host.workers("webhook")[0]
    for name, value in worker.environment.items():
        if name not in {"PATH", "TZ"}:
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(secrets.JsonSecret.__init__, "__defaults__", (clock,))
    caches = (webhook._built, aws.client, aws._session)
    for cached in caches:
        cached.cache_clear()
    yield lambda number, body: webhook.handler(_request(stack, number, body), None)
    for cached in caches:
        cached.cache_clear()


def _request(stack: LocalStack, number: str, body: str) -> dict[str, Any]:
    """What API Gateway hands on of a text, signed as the stack's carrier signs."""
    form = {"MessageSid": f"SM{abs(hash((number, body))):032x}"[:34], "From": number}
    form |= {"To": OUR_NUMBER, "Body": body, "NumMedia": "0"}
    event = signed(webhook.PATH, form)
    secret = stack.aws("secretsmanager").get_secret_value(
        SecretId=stack.outputs["carrierSecretArn"]
    )
    token = json.loads(secret["SecretString"])["auth_token"]
    url = stack.outputs["webhookUrl"]
    event["headers"]["x-twilio-signature"] = RequestValidator(token).compute_signature(url, form)
    return event


def test_texts_and_stop_are_taken_beyond_the_cache(
    stack: LocalStack, phone: Any, text: Text, clock: Clock
) -> None:
    """A worker goes on with the value it has, for an hour; then it is 503 until it is back."""
    assert text(phone.number, "hello")["statusCode"] == 200
    rule = stack.faults.add(Action.ERROR, service="secretsmanager")

    clock.now += secrets.CACHE_SECONDS + 1
    assert text(phone.number, "are you there?")["statusCode"] == 200
    assert text(phone.number, "STOP")["statusCode"] == 200
    assert rule.hits > 0
    assert [item["state"] for item in phone.items("consent#", "peopleTable")] == ["out"]

    clock.now += secrets.STALE_SECONDS
    answer = text(phone.number, "START")
    assert (answer["statusCode"], answer["body"]) == (503, "unavailable")
    stack.faults.remove(rule.id)
    clock.now += secrets.EMPTY_RETRY_SECONDS
    before = len(phone.items("receipt#", "peopleTable"))
    assert text(phone.number, "START")["statusCode"] == 200
    assert len(phone.items("receipt#", "peopleTable")) == before + 1


def test_a_cold_worker_asks_the_carrier_to_come_again(stack: LocalStack, phone: Any) -> None:
    """Without a value a text gets 503, not an error of the function; it is found by the sweep."""
    phone.meet()
    workers = list(stack.function_host.find("webhook").workers)
    rule = stack.faults.add(Action.ERROR, function="webhook", service="secretsmanager")
    for worker in workers:
        worker.kill()
    phone.wait(
        lambda: not {*workers} & {*stack.function_host.find("webhook").workers}, "cold workers"
    )
    phone.text("anybody there?")
    phone.wait(lambda: rule.hits, "the secret to be asked for")
    phone.wait(lambda: '"unavailable"' in "".join(stack.logs("webhook")), "the refusal")
    stack.faults.remove(rule.id)
    phone.wait(lambda: len(phone.replies()) == 2, "the answer")
    assert "anybody there?" in phone.hear(2)[1]
    assert "Traceback" not in "".join(stack.logs("webhook"))
