"""What a turn's item says about its delivery, written by whoever learns something.

The worker that sends, the reconciliation and the carrier's callbacks all write it, in any order
and at the same time. So each write compares what it saw, and a state moves forward only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conversation.outcomes import DeliveryState
from conversation.tables import ConditionFailedError, StoreBusyError, Tables, update
from conversation.turns import Turn, readable, turn_sk
from texting.states import follows

_ATTEMPTS = 8


@dataclass(frozen=True)
class News:
    """Something learnt about a turn's delivery.

    Attributes:
        state: How far its text has come.
        sids: The carrier's ids of what was sent.
        error: The carrier's error code, or ours.
        facts: Further attributes of the turn, set in any case.
    """

    state: DeliveryState
    sids: tuple[str, ...] = ()
    error: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def record(tables: Tables, turn: Turn, news: News) -> Turn | None:
    """Write what was learnt into the turn's item.

    Args:
        tables: The tables.
        turn: As read or committed; may be stale.
        news: What was learnt. Its state and error are dropped if the text is further already.

    Returns:
        The turn as it is now; None when its item is gone (FORGET, or expired) or unreadable.

    Raises:
        StoreBusyError: The store did not answer, or others kept writing.
    """
    facts = dict(news.facts)
    for _ in range(_ATTEMPTS):
        changes = {**_changes(turn, news), **facts}
        if not changes:
            return turn
        try:
            item = tables.write(_compare_and_set(tables, turn, changes))
        except ConditionFailedError as error:
            met = readable(error.items[0])
            if met is None:
                return None
            turn = met
        else:
            return readable(item)
    raise StoreBusyError("others kept writing the turn's delivery")


def _changes(turn: Turn, news: News) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if follows(news.state, turn.delivery):
        changes["delivery"] = news.state.value
        if news.error is not None:
            changes["delivery_error"] = news.error
    new = [sid for sid in news.sids if sid not in turn.carrier_sids]
    if new:
        changes["carrier_sids"] = [*turn.carrier_sids, *new]
    return changes


def _compare_and_set(tables: Tables, turn: Turn, changes: Mapping[str, Any]) -> Any:
    """Set attributes if delivery and ids are still as they were seen; the item must exist."""
    values = {f":{name}": value for name, value in changes.items()}
    condition = "attribute_exists(pk) AND #delivery = :seen"
    values[":seen"] = turn.delivery.value
    if turn.carrier_sids:
        condition += " AND #carrier_sids = :sids"
        values[":sids"] = list(turn.carrier_sids)
    else:
        condition += " AND attribute_not_exists(#carrier_sids)"
    return update(
        tables.conversations,
        turn.conversation,
        turn_sk(turn.id),
        "SET " + ", ".join(f"#{name} = :{name}" for name in changes),
        condition=condition,
        values=values,
    )
