"""A STOP beats every START that was sent before it, in whatever order the two arrive (rule 2)."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from conversation.deadline import Deadline
from conversation.tables import StoreBusyError, Tables
from messaging.carrier_listing import list_and_accept
from messaging.recycling import Recycling
from tests.services.conftest import name_tables
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.played_kms import PlayedKms
from tests.services.texting_door import Door
from tests.services.texting_parts import PERSON, SENDER, PlayedCarrier
from texting.consent import DELIVERY_MS, Consents

WHATSAPP = "whatsapp:"
WINDOW = DELIVERY_MS / 1000


@dataclass(frozen=True)
class Sent:
    """A word that was sent: when, in seconds, and how long it took; None when no webhook came."""

    word: str
    at: float
    took: float | None = 0.0
    channel: str = ""


@dataclass
class Street:
    """One person's words, their deliveries in the order in which they arrive, and the listing."""

    tables: Tables
    sent: list[Sent]
    delivered: list[Sent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.door = Door(self.tables, carrier_answers_words=False)
        self.start = self.door.clock.now
        self.carrier = PlayedCarrier(self.door.clock)
        self.door.accept("hello", "SMhello")
        self.door.accept("hello", "SMhello2", **addresses(WHATSAPP))

    def arrive(self) -> None:
        """Deliver every word, each when it arrives; a late START never lifts a later STOP."""
        arriving = [one for one in self.sent if one.took is not None]
        for one in sorted(arriving, key=lambda one: one.at + (one.took or 0)):
            self.door.clock.now = self.start + one.at + (one.took or 0)
            self.deliver(one)
            self.delivered.append(one)
            latest = max(self.delivered, key=lambda word: word.at)
            if latest.word == "STOP":
                assert self.out(latest.channel), self.delivered

    def deliver(self, one: Sent) -> Any:
        """One delivery; once more it is a duplicate."""
        return self.door.accept(one.word, self.sid(one), **addresses(one.channel))

    def listing(self) -> None:
        """The carrier's listing, newest first, with times in whole seconds as it has them."""
        self.carrier.listed.clear()
        for one in sorted(self.sent, key=lambda one: one.at):
            self.carrier.arrives(
                self.sid(one),
                direction="inbound",
                sender=f"{one.channel}{PERSON}",
                to=f"{one.channel}{SENDER}",
                body=one.word,
                status="received",
                created_at=int(self.start + one.at) * 1000,
            )
        acceptor = replace_meter(self.door)
        list_and_accept(
            self.carrier, acceptor, lambda *_: None,
            senders=[SENDER, f"{WHATSAPP}{SENDER}"], since=0, deadline=Deadline.after(600),
        )  # fmt: skip

    def out(self, channel: str = "") -> bool:
        """Whether the person is out there."""
        return self.door.opted_out(f"{channel}{SENDER}")

    def sid(self, one: Sent) -> str:
        """The carrier's id of a word."""
        return f"SM{self.sent.index(one)}"


def addresses(channel: str) -> dict[str, str]:
    """Who texts whom there."""
    return {"address": f"{channel}{PERSON}", "sender": f"{channel}{SENDER}"}


def replace_meter(door: Door) -> Any:
    """The acceptor of a listing, which answers nobody."""
    return Door(door.tables, meter=None, clock=door.clock).acceptor


def fresh() -> Tables:
    """Tables of their own."""
    return name_tables(MemoryDynamoDB(), PlayedKms())


def journeys() -> list[tuple[Sent, ...]]:
    """Two and three words, some seconds or a window apart, each delivered in time, late or not."""
    found = []
    for count in (2, 3):
        for words in itertools.product(("STOP", "START"), repeat=count):
            for gaps in itertools.product((2, WINDOW + 5), repeat=count - 1):
                at = [0.0, *itertools.accumulate(gaps)]
                for took in itertools.product((0.0, WINDOW - 2, None), repeat=count):
                    sent = zip(words, at, took, strict=True)
                    found.append(tuple(Sent(*one) for one in sent))
    return found


@pytest.mark.parametrize("channel", ["", WHATSAPP], ids=["sms", "whatsapp"])
def test_every_order_of_late_deliveries(channel: str) -> None:
    """On the way a STOP is never lifted by an older START; once listed, the last word counts."""
    for journey in journeys():
        sent = [replace(one, channel=channel) for one in journey]
        street = Street(fresh(), sent)
        street.arrive()
        street.listing()
        assert street.out(channel) is (sent[-1].word == "STOP"), sent
        street.listing()
        assert street.out(channel) is (sent[-1].word == "STOP"), sent
        assert not street.out(WHATSAPP if not channel else "")


def test_a_retried_start_does_not_lift_the_stop_after_it(memory_tables: Tables) -> None:
    """START, 503, STOP, and the carrier's retry of START: out, before any listing and after."""
    street = Street(memory_tables, [Sent("START", 0, took=15), Sent("STOP", 4)])
    street.arrive()
    assert street.out()
    assert street.deliver(street.sent[0]).effect == "deferred"
    street.listing()
    assert street.out()


@pytest.mark.parametrize("word", ["START", "YES", "unstop"])
def test_a_start_soon_after_a_stop_waits_for_its_time(memory_tables: Tables, word: str) -> None:
    """It says nothing until then, and is not lost."""
    street = Street(memory_tables, [Sent("STOP", 0), Sent(word, 5)])
    street.arrive()
    assert street.out()
    again = street.deliver(street.sent[1])
    assert (again.duplicate, again.effect, again.reply) == (True, "deferred", None)
    street.listing()
    assert not street.out()


def test_a_start_long_after_a_stop_counts_at_once(memory_tables: Tables) -> None:
    """Longer than any retry of the carrier takes."""
    street = Street(memory_tables, [Sent("STOP", 0), Sent("START", WINDOW + 1)])
    street.arrive()
    assert not street.out()


def test_a_stop_that_comes_late_stands_until_its_time_is_known(memory_tables: Tables) -> None:
    """Without times STOP wins; with them the newer START does."""
    street = Street(memory_tables, [Sent("STOP", 0, took=50), Sent("START", 10)])
    street.arrive()
    assert street.out()
    street.listing()
    assert not street.out()


def test_a_stop_that_only_the_listing_found_loses_to_a_newer_start(memory_tables: Tables) -> None:
    """The START is known by its webhook, the STOP by nothing else."""
    street = Street(memory_tables, [Sent("STOP", 0, took=None), Sent("START", 10)])
    street.arrive()
    street.listing()
    assert not street.out()


def test_a_start_that_is_certainly_older_waits_for_nothing(memory_tables: Tables) -> None:
    """The carrier's times of both are known: the next text asks nobody."""
    door = Door(memory_tables)
    door.accept("STOP", "SM0", sent_at=door.clock.ms)
    accepted = door.accept("START", "SM1", sent_at=door.clock.ms - 1000)
    assert (accepted.effect, door.opted_out()) == ("ignored", True)
    [consent] = door.people(accepted.conversation, "consent#")
    assert "start_by" not in consent


def test_two_words_of_one_second_are_a_stop(memory_tables: Tables) -> None:
    """The carrier's times are whole seconds."""
    street = Street(memory_tables, [Sent("STOP", 0), Sent("START", 0.9)])
    street.arrive()
    street.listing()
    assert street.out()


def test_a_start_far_later_than_any_retry_is_put_right_by_the_listing(
    memory_tables: Tables,
) -> None:
    """The carrier itself was away for minutes: the START was taken for a new one, until then."""
    sent = [Sent("START", 0, took=WINDOW * 5), Sent("STOP", 4)]
    street = Street(memory_tables, sent)
    for one in reversed(sent):
        street.door.clock.now = street.start + one.at + (one.took or 0)
        street.deliver(one)
    assert not street.out()
    street.listing()
    assert street.out()


def test_what_the_times_decided_is_in_the_ledger(memory_tables: Tables) -> None:
    """With the carrier's time, and that it was by it."""
    street = Street(memory_tables, [Sent("STOP", 0), Sent("START", 5)])
    street.arrive()
    street.listing()
    street.listing()
    log = street.door.people(street.deliver(street.sent[0]).conversation, "consent-log#")
    told = [(entry["by"], entry["how"]) for entry in log]
    assert told == [("SM0", "word"), ("SM1", "time")]


def test_a_word_is_settled_once(memory: MemoryDynamoDB, memory_tables: Tables) -> None:
    """A listing that has nothing new writes nothing."""
    street = Street(memory_tables, [Sent("STOP", 0), Sent("START", 5), Sent("STOP", 100)])
    street.arrive()
    street.listing()
    writes: list[str] = []
    memory.written = lambda when, operation: writes.append(operation) if when == "before" else None
    street.listing()
    assert [name for name in writes if name not in {"get_item", "query"}] == []


def test_a_word_beside_the_settlement_wins(memory: MemoryDynamoDB, memory_tables: Tables) -> None:
    """A STOP that is accepted while the listing settles is not undone by it."""
    street = Street(memory_tables, [Sent("STOP", 0), Sent("START", 5)])
    street.arrive()

    def meanwhile(when: str, operation: str) -> None:
        if when == "before" and operation == "transact_write_items":
            memory.written = lambda _when, _operation: None
            street.door.clock.now += 1
            street.door.accept("STOP", "SMnew")

    memory.written = meanwhile
    street.listing()
    assert street.out()


def test_words_at_once_are_tried_again(memory: MemoryDynamoDB, memory_tables: Tables) -> None:
    """A START that was to wait for a STOP's time while another word came: the carrier retries."""
    street = Street(memory_tables, [Sent("STOP", 0)])
    street.arrive()
    seen = itertools.count()

    def meanwhile(when: str, operation: str) -> None:
        if when == "before" and operation == "transact_write_items" and next(seen) == 1:
            memory.written = lambda _when, _operation: None
            street.door.accept("START", "SMlisted", sent_at=street.door.clock.ms + 1000)

    memory.written = meanwhile
    with pytest.raises(StoreBusyError):
        street.door.accept("START", "SM1")
    assert not street.out()


def test_a_stop_of_a_refused_address_is_not_lifted_by_a_listing(memory_tables: Tables) -> None:
    """Its START has a receipt `refused`, which says nothing of consent."""
    door = Door(memory_tables)
    refused = {"address": "+19005551234"}
    conversation = door.accept("STOP", "SM0", **refused).conversation
    door.clock.now += 100
    door.accept("START", "SM1", **refused)
    carrier = PlayedCarrier(door.clock)
    for number, word in enumerate(("STOP", "START")):
        carrier.arrives(
            f"SM{number}", direction="inbound", sender=refused["address"], to=SENDER, body=word,
            status="received", created_at=door.clock.ms - 100_000 * (1 - number),
        )  # fmt: skip
    list_and_accept(
        carrier, replace_meter(door), lambda *_: None,
        senders=[SENDER], since=0, deadline=Deadline.after(600),
    )  # fmt: skip
    [consent] = door.people(conversation, "consent#")
    assert consent["state"] == "out"


def test_everybody_whom_the_address_stood_for_is_settled(
    memory_tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word is the number's: its earlier person's consent follows it too."""
    street = Street(memory_tables, [Sent("STOP", 0), Sent("START", 5)])
    other = "01EARLIER"
    monkeypatch.setattr(Recycling, "others", lambda *_: (other,))
    street.arrive()
    street.listing()
    route = street.door.people(street.deliver(street.sent[0]).conversation, "consent#")[0]["sk"]
    assert not Consents(memory_tables).opted_out(other, route.removeprefix("consent#"))
