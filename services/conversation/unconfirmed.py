"""Sends whose answer was lost: the carrier may hold a copy whose id is written nowhere (rule 16).

By the time that matters the reply address opens no more, for the key is gone. But the carrier
knows it: the receipts name what the person texted, and the carrier says who that came from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from conversation.forgotten import Forgotten
from conversation.items import Item
from conversation.keys import conversations_of
from conversation.lease import Lease
from conversation.outcomes import DeliveryState, TurnState
from conversation.persons import person_key
from conversation.tables import Tables
from conversation.turns import sids_of

SentBack = Callable[[str, int, int], list[str] | None]
"""Who asks the carrier what went back to the sender of a message, and when."""

_PAGE: Final = 50
_RECEIPT: Final = "receipt#"
_TURN: Final = "turn#"
# The carrier's log has the texts of one time, or it has not.
_RECEIPTS_TRIED: Final = 5


class Unconfirmed:
    """Finds the copies of sends whose answer was lost.

    Args:
        tables: The tables.
        settled_ms: After which a send that was announced has certainly ended.
    """

    def __init__(self, tables: Tables, settled_ms: int) -> None:
        self._tables = tables
        self._settled_ms = settled_ms
        self._lease = Lease(tables)

    def are_in(self, forgotten: Forgotten, turn: Item) -> bool:
        """Whether a turn may have been sent without that its item has every id."""
        if turn["sk"] == f"{_TURN}{forgotten.sending}" and not turn.get("carrier_sids"):
            return True
        return turn["delivery"] == DeliveryState.UNKNOWN or bool(turn.get("resent"))

    def settled_at(self, forgotten: Forgotten, turn: Item) -> int:
        """When the last send of a turn has certainly ended, in epoch milliseconds."""
        if turn["sk"] == f"{_TURN}{forgotten.sending}" and forgotten.settled_at is not None:
            return forgotten.settled_at
        began: int = turn.get("sending_at") or turn["created_at"]
        return began + self._settled_ms

    def find(self, forgotten: Forgotten, turn: Item, sent_back: SentBack) -> list[str] | None:
        """The ids of what was sent at that time, but for what the person was told since.

        Returns:
            None when a send of the new conversation is under way, which would look the same.
        """
        since, until = turn["created_at"] - self._settled_ms, self.settled_at(forgotten, turn)
        for receipt in self._receipts(forgotten, turn):
            found = sent_back(receipt, since, until)
            if found is None:
                continue
            new = set(found).difference(sids_of(turn))
            living = self._living(forgotten) if new else set()
            return None if living is None else sorted(new - living)
        return []

    def _receipts(self, forgotten: Forgotten, turn: Item) -> list[str]:
        """The messages by which the carrier can be asked, the nearest in time first.

        Those of the forgotten generation before all others: their copies are there until every
        doubt is gone, where an earlier FORGET has erased its own.
        """
        person = self._lease.read(forgotten.conversation).whose
        if person is None:
            return []
        found = [
            receipt
            for receipt in self._pages(self._tables.people, person_key(person), _RECEIPT)
            if receipt.get("route") == turn["route"]
        ]
        found.sort(
            key=lambda receipt: (
                receipt.get("generation") != forgotten.generation,
                abs(receipt["accepted_at"] - turn["created_at"]),
            )
        )
        return [receipt["sk"].removeprefix(_RECEIPT) for receipt in found[:_RECEIPTS_TRIED]]

    def _living(self, forgotten: Forgotten) -> set[str] | None:
        """What turns hold that are not forgotten; None while one of them is being sent.

        Read after the carrier's list: whatever that has of a living turn is now one or the other.
        """
        person, held = self._lease.read(forgotten.conversation).whose, set()
        others = conversations_of(self._tables, person) if person else []
        for conversation in {forgotten.conversation, *others}:
            opened = self._lease.read(conversation).open_turn
            if opened is not None and opened.state is TurnState.SENDING:
                return None
            for turn in self._pages(self._tables.conversations, conversation, _TURN):
                if turn.get("generation") != forgotten.generation:
                    held.update(sids_of(turn))
        return held

    def _pages(self, table: str, pk: str, prefix: str) -> Iterator[Item]:
        after: str | None = None
        while True:
            page = self._tables.query(table, pk, prefix, limit=_PAGE, after=after)
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1]["sk"]
