"""A call on stage: the real dialog and engine over tables in memory, with a played model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from conversation.accounting import Accounting
from conversation.messages import open_message
from conversation.persons import address_hash, call_key
from conversation.stack_usage import StackUsage
from conversation.switch import Switch
from conversation.tables import Tables
from conversation.turns import Turn
from local.phone.bot import BotLocale, Intent
from local.phone.lex_answers import read_answer
from tests.services.played_kms import PlayedKms, vault_of
from tests.services.played_parts import PlayedClock
from tests.services.stage import KEY, SENDER, Stage
from texting.held import Held
from texting.wakeups import Wakeups
from voice.call_texts import CallTexts, Sentences
from voice.call_turn import CallTurns
from voice.callers import Callers
from voice.dialog import Dialog, Policy
from voice.fulfilling import Fulfilling
from voice.lex_event import MOST_MESSAGES
from voice.offers import Offers
from voice.profile import STYLE
from voice.utterance import Limits

CONTACT = "5a9c1e6e-0000-4000-8000-000000000001"
CALLER = "+12025550143"
TEXTS = CallTexts()
ANSWER_SECONDS = 12.0
TOO_LATE = 3.2
"""Seconds for an answer that leave the model none: the commit has the rest."""
LOCALE = BotLocale("en_US", (Intent("FallbackIntent", parent_signature="AMAZON.FallbackIntent"),))


class VoiceStage(Stage):
    """One caller, their phone, and as many hooks as a test wants."""

    def __init__(self, tables: Tables, kms: PlayedKms | None = None, **policy: Any) -> None:
        clock = PlayedClock()
        # Waiting for KMS moves the clock instead.
        super().__init__(replace(tables, vault=vault_of(kms or PlayedKms(), clock=clock)))
        self.number = CALLER
        self.contact = CONTACT
        self.sender = SENDER
        self.memory = "call"
        self.answer_seconds = ANSWER_SECONDS
        self.overrides: dict[str, str] = {}
        self.policy = Policy(
            **{
                "locales": ("en_US", "de_DE"),
                "agents": True,
                "maximum_turns": 60,
                "minimum_confidence": 0.4,
                **policy,
            }
        )
        self.attributes: dict[str, str] = {}
        self.intents: list[str] = []

    def fulfilling(self) -> Fulfilling:
        """A new worker's use case."""
        dialog = Dialog(
            self.call_turns(),
            Switch(self.tables, self.clock),
            Sentences(self.overrides, "en"),
            self.policy,
            self.clock,
        )
        return Fulfilling(dialog, answer_seconds=self.answer_seconds)

    def call_turns(self) -> CallTurns:
        """A new worker's turns."""
        tables = self.tables
        wakeups = Wakeups("https://queue.test/wakeups.fifo", lambda: self.queue)
        callers = Callers(
            tables,
            lambda: KEY,
            sender=self.sender,
            memory=self.memory,
            clock=self.clock,
            ids=self.ids,
        )
        return CallTurns(
            tables,
            engine=self.engine(),
            callers=callers,
            offers=Offers(
                tables,
                callers=callers,
                held=Held(tables, self.clock, self.ids),
                wakeups=wakeups,
                receipt_days=30,
                turn_days=30,
                clock=self.clock,
            ),
            accounting=Accounting(StackUsage(tables, self.clock)),
            wakeups=wakeups,
            limits=Limits(lease_seconds=21, keep_after_seconds=300),
            style=STYLE,
            clock=self.clock,
            sleep=self.clock.sleep,
            monotonic=self.clock,
        )

    def event(self, transcript: str, **other: Any) -> dict[str, Any]:
        """An event as Lex sends it from Connect."""
        mode = other.pop("mode", "Speech")
        heard = {"transcription": transcript, "resolvedContext": {}, "resolvedSlots": {}}
        heard["transcriptionConfidence"] = other.pop("confidence", 0.9)
        intent = {"name": "FallbackIntent", "state": "ReadyForFulfillment", "slots": {}}
        given = {"callerNumber": self.number, "contactId": self.contact, "next": "none"}
        return {
            "messageVersion": "1.0",
            "invocationSource": "FulfillmentCodeHook",
            "inputMode": mode,
            "sessionId": "11111111-2222-4333-8444-555555555555",
            "inputTranscript": transcript,
            "bot": {"id": "B", "name": "b", "localeId": other.pop("locale", "en_US")},
            "interpretations": [{"intent": intent, "interpretationSource": "Lex"}],
            "sessionState": {"sessionAttributes": given | self.attributes, "intent": intent},
            "transcriptions": [heard] if transcript and mode == "Speech" else [],
            **other,
        }

    def ask(self, event: dict[str, Any]) -> dict[str, Any]:
        """The hook's answer, its session as it was; one that Lex takes."""
        answer: dict[str, Any] = self.fulfilling().fulfil(event, 16)
        read_answer(answer, LOCALE)
        assert len(answer["messages"]) <= MOST_MESSAGES
        return answer

    def say(self, transcript: str, **other: Any) -> str:
        """Say something; returns what is heard, and goes on with the session it leaves."""
        answer = self.ask(self.event(transcript, **other))
        self.attributes = answer["sessionState"]["sessionAttributes"]
        return heard(answer)

    def press(self, keys: str) -> str:
        """Press keys."""
        return self.say(keys, mode="DTMF")

    @property
    def next(self) -> str:
        """What the flow is told to do."""
        return self.attributes["next"]

    def call_items(self, prefix: str) -> list[dict[str, Any]]:
        """Items of the call's conversation."""
        conversation = call_key(self.contact)
        return self.tables.query(self.tables.conversations, conversation, prefix, limit=500)

    def call_turn_items(self) -> list[Turn]:
        """The call's turns."""
        return [Turn.parse(item) for item in self.call_items("turn#")]

    def call_words(self) -> list[str]:
        """What the call's messages say, in order."""
        conversation = call_key(self.contact)
        generation = self.keys.find(conversation) or ""
        seals = self.keys.seals(conversation, generation)
        return [open_message(item, seals).text for item in self.call_items("message#")]

    def caller_hash(self) -> str:
        """The caller's address as the tables hold it."""
        return address_hash(self.number, KEY)


def heard(answer: dict[str, Any]) -> str:
    """The words of an answer."""
    messages: Sequence[dict[str, str]] = answer["messages"]
    return " ".join(re.sub(r"</?speak>", "", message["content"]) for message in messages)
