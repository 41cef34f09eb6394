"""A deadline that is handed down a turn, and attempts that really end.

A model's socket time-out bounds the silence between two bytes, not the call: a server that
trickles keeps a call alive for ever. So an attempt is ended by the interval timer.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_AGAIN_SECONDS = 0.25
_SOON_SECONDS = 0.001


class AttemptTimeoutError(Exception):
    """An attempt used up its time and was ended."""


class _AttemptEnded(BaseException):
    """Raised inside the attempt by the timer; no `except Exception` there may stop it."""


class Deadline:
    """A moment that work must not outlive.

    Args:
        at: The moment, by `clock`.
        clock: A monotonic clock in seconds.
    """

    def __init__(self, at: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._at = at
        self._clock = clock

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float] = time.monotonic) -> Deadline:
        """The deadline this many seconds from now."""
        return cls(clock() + seconds, clock)

    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._at - self._clock())

    @property
    def expired(self) -> bool:
        """Whether no time is left."""
        return self.remaining() <= 0

    def less(self, seconds: float) -> Deadline:
        """The same deadline with a reserve kept back at its end."""
        return Deadline(self._at - seconds, self._clock)

    @contextmanager
    def attempt(self, seconds: float | None = None) -> Iterator[float]:
        """Run the body for at most `seconds`, and never past the deadline.

        Works in the main thread, where Lambda runs a handler. In another thread (a LangChain
        program, a test's worker) the body's own socket time-outs are all there is.

        Yields:
            The seconds that the body may take.

        Raises:
            AttemptTimeoutError: The time was used up, or there was none.
        """
        limit = self.remaining() if seconds is None else min(seconds, self.remaining())
        if limit <= 0:
            raise AttemptTimeoutError("no time left for an attempt")
        if threading.current_thread() is not threading.main_thread():
            yield limit
            return
        try:
            with _alarm(limit):
                yield limit
        except _AttemptEnded:
            raise AttemptTimeoutError(f"ended after {limit:.1f} s") from None


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Interrupt the body after `seconds`; an alarm that was set before goes on afterwards."""
    armed = True

    def ring(_signal: int, _frame: FrameType | None) -> None:
        if armed:
            raise _AttemptEnded

    began = time.monotonic()
    handler = signal.signal(signal.SIGALRM, ring)
    # Again and again: a first ring inside a destructor would be swallowed there.
    before, interval = signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_SECONDS)
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if before:
            left = before - (time.monotonic() - began)
            signal.setitimer(signal.ITIMER_REAL, max(_SOON_SECONDS, left), interval)
