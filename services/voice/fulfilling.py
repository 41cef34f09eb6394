"""From an event of Lex to an answer that Lex takes, whatever happens in between.

An error that reached Lex would take the caller out of the conversation. So each one ends here in
an apology, and the call goes on; only a call in which everything fails is ended.
"""

from __future__ import annotations

import time
from typing import Any, Final

from conversation import observability
from conversation.clocks import MILLISECONDS
from conversation.deadline import Deadline
from voice.call_session import GOODBYE, CallSession
from voice.call_texts import CallTexts, texts_in
from voice.dialog import Dialog
from voice.lex_event import (
    LexEvent,
    UnsupportedEventError,
    attributes_of,
    close,
    intent_of,
    keep_listening,
    plain,
)

MOST_FAILURES: Final = 3
"""Failures in a row after which a call is ended."""


class Fulfilling:
    """Answers events.

    Args:
        dialog: Hears utterances.
        answer_seconds: Within this an answer is committed, or something else is said.
    """

    def __init__(self, dialog: Dialog, *, answer_seconds: float) -> None:
        self._dialog = dialog
        self._answer_seconds = answer_seconds

    def fulfil(self, event: Any, seconds: float) -> Any:
        """Answer an event.

        Args:
            event: As Lex sent it.
            seconds: The function's own time, less what its end takes.
        """
        began = time.monotonic()
        try:
            heard = LexEvent.parse(event)
        except UnsupportedEventError as error:
            observability.count("UnsupportedEvent")
            # The message names a field of ours, and nothing that came.
            extra = {**observability.describe(error), "field": str(error)}
            observability.logger().error("unsupported event", extra=extra)
            return apology(event)
        session = CallSession.read(heard.attributes, heard.session)
        try:
            deadline = Deadline.after(min(self._answer_seconds, seconds))
            # A store that is slow at each step must not use up the hook's time either.
            with Deadline.after(seconds).attempt():
                turned = self._dialog.hear(heard, session, deadline)
        except Exception as error:  # noqa: BLE001  the call goes on
            note_failure(error, session.contact)
            _, texts = self._dialog.language(heard)
            return _sorry(CallSession.read(heard.attributes, heard.session), texts, heard.intent)
        took = (time.monotonic() - began) * MILLISECONDS
        observability.duration("FirstWord", took)
        _note(heard, session, int(took), turned.then)
        if turned.then is None or not heard.intent:
            return keep_listening(session.attributes(), turned.speech.messages)
        return close(session.attributes(turned.then), turned.speech.messages, heard.intent)


def apology(event: Any) -> Any:
    """What is said to an event that cannot be read, or that we are in no state to hear."""
    return _sorry(CallSession.read(attributes_of(event)), texts_in("en"), intent_of(event))


def _note(heard: LexEvent, session: CallSession, took: int, then: str | None) -> None:
    """Log an utterance: ids, sizes and durations, which also tell how Connect and Lex behave."""
    extra = {
        "contact": session.contact,
        "session_is_contact": heard.session == session.contact,
        "intent": heard.intent,
        "mode": heard.mode.value,
        "locale": heard.locale,
        "characters": len(heard.transcript),
        "next_turn": session.turn,
        "then": then,
        "called_ms_ago": int(time.time() * MILLISECONDS) - session.started_at,
        "ms": took,
    }
    observability.logger().info("utterance", extra=extra)


def note_failure(error: BaseException, contact: str = "") -> None:
    """Log what failed: what it is and where, never its words."""
    extra = {**observability.describe(error), "contact": contact}
    observability.logger().error("utterance failed", extra=extra)
    observability.count("TurnFailed")


def _sorry(session: CallSession, texts: CallTexts, intent: str) -> Any:
    """An apology; nothing of the utterance was taken in, so the call stands where it stood."""
    observability.count("SpokenApology")
    session.failures += 1
    if session.failures >= MOST_FAILURES and intent:
        return close(session.attributes(GOODBYE), [plain(texts.trouble_end)], intent)
    return keep_listening(session.attributes(), [plain(texts.trouble)])
