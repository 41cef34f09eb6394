"""The walking skeleton: a signed webhook, through the emulated API, to a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from local.config import OUR_NUMBER
from local.stack import LocalStack

FORM = {"MessageSid": "SM" + "0" * 32, "From": "+13035559998", "To": OUR_NUMBER, "Body": "hello"}


@pytest.fixture
def person(new_phone: Callable[[], Any]) -> str:
    """The number of somebody whom the stack has never met."""
    number: str = new_phone().number
    return number


def count(stack: LocalStack, table: str) -> int:
    """How many items a table holds."""
    answer = stack.aws("dynamodb").scan(TableName=stack.outputs[table], Select="COUNT")
    return int(answer["Count"])


def test_a_signed_text_is_taken_and_answered(stack: LocalStack, person: str) -> None:
    """A text that the carrier signs is acknowledged at once and answered by a text."""
    sid = stack.carrier.text(person, OUR_NUMBER, "hello there")
    delivered = stack.carrier.wait_delivered(sid)
    assert delivered.attempts[-1].status == 200
    (reply,) = stack.carrier.wait_reply(person)
    assert "hello there" in reply.body
    assert reply.from_ == OUR_NUMBER


def test_the_status_callback_reaches_its_function(stack: LocalStack, person: str) -> None:
    """The carrier's report on our answer comes in through the API's other route."""
    stack.carrier.text(person, OUR_NUMBER, "one for the status")
    (reply,) = stack.carrier.wait_reply(person)
    stack.carrier.wait_status(reply.sid, "delivered")
    assert "Runtime" not in "".join(stack.logs("status"))
    assert stack.meter.total("status", "dynamodb", "UpdateItem").requests > 0


def test_a_forged_text_gets_nothing_and_stores_nothing(stack: LocalStack) -> None:
    """A webhook with a wrong signature is refused, and no table changes."""
    before = [count(stack, table) for table in ("peopleTable", "conversationsTable", "keysTable")]
    forged = httpx.post(
        stack.outputs["webhookUrl"], data=FORM, headers={"X-Twilio-Signature": "bm9wZQ=="}
    )
    assert forged.status_code == 403
    after = [count(stack, table) for table in ("peopleTable", "conversationsTable", "keysTable")]
    assert after == before


def test_the_gateway_refuses_what_it_has_no_route_for(stack: LocalStack) -> None:
    """A path nobody declared is the gateway's to refuse, as the real one words it."""
    answer = httpx.post(f"{stack.url}/webhooks/nobody/home")
    assert answer.status_code == 403
    assert answer.json() == {"message": "Missing Authentication Token"}


def test_the_front_door_has_the_gateways_size_limit(stack: LocalStack) -> None:
    """More than ten megabytes never reach the function."""
    url, headers = stack.outputs["webhookUrl"], {"X-Twilio-Signature": "any"}
    answer = httpx.post(url, content=b"x" * (10 * 1024 * 1024 + 1), headers=headers)
    assert answer.status_code == 413


def test_every_call_to_aws_is_counted_by_function(stack: LocalStack, person: str) -> None:
    """What a function asks of AWS is known by function, service and operation, with its bytes."""
    stack.meter.reset()
    stack.carrier.text(person, OUR_NUMBER, "count me")
    stack.carrier.wait_reply(person)
    accepted = stack.meter.total("webhook", "dynamodb", "TransactWriteItems")
    assert accepted.requests >= 1
    assert accepted.request_bytes > accepted.requests * 100
    assert stack.meter.total("webhook", "sqs", "SendMessage").requests == 1
    assert stack.meter.total("-").requests == 0
