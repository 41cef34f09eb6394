"""What the ledger knows of one person's conversation, and the invariants that were broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from conversation.items import Item

_BEGIN_MS = 2000


class ViolationError(AssertionError):
    """An invariant is broken.

    Attributes:
        invariant: Which.
    """

    def __init__(self, invariant: str, how: str) -> None:
        super().__init__(f"{invariant}: {how}")
        self.invariant = invariant


@dataclass
class Said:
    """Something that the person sent.

    Attributes:
        words: What it says.
        channel: "whatsapp:", or empty for SMS.
        began: When its first delivery began, in writes of the store.
        accepted: When it was accepted.
        sk: Its place in the inbox.
        route: On which route.
        generation: The key that it was sealed to.
        effect: What its receipt says.
        confirms: Whether it holds the code that our reply told.
        sent_at: The carrier's time, when that was told.
        said_at: The carrier's time, told or not: whole seconds, in epoch milliseconds.
    """

    words: str
    channel: str = ""
    began: int | None = None
    accepted: int | None = None
    sk: str = ""
    route: str = ""
    generation: str = ""
    effect: str = ""
    confirms: bool = False
    sent_at: int | None = None
    said_at: int = 0


@dataclass
class State:
    """The model, as it is now.

    Attributes:
        said: By the carrier's id, what the person sent.
        opened: Opens a stored message, apart from every fault.
        now: The true time in epoch milliseconds.
        turns_a_day: The person's allowance; 0 for none.
        clears: Whether another program may delete messages.
        uttered: What the caller said, and when, in writes of the store.
        answered: Which of it was answered, in which generation.
        spoken: By its id, what a call's turn answered and what it says.
        writer: Names whoever writes.
        heard: Tells the words that such a turn answered.
    """

    opened: Callable[[Item], str]
    now: Callable[[], int]
    writers_now: Callable[[], int]
    turns_a_day: int = 0
    said: dict[str, Said] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    memory: list[tuple[str, str]] = field(default_factory=list)
    numbers: int = 0
    generation: str | None = None
    forgotten: set[str] = field(default_factory=set)
    out: dict[str, bool] = field(default_factory=dict)
    consent_at: dict[str, int] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    changes_of_mind: Counter[str] = field(default_factory=Counter)
    introduced: set[str] = field(default_factory=set)
    used: Counter[str] = field(default_factory=Counter)
    turns: dict[str, Item] = field(default_factory=dict)
    announced: dict[str, list[int]] = field(default_factory=dict)
    sends: Counter[str] = field(default_factory=Counter)
    claims: dict[str, tuple[bool, int]] = field(default_factory=dict)
    clears: bool = False
    deaths: int = 0
    writes: int = 0
    day: str = ""
    uttered: dict[str, int] = field(default_factory=dict)
    answered: set[tuple[str, str]] = field(default_factory=set)
    spoken: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    writer: Callable[[], str] = lambda: ""
    heard: Callable[[Item], str] = lambda _turn: ""
    sid_is_of: Callable[[str, str], bool] = lambda _sid, _turn: True
    violations: list[ViolationError] = field(default_factory=list)

    def require(self, held: bool, invariant: str, how: object = "") -> None:  # noqa: FBT001
        """Note a violation; a worker's own `except` must not swallow it."""
        if not held:
            self.violations.append(ViolationError(invariant, str(how)))

    def send_begins(self, turn: str) -> None:
        """A worker is about to ask the carrier for a send."""
        self.sends[turn] += 1
        announced = self.announced.get(turn, [])
        self.require(self.sends[turn] <= len(announced), "each send is announced", turn)
        late = not announced or self.now() - announced[-1] > _BEGIN_MS
        self.require(not late, "a send begins in time", turn)

    def words_of(self, sk: str) -> str:
        """What the text in this place of the inbox says."""
        return next(one.words for one in self.said.values() if one.sk == sk)

    def waiting(self) -> list[Said]:
        """What was accepted and has not ended."""
        return [one for one in self.said.values() if one.sk and one.sk not in self.ended]

    def _end(self, sk: str, outcome: str) -> None:
        self.require(sk not in self.ended, "each text ends in one way", (sk, outcome))
        self.ended[sk] = outcome
