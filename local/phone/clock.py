"""Time on the line, so that a test can let thirty seconds pass at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


class Clock:
    """The time of day, and waiting."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some moment, never set back."""
        return time.monotonic()

    def wait(
        self, changed: threading.Condition, met: Callable[[], bool], seconds: float | None
    ) -> bool:
        """Wait, holding ``changed``, until something is so; False when the time is up."""
        return changed.wait_for(met, seconds)


@dataclass(frozen=True)
class Pace:
    """How fast things go on the line.

    Attributes:
        words_per_second: Of whoever speaks for dialtone. None: speaking takes no time, a caller
            is never too late, and what was said early waits until it is listened to.
    """

    words_per_second: float | None = None

    @property
    def real(self) -> bool:
        """Whether time passes on the line."""
        return self.words_per_second is not None

    def speaking_seconds(self, words: str) -> float:
        """How long dialtone takes to say something."""
        return len(words.split()) / self.words_per_second if self.words_per_second else 0.0


USUAL_WORDS_PER_SECOND = 2.7
INSTANT = Pace(None)
REAL = Pace(USUAL_WORDS_PER_SECOND)
