"""One contact: what Connect knows of a call while a flow runs."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.phone.bot import Bot
from local.phone.functions import Functions
from local.phone.lex_events import Session
from local.phone.line import Line
from local.phone.references import filled_in, resolve

INSTANCE = "arn:aws:connect:us-east-1:000000000000:instance/00000000-0000-0000-0000-000000000000"
TELEPHONE = "TELEPHONE_NUMBER"


@dataclass
class Switches:
    """What is outside a flow and decides where it goes.

    Attributes:
        open: Whether it is within the hours of operation.
        queue_full: Whether the queue takes nobody else.
        agent_answers: Whether somebody picks up from the queue.
    """

    open: bool = True
    queue_full: bool = False
    agent_answers: bool = True


@dataclass
class Contact:
    """What a flow's blocks read and write.

    Attributes:
        line: Of the call.
        caller: Number, as the carrier passed it on; None when it was withheld.
        number: That was called.
        bots: By alias ARN.
        functions: That may be asked.
        switches: What is outside the flow.
        instance: ARN of the Connect instance.
    """

    line: Line
    caller: str | None
    number: str
    bots: Mapping[str, Bot]
    functions: Functions
    switches: Switches
    instance: str = INSTANCE
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    language: str = "en-US"
    voice: str = "Joanna"
    attributes: dict[str, str] = field(default_factory=dict)
    external: dict[str, str] = field(default_factory=dict)
    stored_input: str | None = None
    queue: str | None = None
    intent: str = ""
    session: Session = field(default_factory=Session)
    loops: dict[str, int] = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        """What references in the flow refer to."""
        return {
            "Attributes": self.attributes,
            "Channel": "VOICE",
            "ContactId": self.id,
            "CustomerEndpoint": {"Address": self.caller, "Type": TELEPHONE},
            "External": self.external,
            "InitialContactId": self.id,
            "InstanceARN": self.instance,
            "LanguageCode": self.language,
            "Lex": {"IntentName": self.intent, "SessionAttributes": self.session.attributes},
            "Queue": {"ARN": self.queue},
            "StoredCustomerInput": self.stored_input,
            "SystemEndpoint": {"Address": self.number, "Type": TELEPHONE},
            "TextToSpeechVoice": self.voice,
        }

    def value(self, parameter: Any) -> str | None:
        """What a parameter stands for; None when it refers to something absent."""
        return resolve(str(parameter), self.data())

    def values(self, parameters: Mapping[str, Any]) -> dict[str, str]:
        """What parameters stand for, less those that refer to something absent."""
        data = self.data()
        found = {name: resolve(str(value), data) for name, value in parameters.items()}
        return {name: value for name, value in found.items() if value is not None}

    def words(self, text: str) -> str:
        """What is said: references among the words are filled in."""
        return filled_in(text, self.data())

    def event(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        """The event of a function that the flow invokes, as Connect sends it."""
        customer = {"Address": self.caller, "Type": TELEPHONE} if self.caller else None
        return {
            "Details": {
                "ContactData": {
                    "Attributes": dict(self.attributes),
                    "Channel": "VOICE",
                    "ContactId": self.id,
                    "CustomerEndpoint": customer,
                    "CustomerId": None,
                    "Description": None,
                    "InitialContactId": self.id,
                    "InitiationMethod": "INBOUND",
                    "InstanceARN": self.instance,
                    "LanguageCode": self.language,
                    "MediaStreams": {"Customer": {"Audio": None}},
                    "Name": None,
                    "PreviousContactId": self.id,
                    "Queue": {"ARN": self.queue, "Name": "queue"} if self.queue else None,
                    "References": {},
                    "SystemEndpoint": {"Address": self.number, "Type": TELEPHONE},
                },
                "Parameters": dict(parameters),
            },
            "Name": "ContactFlowEvent",
        }
