"""The key under which addresses are hashed, from the carrier's secret.

Never refetched for its own sake: another key would make every person a stranger.
"""

from __future__ import annotations

import base64
from typing import Final

from conversation.secrets import JsonSecret, SecretError

_BYTES: Final = 32


class AddressKey:
    """Gives the stack's address key.

    Args:
        secret: Holds `address_key`, 32 bytes in base64.
    """

    def __init__(self, secret: JsonSecret) -> None:
        self._secret = secret

    def __call__(self) -> bytes:
        """Give the key.

        Raises:
            SecretError: The secret has none, or not 32 bytes in base64.
        """
        try:
            key = base64.b64decode(self._secret.field("address_key"), validate=True)
        except ValueError as error:  # not ASCII, or not base64
            raise SecretError("address_key is not base64") from error
        if len(key) != _BYTES:
            raise SecretError("address_key is not 32 bytes")
        return key
