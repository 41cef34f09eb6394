"""A reply goes to the address of its route and its person, whoever put what into the inbox."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from conversation import observability
from conversation.codec import CodecError
from conversation.items import to_attribute
from conversation.keys import Keys
from conversation.meta import Meta
from conversation.outcomes import Outcome
from conversation.persons import Persons, address_hash, address_key, route_of
from conversation.secrets import SecretError
from conversation.tables import Tables, put
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.stage import KEY, PERSON, SENDER, Stage
from texting.consent import Consent
from texting.inbox import Inbox
from texting.recipients import ForeignAddressError, Recipients

BEN = "+13035550122"
HELLO = ["you said: hello"]


@pytest.fixture
def stage(memory_tables: Tables) -> Stage:
    """Ada, who has told a secret, and Ben, whom the stack knows too."""
    stage = Stage(memory_tables)
    Persons(memory_tables, stage.clock, stage.ids).find_or_create(address_hash(BEN, KEY))
    stage.text("my secret is blue")
    stage.attend()
    stage.carrier.sent.clear()
    stage.model.seen.clear()
    return stage


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what was counted."""
    names: list[str] = []
    monkeypatch.setattr(observability, "count", lambda name, value=1: names.append(name))
    return names


def forge(stage: Stage, *, to: str, of: str, sender: str = SENDER) -> None:
    """Put a text into Ada's inbox, as whoever may write there can: well sealed."""
    item = Inbox(stage.tables, stage.clock, stage.ids).put_item(
        stage.conversation,
        sid="SMforged",
        text="what is my secret?",
        media=0,
        reply_to={"from": sender, "to": to},
        route=route_of(SENDER, of, KEY),
        seals=stage.key.sealer,
        look_after_seconds=20,
    )
    stage.tables.write(item)


def settles(stage: Stage) -> None:
    """Wake-ups come until nothing waits, whatever breaks a turn."""
    for _ in range(20):
        with suppress(CodecError):
            if stage.attend() is None:
                return
        stage.clock.now += 21
    raise AssertionError("the conversation never came to rest")


@pytest.mark.parametrize(
    "forged",
    [
        {"to": BEN, "of": PERSON},
        {"to": BEN, "of": BEN},
        {"to": "whatsapp:" + BEN, "of": BEN, "sender": "whatsapp:" + SENDER},
        {"to": "", "of": PERSON},
        {"to": PERSON, "of": PERSON, "sender": "+15550000000"},
        {"to": "+13035550199", "of": "+13035550199"},
    ],
    ids=[
        "another's",
        "another's, and their route",
        "on WhatsApp",
        "none",
        "our sender",
        "nobody's",
    ],
)
def test_an_address_that_its_route_and_person_do_not_prove_is_not_answered(
    stage: Stage, counted: list[str], forged: dict[str, str]
) -> None:
    """The model is not even asked; the text is set aside and nobody is told. Others go on."""
    forge(stage, **forged)
    stage.text("hello")
    settles(stage)
    assert stage.bodies() == HELLO
    assert {text["to"] for text in stage.carrier.sent} == {PERSON}
    assert [seen[-1].content for seen in stage.model.seen] == ["hello"]
    assert counted.count("ForeignAddress") >= 3
    (aside,) = [turn for turn in stage.items("turn#") if turn["outcome"] == Outcome.SET_ASIDE]
    assert "carrier_sids" not in aside
    assert ["set_aside_at" in item for item in stage.items("inbox#")] == [True]


def test_a_forged_text_between_others_holds_up_none(stage: Stage, counted: list[str]) -> None:
    """In a run of three it breaks the turn; the first is answered alone, then the last."""
    stage.text("first")
    forge(stage, to=BEN, of=PERSON)
    stage.text("last")
    settles(stage)
    assert stage.bodies() == ["you said: first", "you said: last"]
    assert "ForeignAddress" in counted


def test_who_is_out_is_not_told_by_another_address(stage: Stage, counted: list[str]) -> None:
    """A stopped turn keeps no address that is not proved either."""
    stage.tables.write(
        stage.consents.changing(
            stage.person, stage.route, Consent.OUT, at=1, by="SM", at_is_carriers=False
        )
    )
    forge(stage, to=BEN, of=PERSON)
    settles(stage)
    assert stage.bodies() == []
    assert "ForeignAddress" in counted
    assert Outcome.STOPPED not in {turn["outcome"] for turn in stage.items("turn#")}


def test_an_address_that_the_store_gives_to_another_is_not_answered(
    stage: Stage, memory: MemoryDynamoDB, counted: list[str]
) -> None:
    """`people` is older than the conversation, or the number has changed hands."""
    stage.text("hello")
    place = (address_key(address_hash(PERSON, KEY)), "person")
    memory.tables[stage.tables.people][place]["person"] = to_attribute("01SOMEBODYELSE")
    settles(stage)
    assert stage.bodies() == []
    assert "ForeignAddress" in counted


@pytest.mark.parametrize(
    ("sender", "to"),
    [
        (SENDER, PERSON),
        ("whatsapp:" + SENDER, "whatsapp:" + PERSON),
        ("whatsapp:" + SENDER, "whatsapp:US.13491208655302741918"),
    ],
    ids=["SMS", "WhatsApp", "WhatsApp without a number"],
)
def test_every_way_to_write_is_proved(memory_tables: Tables, sender: str, to: str) -> None:
    """One number on two channels is one person; an id without a number is one too."""
    number = to.removeprefix("whatsapp:")
    person = Persons(memory_tables).find_or_create(address_hash(number, KEY))
    recipients = Recipients(memory_tables, lambda: KEY)
    route = route_of(sender, number, KEY)
    recipients.require({"from": sender, "to": to}, route, person, "person#x", "inbox#x")
    with pytest.raises(ForeignAddressError):
        recipients.require({"from": sender, "to": to}, route, None, "call#x", "inbox#x")


