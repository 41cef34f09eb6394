"""A call whose caller has proved the number, and a text of theirs: before it, after it, at once."""

from __future__ import annotations

import hashlib

import pytest

from conversation.outcomes import TurnState
from conversation.persons import person_key
from conversation.tables import Tables
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.stage import KEY, PERSON, SENDER
from tests.services.voice_stage import CONTACT, TEXTS, VoiceStage, heard
from texting.consent import Consent
from voice.callers import Callers
from voice.codes import Codes


def texted(call: VoiceStage) -> None:
    """A text of the person's is being answered: its turn is open."""
    call.text("my name is Ada")
    meta = call.lease.read(call.conversation)
    keys = [item["sk"] for item in call.items("inbox#")]
    call.lease.claim(meta, call.ids.new(), keys, call.route, 30)


@pytest.fixture
def proved(memory_tables: Tables) -> VoiceStage:
    """A caller who has proved the number, and speaks in the conversation of their texts."""
    call = VoiceStage(memory_tables)
    call.number, call.memory = PERSON, "person"
    callers = Callers(call.tables, lambda: KEY, sender=SENDER, memory="person", clock=call.clock)
    caller = callers.resolve(PERSON, CONTACT)
    call.person = caller.person or ""
    call.conversation = person_key(call.person)
    call.key = call.keys.ensure_record(call.conversation, call.person)
    call.generation = call.key.generation
    codes = Codes(call.tables, lambda: KEY, call.clock, draw=lambda: "123456")
    code = codes.issue(call.person, caller.hashed, CONTACT)
    codes.check(call.person, caller.hashed, CONTACT, code or "")
    return call


def test_they_go_on_with_what_wastexted(proved: VoiceStage) -> None:
    """What is said on the phone is in the memory of the texts."""
    proved.text("my name is Ada")
    proved.attend()
    proved.say("who am I")
    assert proved.words()[-2:] == ["who am I", "you said: who am I"]
    assert str(proved.model.seen[1][1].content) == "my name is Ada"


def test_a_busy_conversation_offers_a_text(proved: VoiceStage) -> None:
    """The call waits a second for the lease, then holds the words, once."""
    began = proved.clock.now
    texted(proved)
    event = proved.event("who am I")
    assert heard(proved.ask(event)) == heard(proved.ask(event)) == TEXTS.offer
    assert proved.clock.now > began
    (held,) = [item for item in proved.items("inbox#") if item.get("held")]
    assert held["sid"] == f"call#{CONTACT}#{CONTACT}-0001"
    assert proved.model.seen == []


def test_an_open_text_turn_is_not_the_calls_to_finish(proved: VoiceStage) -> None:
    """Its lease has run out, and still only the responder sends (protocol rule 9)."""
    texted(proved)
    proved.clock.now += 60
    assert heard(proved.ask(proved.event("who am I"))) == TEXTS.offer
    opened = proved.lease.read(proved.conversation).open_turn
    assert opened is not None
    assert opened.state is TurnState.CLAIMED


def test_released_words_are_answered_after_the_text(proved: VoiceStage) -> None:
    """The yes puts them in line, and the responder answers both in order."""
    proved.introduced = True
    texted(proved)
    proved.say("who am I")
    assert proved.say("yes") == TEXTS.released
    proved.clock.now += 60
    proved.attend_until_done()
    assert [words for words in proved.words() if not words.startswith("you said")] == [
        "my name is Ada",
        "who am I",
    ]


def test_who_opted_out_is_not_offered_a_text_instead(proved: VoiceStage) -> None:
    """The conversation is busy: they are asked to say it again, which is no other utterance."""
    texted(proved)
    change = proved.consents.changing(
        proved.person, proved.route, Consent.OUT, at=1, by="SM1", at_is_carriers=True
    )
    proved.tables.write(change)
    assert proved.say("who am I") == TEXTS.busy
    assert [item for item in proved.items("inbox#") if item.get("held")] == []
    assert proved.attributes["turn"] == "1"
    assert proved.model.seen == []


def test_a_call_that_was_remembered_anyway_is_not_offered(proved: VoiceStage) -> None:
    """What a proved caller said is in their memory: there is nothing to keep."""
    proved.say("who am I")
    assert proved.items("after-call") == []


def test_a_proof_ends_with_its_day(proved: VoiceStage) -> None:
    """No call is that long: whoever repeats a contact's name later has proved nothing."""
    proved.clock.now += 86_400
    proved.say("who am I")
    assert proved.words() == []
    assert len(proved.call_turn_items()) == 1


def test_what_a_turn_answered_rests_sealed(proved: VoiceStage, memory: MemoryDynamoDB) -> None:
    """The digest that tells a retry is as good as the words to whoever can guess them."""
    proved.say("who am I")
    digest = hashlib.sha256(b"who am I").hexdigest()
    stored = str(memory.tables)
    assert digest not in stored
    assert str(bytes.fromhex(digest)) not in stored
    assert "who am I" not in stored
