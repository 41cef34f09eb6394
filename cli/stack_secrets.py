"""The JSON secrets of a stack: their fields, their shapes, reading and writing them.

Values pass through here and are never printed, logged or put into an error.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cli.problems import CommandError
from cli.target import Target

ADDRESS_KEY = "address_key"
_ADDRESS_KEY_BYTES = 32


@dataclass(frozen=True)
class Field:
    """One field of a secret and what its value looks like."""

    name: str
    secret: str
    pattern: str
    looks_like: str

    def fits(self, value: object) -> bool:
        """Whether a value has the field's shape."""
        if not isinstance(value, str) or re.fullmatch(self.pattern, value) is None:
            return False
        return self.name != ADDRESS_KEY or _is_address_key(value)


FIELDS = {
    field.name: field
    for field in (
        Field("account_sid", "carrier", r"AC[0-9a-fA-F]{32}", "AC and 32 hexadecimal digits"),
        # The carrier that `make local` plays has a token that nobody takes for a real one.
        Field("auth_token", "carrier", r"[0-9a-fA-F]{32}|local-\S+", "32 hexadecimal digits"),
        Field(ADDRESS_KEY, "carrier", r"[A-Za-z0-9+/]{43}=", "32 bytes in base64"),
        Field("shared_key", "carrier", r"\S{16,}", "at least 16 characters, no blanks"),
        Field("openai_api_key", "models", r"\S{20,}", "at least 20 characters, no blanks"),
        Field("anthropic_api_key", "models", r"\S{20,}", "at least 20 characters, no blanks"),
    )
}


class StackSecret:
    """One JSON secret of a stack, in Secrets Manager."""

    def __init__(self, target: Target, role: str) -> None:
        self._client = target.client("secretsmanager")
        self._target = target
        self.role = role
        self.name = target.name(role)

    def read(self) -> dict[str, Any]:
        """Fetch the fields; empty when the secret has no value yet.

        Raises:
            CommandError: The secret is not declared by the stack, or is no JSON object.
        """
        self._require()
        try:
            answer = self._client.get_secret_value(SecretId=self.name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return {}
        try:
            fields = json.loads(answer.get("SecretString") or "{}")
        except ValueError:
            fields = None
        if not isinstance(fields, dict):
            raise CommandError(
                f"the secret {self.name} holds something other than a JSON object",
                "look at it in Secrets Manager: its earlier versions are kept there",
            )
        return fields

    def write(self, fields: Mapping[str, Any]) -> None:
        """Store the fields as the secret's next version; AWS keeps the one before."""
        self._client.put_secret_value(
            SecretId=self.name, SecretString=json.dumps(dict(fields), sort_keys=True)
        )

    def _require(self) -> None:
        """Tell a secret without a value from one that the stack does not declare."""
        try:
            self._client.describe_secret(SecretId=self.name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            raise CommandError(f"there is no secret {self.name}", self._missing()) from None

    def _missing(self) -> str:
        if self.role == "models":
            return (
                "a stack has it only when `models` in its settings names a provider other than "
                "Bedrock: add one, run `pulumi up`, then set the key"
            )
        if self._target.is_local:
            return "start the stack with `make local`"
        return f"`pulumi up --stack {self._target.stack}` declares it; check --region too"


def read_address_key(target: Target) -> bytes:
    """The key that turns phone numbers into table keys.

    Raises:
        CommandError: The stack has none yet.
    """
    value = StackSecret(target, "carrier").read().get(ADDRESS_KEY)
    if not FIELDS[ADDRESS_KEY].fits(value):
        raise CommandError(
            "the stack has no address key yet, so numbers cannot be told apart",
            f"run `dialtone secrets set {target.arguments}` first",
        )
    return base64.b64decode(str(value), validate=True)


def new_address_key() -> str:
    """Make the key that turns phone numbers into table keys."""
    return base64.b64encode(secrets.token_bytes(_ADDRESS_KEY_BYTES)).decode("ascii")


def _is_address_key(value: str) -> bool:
    try:
        return len(base64.b64decode(value, validate=True)) == _ADDRESS_KEY_BYTES
    except binascii.Error:
        return False
