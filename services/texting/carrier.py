"""The carrier's REST API, through its SDK: send a text, list texts, delete them.

Owns what an attempt's outcome can be and how the SDK's and the network's errors map to it; decides
nothing about retries (`delivery` does) and stores nothing. Creating a message has no idempotency
key at this carrier, so every outcome says whether the message may have been sent.
Source: https://www.twilio.com/docs/messaging/api/message-resource.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import requests
from botocore.exceptions import BotoCoreError, ClientError
from twilio.base.exceptions import TwilioException
from twilio.rest import Client
from urllib3.exceptions import NameResolutionError, NewConnectionError

from conversation.clocks import MILLISECONDS
from conversation.secrets import JsonSecret, SecretError
from texting.carrier_http import DEFAULT_URL, CarrierHttp
from texting.carrier_outcomes import (
    Accepted,
    CarrierMessage,
    CarrierUnavailableError,
    NotSent,
    Refused,
    SendOutcome,
    Unknown,
)

_PAGE: Final = 50
_MOST_LISTED: Final = 1000
# Listings are sorted by the carrier; look a little past the end in case two stand reversed.
_ORDER_SLACK_MS: Final = 60_000

_UNAUTHORISED: Final = 401
# https://www.twilio.com/docs/api/errors/20404 and 20009; a 404 without it may be any proxy's.
_GONE: Final = 20404
_NOT_COMPLETE: Final = 20009
_ACCOUNT_STATUSES: Final = frozenset({401, 403, 404})
_RATE_LIMITED: Final = 429
_AMBIGUOUS_CLIENT_STATUSES: Final = frozenset({408, 409, 425})
_SERVER_ERROR: Final = 500
# What reading the account's secret may raise.
_NO_ACCOUNT: Final = (SecretError, ClientError, BotoCoreError)
# Queue of the sender full; the platform's own rate limit; WhatsApp's rate limit.
_RETRYABLE_CODES: Final = frozenset({21611, 20429, 63018})
_ACCOUNT_CODES: Final = range(20_000, 21_000)


class Carrier:
    """The carrier, as one account sees it.

    Args:
        secret: `account_sid` and `auth_token`.
        api_url: Where its REST API is.
        timeout_seconds: Longest a request may take, connecting included.
        messaging_service_sid: Send through this service, which picks the sender on phone numbers.
    """

    def __init__(
        self,
        secret: JsonSecret,
        *,
        api_url: str = DEFAULT_URL,
        timeout_seconds: float = 10.0,
        messaging_service_sid: str = "",
    ) -> None:
        self._secret = secret
        self._http = CarrierHttp(api_url, timeout_seconds)
        self.timeout_seconds = timeout_seconds
        self.messaging_service_sid = messaging_service_sid
        self._client: Any = None
        self._account: tuple[str, str] | None = None

    def send(self, *, sender: str, to: str, body: str, status_callback: str) -> SendOutcome:
        """Make one attempt to send a text. Never raises for what the carrier or network does.

        Args:
            sender: Our address; a messaging service replaces it, but never on WhatsApp.
            to: Their address.
            body: At most 1,600 characters.
            status_callback: Where the carrier reports what becomes of it; empty for nowhere.
        """
        fields: dict[str, str] = {"from_": sender}
        if self.messaging_service_sid and not to.startswith("whatsapp:"):
            fields = {"messaging_service_sid": self.messaging_service_sid}
        if status_callback:
            fields["status_callback"] = status_callback
        try:
            messages = self._messages()
        except _NO_ACCOUNT as error:
            return NotSent(f"account: {type(error).__name__}")
        try:
            created = messages.create(to=to, body=body, **fields)
        except TwilioException as error:
            return self._refusal(error)
        except requests.RequestException as error:
            return _network(error)
        except ValueError:
            return Unknown("a response that is not JSON")
        if not created.sid:
            return Unknown("a response without a sid")
        return Accepted(created.sid, str(created.status or "queued"), created.error_code)

    def list_messages_to(self, address: str, since: int) -> list[CarrierMessage]:
        """List what was sent to an address since then, newest first.

        Args:
            address: Their address, with `whatsapp:` where it has one.
            since: Epoch milliseconds.

        Raises:
            CarrierUnavailableError: The carrier could not be asked.
        """
        found = self._list(address, since)
        return [message for message in found if message.direction.startswith("outbound")]

    def list_inbound(self, sender: str, since: int) -> list[CarrierMessage]:
        """List what came in to one of our addresses since then, newest first.

        Raises:
            CarrierUnavailableError: The carrier could not be asked.
        """
        return [message for message in self._list(sender, since) if message.direction == "inbound"]

    def erase(self, sid: str) -> bool:
        """Delete the carrier's copy of a message, ours or theirs, for good.

        Returns:
            Whether it is gone. False when the carrier has not finished with it: it refuses that
            for minutes after a message came or went (error 20009).

        Raises:
            CarrierUnavailableError: The carrier could not be asked, or would not.
        """
        with self._asking():
            try:
                self._messages()(sid).delete()
            except TwilioException as error:
                if _code(error) in {_GONE, _NOT_COMPLETE}:
                    return _code(error) == _GONE
                raise
        return True

    def fetch(self, sid: str) -> CarrierMessage | None:
        """One message, ours or theirs; None when the carrier has it no longer.

        Raises:
            CarrierUnavailableError: The carrier could not be asked, or would not.
        """
        with self._asking():
            try:
                return _message(self._messages()(sid).fetch())
            except TwilioException as error:
                if _code(error) == _GONE:
                    return None
                raise

    def _list(self, to: str, since: int) -> list[CarrierMessage]:
        with self._asking():
            messages = self._messages()
            return list(_until(messages.stream(to=to, page_size=_PAGE, limit=_MOST_LISTED), since))

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """A question that may be asked again later, whatever became of it."""
        try:
            yield
        except TwilioException as error:
            self._refusal(error)
            raise CarrierUnavailableError(_describe(error)) from error
        except (requests.RequestException, ValueError, *_NO_ACCOUNT) as error:
            raise CarrierUnavailableError(type(error).__name__) from error

    def _messages(self) -> Any:
        account = (self._secret.field("account_sid"), self._secret.field("auth_token"))
        if self._client is None or account != self._account:
            # A non-empty environment keeps the SDK from reading the process's own.
            self._client = Client(*account, http_client=self._http, environment={"": ""})
            self._account = account
        return self._client.messages

    def _refusal(self, error: TwilioException) -> SendOutcome:
        """Say what an error response means for the message.

        401, and the account's own codes, are an operator's mistake or a rotated token: nothing was
        sent, and the next attempt may use a better secret.
        """
        status = int(getattr(error, "status", 0) or 0)
        code = _code(error)
        if status == _UNAUTHORISED:
            self._secret.refetch()
        if status == _RATE_LIMITED or code in _RETRYABLE_CODES:
            return NotSent("rate limited")
        if status in _ACCOUNT_STATUSES and (code in _ACCOUNT_CODES or not code):
            return NotSent(f"account: {_describe(error)}")
        if not status or status >= _SERVER_ERROR or status in _AMBIGUOUS_CLIENT_STATUSES:
            return Unknown(_describe(error))
        return Refused(code or status)


def _network(error: requests.RequestException) -> SendOutcome:
    """Say whether a request can have reached the carrier before its connection failed."""
    if isinstance(error, requests.ConnectTimeout):
        return NotSent("no connection in time")
    causes = _causes(error)
    if any(isinstance(cause, NewConnectionError | NameResolutionError) for cause in causes):
        return NotSent("no connection")
    return Unknown(type(error).__name__)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk what an error was raised for; `requests` keeps urllib3's reason in its arguments."""
    seen: list[BaseException] = []
    waiting: list[BaseException] = [error]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.append(current)
        yield current
        related = [current.__cause__, current.__context__, getattr(current, "reason", None)]
        related += current.args
        waiting += [cause for cause in related if isinstance(cause, BaseException)]


def _code(error: TwilioException) -> int:
    return int(getattr(error, "code", 0) or 0)


def _describe(error: TwilioException) -> str:
    """Name an error without its message, which may repeat a phone number."""
    status, code = getattr(error, "status", None), getattr(error, "code", None)
    return f"{type(error).__name__} status {status} code {code}"


def _until(stream: Iterator[Any], since: int) -> Iterator[CarrierMessage]:
    for record in stream:
        message = _message(record)
        if message.created_at is None or message.created_at >= since:
            yield message
        elif message.created_at < since - _ORDER_SLACK_MS:
            return


def _message(record: Any) -> CarrierMessage:
    return CarrierMessage(
        sid=record.sid or "",
        direction=str(record.direction or ""),
        sender=record.from_ or "",
        to=record.to or "",
        body=record.body or "",
        media=int(record.num_media or 0),
        status=str(record.status or ""),
        error_code=record.error_code,
        created_at=_epoch_ms(record.date_created or record.date_sent),
        service=record.messaging_service_sid or "",
    )


def _epoch_ms(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * MILLISECONDS)
