"""A sent text's way from queued to delivered, and the signed reports of it.

Owns which status follows which, WhatsApp's 24-hour window, and the status callbacks.
Source: Twilio, "track the message status of outbound messages".
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from local.carrier.faults import Fault
from local.carrier.message import WHATSAPP, Message, status_form

if TYPE_CHECKING:
    from local.carrier.exchange import Carrier

OUTSIDE_WINDOW = 63016
UNKNOWN_DELIVERY_ERROR = 30005
WINDOW_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Pace:
    """Seconds a sent text takes from one status to the next."""

    to_sent: float = 0.1
    to_delivered: float = 0.4


class Reports:
    """Follows sent texts in the background.

    Args:
        carrier: Whose texts.
        pace: How quickly they are delivered.
    """

    def __init__(self, carrier: Carrier, pace: Pace) -> None:
        self._carrier = carrier
        self._pace = pace
        self._pool = ThreadPoolExecutor(32, thread_name_prefix="carrier-status")

    def close(self) -> None:
        """Stop reporting; set the carrier's ``stopping`` first."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def follow(self, message: Message) -> None:
        """Send a queued text and report each status; its fate is decided now."""
        self._pool.submit(self._report, message, *self._fate(message))

    def _fate(self, message: Message) -> tuple[str, int | None]:
        """The last status and its error code. Outside the window WhatsApp fails, unsent."""
        faults = self._carrier.faults
        if message.to.startswith(WHATSAPP) and (
            faults.take(Fault.WINDOW, message.to) or not self._window_open(message)
        ):
            return "failed", OUTSIDE_WINDOW
        if faults.take(Fault.UNDELIVERED, message.to):
            return "undelivered", UNKNOWN_DELIVERY_ERROR
        return "delivered", None

    def _window_open(self, message: Message) -> bool:
        since = message.created_at - WINDOW_SECONDS
        return any(
            m.inbound and m.from_ == message.to and m.to == message.from_ and m.created_at >= since
            for m in self._carrier.messages()
        )

    def _report(self, message: Message, status: str, error_code: int | None) -> None:
        self._call_back(message, "queued")
        if status != "failed":
            self._carrier.stopping.wait(self._pace.to_sent)
            self._advance(message, "sent", None)
        self._carrier.stopping.wait(self._pace.to_delivered)
        self._advance(message, status, error_code)

    def _advance(self, message: Message, status: str, error_code: int | None) -> None:
        book = self._carrier.book
        if self._carrier.stopping.is_set():
            return
        with book.changed:
            message.status, message.error_code = status, error_code
            message.updated_at = self._carrier.clock()
        book.touch()
        self._call_back(message, status)

    def _call_back(self, message: Message, status: str) -> None:
        carrier = self._carrier
        if message.status_callback is None or carrier.stopping.is_set():
            return
        if carrier.faults.take(Fault.LOST_CALLBACK, message.to):
            return
        form = status_form(replace(message, status=status), carrier.account_sid, status)
        delivery = carrier.webhooks.deliver(message.status_callback, form)
        with carrier.book.changed:
            message.attempts.extend(delivery.attempts)
        carrier.book.touch()
