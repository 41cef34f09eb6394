"""JSON secrets by ARN, cached for minutes, fetched again when a check with them failed.

Secrets Manager being away costs freshness: a value at hand is used for up to an hour longer, and
then counts as gone, so that a secret that was deleted or denied does not work for ever.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from conversation import observability

CACHE_SECONDS: Final = 300
"""How long a value is used without a question."""
STALE_SECONDS: Final = 3600
"""How long after it was fetched a value is used while no newer one can be had."""
REFETCH_SECONDS: Final = 30
"""Least time between two fetches that failed checks ask for."""
RETRY_SECONDS: Final = 60
"""Least time between two fetches that fail, with a value at hand: each may take seconds."""
EMPTY_RETRY_SECONDS: Final = 5
"""The same without one: nothing works until it is there."""

_NO_VALUE: Final = "ResourceNotFoundException"


class SecretError(Exception):
    """The secret cannot be used: absent, empty, no JSON object, or without a field."""


class SecretUnavailableError(SecretError):
    """Secrets Manager does not give the secret now: away, slow, throttled or denied."""


class JsonSecret:
    """One secret whose value is a JSON object.

    Args:
        arn: The secret's ARN.
        client: Returns the Secrets Manager client; called on the first fetch only.
        clock: A monotonic clock in seconds.
    """

    def __init__(
        self,
        arn: str,
        client: Callable[[], Any],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._arn = arn
        self._client = client
        self._clock = clock
        self._value: dict[str, Any] = {}
        self._fetched_at: float | None = None
        self._refetched_at: float | None = None
        self._failure: SecretError | None = None
        self._failed_at = 0.0

    def get(self) -> dict[str, Any]:
        """The value: at most `CACHE_SECONDS` old, or `STALE_SECONDS` where no newer can be had.

        Raises:
            SecretError: The secret has no usable value.
        """
        if self._age() > CACHE_SECONDS and not self._is_waiting():
            self._fetch()
        if self._age() > STALE_SECONDS:
            raise self._failure or SecretUnavailableError("the secret was not fetched")
        return self._value

    def field(self, name: str) -> str:
        """One text field of the value.

        Raises:
            SecretError: The secret has no such field.
        """
        value = self.get().get(name)
        if not isinstance(value, str) or not value:
            raise SecretError(f"the secret has no {name}; set it with `dialtone secrets set`")
        return value

    def refetch(self) -> bool:
        """Fetch now because a check failed, at most every `REFETCH_SECONDS`.

        The limit keeps whoever sends forged requests from making us call Secrets Manager.

        Returns:
            Whether the value changed; False also when it was too early to ask, and when there is
            no newer value to be had.
        """
        now = self._clock()
        if self._refetched_at is not None and now - self._refetched_at < REFETCH_SECONDS:
            return False
        self._refetched_at = now
        before = self._value
        return self._fetch() and self._value != before

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._clock() - self._fetched_at

    def _is_waiting(self) -> bool:
        """Whether the last fetch failed too short a time ago to try again."""
        pause = RETRY_SECONDS if self._age() <= STALE_SECONDS else EMPTY_RETRY_SECONDS
        return self._failure is not None and self._clock() - self._failed_at < pause

    def _fetch(self) -> bool:
        """Replace the value. A failure keeps the one at hand, and is counted."""
        try:
            self._value = _parse(self._read())
        except SecretError as error:
            self._failure, self._failed_at = error, self._clock()
            at_hand = self._age() <= STALE_SECONDS
            observability.count("SecretStale" if at_hand else "SecretUnavailable")
            # The message is one of ours, and names what Secrets Manager answered.
            extra = {"why": str(error), "at_hand": at_hand}
            observability.logger().error("secret not fetched", extra=extra)
            return False
        self._failure, self._fetched_at = None, self._clock()
        return True

    def _read(self) -> str:
        try:
            answer = self._client().get_secret_value(SecretId=self._arn)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code == _NO_VALUE:
                message = "the secret has no value yet; set it with `dialtone secrets set`"
                raise SecretError(message) from error
            raise SecretUnavailableError(f"Secrets Manager answered {code}") from error
        except BotoCoreError as error:
            raise SecretUnavailableError(f"no answer: {type(error).__name__}") from error
        return str(answer.get("SecretString", ""))


def _parse(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SecretError("the secret is not JSON") from error
    if not isinstance(value, dict):
        raise SecretError("the secret is not a JSON object")
    return value
