"""Plays Lex V2: listens, finds the intent, asks the function, obeys its answer, listens again.

Sources: the developer guide on session attributes, barge-in and time-outs, and the runtime's model.
Owns one bot's part of a call; what comes before and after it is ``local.phone.connect``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.phone.bot import Bot, BotLocale, Intent, MessageGroups, Progress
from local.phone.functions import FunctionError, Functions, Meanwhile
from local.phone.keypad import KeyRules, gather
from local.phone.lex_answers import (
    ELICIT_INTENT,
    LexAnswer,
    RejectedError,
    read_answer,
    spoken_words,
)
from local.phone.lex_events import Session, fulfilment_event
from local.phone.line import CALLER, DIALTONE, KEYS, SPEECH, THINKING, Heard, Keys, Line, Speech
from local.phone.understanding import understand

HOOK_SECONDS = 30.0
LONGEST_SPEECH_MS = 15_000
PRINCIPAL = "lexv2.amazonaws.com"
PREFIX = "x-amz-lex:"
DEFAULTS = {
    "allow-interrupt": "true",
    "audio:start-timeout-ms": "4000",
    "audio:max-length-ms": "12000",
    "dtmf:end-timeout-ms": "5000",
    "dtmf:end-character": "#",
    "dtmf:deletion-character": "*",
    "dtmf:max-length": "1024",
}


class LexError(Exception):
    """Lex gives up: the block takes its error branch."""


@dataclass
class Lex:
    """A bot in one call.

    Args:
        line: Of the call.
        bot: Behind the alias that the flow names.
        locale_id: The call's language.
        session: What Lex remembers of this call.
        functions: To ask.
    """

    line: Line
    bot: Bot
    locale_id: str
    session: Session
    functions: Functions
    _intent: str = ""

    def talk(self, prompt: str, attributes: Mapping[str, str]) -> str:
        """Talk with the caller until the function ends it; returns the name of the intent.

        Args:
            prompt: What the flow says first.
            attributes: Session attributes that the flow sets. Of an earlier conversation of the
                call the bot knows nothing else: that Lex keeps it is promised nowhere.

        Raises:
            LexError: The bot cannot be used, or the function's answer cannot be.
            HungUpError: The caller is gone.
        """
        locale = self._locale()
        self.session.attributes = dict(attributes)
        self._speak([prompt] if prompt else [])
        while True:
            answer = self._utterance(locale)
            if answer is None or answer.action != ELICIT_INTENT:
                return self._intent

    def _utterance(self, locale: BotLocale) -> LexAnswer | None:
        """Hear one utterance out and do what the function says; None when nobody was asked."""
        heard, transcript = self._hear()
        found = understand(locale, transcript)
        intent = found[0].intent
        self._intent = intent.name
        if not (intent.fulfillment_hook and locale.hook_arn):
            return None
        event = fulfilment_event(
            self.bot, self.locale_id, self.session, heard, transcript, found=found
        )
        answer = self._ask(locale, intent, event)
        self.session.attributes = answer.attributes
        self._intent = answer.intent or self._intent
        self._speak([spoken_words(message) for message in answer.messages])
        return answer

    def _hear(self) -> tuple[Heard, str]:
        self._longest_speech_seconds()
        start = self._number("audio:start-timeout-ms") / 1000
        heard = self.line.listen(start, takes=(SPEECH, KEYS))
        if isinstance(heard, Speech):
            return heard, self._recognised(heard)
        if isinstance(heard, Keys):
            pressed = gather(self.line, heard.keys, self._key_rules())
            self.line.record("keys", pressed, who=CALLER)
            return heard, pressed
        self.line.record("silence", who=CALLER)
        return heard, ""

    def _recognised(self, speech: Speech) -> str:
        """What Lex has of an utterance: it stops listening at the longest length."""
        longest, words = self._longest_speech_seconds(), speech.text.split()
        note = f"confidence {speech.confidence:g}"
        text = speech.text
        if speech.lasted > longest:
            text = " ".join(words[: int(len(words) * longest / speech.lasted)])
            note += f", cut at {longest:g} s"
        self.line.record("heard", text, who=CALLER, note=note)
        return text

    def _ask(self, locale: BotLocale, intent: Intent, event: dict[str, Any]) -> LexAnswer:
        self.line.turn(THINKING)
        filled_until = self._fill(intent.initial_response)
        progress = intent.progress
        try:
            payload = self.functions.ask(
                self.line,
                locale.hook_arn,
                event,
                seconds=progress.timeout_seconds if progress else HOOK_SECONDS,
                principal=PRINCIPAL,
                source=self.bot.alias_arn,
                meanwhile=self._updates(progress) if progress else None,
            )
            answer = read_answer(payload, locale)
        except FunctionError as error:
            raise LexError(str(error)) from error
        except RejectedError as error:
            self.line.record("rejected", str(error))
            raise LexError(f"Lex refuses the function's answer: {error}") from error
        self.line.wait_out(filled_until)
        return answer

    def _updates(self, progress: Progress) -> Meanwhile:
        at = progress.start_delay_seconds
        yield at, self._filling(progress.start)
        while True:
            at += progress.update_every_seconds
            yield at, self._filling(progress.update)

    def _filling(self, groups: MessageGroups) -> Callable[[], None]:
        return lambda: self.line.wait_out(self._fill(groups))

    def _fill(self, groups: MessageGroups) -> float:
        """Say something while the function works; returns when that has been said."""
        words = " ".join(spoken_words(random.choice(group)) for group in groups)  # noqa: S311 - any
        if words:
            self.line.record("said", words, who=DIALTONE, note="filler")
        return self.line.clock.monotonic() + self.line.pace.speaking_seconds(words)

    def _speak(self, sentences: list[str]) -> None:
        interruptible = self._attribute("allow-interrupt") != "false"
        for words in sentences:
            if self.line.speak(words, interruptible=interruptible):
                return

    def _locale(self) -> BotLocale:
        locale = self.bot.locales.get(self.locale_id)
        if locale is None or not locale.enabled:
            raise LexError(f"alias {self.bot.alias_name} does not serve locale {self.locale_id}")
        return locale

    def _key_rules(self) -> KeyRules:
        return KeyRules(
            end=self._attribute("dtmf:end-character"),
            clear=self._attribute("dtmf:deletion-character"),
            most=int(self._number("dtmf:max-length")),
            gap_seconds=self._number("dtmf:end-timeout-ms") / 1000,
            clearing_ends=True,
        )

    def _longest_speech_seconds(self) -> float:
        longest = self._number("audio:max-length-ms")
        if longest > LONGEST_SPEECH_MS:
            raise LexError(f"audio:max-length-ms is {longest:g}; {LONGEST_SPEECH_MS} is the most")
        return longest / 1000

    def _attribute(self, name: str) -> str:
        """A setting of Lex's: only its scoped name counts."""
        return self.session.attributes.get(f"{PREFIX}{name}:*:*", DEFAULTS[name])

    def _number(self, name: str) -> float:
        value = self._attribute(name)
        if not value.isdigit() or int(value) < 1:
            raise LexError(f"session attribute {name} is {value!r}, not a number above 0")
        return float(value)
