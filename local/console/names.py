"""Whose an address is, and which channel a route: what only the holder of the stack's key can tell.

Owns the names that the page shows in place of hashes. Nobody is found who has not texted or called
here: the tables hold no numbers.
"""

from __future__ import annotations

import base64
import json

from conversation.items import Item
from conversation.persons import address_hash, route_of
from local.carrier.message import WHATSAPP
from local.config import OUR_NUMBER
from local.console.stack import CONTACTS, Stack

_SHOWN_DIGITS = 4


class Names:
    """Names by address hash, channels by route.

    Args:
        stack: Whose numbers and key.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._key: bytes | None = None
        self._hashes: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._channels: dict[str, str] = {}

    def learn(self) -> None:
        """Take in who has texted or called since."""
        key = self._address_key()
        names = {contact.number: contact.name for contact in CONTACTS}
        for number in {*names, *self._numbers()} - set(self._hashes):
            self._hashes[number] = address_hash(number, key)
            ending = f"Number ending {number[-_SHOWN_DIGITS:]}"
            self._names[self._hashes[number]] = names.get(number, ending)

    def of(self, hashed: str) -> str:
        """The name behind an address hash; empty when nobody here has it."""
        return self._names.get(hashed, "")

    def add_channel(self, item: Item) -> None:
        """Name the channel of what has a route."""
        route = item.get("route") or item["sk"].removeprefix("consent#")
        channel = self._channels.get(route.partition("#")[0])
        if channel:
            item["channel"] = channel

    def _numbers(self) -> set[str]:
        texted = {
            (message.from_ if message.inbound else message.to).removeprefix(WHATSAPP)
            for message in self._stack.carrier.messages()
        }
        return texted | {call.caller for call in self._stack.phone.calls if call.caller}

    def _address_key(self) -> bytes:
        if self._key is None:
            secrets = self._stack.aws("secretsmanager")
            found = secrets.get_secret_value(SecretId=self._stack.outputs["carrierSecretArn"])
            self._key = key = base64.b64decode(json.loads(found["SecretString"])["address_key"])
            for address, channel in ((OUR_NUMBER, "SMS"), (f"{WHATSAPP}{OUR_NUMBER}", "WhatsApp")):
                self._channels[route_of(address, "", key).partition("#")[0]] = channel
        return self._key
