"""The clocks of the world's workers, and the carrier that they send through."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conversation.erasing import CopiesUnavailableError
from conversation.ids import parse_turn_reference
from messaging.answering import Timing
from tests.services.ledger_state import Said
from tests.services.texting_parts import PERSON, SENDER
from texting.carrier_outcomes import (
    Accepted,
    CarrierMessage,
    CarrierUnavailableError,
    NotSent,
    Refused,
    SendOutcome,
    Unknown,
)

if TYPE_CHECKING:
    from tests.services.world_workers import Workers

FUNCTION_SECONDS = 15
SKEW_SECONDS = 60
SMS, WHATSAPP = "", "whatsapp:"
TIMING = Timing(answer_seconds=8, lease_seconds=20, send_seconds=2, message_days=30)
NAMES = ("people-0", "conversations-0", "keys-0")

TAKEN = {"accepted", "answer lost"}
OUTCOMES = ("accepted", "refused", "not sent", "answer lost", "request lost")


def _inbound(sid: str, said: Said) -> CarrierMessage:
    """Something that the person sent, as the carrier shows it."""
    return CarrierMessage(
        sid=sid, sender=f"{said.channel}{PERSON}", to=f"{said.channel}{SENDER}", body=said.words,
        direction="inbound", status="received", error_code=None, service="",
        created_at=said.said_at, media=0,
    )  # fmt: skip


@dataclass
class Clock:
    """A worker's clock, so many seconds off the true one."""

    world: Workers
    off: float = 0.0

    def __call__(self) -> float:
        """Epoch seconds, as this worker has them."""
        return self.world.now + self.off

    def sleep(self, seconds: float) -> None:
        """Waiting lets time pass for everybody."""
        self.world.pass_time(seconds)


@dataclass
class Carrier:
    """Takes texts as it is told to, lists what it took, and holds copies until they are erased."""

    world: Workers
    outcomes: list[str] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    copies: set[str] = field(default_factory=set)
    away: bool = False
    listed_after: float = 0.0
    timeout_seconds: float = 2.0
    messaging_service_sid: str = ""

    def send(self, *, sender: str, to: str, body: str, status_callback: str) -> SendOutcome:
        """One attempt; a worker may be stopped before it arrives, and before it hears of it."""
        turn = parse_turn_reference(status_callback.rpartition("/")[2])[1]
        self.world.ledger.send_begins(turn)
        self.world.scheduler.point("send")
        outcome = self.outcomes.pop(0) if self.outcomes else "accepted"
        sid = f"SMout{len(self.taken)}"
        if outcome in TAKEN:
            once = all(text["turn"] != turn for text in self.taken)
            self.world.ledger.require(once, "no reply is sent twice", (turn, body))
            self.taken.append(
                {"sid": sid, "sender": sender, "to": to, "body": body, "turn": turn}
                | {"at": int(self.world.now * 1000)}
            )
            self.copies.add(sid)
        self.world.scheduler.point("sent")
        ends: dict[str, SendOutcome] = {
            "accepted": Accepted(sid, "queued", None),
            "refused": Refused(63016),
            "not sent": NotSent("429"),
        }
        return ends.get(outcome, Unknown("time-out"))

    def list_messages_to(self, address: str, since: int) -> list[CarrierMessage]:
        """What it took for an address, newest first."""
        self.world.scheduler.point("list")
        return [
            CarrierMessage(
                sid=text["sid"], sender=text["sender"], to=text["to"], body=text["body"],
                direction="outbound-api", status="sent", error_code=None, service="",
                created_at=text["at"], media=0,
            )
            for text in self._listed(address)
            if text["at"] >= since
        ]  # fmt: skip

    def fetch(self, sid: str) -> CarrierMessage | None:
        """A message that came in, with its time."""
        self.world.scheduler.point("fetch")
        if self.away:
            raise CarrierUnavailableError("away")
        said = self.world.ledger.said.get(sid)
        return None if said is None else _inbound(sid, said)

    def list_inbound(self, sender: str, since: int) -> list[CarrierMessage]:
        """What came in there and was accepted, newest first."""
        self.world.scheduler.point("list")
        said = [
            (sid, one)
            for sid, one in self.world.ledger.said.items()
            if one.accepted is not None and not sid.startswith("call#")
        ]
        said.sort(key=lambda pair: pair[1].said_at)
        found = [_inbound(sid, one) for sid, one in reversed(said) if one.said_at >= since]
        return [message for message in found if message.to == sender]

    def erase(self, sid: str) -> bool:
        """Delete a copy."""
        self.world.scheduler.point("erase")
        if self.away:
            raise CopiesUnavailableError
        self.copies.discard(sid)
        return True

    def sent_back(self, sid: str, since: int, until: int) -> list[str] | None:
        """What it holds of what it took for who sent a message; None without the message."""
        self.world.scheduler.point("list")
        if self.away:
            raise CopiesUnavailableError
        if sid not in self.copies:
            return None
        address = self.world.ledger.said[sid].channel + PERSON
        return [text["sid"] for text in self._listed(address) if since <= text["at"] <= until]

    def _listed(self, address: str) -> list[dict[str, Any]]:
        """What its log shows by now, newest first."""
        until = (self.world.now - self.listed_after) * 1000
        return [
            text
            for text in reversed(self.taken)
            if text["to"] == address and text["at"] <= until and text["sid"] in self.copies
        ]
