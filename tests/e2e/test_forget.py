"""FORGET through the whole stack: what goes, what stays, and what nothing brings back."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from typing import Any

import pytest

from conversation.items import Item, to_item
from conversation.keys import ForgottenError, KeyLostError
from conversation.texts import Texts
from local.carrier import Message
from local.carrier.message import Direction
from local.scripted_model import Step
from local.stack import LocalStack

SECRET = "my locker code is zebra-seven"


def said(phone: Any, body: str) -> str:
    """Send a text about forgetting; returns what the webhook answers it with."""
    before = {reply.sid for reply in phone.replies()}
    phone.text(body)
    new: list[Message] = []

    def answered() -> bool:
        new[:] = [
            one
            for one in phone.replies()
            if one.sid not in before and one.direction is Direction.OUTBOUND_REPLY
        ]
        return bool(new)

    phone.wait(answered, f"an answer to {body}")
    return new[0].body


def ask(phone: Any) -> str:
    """Text FORGET; returns the code of the reply."""
    answer = said(phone, "FORGET")
    found = re.search(r"FORGET (\d{4})", answer)
    assert found, answer
    return found[1]


def forget(phone: Any) -> None:
    """Text FORGET, confirm it, and wait until nothing is left to do."""
    assert said(phone, f"FORGET {ask(phone)}") == Texts().forgetting
    phone.wait(lambda: "forget_asked" not in phone.meta(), "the beginning")
    phone.wait(lambda: sort_keys(phone) == ["meta"], "the end")


def due(stack: LocalStack, items: list[Item]) -> None:
    """Let the sweep find what is left of a FORGET at once, not in a minute; it may be done."""
    client = stack.aws("dynamodb")
    for item in items:
        with suppress(client.exceptions.ConditionalCheckFailedException):
            client.update_item(
                TableName=stack.outputs["conversationsTable"],
                Key=to_item({"pk": item["pk"], "sk": item["sk"]}),
                UpdateExpression="SET pending_at = :now",
                ConditionExpression="attribute_exists(pk)",
                # Another time each time: the queue takes one wake-up for each.
                ExpressionAttributeValues=to_item({":now": int(time.time() * 1000)}),
            )


def sort_keys(phone: Any) -> list[str]:
    """Of every item of the conversation; what is left of a FORGET is made due meanwhile."""
    kinds = [item["sk"] for first in "fimst" for item in phone.items(first)]
    if any(kind.startswith("forget#") for kind in kinds):
        due(phone.stack, phone.items("forget#"))
    return kinds


def of_people(phone: Any) -> list[Item]:
    """What `people` holds of this person."""
    return [item for first in "cru" for item in phone.items(first, "peopleTable")]


def put_back(stack: LocalStack, items: list[Item]) -> None:
    """Restore a saved copy."""
    for item in items:
        stack.aws("dynamodb").put_item(
            TableName=stack.outputs["conversationsTable"], Item=to_item(item)
        )


@pytest.fixture
def told(phone: Any) -> Any:
    """Somebody who has told a secret."""
    phone.meet()
    phone.text(SECRET)
    phone.hear(2)
    phone.wait(lambda: not phone.meta().get("open_turn"), "the turn to close")
    return phone


def test_everything_goes_but_what_must_stay(stack: LocalStack, told: Any) -> None:
    """Key, items and the carrier's copies; consent, receipts and counters survive."""
    people = {item["sk"] for item in of_people(told)}
    copies = [reply.sid for reply in told.replies()]
    forget(told)
    assert told.keys().find(told.conversation) is None
    assert people <= {item["sk"] for item in of_people(told)}
    assert {"receipt", "usage", "conversation"} <= {sk.partition("#")[0] for sk in people}
    assert not any(stack.carrier.message(sid) for sid in copies)
    assert not any(SECRET in message.body for message in stack.carrier.book.messages.values())


def test_the_new_conversation_is_clean(stack: LocalStack, told: Any) -> None:
    """A warm worker answers the next text, and its model is shown nothing of before."""
    forget(told)
    calls = len(stack.model.calls)
    told.text("what did I say first?")
    told.wait(lambda: len(told.remembered()) == 2, "an answer")
    shown = str([call.messages for call in stack.model.calls[calls:]])
    assert "zebra" not in shown
    assert "what did I say first?" in shown


def test_a_restored_copy_opens_nothing(stack: LocalStack, told: Any) -> None:
    """Every saved item put back: no key, no answer from it, no alarm about the old words."""
    before = told.meta()["generation"]
    saved = [*told.items("message#"), *told.items("turn#"), told.meta()]
    forget(told)
    put_back(stack, saved)
    with pytest.raises((ForgottenError, KeyLostError)):
        told.keys().seals(told.conversation, before)
    with pytest.raises((ForgottenError, KeyLostError)):
        told.remembered()


def test_a_turn_in_flight_brings_nothing_back(stack: LocalStack, told: Any) -> None:
    """FORGET while the model thinks: its answer is not kept and not sent."""
    code = ask(told)
    stack.model.script(Step(text="zebra-seven, as you said", seconds=6))
    calls = len(stack.model.calls)
    told.text("what is my code?")
    told.wait(lambda: len(stack.model.calls) > calls, "the model to be asked")
    told.text(f"FORGET {code}")
    told.wait(lambda: told.keys().find(told.conversation) is None, "the key to go", 4)
    assert stack.model.calls[calls].ended_at is None
    told.wait(lambda: stack.model.calls[calls].ended_at, "the model to answer")
    told.wait(lambda: sort_keys(told) == ["meta"], "the end")
    assert not any("as you said" in reply.body for reply in told.replies())


def test_a_late_retry_brings_nothing_back(stack: LocalStack, told: Any) -> None:
    """The carrier delivers an old text once more: its receipt refuses it."""
    book = stack.carrier.book.messages
    sid = next(one.sid for one in book.values() if (one.from_, one.body) == (told.number, SECRET))
    old = book[sid]
    forget(told)
    calls = len(stack.model.calls)
    with stack.carrier.book.changed:  # A retry that was under way when its copy was deleted.
        book[sid] = old
    stack.carrier.deliver_again(sid)
    stack.invoke("sweep", {})
    assert sort_keys(told) == ["meta"]
    assert len(stack.model.calls) == calls


def test_a_forged_forget_needs_the_code(told: Any) -> None:
    """Whoever forges the sender sees no reply; a guess erases nothing."""
    code = ask(told)
    guess = f"{(int(code) + 1) % 10_000:04d}"
    assert said(told, f"FORGET {guess}") == Texts().forget_wrong
    assert told.keys().find(told.conversation) is not None
