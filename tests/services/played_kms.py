"""KMS for the tests: it wraps as KMS does, and fails as a test has it fail."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from conversation.ids import new_generation
from conversation.keys import KeyRecord
from conversation.sealing import Seals, new_seed
from conversation.vault import Limits, Vault

KEY = "arn:aws:kms:us-east-1:123456789012:key/played"


def refusal(code: str, operation: str, status: int = 400) -> ClientError:
    """An error as botocore raises it."""
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


class PlayedKms:
    """A botocore KMS client over one symmetric key, whose material a test may rotate.

    Attributes:
        calls: The operations that were asked for, with their conversations, in order.
        errors: Raised by the next calls, one each.
        away: Whether it cannot be reached at all.
    """

    def __init__(self) -> None:
        self._materials = [AESGCM(os.urandom(32))]
        self.calls: list[tuple[str, str]] = []
        self.errors: list[Exception] = []
        self.away = False

    def rotate(self) -> None:
        """New key material, as a yearly rotation makes it; the old still opens what it sealed."""
        self._materials.append(AESGCM(os.urandom(32)))

    def encrypt(self, **request: Any) -> dict[str, Any]:
        """Wrap."""
        bound = self._asked("encrypt", request)
        nonce, version = os.urandom(12), len(self._materials) - 1
        wrapped = self._materials[-1].encrypt(nonce, request["Plaintext"], bound)
        return {"CiphertextBlob": bytes((version,)) + nonce + wrapped, "KeyId": KEY}

    def decrypt(self, **request: Any) -> dict[str, Any]:
        """Unwrap, in the same context."""
        bound, wrapped = self._asked("decrypt", request), request["CiphertextBlob"]
        try:
            seed = self._materials[wrapped[0]].decrypt(wrapped[1:13], wrapped[13:], bound)
        except (IndexError, InvalidTag, ValueError) as error:
            raise refusal("InvalidCiphertextException", "Decrypt") from error
        return {"Plaintext": seed, "KeyId": KEY}

    def _asked(self, operation: str, request: dict[str, Any]) -> bytes:
        """Note a call, fail it if a test has it fail, and give what the context binds to."""
        assert request["KeyId"] == KEY
        context = request["EncryptionContext"]
        self.calls.append((operation, context["conversation"]))
        if self.away:
            raise EndpointConnectionError(endpoint_url="https://kms.test")
        if self.errors:
            raise self.errors.pop(0)
        return json.dumps(context, sort_keys=True).encode()


def vault_of(
    kms: PlayedKms,
    limits: Limits | None = None,
    clock: Callable[[], float] | None = None,
) -> Vault:
    """A vault over it, which waits for nothing; with a test's clock, waiting moves it."""
    if clock is None:
        return Vault(lambda: kms, KEY, limits, sleep=lambda _: None)
    sleep = getattr(clock, "sleep", lambda _: None)
    return Vault(lambda: kms, KEY, limits, clock=clock, sleep=sleep)


def conversation_key(conversation: str, kms: PlayedKms) -> tuple[KeyRecord, Seals]:
    """A conversation's key: as it rests, and unwrapped."""
    seed, generation = new_seed(), new_generation()
    wrapped = vault_of(kms).wrap(conversation, seed)
    seals = Seals(conversation, generation, seed)
    return KeyRecord(conversation, generation, seals.public_key, wrapped, 1), seals
