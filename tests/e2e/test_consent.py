"""Who answers, how to stop, and whose texts are taken: through the whole stack."""

from __future__ import annotations

import time
from typing import Any

import pytest

from conversation.items import to_item
from conversation.texts import Texts
from local.carrier import Fault
from local.carrier.message import WHATSAPP
from local.config import OUR_NUMBER
from local.stack import LocalStack
from tests.e2e.conftest import next_second
from texting.meter import REPLIES_A_DAY
from texting.segments import count

LINE = Texts().introduction


def test_the_first_reply_says_who_answers(stack: LocalStack, phone: Any) -> None:
    """Once on SMS and once on WhatsApp; no model is told to say it."""
    phone.meet()
    phone.text("and again")
    phone.hear(2)
    phone.text("by whatsapp", whatsapp=True)
    phone.hear(1, whatsapp=True)
    first, second = (reply.body for reply in phone.replies())
    assert first.startswith(LINE)
    assert LINE not in second
    assert phone.replies(whatsapp=True)[0].body.startswith(LINE)


def test_a_plain_stop_is_a_stop(stack: LocalStack, phone: Any) -> None:
    """In words that the carrier does not know: confirmed once, silent after, lifted by YES."""
    phone.meet()
    calls = len(stack.model.calls)
    phone.text("Please stop texting me!")
    phone.wait(lambda: phone.items("consent-log#", "peopleTable"), "the ledger's entry")
    phone.text("are you there?")
    phone.wait(lambda: len(phone.turns()) == 2, "the end of the second text")
    assert phone.turns()[1]["outcome"] == "stopped"
    assert len(stack.model.calls) == calls
    next_second()
    phone.text("YES")
    phone.wait(lambda: len(phone.items("consent-log#", "peopleTable")) == 2, "the second entry")
    phone.text("YES")
    phone.wait(lambda: len(phone.turns()) == 3, "an answer to what is conversation again")
    assert phone.turns()[2]["outcome"] == "answered"


def test_a_premium_number_is_refused_at_the_door(stack: LocalStack) -> None:
    """A receipt and nothing else: no key, no turn, no reply."""
    sid = stack.carrier.text("+19005550199", OUR_NUMBER, "call me back")
    pages = stack.aws("dynamodb").get_paginator("scan")
    until = time.monotonic() + 20
    found: list[Any] = []
    while not found and time.monotonic() < until:
        request = {
            "TableName": stack.outputs["peopleTable"],
            "FilterExpression": "sk = :sk",
            "ExpressionAttributeValues": to_item({":sk": f"receipt#{sid}"}),
        }
        found = [item for page in pages.paginate(**request) for item in page["Items"]]
    assert found[0]["effect"] == {"S": "refused"}
    assert stack.carrier.sent_to("+19005550199") == []


@pytest.mark.parametrize("whatsapp", [False, True], ids=["sms", "whatsapp"])
def test_a_retried_start_does_not_lift_the_stop_after_it(
    stack: LocalStack, phone: Any, *, whatsapp: bool
) -> None:
    """Delivered late it changes nothing, listed neither; one that was sent after the STOP does."""
    phone.meet()
    address = f"{WHATSAPP if whatsapp else ''}{phone.number}"
    stack.carrier.faults.add(Fault.LOST_WEBHOOK, number=address)
    start = phone.text("START", whatsapp=whatsapp)
    next_second()
    stack.carrier.wait_delivered(phone.text("STOP", whatsapp=whatsapp))
    stack.carrier.deliver_again(start)
    phone.text("are you there?", whatsapp=whatsapp)
    phone.wait(lambda: len(phone.turns()) == 2, "the end of the text")
    stack.invoke("sweep", {})
    phone.text("and now?", whatsapp=whatsapp)
    phone.wait(lambda: len(phone.turns()) == 3, "the end of the next")
    assert [turn["outcome"] for turn in phone.turns()[1:]] == ["stopped", "stopped"]
    next_second()
    stack.carrier.wait_delivered(phone.text("START", whatsapp=whatsapp))
    phone.text("here I am", whatsapp=whatsapp)
    phone.wait(lambda: len(phone.turns()) == 4, "an answer")
    assert phone.turns()[3]["outcome"] == "answered"


@pytest.mark.parametrize("number", ["+881612345678", "+19005550198", "+10001234567"])
def test_a_refused_number_hears_nothing_whatever_it_says(stack: LocalStack, number: str) -> None:
    """FORGET, a code, HELP, a STOP in words and on WhatsApp: taken in, and never answered."""
    texts = ("FORGET", "FORGET 0000", "delete my data", "Please stop texting me!", "hello")
    sids = [stack.carrier.text(number, OUR_NUMBER, text) for text in texts]
    sids += [
        stack.carrier.text(f"whatsapp:{number}", f"whatsapp:{OUR_NUMBER}", text)
        for text in (*texts, "HELP", "START", "STOP")
    ]
    for sid in sids:
        stack.carrier.wait_delivered(sid)
    stack.invoke("sweep", {})
    assert stack.carrier.sent_to(number) == []
    assert stack.carrier.sent_to(f"whatsapp:{number}") == []


def test_a_flood_of_words_gets_the_days_replies(stack: LocalStack, phone: Any) -> None:
    """On both channels together; what they cost is counted for the person."""
    sids = [phone.text("FORGET", whatsapp=bool(number % 2)) for number in range(12)]
    for sid in sids:
        stack.carrier.wait_delivered(sid)
    said = [*phone.replies(), *phone.replies(whatsapp=True)]
    assert len(said) == REPLIES_A_DAY
    [today] = phone.items("usage#", "peopleTable")
    assert today["segments"] == sum(count(reply.body).segments for reply in said)


def test_a_whatsapp_id_has_a_conversation(stack: LocalStack) -> None:
    """Somebody whom WhatsApp names without a number is answered under that name."""
    address = "whatsapp:US.13491208655302741918"
    stack.carrier.text(address, f"whatsapp:{OUR_NUMBER}", "my name is Ida")
    [first] = stack.carrier.wait_reply(address, 1, 25)
    assert first.body.endswith("Nice to meet you, Ida!")
    stack.carrier.text(address, f"whatsapp:{OUR_NUMBER}", "what is my name?")
    assert stack.carrier.wait_reply(address, 2, 25)[1].body.endswith("Your name is Ida.")
