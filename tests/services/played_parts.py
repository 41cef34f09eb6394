"""Parts around a responder that a test plays: a clock, a model, a carrier, a queue."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage

from conversation.erasing import CopiesUnavailableError
from texting.carrier_outcomes import (
    Accepted,
    CarrierMessage,
    CarrierUnavailableError,
    SendOutcome,
)


class PlayedClock:
    """Epoch seconds that only a test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        """What time it is."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Waiting moves the clock instead."""
        self.now += seconds


Script = Callable[[Sequence[BaseMessage]], str]


class PlayedModel(GenericFakeChatModel):
    """A LangChain chat model that answers by a function of what it is shown."""

    messages: Any = iter(())
    script: Any = None
    seen: Any = None

    def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        self.seen.append(list(messages))
        self.messages = iter([AIMessage(content=self.script(messages))])
        return super()._generate(messages, *args, **kwargs)


def echo(messages: Sequence[BaseMessage]) -> str:
    """Repeat what the person said last."""
    return f"you said: {messages[-1].content}"


def inbound_message(sid: str, created_at: int) -> CarrierMessage:
    """A message of a person's as the carrier shows it."""
    return CarrierMessage(
        sid=sid,
        sender="+13035550111",
        to="+13035550100",
        body="",
        direction="inbound",
        status="received",
        error_code=None,
        service="",
        created_at=created_at,
        media=0,
    )


@dataclass
class PlayedCarrier:
    """Takes every text, unless told otherwise."""

    clock: PlayedClock
    sent: list[dict[str, str]] = field(default_factory=list)
    sent_at: dict[str, int] = field(default_factory=dict)
    outcomes: list[SendOutcome | BaseException] = field(default_factory=list)
    came_in: dict[str, int] = field(default_factory=dict)
    away: bool = False
    timeout_seconds: float = 2.0
    messaging_service_sid: str = ""

    def send(self, *, sender: str, to: str, body: str, status_callback: str) -> SendOutcome:
        """Take a text, or end as the test wants it."""
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome is not None and not isinstance(outcome, BaseException):
            return outcome
        sid = f"SM{len(self.sent):032d}"
        self.sent.append({"sid": sid, "sender": sender, "to": to, "body": body})
        self.sent_at[sid] = int(self.clock.now * 1000)
        if outcome is not None:
            raise outcome
        return Accepted(sid, "queued", None)

    def fetch(self, sid: str) -> CarrierMessage | None:
        """A message that came in, with its time; `away` is a carrier that cannot be asked."""
        if self.away:
            raise CarrierUnavailableError("away")
        return inbound_message(sid, self.came_in[sid]) if sid in self.came_in else None

    def list_messages_to(self, address: str, since: int) -> list[CarrierMessage]:
        """What was sent to an address, newest first."""
        return [
            CarrierMessage(
                sid=text["sid"],
                sender=text["sender"],
                to=text["to"],
                body=text["body"],
                direction="outbound-api",
                status="sent",
                error_code=None,
                service="",
                created_at=None,
                media=0,
            )
            for text in reversed(self.sent)
            if text["to"] == address
        ]


@dataclass
class PlayedCopies:
    """A carrier that holds copies until it is asked to delete them.

    Attributes:
        carrier: What it has sent.
        erased: The ids it was asked for, in order.
        kept: Ids that cannot be deleted yet.
        away: Whether it cannot be asked at all.
    """

    carrier: PlayedCarrier
    erased: list[str] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    away: bool = False

    def erase(self, sid: str) -> bool:
        """Delete a copy."""
        if self.away:
            raise CopiesUnavailableError
        if sid in self.kept:
            return False
        self.erased.append(sid)
        return True

    def sent_back(self, sid: str, since: int, until: int) -> list[str] | None:
        """What was sent in a time, newest first, and is still there."""
        if self.away:
            raise CopiesUnavailableError
        if sid in self.erased:
            return None
        there = [one for one, at in self.carrier.sent_at.items() if since <= at <= until]
        return [one for one in reversed(there) if one not in self.erased]


@dataclass
class PlayedQueue:
    """An SQS client that only remembers."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    visibility: list[int] = field(default_factory=list)

    def send_message(self, **message: Any) -> None:
        """Remember a wake-up."""
        self.sent.append(message)

    def change_message_visibility(self, **request: Any) -> None:
        """Remember when a wake-up is to come back."""
        self.visibility.append(request["VisibilityTimeout"])

    def conversations(self) -> list[str]:
        """The conversations that were woken."""
        return [json.loads(message["MessageBody"])["conversation"] for message in self.sent]
