"""Where a text comes from: its address, its route, and who is behind them."""

from __future__ import annotations

from dataclasses import dataclass

from conversation.persons import Known


@dataclass(frozen=True)
class Origin:
    """Where a text comes from.

    Attributes:
        hashed: Hash of the address.
        route: Which of our senders talks with it.
        known: Who is behind it.
        others: Whom it stood for lately.
    """

    hashed: str
    route: str
    known: Known
    others: tuple[str, ...]

    @property
    def person(self) -> str:
        """Whose the text is."""
        return self.known.person

    @property
    def persons(self) -> tuple[str, ...]:
        """The same, and whom the address stood for lately: a word of consent is all of theirs."""
        return (self.person, *self.others)
