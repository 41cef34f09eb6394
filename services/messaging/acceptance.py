"""What can become of a text: the effects that its receipt names, and what follows of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

INBOX: Final = "inbox"
CONSENT: Final = "consent"
DEFERRED: Final = "deferred"
"""A START that may be older than the STOP that it met: it waits for the carrier's times."""
IGNORED: Final = "ignored"
REFUSED: Final = "refused"
FORGET: Final = "forget"


@dataclass(frozen=True)
class Acceptance:
    """What became of a text.

    Attributes:
        conversation: Whose it is.
        duplicate: Whether it had been accepted before.
        effect: One of the words above, as its receipt says.
        reply: What to answer it with at once; only for words that are no conversation and that
            the carrier does not answer.
    """

    conversation: str
    duplicate: bool
    effect: str
    reply: str | None = None

    @property
    def wakes(self) -> bool:
        """Whether a wake-up is due. For a duplicate too: the first may have died before its."""
        return self.effect in {INBOX, FORGET}
