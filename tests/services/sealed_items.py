"""Items of each form, sealed by one key."""

from __future__ import annotations

from typing import Any

from conversation.codec import Role
from conversation.items import Item
from conversation.sealing import Sealer, Seals

PERSON, GENERATION = "person#01", "a" * 32
SEED = bytes(range(32))
HOME: Item = {"sk": "message#000000000001"}
MESSAGE: Item = {**HOME, "kind": "answer", "turn": "01T", "expires_at": 2_000_000_000}
WAITING: Item = {"sk": "inbox#01", "sid": "SM1", "route": "ours#theirs"}
Sealed = tuple[Item, Role]


def sealer(seals: Seals) -> Sealer:
    """The public half of it."""
    return Sealer(seals.conversation, seals.generation, seals.public_key)


def both_forms(seals: Seals, text: str = "hello") -> list[Sealed]:
    """A text in an item of each form: with the key, and to its public half."""
    return [
        ({**MESSAGE, "content": seals.seal(text, MESSAGE, Role.HUMAN)}, Role.HUMAN),
        ({**WAITING, "content": sealer(seals).seal(text, WAITING, Role.TEXT)}, Role.TEXT),
    ]


def opened(seals: Seals, sealed: Sealed, **changes: Any) -> str:
    """What an item says, with attributes of it changed."""
    item, role = sealed
    return seals.open({**item, **changes}, "content", role)
