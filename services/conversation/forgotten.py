"""What rests of a FORGET until it is done: the person's request, and what is left to do.

Both are items of the conversation, apart from `meta`, and in the index of what is pending: turns
open and close meanwhile, and the same conversation may be forgotten again before the first is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conversation.clocks import MILLISECONDS
from conversation.ids import shard_of
from conversation.items import SCHEMA, Item
from conversation.meta import META
from conversation.tables import Action, Tables, put, update

FORGET = "forget#"
ASKED = f"{FORGET}asked"
"""Sort key of a request that nobody has begun yet."""


@dataclass(frozen=True)
class Forgotten:
    """A generation that nothing opens any more, and how far its copies and items are deleted.

    Attributes:
        conversation: Whose it was.
        generation: The generation.
        begun_at: Epoch milliseconds.
        pending_at: When the sweep looks next.
        sending: The turn whose send was announced and not known to have ended.
        settled_at: Epoch milliseconds at which that send has certainly ended.
        receipts_after: The receipt up to which the carrier's copies are gone.
        heard: Whether all the carrier's copies of what the person texted are gone.
    """

    conversation: str
    generation: str
    begun_at: int
    pending_at: int
    sending: str | None = None
    settled_at: int | None = None
    receipts_after: str | None = None
    heard: bool = False

    @property
    def sk(self) -> str:
        """Sort key."""
        return f"{FORGET}{self.generation}"

    def item(self) -> Item:
        """As the table holds it; what is not known is left out."""
        kept = {k: v for k, v in self.__dict__.items() if k != "conversation" and v is not None}
        place = {"pk": self.conversation, "sk": self.sk, "schema": SCHEMA}
        return {**place, "pending_shard": shard_of(self.conversation), **kept}

    @classmethod
    def parse(cls, item: Item) -> Forgotten:
        """Read it back."""
        known: dict[str, Any] = {k: v for k, v in item.items() if k in cls.__dataclass_fields__}
        return cls(conversation=item["pk"], **known)


def asking(
    tables: Tables, conversation: str, *, by: str, at: int, look_after_seconds: float
) -> list[Action]:
    """Part of an acceptance: the person wants to be forgotten, and has confirmed it.

    The flag in `meta` tells whoever reads it for a turn anyway; the item keeps the request in the
    index through every turn that opens and closes meanwhile.

    Args:
        tables: The tables.
        conversation: The person's own conversation; all others of theirs are forgotten with it.
        by: The carrier's id of the message that said so.
        at: Epoch milliseconds.
        look_after_seconds: When the sweep is to look, should nobody have begun by then.
    """
    item = {
        "pk": conversation,
        "sk": ASKED,
        "by": by,
        "asked_at": at,
        "pending_shard": shard_of(conversation),
        "pending_at": at + int(look_after_seconds * MILLISECONDS),
        "schema": SCHEMA,
    }
    flag = update(
        tables.conversations,
        conversation,
        META,
        "SET forget_asked = :by, #schema = :schema, #sequence = if_not_exists(#sequence, :zero), "
        "epoch = if_not_exists(epoch, :zero), lease_until = if_not_exists(lease_until, :zero)",
        condition="",
        values={":by": by, ":schema": SCHEMA, ":zero": 0},
    )
    return [put(tables.conversations, item), flag]
