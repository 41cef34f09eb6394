"""The carrier itself: takes texts from people, delivers them to us, and sends ours.

Owns who is told what and when: webhooks in a sender's order, opt-outs, the TwiML that a webhook
answers. HTTP towards us is ``webhooks``, HTTP from us ``rest``, delivery reports ``reports``.
Unlike Twilio it delivers the texts of one person one after the other, so that a scripted
conversation is the same every time; Twilio promises no order.
"""

from __future__ import annotations

import secrets
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from local.carrier.book import Book, MessagingService, PhoneNumber
from local.carrier.faults import CarrierFaults, Fault
from local.carrier.lanes import Lanes
from local.carrier.message import (
    WHATSAPP,
    Direction,
    Message,
    inbound_form,
    new_sid,
)
from local.carrier.opt_out import ANSWERS, OptOut, reserved_word
from local.carrier.reports import Pace, Reports
from local.carrier.webhooks import Delivery, WebhookSender

ACCOUNT_SID = "AC" + "0123456789abcdef" * 2


class UnknownNumberError(LookupError):
    """A text was sent to an address that no number of the account has."""


class Carrier:
    """Twilio, both ways, for one account.

    Args:
        account_sid: Of the account; basic authentication of the API checks it.
        auth_token: Signs webhooks and authenticates the API; a new one unless given.
        state_path: JSON file that keeps texts and opt-outs between runs; None keeps nothing.
        pace: How quickly sent texts are delivered.
        clock: Epoch seconds.
    """

    def __init__(
        self,
        *,
        account_sid: str = ACCOUNT_SID,
        auth_token: str = "",
        state_path: Path | None = None,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.account_sid = account_sid
        self.auth_token = auth_token or secrets.token_hex(16)
        self.faults = CarrierFaults()
        self.book = Book(state_path)
        self.webhooks = WebhookSender(self.auth_token, clock)
        self.stopping = threading.Event()
        self.clock = clock
        self._deliverers = ThreadPoolExecutor(32, thread_name_prefix="carrier-webhook")
        self._lanes = Lanes(self._deliverers, self.stopping)
        self._reports = Reports(self, pace or Pace())

    def close(self) -> None:
        """Stop delivering and write the state down; what is still under way is dropped."""
        self.stopping.set()
        self.webhooks.close()
        self._deliverers.shutdown(wait=True, cancel_futures=True)
        self._reports.close()
        self.book.close()

    def add_number(self, phone_number: str, *, sid: str | None = None) -> PhoneNumber:
        """Own a number; one that the state file remembers keeps its sid and URLs."""
        number = self.book.numbers.get(phone_number)
        if number is None:
            number = PhoneNumber(sid or new_sid("PN"), phone_number, friendly_name=phone_number)
            self.book.numbers[phone_number] = number
            self.book.touch()
        return number

    def add_service(self, number: str, *, sid: str | None = None) -> MessagingService:
        """Own a messaging service whose one sender is ``number``."""
        service = MessagingService(sid or new_sid("MG"), number)
        self.book.services[service.sid] = service
        self.book.touch()
        return service

    # -- people text us ------------------------------------------------------------------------

    def text(
        self, from_: str, to: str, body: str, *, media: Sequence[str] = (), **form: str
    ) -> str:
        """A person sends a text; returns its sid at once, the webhook follows.

        Args:
            from_: E.164, with ``whatsapp:`` in front for WhatsApp.
            to: Our address, written the same way.
            body: The text.
            media: URLs of pictures.
            form: Further fields of the webhook's form, or other values for its fields.

        Raises:
            UnknownNumberError: nobody has the address.
        """
        number = self.number_of(to)
        now = self.clock()
        message = Message(
            form.get("MessageSid") or new_sid("MM" if media else "SM"),
            Direction.INBOUND, from_, to, body, "received", now, now,
            media=list(media), form=dict(form),
        )  # fmt: skip
        with self.book.changed:
            self.book.messages[message.sid] = message
            self._apply_opt_out(message)
        self.book.touch()
        if not self.faults.take(Fault.LOST_WEBHOOK, from_):
            self._lanes.submit((from_, to), lambda: self._hand_over(number, message))
        return message.sid

    def deliver_again(self, sid: str, copies: int = 1) -> list[Delivery]:
        """Deliver a text's webhook again, all copies at once; returns when all are answered."""
        message = self.book.messages[sid]
        number = self.number_of(message.to)
        futures: list[Future[Delivery]] = [
            self._deliverers.submit(self._deliver_once, number, message) for _ in range(copies)
        ]
        return [future.result() for future in futures]

    def number_of(self, address: str) -> PhoneNumber:
        """The account's number behind an address; WhatsApp shares the number's URLs.

        Raises:
            UnknownNumberError: the account has no such number.
        """
        number = self.book.numbers.get(address.removeprefix(WHATSAPP))
        if number is None:
            raise UnknownNumberError(f"{address} is no number of this account")
        return number

    # -- we text people ------------------------------------------------------------------------

    def send(
        self,
        from_: str,
        to: str,
        body: str,
        *,
        direction: Direction = Direction.OUTBOUND_API,
        status_callback: str | None = None,
        messaging_service_sid: str | None = None,
        media: Sequence[str] = (),
        automatic: bool = False,
    ) -> Message:
        """Accept a text of ours; it is sent, and its status reported, in the background."""
        now = self.clock()
        message = Message(
            new_sid("MM" if media else "SM"),
            direction, from_, to, body, "queued", now, now,
            media=list(media), messaging_service_sid=messaging_service_sid,
            status_callback=status_callback, automatic=automatic,
        )  # fmt: skip
        with self.book.changed:
            self.book.messages[message.sid] = message
        self.book.touch()
        self._reports.follow(message)
        return message

    # -- for whoever watches -------------------------------------------------------------------

    def messages(self) -> list[Message]:
        """Every text of both directions, oldest first."""
        with self.book.changed:
            return list(self.book.messages.values())

    def message(self, sid: str) -> Message | None:
        """One text, or None."""
        return self.book.messages.get(sid)

    def sent_to(self, number: str, *, automatic: bool = False) -> list[Message]:
        """The texts we sent to an address, oldest first; the carrier's own if ``automatic``."""
        return [
            m for m in self.messages()
            if not m.inbound and m.to == number and (automatic or not m.automatic)
        ]  # fmt: skip

    def wait_reply(self, number: str, count: int = 1, timeout: float = 30) -> list[Message]:
        """Wait until we have sent ``count`` texts to an address.

        Raises:
            TimeoutError: fewer were sent in time.
        """
        if not self.book.wait_until(lambda: len(self.sent_to(number)) >= count, timeout):
            sent = len(self.sent_to(number))
            raise TimeoutError(f"{sent} of {count} texts to {number} within {timeout} s")
        return self.sent_to(number)

    def wait_status(self, sid: str, status: str, timeout: float = 30) -> Message:
        """Wait until a text has a status.

        Raises:
            TimeoutError: it has another one still.
        """
        if not self.book.wait_until(lambda: self.book.messages[sid].status == status, timeout):
            raise TimeoutError(f"{sid} is {self.book.messages[sid].status}, not {status}")
        return self.book.messages[sid]

    def wait_delivered(self, sid: str, timeout: float = 30) -> Message:
        """Wait until the webhook of a text has been attempted.

        Raises:
            TimeoutError: no attempt has ended yet.
        """
        if not self.book.wait_until(lambda: bool(self.book.messages[sid].attempts), timeout):
            raise TimeoutError(f"the webhook of {sid} has not been answered")
        return self.book.messages[sid]

    # -- how it is done ------------------------------------------------------------------------

    def _hand_over(self, number: PhoneNumber, message: Message) -> None:
        if self.faults.take(Fault.DUPLICATE, message.from_):
            self._deliverers.submit(self._deliver_once, number, message)
        delivery = self._deliver_once(number, message)
        self._obey(delivery.body, message)

    def _deliver_once(self, number: PhoneNumber, message: Message) -> Delivery:
        form = inbound_form(message, self.account_sid)
        fallback = number.sms_fallback_url or None
        delivery = (
            self.webhooks.deliver(number.sms_url, form, fallback) if number.sms_url else Delivery()
        )
        with self.book.changed:
            message.attempts.extend(delivery.attempts)
        self.book.touch()
        return delivery

    def _obey(self, twiml: str | None, message: Message) -> None:
        """Send what the webhook's TwiML says; anything else in it is ignored, as is bad XML."""
        if not twiml:
            return
        try:
            verbs = ET.fromstring(twiml)  # noqa: S314 - our own function's answer
        except ET.ParseError:
            return
        for verb in verbs.iter("Message"):
            body = "".join(verb.itertext()).strip()
            if body and not self.is_opted_out(message.to, message.from_):
                self.send(message.to, message.from_, body, direction=Direction.OUTBOUND_REPLY)

    def is_opted_out(self, ours: str, person: str) -> bool:
        """Whether the carrier refuses texts from our address to a person."""
        return (ours, person) in self.book.opted_out

    def _apply_opt_out(self, message: Message) -> None:
        word, pair = reserved_word(message.from_, message.body), (message.to, message.from_)
        if word is None or (word is OptOut.START and pair not in self.book.opted_out):
            return  # Nothing to lift; "yes" is mostly an answer.
        if word is OptOut.STOP:
            self.book.opted_out.add(pair)
        elif word is OptOut.START:
            self.book.opted_out.discard(pair)
        self.send(
            message.to, message.from_, ANSWERS[word],
            direction=Direction.OUTBOUND_REPLY, automatic=True,
        )  # fmt: skip
