"""What `meta` holds, as typed records: the open turn, the lease, and the right to write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conversation.items import Item
from conversation.outcomes import TurnState
from conversation.persons import person_of

META = "meta"
"""Sort key of the item."""


@dataclass(frozen=True)
class OpenTurn:
    """The turn that is open, as frozen at its claim.

    Attributes:
        id: Turn id.
        inbox: Sort keys of the inbox items it answers, in order.
        state: Claimed, answered or sending.
        attempts: Claims so far, the first included.
        claimed_at: Epoch milliseconds of the latest claim.
        route: Which of our senders talks with whom.
        token: Random, new with every claim: tells a worker's own claim from another's.
        sending_at: Epoch milliseconds of the write that announced the send, once there is one.
    """

    id: str
    inbox: tuple[str, ...]
    state: TurnState
    attempts: int
    claimed_at: int
    route: str
    token: str
    sending_at: int | None = None

    def item(self) -> Item:
        """As `meta` holds it."""
        values = {**self.__dict__, "inbox": list(self.inbox), "state": self.state.value}
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def parse(cls, item: Item) -> OpenTurn:
        """Read it back."""
        known: dict[str, Any] = {name: item.get(name) for name in cls.__dataclass_fields__}
        known["inbox"] = tuple(item["inbox"])
        known["state"] = TurnState(item["state"])
        return cls(**known)


@dataclass(frozen=True)
class Meta:
    """A conversation's `meta` as it was read.

    Attributes:
        conversation: The conversation.
        sequence: The next free message number.
        epoch: Fencing token.
        lease_until: Epoch milliseconds; 0 when nobody holds the lease.
        generation: Key generation; None before the first and after FORGET.
        open_turn: The turn to finish first.
        forget_asked: The message that confirmed a FORGET which nobody has begun yet.
        forgetting: The latest generation of which a FORGET has something left to delete.
        person: Whose it is, where its name does not say so: a call's caller.
    """

    conversation: str
    sequence: int = 0
    epoch: int = 0
    lease_until: int = 0
    generation: str | None = None
    open_turn: OpenTurn | None = None
    forget_asked: str | None = None
    forgetting: str | None = None
    person: str | None = None

    @property
    def whose(self) -> str | None:
        """The person id; None for a conversation that belongs to no person."""
        return self.person or person_of(self.conversation)

    @classmethod
    def parse(cls, conversation: str, item: Item | None) -> Meta:
        """Read an item; a conversation without `meta` reads as a new one."""
        item = item or {}
        turn = item.get("open_turn")
        return cls(
            conversation=conversation,
            sequence=item.get("sequence", 0),
            epoch=item.get("epoch", 0),
            lease_until=item.get("lease_until", 0),
            generation=item.get("generation"),
            open_turn=OpenTurn.parse(turn) if turn else None,
            forget_asked=item.get("forget_asked"),
            forgetting=item.get("forgetting"),
            person=item.get("person"),
        )


@dataclass(frozen=True)
class Claim:
    """The right to write to a conversation until the lease runs out.

    Attributes:
        conversation: The conversation.
        turn: The open turn.
        epoch: What every further write is conditioned on.
        sequence: The next free message number.
        generation: Key generation the turn began with.
        person: As `Meta.person`.
    """

    conversation: str
    turn: OpenTurn
    epoch: int
    sequence: int
    generation: str
    person: str | None = None

    @property
    def whose(self) -> str | None:
        """The person id; None for a conversation that belongs to no person."""
        return self.person or person_of(self.conversation)
