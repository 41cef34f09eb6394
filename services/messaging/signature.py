"""Whether a request really comes from the carrier.

Owns the check of Twilio's request signatures; knows nothing of what a request says. The string
that is signed, and its HMAC, are the SDK's own (`twilio.request_validator`); the comparison is
ours, in constant time. The URL is the configured public one plus a path fixed by the caller,
never one rebuilt from the request: behind a gateway the two differ, and a `Host` header is the
attacker's to choose. Source: https://www.twilio.com/docs/usage/security#validating-requests.

A signature carries no time. A replayed request is stopped by the receipt on its `MessageSid`.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from twilio.request_validator import (
    HMAC_SHA1,
    HMAC_SHA256,
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    add_port,
    remove_port,
)

from conversation.secrets import JsonSecret, SecretError

_SIGNATURE: Final = SIGNATURE_HEADER.lower()
_SETTINGS: Final = SIGNATURE_SETTINGS_HEADER.lower()


class ForgedRequestError(Exception):
    """A request whose signature is missing or wrong. Its message says which, for the log."""


class _Form:
    """Parameters in the shape the SDK reads repeated ones from."""

    def __init__(self, params: Mapping[str, Sequence[str]]) -> None:
        self._params = params

    def __iter__(self) -> Any:
        return iter(self._params)

    def __bool__(self) -> bool:
        return bool(self._params)

    def getall(self, name: str) -> Sequence[str]:
        return self._params[name]


class SignatureCheck:
    """Checks requests against the carrier's secret.

    Args:
        secret: `auth_token`, and optionally `shared_keys` by key id.
        public_url: Where the carrier reaches us: scheme, host and stage, no trailing slash.
    """

    def __init__(self, secret: JsonSecret, public_url: str) -> None:
        self._secret = secret
        self._public_url = public_url.rstrip("/")

    def require(
        self,
        path: str,
        headers: Mapping[str, str],
        params: Mapping[str, Sequence[str]],
        *,
        has_query: bool = False,
    ) -> None:
        """Return if the request is the carrier's.

        Args:
            path: The route's own path, beginning with a slash.
            headers: Lower-case names.
            params: Every form field with all its values, blank ones too: they are signed.
            has_query: Whether the request came with a query. REST API events lose its raw form,
                which is what is signed, so our URLs have none and a request with one is refused.

        Raises:
            ForgedRequestError: It is not, also after reading the secret again.
            SecretError: The secret has no usable value.
        """
        signature = headers.get(_SIGNATURE, "").strip()
        if has_query:
            raise ForgedRequestError("the URL has a query")
        if not signature:
            raise ForgedRequestError("no signature")
        if not (signature.isascii() and path.isascii()):  # neither base64 nor a path of ours
            raise ForgedRequestError("no ASCII")
        settings = headers.get(_SETTINGS, "")
        url = self._public_url + path
        if self._matches(signature, settings, url, params):
            return
        # The token may have been rotated since it was cached.
        if self._secret.refetch() and self._matches(signature, settings, url, params):
            return
        raise ForgedRequestError("wrong signature")

    def _matches(
        self, signature: str, settings: str, url: str, params: Mapping[str, Sequence[str]]
    ) -> bool:
        chosen = _key(self._secret.get(), settings)
        if chosen is None:
            return False
        key, algorithm = chosen
        validator = RequestValidator(key)
        form = _Form(params)
        # The carrier signs with and without the port (the SDK checks both for the same reason).
        # Both are computed and compared, so that the time taken says nothing.
        parsed = urlsplit(url)
        matched = False
        for candidate in (remove_port(parsed), add_port(parsed)):
            expected = validator.compute_signature(candidate, form, algorithm)
            matched |= hmac.compare_digest(expected.encode(), signature.encode())
        return matched


def _key(secret: Mapping[str, Any], settings: str) -> tuple[str, str] | None:
    """Choose key and algorithm; None when the request names a key that we do not know.

    The header can only choose among keys that the secret holds, and a shared key only ever signs
    with SHA-256: the header alone never leads to a weaker check.
    """
    if not settings.strip():
        return _text(secret.get("auth_token")), HMAC_SHA1
    pairs = (part.partition("=") for part in settings.split(","))
    named = {name.strip(): value.strip() for name, _, value in pairs}
    shared = secret.get("shared_keys") or {}
    if not isinstance(shared, Mapping):
        raise SecretError("shared_keys is no object of ids and keys")
    key = shared.get(named.get("key", ""))
    if not key or named.get("algorithm", "").upper() != HMAC_SHA256:
        return None
    return _text(key), HMAC_SHA256


def _text(key: Any) -> str:
    """A key; an empty one would let anybody sign.

    Raises:
        SecretError: There is none.
    """
    if not isinstance(key, str) or not key.isascii() or not key:
        raise SecretError("the secret lacks a key to check signatures with")
    return key
