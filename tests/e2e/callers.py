"""Somebody who calls a local stack, and what the stack holds about their calls."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from conversation.items import Item, from_item, to_item
from local.config import DEFAULT_WORKERS, OUR_VOICE_NUMBER
from local.phone import INSTANT, Call, Pace
from local.stack import LocalStack

if TYPE_CHECKING:
    from tests.e2e.conftest import Phone

WORKERS = DEFAULT_WORKERS["fulfilment"]


class Caller:
    """One person with one phone, which texts and calls."""

    def __init__(self, stack: LocalStack, phone: Phone) -> None:
        self.stack = stack
        self.phone = phone

    def dial(self, *, pace: Pace = INSTANT, number: str | None = "") -> Call:
        """Call the stack's number; None withholds one's own."""
        caller = self.phone.number if number == "" else number
        return self.stack.phone.dial(caller, OUR_VOICE_NUMBER, pace=pace)

    def items(self, call: Call, prefix: str) -> list[Item]:
        """What is stored of a call."""
        found = self.stack.aws("dynamodb").query(
            TableName=self.stack.outputs["conversationsTable"],
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues=to_item({":pk": f"call#{call.id}", ":sk": prefix}),
            ConsistentRead=True,
        )
        return [from_item(item) for item in found["Items"]]

    def outcomes(self, call: Call) -> list[str]:
        """How the call's turns ended."""
        return [turn["outcome"] for turn in self.items(call, "turn#")]

    def offers(self, call: Call) -> str:
        """The call is long over: the text that offers to remember it."""
        call.hang_up()
        call.wait_for("ended")
        self.phone.wait(lambda: self.items(call, "after-call"), "the call to be noted")
        before = len(self.phone.replies())
        self.over(call)
        return self.phone.hear(before + 1)[-1]

    def over(self, call: Call) -> None:
        """Let the minutes after a call pass at once: the sweep finds it due."""
        self.stack.aws("dynamodb").update_item(
            TableName=self.stack.outputs["conversationsTable"],
            Key=to_item({"pk": f"call#{call.id}", "sk": "after-call"}),
            UpdateExpression="SET pending_at = :past, due_at = :past",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues=to_item({":past": int(time.time() * 1000)}),
        )
        self.stack.invoke("sweep", {})

    def replied(self, words: str, *, whatsapp: bool = False) -> str:
        """Text, and wait for the one reply."""
        before = len(self.phone.replies(whatsapp=whatsapp))
        self.phone.text(words, whatsapp=whatsapp)
        return self.phone.hear(before + 1, whatsapp=whatsapp)[-1]


def no_trouble(call: Call) -> None:
    """Neither Lex nor Connect had anything against what the functions answered."""
    assert [event for event in call.events if event.kind in {"rejected", "error"}] == []


def warm_up(stack: LocalStack) -> None:
    """Have each worker answer: its first turn imports its model, and takes too long."""
    calls = [stack.phone.dial(None, OUR_VOICE_NUMBER) for _ in range(WORKERS)]
    for call in calls:
        call.say("are you there")
    for call in calls:
        call.wait_until(lambda one: len(one.spoken) == 2, 60)
        call.hang_up()
