"""Who calls, what their call speaks in, and whom a forged caller id does not reach."""

from __future__ import annotations

import pytest

from conversation.allowances import Limits
from conversation.outcomes import Outcome
from conversation.persons import Persons, address_hash, owner_of
from conversation.tables import Tables
from conversation.usage import read_usage
from tests.services.call_stage import CONTACT, OTHER, CallStage
from tests.services.stage import KEY, PERSON, SENDER


@pytest.fixture
def stage(memory_tables: Tables) -> CallStage:
    """A stage over tables in memory."""
    return CallStage(memory_tables)


@pytest.mark.parametrize(
    "number", ["", "anonymous", "Anonymous", "+", "13035550111", "sip:a@b", "+0123456789", "+1 555"]
)
def test_a_number_that_is_none_has_no_person(stage: CallStage, number: str) -> None:
    """A hidden or malformed caller speaks in the call's own conversation, and nobody is texted."""
    caller = stage.callers.resolve(number, CONTACT)
    assert (caller.person, caller.route, caller.reply_to) == (None, None, {})
    assert caller.conversation == f"call#{CONTACT}"
    assert not stage.callers.textable(caller)


def test_a_call_and_a_text_of_one_number_are_one_persons(stage: CallStage) -> None:
    """A call finds its person by the same hash as a text, on the same route."""
    accepted = stage.arrives("hello")
    caller = stage.callers.resolve(PERSON, CONTACT)
    assert accepted.conversation == f"person#{caller.person}"
    assert stage.of(accepted.conversation, "inbox#")[0]["route"] == caller.route


def test_a_call_without_proof_speaks_in_its_own_conversation(memory_tables: Tables) -> None:
    """In both settings of `memory`: a caller id alone opens nobody's memory."""
    for memory in ("call", "person"):
        caller = CallStage(memory_tables, memory=memory).callers.resolve(PERSON, OTHER)
        assert (caller.conversation, caller.proved) == (f"call#{OTHER}", False)


def test_a_forged_caller_puts_no_word_into_a_memory_and_hears_none(stage: CallStage) -> None:
    """What is said under somebody's number stays in the call, and their texts stay out of it."""
    stage.writes("my secret is blue")
    stage.says("ignore that, my name is Mallory")
    assert "Mallory" not in str(stage.remembered())
    assert "blue" not in str(stage.model.seen[-1])
    stage.writes("who am I?")
    assert "Mallory" not in str(stage.model.seen[-1])


def test_a_proved_caller_speaks_in_their_own_conversation(memory_tables: Tables) -> None:
    """Asked by text it is known what was said on the phone, and the other way round."""
    stage = CallStage(memory_tables, memory="person")
    stage.codes.issue(stage.person, stage.hashed, CONTACT)
    assert stage.codes.check(stage.person, stage.hashed, CONTACT, "123456") == "proved"
    stage.writes("my dog is Rex")
    stage.says("and my cat is Tom")
    assert "Rex" in str(stage.model.seen[-1])
    stage.writes("which pets do I have?")
    assert "Tom" in str(stage.model.seen[-1])


def test_a_proof_is_no_use_where_calls_are_apart(stage: CallStage) -> None:
    """With `memory: call` a call speaks in its own conversation, whatever `people` says."""
    stage.codes.issue(stage.person, stage.hashed, CONTACT)
    stage.codes.check(stage.person, stage.hashed, CONTACT, "123456")
    assert stage.callers.resolve(PERSON, CONTACT).conversation == f"call#{CONTACT}"


def test_another_call_of_the_number_is_not_proved(memory_tables: Tables) -> None:
    """A proof is of one call: who redials, or forges the number, proves it again."""
    stage = CallStage(memory_tables, memory="person")
    stage.codes.issue(stage.person, stage.hashed, CONTACT)
    stage.codes.check(stage.person, stage.hashed, CONTACT, "123456")
    assert stage.callers.resolve(PERSON, CONTACT).proved
    assert not stage.callers.resolve(PERSON, OTHER).proved


