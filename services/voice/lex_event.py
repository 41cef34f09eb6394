"""What Lex V2 asks of the fulfilment function, and what it may be answered.

Owns the shape of both, and knows no dialog. Fields that are not read may be anything: Lex adds
fields without a new version. Sources: Amazon Lex V2 developer guide, `lambda-input-format` and
`lambda-response-format`; the limits are those of botocore's model of `lexv2-runtime`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

VERSION: Final = "1.0"
LONGEST_MESSAGE: Final = 1024
MOST_MESSAGES: Final = 5


class UnsupportedEventError(Exception):
    """The event is not what we know Lex V2 to send; says which part, never what it held."""


class InputMode(StrEnum):
    """How the caller put it."""

    SPEECH = "Speech"
    KEYS = "DTMF"
    TEXT = "Text"


@dataclass(frozen=True)
class LexEvent:
    """One utterance.

    Attributes:
        mode: Spoken, pressed or, in a chat, written.
        transcript: What Lex made of it; empty for silence.
        confidence: How sure Lex is of the transcript, 0 to 1; None when it does not say.
        locale: The language that the bot listens in, such as "en_US".
        intent: Name of the intent that Lex went by.
        session: Lex's id of the session.
        attributes: What the flow and we ourselves have set.
    """

    mode: InputMode
    transcript: str
    confidence: float | None
    locale: str
    intent: str
    session: str
    attributes: dict[str, str]

    @classmethod
    def parse(cls, event: Any) -> LexEvent:
        """Read an event.

        Raises:
            UnsupportedEventError: Its version is another, or a part that we need is not there.
        """
        event = _mapping(event, "the event")
        if event.get("messageVersion") != VERSION:
            raise UnsupportedEventError("messageVersion")
        state = _mapping(event.get("sessionState"), "sessionState")
        mode = event.get("inputMode")
        if mode not in set(InputMode):
            raise UnsupportedEventError("inputMode")
        return cls(
            mode=InputMode(mode),
            transcript=_text(event.get("inputTranscript"), "inputTranscript").strip(),
            confidence=_confidence(event.get("transcriptions")),
            locale=_text(_mapping(event.get("bot"), "bot").get("localeId"), "bot.localeId"),
            intent=_intent(state),
            session=_text(event.get("sessionId"), "sessionId"),
            attributes=attributes_of(event),
        )


def attributes_of(event: Any) -> dict[str, str]:
    """The session's attributes, also of an event that cannot be read otherwise."""
    state = event.get("sessionState") if isinstance(event, Mapping) else None
    found = state.get("sessionAttributes") if isinstance(state, Mapping) else None
    if not isinstance(found, Mapping):
        return {}
    return {str(name): value for name, value in found.items() if isinstance(value, str)}


def keep_listening(attributes: Mapping[str, str], messages: Sequence[Mapping[str, str]]) -> Any:
    """The answer that says this and listens again. Attributes that are left out are lost."""
    return _answer(attributes, messages, {"dialogAction": {"type": "ElicitIntent"}})


def close(attributes: Mapping[str, str], messages: Sequence[Mapping[str, str]], intent: str) -> Any:
    """The answer that says this and gives the call back to its flow."""
    ended = {"name": intent, "state": "Fulfilled"}
    return _answer(attributes, messages, {"dialogAction": {"type": "Close"}, "intent": ended})


def plain(text: str) -> dict[str, str]:
    """A message that is spoken, or shown, as it is."""
    return {"contentType": "PlainText", "content": text}


def marked_up(ssml: str) -> dict[str, str]:
    """A message in SSML, `<speak>` and all."""
    return {"contentType": "SSML", "content": ssml}


def _answer(
    attributes: Mapping[str, str],
    messages: Sequence[Mapping[str, str]],
    state: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "sessionState": {"sessionAttributes": dict(attributes), **state},
        "messages": [dict(message) for message in messages[:MOST_MESSAGES]],
    }


def _intent(state: Mapping[str, Any]) -> str:
    """Not every event has one; only the end of a call needs it."""
    intent = state.get("intent")
    name = intent.get("name") if isinstance(intent, Mapping) else None
    return name if isinstance(name, str) else ""


def _confidence(transcriptions: Any) -> float | None:
    """Of the best transcription: Lex names it first."""
    first = transcriptions[0] if isinstance(transcriptions, list) and transcriptions else None
    value = first.get("transcriptionConfidence") if isinstance(first, Mapping) else None
    return float(value) if isinstance(value, int | float) else None


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UnsupportedEventError(name)
    return value


def _text(value: Any, name: str) -> str:
    """A text; absent counts as empty, since silence may come either way."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UnsupportedEventError(name)
    return value