def test_who_says_they_are_the_same_is_answered_on_both(memory_tables: Tables) -> None:
    """Texts of the time between are still theirs to be answered; a former holder's are not."""
    hashed = address_hash(PERSON, KEY)
    item = {"pk": address_key(hashed), "sk": "person", "person": "back", "beside": "between"}
    memory_tables.write(put(memory_tables.people, {**item, "former": "before", "last_seen": 1}))
    assert Persons(memory_tables).owners(hashed) == {"back", "between"}


def test_the_proof_costs_one_small_read(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many texts a turn has."""
    for words in ("one", "two", "three"):
        stage.text(words)
    read: list[str] = []
    original = Tables.get

    def get(self: Tables, table: str, pk: str, sk: str | None = None, **more: Any) -> Any:
        read.append(pk)
        return original(self, table, pk, sk, **more)

    monkeypatch.setattr(Tables, "get", get)
    stage.attend()
    assert stage.bodies() == ["you said: three"]
    assert [pk for pk in read if pk.startswith("address#")] == [
        address_key(address_hash(PERSON, KEY))
    ]


def test_without_the_address_key_a_turn_waits(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words are not at fault: no attempt is counted, and it is answered later."""

    def away() -> bytes:
        raise SecretError("away")

    stage.text("hello")
    with monkeypatch.context() as patch:
        patch.setattr(Stage, "recipients", lambda _self, tables: Recipients(tables, away))
        for _ in range(5):
            with pytest.raises(SecretError):
                stage.attend()
    assert stage.items("meta")[0]["open_turn"]["attempts"] == 0
    stage.attend_until_done()
    assert stage.bodies() == HELLO


def test_the_route_that_meta_names_steers_nothing(
    stage: Stage, memory: MemoryDynamoDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker dies; the open turn's route is altered; STOP on the true one wins all the same."""
    stage.text("hello")
    stage.carrier.outcomes = []
    monkeypatch.setattr(stage.model, "script", _dies)
    with suppress(KeyboardInterrupt):
        stage.attend()
    monkeypatch.undo()
    meta = memory.tables[stage.tables.conversations][(stage.conversation, "meta")]
    meta["open_turn"]["M"]["route"] = to_attribute(route_of("whatsapp:" + SENDER, PERSON, KEY))
    stage.tables.write(
        stage.consents.changing(
            stage.person, stage.route, Consent.OUT, at=1, by="SM", at_is_carriers=False
        )
    )
    stage.clock.now += 90
    settles(stage)
    assert stage.bodies() == []
    (turn,) = [one for one in stage.items("turn#") if one["outcome"] == Outcome.STOPPED]
    assert turn["route"] == stage.route


def _dies(_messages: Any) -> str:
    raise KeyboardInterrupt


def test_a_turn_that_waits_is_sent_to_nobody_else(
    stage: Stage, memory: MemoryDynamoDB, counted: list[str]
) -> None:
    """Its worker died before the send; then the number became another's: it is closed unsent."""
    stage.text("hello")
    stage.carrier.outcomes = [KeyboardInterrupt()]
    with suppress(KeyboardInterrupt):
        stage.attend()
    stage.carrier.sent.clear()
    place = (address_key(address_hash(PERSON, KEY)), "person")
    memory.tables[stage.tables.people][place]["person"] = to_attribute("01SOMEBODYELSE")
    stage.clock.now += 200
    settles(stage)
    assert stage.bodies() == []
    assert "ForeignAddress" in counted
    assert Meta.parse(stage.conversation, stage.items("meta")[0]).open_turn is None


def test_a_broken_key_closes_no_turn(stage: Stage, memory: MemoryDynamoDB) -> None:
    """What cannot be opened for want of the right key waits for it."""
    stage.text("hello")
    stage.carrier.outcomes = [KeyboardInterrupt()]
    with suppress(KeyboardInterrupt):
        stage.attend()
    stage.carrier.sent.clear()
    rests = memory.tables[stage.tables.keys][(stage.conversation, "")]
    right, rests["public_key"] = rests["public_key"], to_attribute(b"p" * 32)
    stage.tables.vault.drop(stage.conversation)
    stage.clock.now += 200
    with pytest.raises(CodecError):
        stage.attend()
    assert Keys(stage.tables).find(stage.conversation) == stage.generation
    rests["public_key"] = right
    stage.clock.now += 200
    settles(stage)
    assert stage.bodies() == HELLO


def test_a_text_names_its_own_route(stage: Stage) -> None:
    """An address of the right number, from another sender of ours, is not the route's."""
    with pytest.raises(ForeignAddressError):
        Recipients(stage.tables, lambda: KEY).require_route(
            {"from": "whatsapp:" + SENDER, "to": PERSON}, stage.route, "person#x", "inbox#x"
        )
    other = replace(stage.tables, people="nothing-here")
    with pytest.raises(ForeignAddressError):
        Recipients(other, lambda: KEY).require(
            {"from": SENDER, "to": PERSON}, stage.route, stage.person, "person#x", "inbox#x"
        )
