"""JSON secrets by ARN, cached for minutes, fetched again when a check with them failed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

CACHE_SECONDS = 300
REFETCH_SECONDS = 30


class SecretError(Exception):
    """The secret cannot be used: absent, empty, no JSON object, or without a field."""


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

    def get(self) -> dict[str, Any]:
        """The value, at most `CACHE_SECONDS` old.

        Raises:
            SecretError: The secret has no usable value.
        """
        now = self._clock()
        if self._fetched_at is None or now - self._fetched_at > CACHE_SECONDS:
            self._value = self._fetch()
            self._fetched_at = now
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
            Whether the value changed; False also when it was too early to ask.

        Raises:
            SecretError: The secret has no usable value.
        """
        now = self._clock()
        if self._refetched_at is not None and now - self._refetched_at < REFETCH_SECONDS:
            return False
        self._refetched_at = now
        before = self._value
        self._value = self._fetch()
        self._fetched_at = now
        return self._value != before

    def _fetch(self) -> dict[str, Any]:
        client = self._client()
        try:
            text = client.get_secret_value(SecretId=self._arn).get("SecretString", "")
        except client.exceptions.ResourceNotFoundException as error:
            message = "the secret has no value yet; set it with `dialtone secrets set`"
            raise SecretError(message) from error
        try:
            value = json.loads(text)
        except ValueError as error:
            raise SecretError("the secret is not JSON") from error
        if not isinstance(value, dict):
            raise SecretError("the secret is not a JSON object")
        return value
