"""Where a reply goes: an address of ours and one of theirs, and how they rest in an item."""

from __future__ import annotations

import json
from collections.abc import Mapping

from conversation.codec import Role
from conversation.items import Item, typed
from conversation.sealing import Sealer, Seals

ReplyTo = dict[str, str]
"""`{"from": our sender, "to": their address}` as the carrier writes them.

Empty where nothing is to be sent: in the turn of a call.
"""

REPLY_TO = "reply_to"
"""Name of the attribute."""


def seal_reply_to(
    reply_to: Mapping[str, str], seals: Sealer | Seals, item: Item, role: Role
) -> bytes:
    """A reply address as an item holds it in this role."""
    return seals.seal(json.dumps(dict(reply_to), separators=(",", ":")), item, role)


def open_reply_to(item: Item, seals: Seals, role: Role) -> ReplyTo:
    """Read a reply address back. Whether a reply may go there is `texting.recipients`' to say.

    Raises:
        CodecError: The address cannot be read.
    """
    return seals.read(item, REPLY_TO, role, _decoded)


def _decoded(content: str) -> ReplyTo:
    given = json.loads(content)
    return {name: typed(given, name, str) for name in ("from", "to")} if given != {} else {}
