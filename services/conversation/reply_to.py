"""Where a reply goes: an address of ours and one of theirs, and how they rest in an item."""

from __future__ import annotations

import json
from collections.abc import Mapping

from conversation.sealing import Sealer, Seals

ReplyTo = dict[str, str]
"""`{"from": our sender, "to": their address}` as the carrier writes them."""

_REPLY_TO = "reply_to"


def seal_reply_to(reply_to: Mapping[str, str], seals: Sealer | Seals, sk: str) -> bytes:
    """A reply address as the item of this sort key holds it."""
    text = json.dumps(dict(reply_to), separators=(",", ":"))
    return seals.seal(text, sk=sk, role=_REPLY_TO)


def open_reply_to(data: bytes, seals: Seals, sk: str) -> ReplyTo:
    """Read a reply address back.

    Raises:
        CodecError: The address cannot be read.
    """
    address: ReplyTo = json.loads(seals.open(data, sk=sk, role=_REPLY_TO))
    return address
