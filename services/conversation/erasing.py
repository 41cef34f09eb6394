"""What a FORGET leaves behind its key: the carrier's copies, then every item (rule 16).

Each deletion is progress of its own, so whoever comes next goes on where the last one died. Knows
no carrier: who deletes copies is given.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from conversation import observability
from conversation.clocks import DAY_SECONDS, MILLISECONDS, Clock, milliseconds
from conversation.deadline import Deadline
from conversation.forgotten import FORGET, RECEIPT, Forgotten
from conversation.items import Item
from conversation.persons import person_key, person_of
from conversation.remnants import erase_remnants
from conversation.tables import ConditionFailedError, Tables, delete, update
from conversation.turns import readable, sids_of
from conversation.unconfirmed import Unconfirmed

_PAGE = 50
_LATE_SECONDS = DAY_SECONDS
_TURN = "turn#"


class CopiesUnavailableError(Exception):
    """Whoever holds copies cannot be asked to delete them now."""


class Copies(Protocol):
    """Who holds copies of what was said."""

    def erase(self, sid: str) -> bool:
        """Delete one; False when it cannot be deleted yet.

        Raises:
            CopiesUnavailableError: Nobody can be asked now.
        """

    def sent_back(self, sid: str, since: int, until: int) -> list[str] | None:
        """The ids of what went back in a time to who sent a message, by the way that it came.

        Args:
            sid: The message's id.
            since: Epoch milliseconds.
            until: Epoch milliseconds.

        Returns:
            None when the message itself is gone.

        Raises:
            CopiesUnavailableError: Nobody can be asked now.
        """


@dataclass
class _Asked:
    """Asks until the first time that finds nobody: then the rest waits too.

    Attributes:
        copies: Who is asked.
        available: Whether everybody was found so far.
        doubts: How many turns are left of which it is not known what was sent.
    """

    copies: Copies
    available: bool = True
    doubts: int = 0

    def erase(self, sid: str) -> bool:
        try:
            return self.available and self.copies.erase(sid)
        except CopiesUnavailableError:
            self.available = False
            return False


class Erasing:
    """Erases what belongs to a forgotten generation.

    Args:
        tables: The tables.
        copies: Who holds copies.
        settled_ms: After which a send that was announced has certainly ended.
        clock: Epoch seconds.
    """

    def __init__(
        self, tables: Tables, copies: Copies, settled_ms: int, clock: Clock = time.time
    ) -> None:
        self._tables = tables
        self._copies = copies
        self._clock = clock
        self._unconfirmed = Unconfirmed(tables, settled_ms)

    def erase(self, forgotten: Forgotten, deadline: Deadline) -> bool:
        """Go on where it was left. Safe to run twice at the same time.

        Returns:
            Whether nothing is left to do; else time was up, or copies could not be deleted yet.
        """
        copies = _Asked(self._copies)
        kept = self._erase_items(forgotten, copies, deadline)
        # Last, and not before every doubt is gone: what they texted tells where replies went.
        heard = not copies.doubts and self._erase_heard(forgotten, copies, deadline)
        if deadline.expired:
            return False
        rest = erase_remnants(self._tables, forgotten, copies.erase, self._clock)
        if kept or not heard or not rest:
            self._note_kept(forgotten, kept + (not heard) + (not rest))
            return False
        last = delete(self._tables.conversations, forgotten.conversation, forgotten.sk)
        self._tables.write(last)
        extra = {"conversation": forgotten.conversation}
        observability.logger().info("forgotten", extra=extra)
        return True

    def _note_kept(self, forgotten: Forgotten, kept: int) -> None:
        """The carrier finishes with a message in minutes; what takes days needs an operator."""
        observability.count("CopiesKept", kept)
        late = milliseconds(self._clock) - forgotten.begun_at > _LATE_SECONDS * MILLISECONDS
        observability.count("ForgetLate", int(late))

    def _erase_heard(self, forgotten: Forgotten, copies: _Asked, deadline: Deadline) -> bool:
        """The carrier's copies of what the person texted: their receipts know them.

        The receipts stay, so that a late retry of the carrier brings nothing back.
        """
        person = person_of(forgotten.conversation)
        if person is None or forgotten.heard:
            return True
        after, gone = forgotten.receipts_after, True
        while True:
            page = self._tables.query(
                self._tables.people, person_key(person), RECEIPT, limit=_PAGE, after=after
            )
            for receipt in page:
                if deadline.expired:
                    return False
                if receipt.get("generation") == forgotten.generation:
                    gone = copies.erase(receipt["sk"].removeprefix(RECEIPT)) and gone
            if len(page) < _PAGE:
                break
            after = page[-1]["sk"]
            if gone:
                self._note(forgotten, receipts_after=after)
        if gone:
            self._note(forgotten, heard=True)
        return gone

    def _erase_items(self, forgotten: Forgotten, copies: _Asked, deadline: Deadline) -> int:
        """Every item of the generation, a turn's once its copies are gone.

        Returns:
            How many turns are kept until then.
        """
        kept, after = 0, None
        while True:
            page = self._tables.query(
                self._tables.conversations, forgotten.conversation, "", limit=_PAGE, after=after
            )
            for item in page:
                if deadline.expired:
                    return kept
                if item.get("generation") != forgotten.generation or item["sk"].startswith(FORGET):
                    continue
                if item["sk"].startswith(_TURN):
                    kept += not self._erase_turn(forgotten, item, copies)
                else:
                    self._delete(forgotten, item["sk"])
            if len(page) < _PAGE:
                return kept
            after = page[-1]["sk"]

    def _erase_turn(self, forgotten: Forgotten, item: Item, copies: _Asked) -> bool:
        if readable(item) is None:
            return self._delete(forgotten, item["sk"])  # No record of ours: it names no copy.
        sids = sids_of(item)
        if not (self._erase_unconfirmed(forgotten, item, copies) and all(map(copies.erase, sids))):
            return False
        known = "carrier_sids = :sids" if sids else "attribute_not_exists(carrier_sids)"
        return self._delete(forgotten, item["sk"], known, {":sids": sids} if sids else {})

    def _erase_unconfirmed(self, forgotten: Forgotten, item: Item, copies: _Asked) -> bool:
        """The copies of sends whose answer was lost: nothing of ours knows their ids."""
        if not self._unconfirmed.are_in(forgotten, item):
            return True
        found: list[str] | None = None
        settled = milliseconds(self._clock) >= self._unconfirmed.settled_at(forgotten, item)
        if settled and copies.available:
            try:
                found = self._unconfirmed.find(forgotten, item, self._copies.sent_back)
            except CopiesUnavailableError:
                copies.available = False
        gone = found is not None and all(map(copies.erase, found))
        copies.doubts += not gone
        return gone

    def _delete(
        self, forgotten: Forgotten, sk: str, known: str = "", values: Item | None = None
    ) -> bool:
        """Delete an item if it is of the forgotten generation still, and as it is known.

        Returns:
            False when there is something new to it: a report brought another copy's id.
        """
        action = delete(
            self._tables.conversations,
            forgotten.conversation,
            sk,
            condition="generation = :generation" + (f" AND {known}" if known else ""),
            values={":generation": forgotten.generation, **(values or {})},
        )
        try:
            self._tables.write(action)
        except ConditionFailedError as error:
            met = error.items[0] or {}
            return met.get("generation") != forgotten.generation
        return True

    def _note(self, forgotten: Forgotten, **progress: str | bool) -> None:
        """Remember how far the copies are; who resumed at the same time may have ended it."""
        action = update(
            self._tables.conversations,
            forgotten.conversation,
            forgotten.sk,
            "SET " + ", ".join(f"#{name} = :{name}" for name in progress),
            condition="attribute_exists(pk)",
            values={f":{name}": value for name, value in progress.items()},
        )
        try:
            self._tables.write(action)
        except ConditionFailedError:
            return
