"""The carrier's requests to us: signed, with its time-outs, retries and fallback URL.

Owns one delivery from first attempt to fallback. What is delivered, and what the answer means, is
the exchange's business. Sources: Twilio's "webhook connection overrides" (the URL fragment
``#ct=&rt=&tt=&rc=&rp=``), "webhooks security" (the signature, which leaves the fragment out) and
the pages of errors 11200 and 11205.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urldefrag

import httpx
from twilio.request_validator import (
    HMAC_SHA256,
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
)

from local.carrier.message import Attempt, new_sid

HTTP_RETRIEVAL_FAILURE = 11200
CONNECTION_FAILURE = 11205
IDEMPOTENCY_HEADER = "I-Twilio-Idempotency-Token"


@dataclass(frozen=True)
class Overrides:
    """How a URL wants to be called; the defaults are the carrier's."""

    connect_seconds: float = 5.0
    read_seconds: float = 15.0
    total_seconds: float = 15.0
    retries: int = 1
    retry_on: frozenset[str] = frozenset({"ct"})

    @classmethod
    def parse(cls, fragment: str) -> Overrides:
        """Read a URL fragment such as ``rc=3&rp=5xx,ct,rt&ct=2000``; limits as documented."""
        given = dict(parse_qsl(fragment))
        return cls(
            connect_seconds=_milliseconds(given.get("ct"), 5000, 10_000) / 1000,
            read_seconds=_milliseconds(given.get("rt"), 15_000, 15_000) / 1000,
            total_seconds=_milliseconds(given.get("tt"), 15_000, 15_000) / 1000,
            retries=min(_number(given.get("rc"), 1), 5),
            retry_on=frozenset(given.get("rp", "ct").split(",")),
        )

    def retries_after(self, attempt: Attempt) -> bool:
        """Whether this outcome is one the URL asks to be retried."""
        if attempt.status is None:
            kind = "ct" if attempt.error_code == CONNECTION_FAILURE else "rt"
        else:
            kind = f"{attempt.status // 100}xx"
        return "all" in self.retry_on or kind in self.retry_on


@dataclass
class Delivery:
    """What became of one webhook: every attempt, and the body of the one that succeeded."""

    attempts: list[Attempt] = field(default_factory=list)
    body: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether an attempt was answered 2xx."""
        return self.body is not None


class WebhookSender:
    """Signs and posts webhooks.

    Args:
        auth_token: Signs with HMAC-SHA1, as for most accounts.
        clock: Epoch seconds.
    """

    def __init__(self, auth_token: str, clock: Callable[[], float] = time.time) -> None:
        self.auth_token = auth_token
        self.shared_key: tuple[str, str] | None = None
        self._clock = clock
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=20)
        self._client = httpx.Client(limits=limits, trust_env=False)

    def close(self) -> None:
        """Drop the connections; a delivery under way fails."""
        self._client.close()

    def headers(self, url: str, form: Mapping[str, str]) -> dict[str, str]:
        """The headers the carrier sends with a form, the signature among them.

        With ``shared_key`` (id and secret) set, the newer form is used: HMAC-SHA256 under that
        key, which a second header names.
        """
        target = urldefrag(url).url
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1",
            "X-Home-Region": "us1",
        }
        if self.shared_key is None:
            signature = RequestValidator(self.auth_token).compute_signature(target, form)
        else:
            key_id, secret = self.shared_key
            signature = RequestValidator(secret).compute_signature(target, form, HMAC_SHA256)
            headers[SIGNATURE_SETTINGS_HEADER] = f"key={key_id},algorithm={HMAC_SHA256}"
        headers[SIGNATURE_HEADER] = signature
        return headers

    def deliver(
        self, url: str, form: Mapping[str, str], fallback_url: str | None = None
    ) -> Delivery:
        """Post a form: first attempt, the URL's retries, then the fallback URL.

        Every attempt carries the same idempotency token. The fallback is told what failed in
        ``ErrorCode`` and ``ErrorUrl``, as Twilio does.
        """
        token = new_sid("")
        delivery = Delivery()
        self._deliver_to(url, form, token, delivery)
        if not delivery.succeeded and fallback_url:
            code = delivery.attempts[-1].error_code or HTTP_RETRIEVAL_FAILURE
            told = {**form, "ErrorCode": str(code), "ErrorUrl": urldefrag(url).url}
            self._deliver_to(fallback_url, told, token, delivery)
        return delivery

    def _deliver_to(
        self, url: str, form: Mapping[str, str], token: str, delivery: Delivery
    ) -> None:
        overrides = Overrides.parse(urldefrag(url).fragment)
        deadline = time.monotonic() + overrides.total_seconds
        for _ in range(1 + overrides.retries):
            left = deadline - time.monotonic()
            if left <= 0:
                return
            attempt, body = self._attempt(url, form, token, overrides, left)
            delivery.attempts.append(attempt)
            if body is not None:
                delivery.body = body
                return
            if not overrides.retries_after(attempt):
                return

    def _attempt(
        self, url: str, form: Mapping[str, str], token: str, overrides: Overrides, left: float
    ) -> tuple[Attempt, str | None]:
        target, started, at = urldefrag(url).url, time.monotonic(), self._clock()
        timeout = httpx.Timeout(
            min(overrides.read_seconds, left), connect=min(overrides.connect_seconds, left)
        )
        headers = {**self.headers(url, form), IDEMPOTENCY_HEADER: token}
        status, error, body = None, None, None
        try:
            answer = self._client.post(target, data=dict(form), headers=headers, timeout=timeout)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            error = CONNECTION_FAILURE
        except (httpx.HTTPError, RuntimeError):  # RuntimeError: the client was closed meanwhile
            error = HTTP_RETRIEVAL_FAILURE
        else:
            status = answer.status_code
            body = answer.text if answer.is_success else None
            error = None if answer.is_success else HTTP_RETRIEVAL_FAILURE
        spent = round((time.monotonic() - started) * 1000)
        return Attempt(target, at, spent, status, error), body


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdecimal() else default


def _milliseconds(text: str | None, default: int, most: int) -> int:
    return max(100, min(_number(text, default), most))
