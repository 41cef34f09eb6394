"""The operator's switch: paused, nothing is answered; what arrives is kept (protocol rule 12).

Owns the item `stack` / `switch`. Read at most every few seconds by each worker, so that it works
within seconds and without a deploy, and costs next to nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from conversation.clocks import Clock, milliseconds
from conversation.items import SCHEMA, Item
from conversation.stack_usage import FRESH_SECONDS, STACK
from conversation.tables import Tables, put

_SK = "switch"


@dataclass(frozen=True)
class Position:
    """How the switch stands.

    Attributes:
        paused: Whether nothing is to be answered.
        at: Epoch milliseconds since when; 0 when nobody ever touched it.
    """

    paused: bool = False
    at: int = 0

    @property
    def resumed_at(self) -> int | None:
        """Epoch milliseconds of the latest resume; None while paused and before the first."""
        return self.at if self.at and not self.paused else None


class Switch:
    """Reads and throws the switch."""

    def __init__(self, tables: Tables, clock: Clock = time.time) -> None:
        self._tables = tables
        self._clock = clock
        self._seen: tuple[float, Position] | None = None

    def position(self) -> Position:
        """How it stands, at most `FRESH_SECONDS` ago."""
        now = self._clock()
        if self._seen is None or not 0 <= now - self._seen[0] < FRESH_SECONDS:
            self._seen = (now, self.read())
        return self._seen[1]

    def read(self) -> Position:
        """How it stands. One strong read."""
        item = self._tables.get(self._tables.people, STACK, _SK)
        return Position(item["paused"], item["at"]) if item else Position()

    def throw(self, *, paused: bool) -> Position:
        """Pause or resume; throwing it where it stands changes nothing, not even since when."""
        position = self.read()
        if position.paused == paused:
            return position
        position = Position(paused, milliseconds(self._clock))
        item: Item = {"pk": STACK, "sk": _SK, "schema": SCHEMA, **position.__dict__}
        self._tables.write(put(self._tables.people, item))
        return position
