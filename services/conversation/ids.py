"""Identifiers: sortable ids, random generations, index shards, turn references."""

from __future__ import annotations

import secrets
import threading
import time
import zlib

from ulid import ULID

from conversation.clocks import Clock, milliseconds

SHARDS = 16
_RANDOM_BITS = 80


class Ids:
    """Ulids that rise strictly within one worker, also inside one millisecond.

    Args:
        clock: Epoch seconds; a clock that steps back does not make ids step back.
    """

    def __init__(self, clock: Clock = time.time) -> None:
        self._clock = clock
        self._last = 0
        self._lock = threading.Lock()

    def new(self) -> str:
        """The next id: 26 characters that sort by time."""
        with self._lock:
            fresh = (milliseconds(self._clock) << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
            same_or_earlier = fresh >> _RANDOM_BITS <= self._last >> _RANDOM_BITS
            self._last = self._last + 1 if same_or_earlier else fresh
            return str(ULID.from_int(self._last))


def first_id(at: int) -> str:
    """The id before all of those made from a moment on.

    Args:
        at: Epoch milliseconds.
    """
    return str(ULID.from_int(at << _RANDOM_BITS))


def new_generation() -> str:
    """A key generation: 128 random bits in hexadecimal, never reused (protocol rule 15)."""
    return secrets.token_hex(16)


def shard_of(conversation: str) -> str:
    """The index shard of a conversation, "00" to "15"."""
    return f"{zlib.crc32(conversation.encode()) % SHARDS:02d}"


def shards() -> list[str]:
    """Every index shard."""
    return [f"{shard:02d}" for shard in range(SHARDS)]


_LONGEST_REFERENCE = 512


def turn_reference(conversation: str, turn_id: str) -> str:
    """A turn as one path segment: `person~01J….01J…`."""
    return f"{conversation.replace('#', '~')}.{turn_id}"


def parse_turn_reference(reference: str) -> tuple[str, str]:
    """Read a reference back.

    Returns:
        The conversation and the turn id.

    Raises:
        ValueError: The text is no turn reference.
    """
    conversation, dot, turn_id = reference.rpartition(".")
    fits = len(reference.encode("utf-8", "replace")) <= _LONGEST_REFERENCE
    if not (fits and dot and conversation and turn_id.isalnum()):
        raise ValueError("not a turn reference")
    return conversation.replace("~", "#"), turn_id
