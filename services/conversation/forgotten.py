"""What rests of a FORGET until it is done: the person's request, and what is left to do.

Both are items of the conversation, apart from `meta`, and in the index of what is pending: turns
open and close meanwhile, and the same conversation may be forgotten again before the first is done.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from botocore.exceptions import ClientError

from conversation import observability
from conversation.clocks import MILLISECONDS
from conversation.ids import shard_of
from conversation.items import SCHEMA, Item, OddItemError, natural, typed
from conversation.meta import META
from conversation.tables import (
    Action,
    ConditionFailedError,
    StoreBusyError,
    Tables,
    delete,
    put,
    update,
)

FORGET = "forget#"
RECEIPT = "receipt#"
_LONGEST_ID = 512
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
        """Read it back.

        What is of no use reads as not known, at the cost of progress: the generation is forgotten
        all the same.

        Raises:
            OddItemError: It is none of ours.
        """
        generation = typed(item, "generation", str)
        if not generation or item["sk"] != f"{FORGET}{generation}":
            raise OddItemError("generation is not that of the sort key")
        return cls(
            conversation=item["pk"],
            generation=generation,
            begun_at=_time(item, "begun_at") or 0,
            pending_at=_time(item, "pending_at") or 0,
            sending=_turn(item),
            settled_at=_time(item, "settled_at"),
            receipts_after=_receipt(item),
            heard=item.get("heard") is True,
        )


def left_behind(tables: Tables, conversation: str, items: Iterable[Item]) -> list[Forgotten]:
    """What is left of each FORGET that was begun.

    What is none of ours is counted, and goes, where its reader may delete.

    Args:
        tables: The tables.
        conversation: The conversation.
        items: All of its items whose sort key begins with `FORGET`.
    """
    left = []
    for item in items:
        if item["sk"] == ASKED:
            continue
        try:
            left.append(Forgotten.parse(item))
        except OddItemError:
            observability.count("OddForget")
            extra = {"conversation": conversation, "sk": item["sk"]}
            observability.logger().error("no FORGET of ours", extra=extra)
            _drop(tables, conversation, item["sk"])
    return left


def _drop(tables: Tables, conversation: str, sk: str) -> None:
    """Delete an item, if no FORGET of ours has been put in its place."""
    ours = sk.removeprefix(FORGET)
    action = delete(
        tables.conversations,
        conversation,
        sk,
        condition="attribute_not_exists(generation) OR generation <> :ours" if ours else "",
        values={":ours": ours} if ours else None,
    )
    try:
        tables.write(action)
    except (ConditionFailedError, StoreBusyError, ClientError) as error:
        extra = {"conversation": conversation, "sk": sk, **observability.describe(error)}
        observability.logger().warning("not deleted", extra=extra)


def _time(item: Item, name: str) -> int | None:
    with suppress(OddItemError):
        return natural(item, name)
    return None


def _turn(item: Item) -> str | None:
    """The turn that was being sent, where it can be part of a sort key."""
    turn = item.get("sending")
    known = isinstance(turn, str) and 0 < len(turn.encode()) <= _LONGEST_ID
    return turn if known else None


def _receipt(item: Item) -> str | None:
    """The receipt to go on from, where a query can."""
    after = item.get("receipts_after")
    if not isinstance(after, str) or len(after.encode()) > _LONGEST_ID:
        return None
    return after if after.startswith(RECEIPT) else None


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
