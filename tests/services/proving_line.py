"""A function that proves callers, over a stage, and the events that Connect calls it with."""

from __future__ import annotations

from typing import Any

from conversation.allowances import Limits
from conversation.tables import Tables
from tests.services.call_stage import CONTACT, CallStage
from tests.services.stage import KEY, PERSON, SENDER
from texting.meter import Meter
from texting.notices import Notices
from voice.codes import Codes
from voice.proving import Proving, respond

CODE = "123456"


def event(action: str, number: str = PERSON, contact: str = CONTACT, **more: str) -> dict[str, Any]:
    """What Connect calls the function with.

    Source: https://docs.aws.amazon.com/connect/latest/adminguide/connect-lambda-functions.html.
    """
    return {
        "Details": {
            "ContactData": {
                "Channel": "VOICE",
                "ContactId": contact,
                "CustomerEndpoint": {"Address": number, "Type": "TELEPHONE_NUMBER"},
                "InitiationMethod": "INBOUND",
                "SystemEndpoint": {"Address": SENDER, "Type": "TELEPHONE_NUMBER"},
            },
            "Parameters": {"action": action, **more},
        },
    }


class Line:
    """A function that proves, over a stage."""

    def __init__(self, tables: Tables, *, codes_a_day: int = 100, **limits: Limits) -> None:
        self.stage = CallStage(tables, memory="person")
        self.drawn = iter(
            [CODE, "234567", "345678", *(f"{n:06d}" for n in range(456_789, 460_000))]
        )
        codes = Codes(
            tables,
            lambda: KEY,
            self.stage.clock,
            draw=lambda: next(self.drawn),
            stack_codes_a_day=codes_a_day,
        )
        meter = Meter(tables, **limits, clock=self.stage.clock)
        notices = Notices(tables, self.stage.carrier, meter)
        self.proving = Proving(self.stage.callers, codes, notices, self.stage.texts)

    def send(self, contact: str = CONTACT, number: str = PERSON) -> str:
        """The flow asks for a code, a while after it last did."""
        self.stage.clock.now += 11
        return respond(self.proving, event("send", number, contact))

    def check(self, code: str, contact: str = CONTACT, number: str = PERSON) -> str:
        """The caller types one."""
        return respond(self.proving, event("check", number, contact, code=code))

    def proved(self, contact: str = CONTACT) -> bool:
        """Whether a call is."""
        return self.stage.callers.resolve(PERSON, contact).proved
