"""What Lex V2 asks of the fulfilment function, and what it may be answered.

Owns the shape of both, and knows no dialog. Fields that are not read may be anything: Lex adds
fields without a new version. A field that is read and is not what it should be counts as absent,
unless the utterance is of no use without it. Sources: Amazon Lex V2 developer guide,
`lambda-input-format` and `lambda-response-format`; the limits are those of botocore's model of
`lexv2-runtime`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

VERSION: Final = "1.0"
LONGEST_MESSAGE: Final = 1024
MOST_MESSAGES: Final = 5
LONGEST_TRANSCRIPT: Final = 4096
"""Characters of an utterance that are read; Lex sends 1,024 at most."""
LONGEST_ATTRIBUTE: Final = 4096
"""Characters of a session attribute or of its name; a longer one counts as absent."""

# https://docs.aws.amazon.com/lexv2/latest/APIReference: names of locales and intents.
_LOCALE: Final = re.compile(r"[a-z]{2,3}(?:_[A-Za-z0-9]{2,8}){0,3}")
_INTENT: Final = re.compile(r"(?:[0-9a-zA-Z][_.-]?){1,100}")
_LONGEST_ID: Final = 256


CONTACT: Final = "contactId"
"""The session attribute in which the flow names the call."""


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
        locale: The language that the bot listens in, such as "en_US"; empty when that is no name.
        intent: Name of the intent that Lex went by; empty when there is none.
        session: Lex's id of the session; empty when there is none.
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
            UnsupportedEventError: Its version is another, or it does not say what was said, how,
                or in which call.
        """
        if not isinstance(event, Mapping):
            raise UnsupportedEventError("the event")
        if event.get("messageVersion") != VERSION:
            raise UnsupportedEventError("messageVersion")
        mode, said = event.get("inputMode"), event.get("inputTranscript")
        if not isinstance(mode, str) or mode not in set(InputMode):
            raise UnsupportedEventError("inputMode")
        if not isinstance(said, str | None):
            raise UnsupportedEventError("inputTranscript")
        attributes, session = attributes_of(event), _text(event.get("sessionId"), _LONGEST_ID)
        if not (session or attributes.get(CONTACT)):
            # Two such calls would be taken for one.
            raise UnsupportedEventError("sessionId")
        locale = _text(_part(event, "bot").get("localeId"), _LONGEST_ID)
        return cls(
            mode=InputMode(mode),
            transcript=sayable((said or "")[:LONGEST_TRANSCRIPT]).strip(),
            confidence=_confidence(event.get("transcriptions")),
            locale=locale if _LOCALE.fullmatch(locale) else "",
            intent=intent_of(event),
            session=session,
            attributes=attributes,
        )


def attributes_of(event: Any) -> dict[str, str]:
    """The session's attributes that are text, also of an event that cannot be read otherwise."""
    found = _part(_part(event, "sessionState"), "sessionAttributes")
    return {
        sayable(str(name)): sayable(value)
        for name, value in found.items()
        if isinstance(value, str) and max(len(value), len(str(name))) <= LONGEST_ATTRIBUTE
    }


def intent_of(event: Any) -> str:
    """The intent that Lex went by, also of such an event; only the end of a call needs it."""
    name = _text(_part(_part(event, "sessionState"), "intent").get("name"), _LONGEST_ID)
    return name if _INTENT.fullmatch(name) else ""


def sayable(text: str) -> str:
    """A text without lone surrogates: JSON may hold them, UTF-8 and Lex may not."""
    return text.encode("utf-8", "replace").decode()


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


def _confidence(transcriptions: Any) -> float | None:
    """Of the best transcription: Lex names it first."""
    first = transcriptions[0] if isinstance(transcriptions, list) and transcriptions else None
    value = first.get("transcriptionConfidence") if isinstance(first, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Python reads NaN and whole numbers beyond every float from JSON.
    return float(value) if 0 <= value <= 1 and math.isfinite(value) else None


def _part(value: Any, name: str) -> Mapping[str, Any]:
    """A part that is an object; empty where it is none."""
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _text(value: Any, longest: int) -> str:
    """A short text; empty where it is none."""
    return sayable(value) if isinstance(value, str) and len(value) <= longest else ""
