"""Calls as they leave the tables of a deployed stack."""

from __future__ import annotations

import time
from typing import Any

from conversation.items import to_item
from conversation.outcomes import DeliveryState
from conversation.persons import call_key, keep_sk
from conversation.turns import Turn
from texting.after_call import AfterCalls
from texting.held import Held

CONTACT = "11111111-2222-3333-4444-555555555555"
_GENERATION = "0" * 32
_REPLY_TO = {"from": "+13035550100", "to": "+13035550111"}


def spoken(stack: Any, number: int, *, conversation: str = "", **changes: Any) -> Turn:
    """A turn that was answered aloud."""
    turn: Turn = stack.turn(
        conversation or call_key(CONTACT),
        id_=f"{CONTACT}-{number:04d}",
        delivery=DeliveryState.SPOKEN,
        heard=b"sealed digest",
        inbox=[],
        **changes,
    )
    return turn


def hold(stack: Any, turn: str, words: str) -> None:
    """Hold what a caller said until they say yes."""
    conversation = call_key(CONTACT)
    action = Held(stack.tables).holding(
        conversation,
        contact=CONTACT,
        turn=turn,
        text=words,
        route="sender#number",
        reply_to=_REPLY_TO,
        seals=stack.seals(conversation),
    )
    stack.tables.write(action)


def end(stack: Any) -> None:
    """Leave the offer to remember the call to be made in five minutes."""
    conversation = call_key(CONTACT)
    action = AfterCalls(stack.tables).noting(
        conversation,
        started_at=int((time.time() - 120) * 1000),
        route="sender#number",
        reply_to=_REPLY_TO,
        seals=stack.seals(conversation),
        keep_after_seconds=300,
    )
    stack.tables.write(action)


def belongs(stack: Any, person: str) -> None:
    """Say in the call's conversation whose call it is, as its key does."""
    key = {"pk": call_key(CONTACT), "sk": "meta", "schema": 1, "generation": _GENERATION}
    stack._put({**key, "person": person.removeprefix("person#"), "epoch": 3, "sequence": 2})


def offer(stack: Any, person: str) -> None:
    """Offer to remember the call."""
    key = {"pk": person, "sk": keep_sk(CONTACT), "schema": 1, "generation": _GENERATION}
    told = {"started_at": 1, "offered_at": int(time.time() * 1000), "expires_at": 2**31}
    item = {**key, **told, "offered_to": b"sealed"}
    stack.tables.client.put_item(TableName=stack.tables.people, Item=to_item(item))
