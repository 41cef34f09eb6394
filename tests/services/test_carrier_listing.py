"""What no webhook saw is found at the carrier and accepted like every text."""

from __future__ import annotations

from typing import Any

import pytest

from conversation import observability
from conversation.deadline import Deadline
from conversation.tables import Tables
from messaging.accept import Acceptor
from messaging.carrier_listing import list_and_accept
from messaging.inbound import InboundText
from tests.services.texting_parts import ADDRESS_KEY, PERSON, SENDER, Clock, PlayedCarrier
from texting.inbox import Inbox

WHATSAPP = "whatsapp:+13035550100"


class Patrol:
    """A listing over the emulated tables."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.clock = Clock()
        self.carrier = PlayedCarrier(self.clock)
        self.woken: list[tuple[str, str]] = []
        self.acceptor = Acceptor(
            tables,
            lambda: ADDRESS_KEY,
            receipt_days=30,
            look_after_seconds=20,
            carrier_answers_words=False,
            clock=self.clock,
        )

    def came_in(self, sid: str, body: str, **more: Any) -> None:
        """Have the carrier know an inbound message, newer than those before."""
        self.clock.now += 1
        given = {"direction": "inbound", "sender": PERSON, "to": SENDER, "status": "received"}
        self.carrier.arrives(sid, **{**given, "body": body, **more})

    def run(self, *, seconds: float = 30, since: int | None = None) -> int:
        """One run."""
        return list_and_accept(
            self.carrier,
            self.acceptor,
            lambda conversation, sid: self.woken.append((conversation, sid)),
            senders=[SENDER, WHATSAPP],
            since=self.clock.ms - 3_600_000 if since is None else since,
            deadline=Deadline.after(seconds),
        )

    def waiting(self) -> list[str]:
        """The words that wait, in order, of the one person there is."""
        (conversation,) = {conversation for conversation, _ in self.woken}
        inbox = Inbox(self.tables, self.clock)
        generation = (self.tables.get(self.tables.keys, conversation) or {})["generation"]
        found = inbox.waiting(conversation, generation)
        return [inbox.open(conversation, text).text for text in found]

    def receipts(self) -> int:
        """How many receipts there are."""
        items = self.tables.client.scan(TableName=self.tables.people)["Items"]
        return sum(item["sk"]["S"].startswith("receipt#") for item in items)


@pytest.fixture
def patrol(tables: Tables) -> Patrol:
    """A patrol on the emulator."""
    return Patrol(tables)


def test_texts_without_a_receipt_are_accepted_in_order(patrol: Patrol) -> None:
    """Listed newest first, accepted oldest first, each wakes its conversation."""
    for number in range(4):
        patrol.came_in(f"SM{number}", str(number))
    assert patrol.run() == 4
    assert patrol.waiting() == ["0", "1", "2", "3"]
    assert [sid for _, sid in patrol.woken] == ["SM0", "SM1", "SM2", "SM3"]


def test_known_texts_are_left_alone(patrol: Patrol) -> None:
    """What has a receipt is neither accepted nor written again, run after run."""
    patrol.acceptor.accept(InboundText("SM0", SENDER, PERSON, "seen"))
    patrol.came_in("SM0", "seen")
    patrol.came_in("SM1", "unseen")
    assert patrol.run() == 1
    assert patrol.run() == 0
    assert [sid for _, sid in patrol.woken] == ["SM1"]
    assert patrol.receipts() == 2


def test_our_own_messages_are_ignored(patrol: Patrol) -> None:
    """Outbound texts, and what is still coming in, are not texts to accept."""
    patrol.came_in("SM0", "ours", direction="outbound-api")
    patrol.came_in("SM1", "reply", direction="outbound-reply")
    patrol.came_in("SM2", "half", status="receiving")
    assert patrol.run() == 0
    assert patrol.receipts() == 0


def test_whatsapp_is_listed_too(patrol: Patrol) -> None:
    """Each of our addresses is asked for; media are counted."""
    patrol.came_in("SM0", "a", sender=f"whatsapp:{PERSON}", to=WHATSAPP, media=1)
    patrol.came_in("SM1", "b")
    assert patrol.run() == 2
    assert sorted(patrol.waiting()) == ["a", "b"]


def test_look_back_bounds_the_listing(patrol: Patrol) -> None:
    """What is older than the look-back is not asked for: its receipt may have expired."""
    patrol.came_in("SM0", "old")
    patrol.clock.now += 100
    assert patrol.run(since=patrol.clock.ms - 50_000) == 0


def test_missed_stop_never_feeds_the_model(patrol: Patrol) -> None:
    """A STOP that no webhook saw changes consent; it neither waits nor wakes."""
    patrol.came_in("SM0", "STOP")
    assert patrol.run() == 1
    assert patrol.woken == []
    assert patrol.receipts() == 1


def test_missed_stop_older_than_a_start_changes_nothing(patrol: Patrol) -> None:
    """By the carrier's time, and it has its receipt, so it is not looked at again."""
    patrol.came_in("SM0", "STOP")
    patrol.clock.now += 10
    patrol.came_in("SM1", "START")
    patrol.acceptor.accept(InboundText("SM1", SENDER, PERSON, "START"))
    assert patrol.run() == 1
    items = patrol.tables.client.scan(TableName=patrol.tables.people)["Items"]
    (consent,) = [item for item in items if item["sk"]["S"].startswith("consent#")]
    assert consent["state"] == {"S": "in"}
    assert patrol.run() == 0


def test_carrier_that_cannot_be_asked(patrol: Patrol) -> None:
    """Nothing is raised: the next run asks again."""
    patrol.carrier.unavailable = True
    assert patrol.run() == 0


def test_one_text_that_fails_keeps_no_other_waiting(patrol: Patrol) -> None:
    """A person whose key is lost does not hold up the others."""
    patrol.came_in("SM0", "first")
    patrol.run()
    (conversation, _) = patrol.woken.pop()
    patrol.tables.client.delete_item(TableName=patrol.tables.keys, Key={"pk": {"S": conversation}})
    patrol.came_in("SM1", "of the lost key")
    patrol.came_in("SM2", "of another", sender="+13035550122")
    assert patrol.run() == 1
    assert patrol.waiting() == ["of another"]


def test_no_text_is_begun_after_the_deadline(patrol: Patrol) -> None:
    """The next run finds the rest."""
    patrol.came_in("SM0", "a")
    assert patrol.run(seconds=0) == 0
    assert patrol.run() == 1


def test_a_lost_key_is_counted_by_the_listing_too(
    patrol: Patrol, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text stays unaccepted and is found again by the next run; the others are taken."""
    names: list[str] = []
    monkeypatch.setattr(observability, "count", lambda name, value=1: names.append(name))
    patrol.came_in("SM0", "first")
    patrol.run()
    (conversation,) = {conversation for conversation, _ in patrol.woken}
    patrol.tables.client.delete_item(TableName=patrol.tables.keys, Key={"pk": {"S": conversation}})
    patrol.came_in("SM1", "second")
    patrol.came_in("SM2", "hello", sender="+13035550122")
    assert (patrol.run(), patrol.receipts()) == (1, 2)
    assert names == ["KeyLost"]
