"""Whatever JSON Lex or Connect sends, the caller is answered: nothing takes them off the line."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversation.tables import Tables
from local.phone.bot import BotLocale, Intent
from local.phone.lex_answers import read_answer
from tests.services.conftest import name_tables
from tests.services.memory_dynamodb import MemoryDynamoDB
from tests.services.odd_json import MISSING, ODD, paths, replaced, values
from tests.services.proving_line import Line
from tests.services.proving_line import event as connect_event
from tests.services.test_voice_events import NAMES, Context, golden
from tests.services.voice_stage import CONTACT, TEXTS, VoiceStage, heard
from voice import fulfilment, proving
from voice.call_session import CallSession
from voice.connect_event import ConnectEvent
from voice.lex_event import LexEvent, UnsupportedEventError, intent_of

EVERY = {**ODD, "missing": MISSING}
ATTRIBUTES = (
    *("turn", "silences", "unclear", "more", "failures", "offer", "callStarted", "locale", "next"),
    *("callerNumber", "calledNumber", "contactId", "notOurs"),
)
slow = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
_numbers = itertools.count()


@pytest.fixture(scope="module")
def stage() -> VoiceStage:
    """One worker for all events, as in life."""
    return VoiceStage(name_tables(MemoryDynamoDB()))


@pytest.fixture
def hook(stage: VoiceStage, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The handler itself, over that stage."""
    monkeypatch.setattr(fulfilment, "_built", stage.fulfilling)
    return lambda event: fulfilment.handler(event, Context())


def require_taken(answer: Any, event: Any) -> None:
    """Lex takes it: by its rules for answers, and as UTF-8."""
    json.dumps(answer, ensure_ascii=False, allow_nan=False).encode()
    intents = (Intent("FallbackIntent"), Intent(intent_of(event) or "none"))
    read_answer(answer, BotLocale("en_US", intents))


def fresh(event: Any) -> Any:
    """The same event of another call."""
    contact = f"{next(_numbers):08d}{CONTACT[8:]}"
    return json.loads(json.dumps(event).replace(CONTACT, contact))


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("name", NAMES)
def test_every_field_of_an_event_may_be_anything(name: str, kind: str) -> None:
    """It is read, or refused by name; what is read of it is what everything after it expects."""
    event = golden(name)
    for path in paths(event):
        odd = replaced(event, path, EVERY[kind])
        try:
            read = LexEvent.parse(odd)
        except UnsupportedEventError:
            assert path in {(), ("messageVersion",), ("inputMode",), ("inputTranscript",)} or (
                path == ("sessionId",) and name == "minimal"
            )
            continue
        session = CallSession.read(read.attributes, read.session)
        told = [read.transcript, read.locale, read.intent, *session.attributes().values()]
        "".join(told).encode()
        assert all(isinstance(one, str) for one in told)
        assert read.confidence is None or 0 <= read.confidence <= 1
        assert all(len(one) <= 5000 for one in told)
        assert re.fullmatch("(?:[A-Za-z_]+)?", read.locale)
        assert re.fullmatch("(?:[A-Za-z0-9._-]+)?", read.intent)
        assert 0 < len(session.contact) <= 64
        assert len(session.turn_id(session.turn)) < 100


@pytest.mark.parametrize(
    "value", [True, False, -0.1, 1.1, 10**400, float("nan"), float("inf"), "0.9", None, [0.9], {}]
)
def test_a_confidence_is_a_share(value: Any) -> None:
    """Anything else says nothing, and nobody is asked to say it again for it."""
    event = golden("speech")
    event["transcriptions"][0]["transcriptionConfidence"] = value
    assert LexEvent.parse(event).confidence is None


@pytest.mark.parametrize("kind", EVERY)
def test_the_hook_answers_whatever_a_field_is(hook: Any, kind: str) -> None:
    """The handler, with every field that is read, one after the other."""
    event = golden("full")
    for path in paths(event):
        if path and path[0] in {"interpretations", "requestAttributes", "_source"}:
            continue
        odd = fresh(replaced(event, path, EVERY[kind]))
        require_taken(hook(odd), odd)


@slow
@given(values)
def test_the_hook_answers_any_json(hook: Any, event: Any) -> None:
    """Also where it is no event at all."""
    require_taken(hook(event), event)


@slow
@given(
    st.sampled_from(NAMES),
    st.lists(st.tuples(st.integers(0, 10**6), values | st.just(MISSING)), max_size=4),
)
def test_the_hook_answers_events_with_several_odd_fields(
    hook: Any, name: str, changes: list[tuple[int, Any]]
) -> None:
    """Any places, any values."""
    event: Any = fresh(golden(name))
    for place, value in changes:
        found = list(paths(event))
        event = replaced(event, found[place % len(found)], value)
    require_taken(hook(event), event)


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_odd_attribute_is_no_reason_to_apologise(hook: Any, name: str, kind: str) -> None:
    """It counts as absent: the words of each utterance are answered, in one and the same call."""
    event = fresh(golden("full"))
    event["sessionState"]["sessionAttributes"][name] = ODD[kind]
    for number in range(3):
        event["inputTranscript"] = f"the weather of day {number}"
        answer = hook(event)
        require_taken(answer, event)
        assert TEXTS.trouble not in heard(answer)
        if name not in {"silences", "unclear", "failures"}:
            assert f"the weather of day {number}" in heard(answer)
        event["sessionState"]["sessionAttributes"] = answer["sessionState"]["sessionAttributes"]


@pytest.mark.parametrize("value", ["0", "9999", "00009999", "1" * 5000, "-1", "1e3", "1.0", "²"])
def test_a_counter_is_a_number_that_we_write(value: str) -> None:
    """Longer ones, which Python would not read at all, are none."""
    session = CallSession.read({"turn": value, "contactId": CONTACT, "callStarted": "1" * 5000})
    assert session.turn in {1, 9999}
    assert session.started_at == 0


def test_calls_that_nothing_names_are_not_taken_for_one(hook: Any) -> None:
    """Without contact and session two callers would share a conversation."""
    event = golden("speech")
    del event["sessionId"]
    event["sessionState"]["sessionAttributes"] = {}
    assert heard(hook(event)) == TEXTS.trouble


def test_an_event_that_does_not_say_its_language_is_answered_in_the_first(
    stage: VoiceStage,
) -> None:
    """And does not hear that its language is not spoken."""
    event = fresh(golden("speech"))
    event["bot"]["localeId"] = 7
    assert heard(stage.ask(event)) == "you said: what is the weather like."


CONNECT = connect_event("check", code="123456")


@pytest.mark.parametrize("kind", EVERY)
def test_every_field_of_connects_event_may_be_anything(memory_tables: Tables, kind: str) -> None:
    """The flow gets one of the words that it branches on."""
    line = Line(memory_tables)
    for path in paths(CONNECT):
        odd = replaced(CONNECT, path, EVERY[kind])
        assert proving.respond(line.proving, odd) in _RESULTS
        read = ConnectEvent.parse(odd)
        assert read.action in {"", "send", "check"}
        f"{read.contact}{read.number}{read.code}".encode()


_RESULTS = {"sent", "unavailable", "proved", "wrong", "expired", "spent"}


@slow
@given(values)
def test_proving_answers_any_json(memory_tables: Tables, event: Any) -> None:
    """Also where it is no event at all."""
    assert proving.respond(Line(memory_tables).proving, event) in _RESULTS
