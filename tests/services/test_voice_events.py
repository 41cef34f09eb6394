"""Lex's events, as they come, and the function that takes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conversation.settings import Environment, SettingsError
from conversation.tables import Tables
from tests.services.test_imports import imported_by
from tests.services.voice_stage import CONTACT, TEXTS, VoiceStage, heard
from voice import fulfilment
from voice.call_session import CallSession
from voice.lex_event import InputMode, LexEvent, UnsupportedEventError
from voice.settings import CallSettings, FulfilmentSettings

EVENTS = Path(__file__).parents[1] / "events" / "lex"
NAMES = sorted(path.stem for path in EVENTS.glob("*.json"))


def golden(name: str) -> dict[str, Any]:
    """An event as it is kept."""
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return event


class Context:
    """What Lambda hands a handler beside the event."""

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """The function has most of its time left."""
        return 16_000


def test_there_is_an_event_of_each_kind() -> None:
    """Each says where its shape is from."""
    assert {"chat", "dtmf", "full", "minimal", "silence", "speech"} == set(NAMES)
    assert all(golden(name)["_source"] for name in NAMES)


@pytest.mark.parametrize(
    ("name", "mode", "transcript", "confidence"),
    [
        ("speech", InputMode.SPEECH, "what is the weather like", 0.93),
        ("full", InputMode.SPEECH, "what is the weather like", 0.93),
        ("dtmf", InputMode.KEYS, "9", 1.0),
        ("silence", InputMode.SPEECH, "", None),
        ("chat", InputMode.TEXT, "what is the weather like", None),
        ("minimal", InputMode.TEXT, "hello", None),
    ],
)
def test_an_event_is_read(
    name: str, mode: InputMode, transcript: str, confidence: float | None
) -> None:
    """Whatever else is in it, known to us or not."""
    event = LexEvent.parse(golden(name))
    assert (event.mode, event.transcript, event.confidence) == (mode, transcript, confidence)
    assert event.locale == "en_US"


def test_a_full_event_names_the_call() -> None:
    """The contact and the number are the flow's, not Lex's session."""
    event = LexEvent.parse(golden("full"))
    session = CallSession.read(event.attributes, event.session)
    assert (session.contact, session.number, session.turn) == (CONTACT, "+12025550143", 1)
    assert session.turn_id(1) == f"{CONTACT}-0001"


@pytest.mark.parametrize("name", NAMES)
def test_every_event_is_answered(memory_tables: Tables, name: str) -> None:
    """In a form that Lex takes, with the flow's own attributes handed back."""
    call = VoiceStage(memory_tables)
    event = golden(name)
    answer = call.ask(event)
    given = event["sessionState"].get("sessionAttributes", {})
    assert given.items() <= answer["sessionState"]["sessionAttributes"].items()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("messageVersion",), "2.0"),
        (("messageVersion",), None),
        (("inputMode",), "Telepathy"),
        (("inputMode",), ["Speech"]),
        (("inputTranscript",), {"text": "hello"}),
    ],
)
def test_an_event_of_another_shape_is_refused(path: tuple[str, ...], value: Any) -> None:
    """The error names the part, and nothing that came."""
    event = golden("speech")
    at = event
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    with pytest.raises(UnsupportedEventError) as refused:
        LexEvent.parse(event)
    assert str(refused.value) == ".".join(path)


@pytest.mark.parametrize("event", [None, [], "hello", {}, {"messageVersion": "1.0"}])
def test_even_nonsense_gets_an_apology(memory_tables: Tables, event: Any) -> None:
    """An error that reached Lex would take the caller out of the conversation."""
    assert heard(VoiceStage(memory_tables).ask(event)) == TEXTS.trouble


@pytest.mark.parametrize("value", ["-1", "x", "1.5", "²", ""])
def test_a_damaged_counter_begins_anew(value: str) -> None:
    """Session attributes pass through a console that anybody may edit."""
    assert CallSession.read({"turn": value, "contactId": CONTACT}).turn == 1


@pytest.mark.parametrize("value", ["$.Lex.SessionAttributes.offer", "yes", "-0001"])
def test_an_offer_is_a_turn_or_none(value: str) -> None:
    """A flow that passes on what is not there passes on anything at all, and offers nothing."""
    offered = f"{CONTACT}-0003"

    assert CallSession.read({"offer": offered, "contactId": CONTACT}).offer == offered
    assert CallSession.read({"offer": value, "contactId": CONTACT}).offer == ""


def test_a_missing_contact_is_made_of_the_session() -> None:
    """The bot's own test window has none; nothing of it gets into a key as it is."""
    made = CallSession.read({"contactId": "a#b"}, "s").contact
    assert made == CallSession.read({"contactId": "a#b"}, "t").contact
    assert CallSession.read({}, "s").contact != CallSession.read({}, "t").contact
    assert made.isalnum()


def test_a_worker_without_an_environment_apologises(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a function that cannot start says so on the line."""
    for name in ("PEOPLE_TABLE", "VOICE", "MODELS"):
        monkeypatch.delenv(name, raising=False)
    fulfilment._built.cache_clear()
    answer = fulfilment.handler(golden("speech"), Context())
    assert heard(answer) == TEXTS.trouble


def test_the_fulfilment_function_imports_no_model_sdk() -> None:
    """LangChain's messages are there; a provider's classes, the number plan and Twilio are not."""
    heavy = {"boto3", "langchain_aws", "langsmith", "numpy", "phonenumbers", "twilio"}
    assert imported_by("voice.fulfilment") & heavy == set()


ENVIRONMENT = {
    **dict.fromkeys(("PEOPLE_TABLE", "CONVERSATIONS_TABLE", "KEYS_TABLE", "KEY_ARN"), "x"),
    **dict.fromkeys(("WAKEUP_QUEUE_URL", "CARRIER_SECRET_ARN", "SYSTEM_PROMPT"), "x"),
    "MODELS": '["bedrock:m"]',
    "WINDOW_MESSAGES": "20",
    "MAX_OUTPUT_TOKENS": "500",
}


def test_settings_have_the_stacks_defaults() -> None:
    """What the environment does not say is as the stack's settings begin."""
    settings = FulfilmentSettings.load(Environment(ENVIRONMENT))
    assert settings.calls == CallSettings()
    assert (settings.sms_sender, settings.receipt_days) == ("", 30)


def test_settings_of_calls_are_read_from_one_object() -> None:
    """What a later version adds to it is left out."""
    voice = {"answer_seconds": 9, "locales": ["de_DE"], "agents": True, "later": 1}
    settings = FulfilmentSettings.load(Environment({**ENVIRONMENT, "VOICE": json.dumps(voice)}))
    assert (settings.calls.answer_seconds, settings.calls.locales) == (9, ("de_DE",))


@pytest.mark.parametrize("voice", ["[]", "{", "7"])
def test_broken_settings_are_named(voice: str) -> None:
    """The error says which variable."""
    with pytest.raises(SettingsError, match="VOICE is wrong"):
        FulfilmentSettings.load(Environment({**ENVIRONMENT, "VOICE": voice}))
