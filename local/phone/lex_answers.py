"""Reads what a fulfilment function answered, with Lex's own rejections.

A message is 1 to 1,024 characters, as in the runtime's model. That has ten messages at most; guides
say five, and the stricter is played here.
"""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.phone.bot import BotLocale, BotMessage

LONGEST_MESSAGE = 1024
MOST_MESSAGES = 5
ELICIT_INTENT, CLOSE, DELEGATE = "ElicitIntent", "Close", "Delegate"
ELICIT_SLOT, CONFIRM_INTENT = "ElicitSlot", "ConfirmIntent"
ACTIONS = (CLOSE, CONFIRM_INTENT, DELEGATE, ELICIT_INTENT, ELICIT_SLOT)
SPOKEN = ("PlainText", "SSML")
CONTENT_TYPES = (*SPOKEN, "CustomPayload", "ImageResponseCard")
TOP_LEVEL = {"messages", "requestAttributes", "sessionState"}
STATE_FIELDS = {"activeContexts", "dialogAction", "intent", "runtimeHints", "sessionAttributes"}
FINAL_STATES = ("Fulfilled", "Failed")


class RejectedError(Exception):
    """Lex does not accept what the function answered; says why."""


@dataclass(frozen=True)
class LexAnswer:
    """What the function asked Lex to do.

    Attributes:
        action: The dialog action.
        intent: Name of the intent that it ends with; empty when listening goes on.
        messages: To be spoken.
        attributes: The session's attributes from now on.
    """

    action: str
    intent: str
    messages: tuple[BotMessage, ...]
    attributes: dict[str, str]


def read_answer(payload: Any, locale: BotLocale) -> LexAnswer:
    """Read an answer.

    Raises:
        RejectedError: Lex would not accept it.
    """
    answer = _mapping(payload, "the answer")
    _only(answer, TOP_LEVEL, "the answer")
    state = _mapping(answer.get("sessionState"), "sessionState")
    _only(state, STATE_FIELDS, "sessionState")
    action = _mapping(state.get("dialogAction"), "dialogAction").get("type")
    if action not in ACTIONS:
        raise RejectedError(f"dialogAction.type {action!r} is none of {', '.join(ACTIONS)}")
    messages = _messages(answer.get("messages"))
    if action in (ELICIT_INTENT, CONFIRM_INTENT) and not messages:
        raise RejectedError(f"{action} needs messages")
    if action == ELICIT_SLOT:
        raise RejectedError("ElicitSlot names no slot of an intent: these intents have none")
    if action == CONFIRM_INTENT:
        raise RejectedError("ConfirmIntent: no intent of this bot asks for confirmation")
    return LexAnswer(
        action=action,
        intent="" if action == ELICIT_INTENT else _intent(state, action, locale),
        messages=() if action == DELEGATE else messages,
        attributes=_attributes(state.get("sessionAttributes")),
    )


def spoken_words(message: BotMessage) -> str:
    """Return what a caller hears of a message.

    Raises:
        RejectedError: It is not SSML that Polly takes.
    """
    if message.content_type != "SSML":
        return message.content
    try:
        root = ET.fromstring(message.content)  # noqa: S314 - our own function's words
    except ET.ParseError as error:
        raise RejectedError(f"not SSML: {error}") from error
    if root.tag != "speak":
        raise RejectedError(f"SSML begins with <{root.tag}>, not <speak>")
    apart = re.sub(r"</?(?:break|p|s|speak)\b[^>]*>", " ", message.content)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", apart)).split())


def _intent(state: Mapping[str, Any], action: str, locale: BotLocale) -> str:
    intent = _mapping(state.get("intent"), f"sessionState.intent, which {action} needs,")
    name = intent.get("name")
    if name not in {known.name for known in locale.intents}:
        raise RejectedError(f"{name!r} is no intent of locale {locale.id}")
    if action == CLOSE and intent.get("state") not in FINAL_STATES:
        raise RejectedError(f"Close with intent state {intent.get('state')!r}")
    return str(name)


def _messages(given: Any) -> tuple[BotMessage, ...]:
    if given is None:
        return ()
    if not isinstance(given, list):
        raise RejectedError("messages is not a list")
    if len(given) > MOST_MESSAGES:
        raise RejectedError(f"{len(given)} messages; {MOST_MESSAGES} are the most")
    read = [_message(one) for one in given]
    return tuple(message for message in read if message.content_type in SPOKEN)


def _message(given: Any) -> BotMessage:
    message = _mapping(given, "a message")
    kind, content = message.get("contentType"), message.get("content")
    if kind not in CONTENT_TYPES:
        raise RejectedError(f"contentType {kind!r} is none of {', '.join(CONTENT_TYPES)}")
    if kind == "ImageResponseCard":
        return BotMessage("", kind)
    if not isinstance(content, str) or not content:
        raise RejectedError("a message without content")
    if len(content) > LONGEST_MESSAGE:
        raise RejectedError(f"a message of {len(content)} characters; {LONGEST_MESSAGE} at most")
    read = BotMessage(content, kind)
    spoken_words(read)
    return read


def _attributes(given: Any) -> dict[str, str]:
    """The session's attributes are what the function returns: what it leaves out is gone."""
    attributes = _mapping({} if given is None else given, "sessionAttributes")
    for name, value in attributes.items():
        if not isinstance(value, str):
            raise RejectedError(f"session attribute {name!r} is not text")
    return dict(attributes)


def _mapping(given: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise RejectedError(f"{what} is not an object")
    return given


def _only(given: Mapping[str, Any], known: set[str], what: str) -> None:
    if unknown := sorted(set(given) - known):
        raise RejectedError(f"{what} has unknown fields {unknown}")