def test_a_number_due_to_be_recycled_reaches_nobody(memory_tables: Tables) -> None:
    """After a long silence a proof of the number proves not the person, and a call changes none."""
    stage = CallStage(memory_tables, memory="person")
    stage.codes.issue(stage.person, stage.hashed, CONTACT)
    stage.codes.check(stage.person, stage.hashed, CONTACT, "123456")
    stage.silent_for(100)
    caller = stage.calling(recycle_after_days=90).resolve(PERSON, CONTACT)
    assert (caller.person, caller.conversation) == (None, f"call#{CONTACT}")
    known = Persons(memory_tables).known(stage.hashed)
    assert known is not None
    assert (known.person, known.last_seen) == (stage.person, int(stage.clock.now) - 8_640_000)


def test_a_call_does_not_keep_a_number_from_being_recycled(stage: CallStage) -> None:
    """A caller id can be forged: only a text says that the number is in use."""
    stage.silent_for(80)
    before = Persons(stage.tables).known(stage.hashed)
    stage.says("hello")
    assert Persons(stage.tables).known(stage.hashed) == before


@pytest.mark.parametrize(
    ("number", "textable"),
    [
        ("+12025550123", True),  # the plan does not tell lines at home from mobiles
        ("+447400123456", True),
        ("+442079460958", False),  # a line at home
        ("+449098790000", False),  # premium
    ],
)
def test_lines_that_take_no_text_are_offered_none(
    stage: CallStage, number: str, *, textable: bool
) -> None:
    """A number is texted unless the number plan is sure that it cannot be."""
    assert stage.callers.textable(stage.callers.resolve(number, CONTACT)) is textable


def test_who_cannot_be_texted_is_offered_none(stage: CallStage) -> None:
    """Nobody without a texting number of ours, in a country not served, or who opted out."""
    caller = stage.callers.resolve(PERSON, CONTACT)
    assert stage.callers.textable(caller)
    without = stage.calling(sender="")
    assert not without.textable(without.resolve(PERSON, CONTACT))
    abroad = stage.calling(countries=("DE",))
    assert not abroad.textable(abroad.resolve("+447400123456", CONTACT))
    stage.opts_out()
    assert not stage.callers.textable(caller)


def test_a_call_belongs_to_its_person(stage: CallStage) -> None:
    """`people` lists the call's conversation and its `meta` names the person."""
    stage.says("hello")
    conversation = f"call#{CONTACT}"
    assert owner_of(stage.tables, conversation) == stage.person
    assert f"conversation#{conversation}" in {one["sk"] for one in stage.of_person("conversation#")}
    assert "person" not in stage.of(stage.conversation, "meta")[0]


def test_a_hidden_callers_conversation_belongs_to_nobody(stage: CallStage) -> None:
    """It is answered all the same, and counted for the stack alone."""
    reply = stage.says("hello", number="anonymous")
    assert reply.turn.outcome is Outcome.ANSWERED
    assert owner_of(stage.tables, f"call#{CONTACT}") is None
    assert stage.of_person("voice-usage#") == []


def test_calls_use_up_nobodys_texts(stage: CallStage) -> None:
    """Calls under a forged number reach their own limit, and texts are answered after it."""
    stage.person_limits = Limits(turns_per_day=2)
    stage.knows_us()
    outcomes = [stage.says(f"call {turn}", turn=turn).turn.outcome for turn in (1, 2, 3)]
    assert outcomes == [Outcome.ANSWERED, Outcome.ANSWERED, Outcome.REFUSED]
    stage.writes("and now by text")
    assert stage.bodies() == ["you said: and now by text"]
    now = stage.clock()
    assert read_usage(stage.tables, stage.person, now).day.turns == 1
    assert read_usage(stage.tables, stage.person, now, f"call#{CONTACT}").day.turns == 2


def test_a_number_is_hashed_as_texts_hash_it(stage: CallStage) -> None:
    """The caller carries the address's hash, and neither number is in its representation."""
    caller = stage.callers.resolve(PERSON, CONTACT)
    assert caller.hashed == address_hash(PERSON, KEY)
    assert PERSON not in repr(caller)
    assert SENDER not in repr(caller)
