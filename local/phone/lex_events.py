"""The events that Lex V2 sends to a fulfilment function, in the shape of real ones.

The shape is that of the service's documentation ("AWS Lambda input event format for Lex V2") and of
events recorded from a real Connect instance.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.phone.bot import Bot, Intent
from local.phone.line import Heard, Keys, Speech
from local.phone.understanding import Interpretation


@dataclass
class Session:
    """What Lex remembers of one conversation, from one utterance to the next.

    Attributes:
        id: Not the contact's: that it is the same on AWS is not promised anywhere.
        attributes: What the flow and the function set.
    """

    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    attributes: dict[str, str] = field(default_factory=dict)


def fulfilment_event(
    bot: Bot,
    locale_id: str,
    session: Session,
    heard: Heard,
    transcript: str,
    *,
    found: list[Interpretation],
) -> dict[str, Any]:
    """Return the event of one utterance."""
    interpretations = [_interpretation(one, first=one is found[0]) for one in found]
    return {
        "messageVersion": "1.0",
        "invocationSource": "FulfillmentCodeHook",
        "inputMode": "DTMF" if isinstance(heard, Keys) else "Speech",
        "responseContentType": "audio/pcm",
        "sessionId": session.id,
        "inputTranscript": transcript,
        "bot": {
            "id": bot.id,
            "name": bot.name,
            "aliasId": bot.alias_id,
            "aliasName": bot.alias_name,
            "localeId": locale_id,
            "version": bot.version,
        },
        "interpretations": interpretations,
        "requestAttributes": {
            "x-amz-lex:channels:platform": "Connect",
            "x-amz-lex:accept-content-types": "PlainText,SSML",
        },
        "sessionState": {
            "activeContexts": [],
            "sessionAttributes": dict(session.attributes),
            "intent": interpretations[0]["intent"],
            "originatingRequestId": str(uuid.uuid4()),
        },
        "transcriptions": _transcriptions(heard, transcript),
    }


def _interpretation(found: Interpretation, *, first: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "intent": _intent(found.intent, "ReadyForFulfillment" if first else "InProgress"),
        "interpretationSource": "Lex",
    }
    if found.confidence is not None:
        shown["nluConfidence"] = found.confidence
    return shown


def _intent(intent: Intent, state: str) -> Mapping[str, Any]:
    return {"name": intent.name, "slots": {}, "state": state, "confirmationState": "None"}


def _transcriptions(heard: Heard, transcript: str) -> list[dict[str, Any]]:
    if not transcript:
        return []
    confidence = heard.confidence if isinstance(heard, Speech) else 1.0
    return [
        {
            "transcription": transcript,
            "transcriptionConfidence": confidence,
            "resolvedContext": {"intent": ""},
            "resolvedSlots": {},
        }
    ]
