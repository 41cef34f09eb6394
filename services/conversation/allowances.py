"""Allowances: how much a person and the whole stack may use, a day and a month (UTC).

Owns when an allowance is used up. A person's counters are written by the commit of each turn, so
they are exact, and a person goes over by at most the turn that reached the limit. The stack's are
written after each commit and read at most every few seconds by each worker: the stack goes over by
at most what is in flight and what begins within `stack_usage.FRESH_SECONDS`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from conversation import observability
from conversation.clocks import Clock
from conversation.persons import owner_of
from conversation.stack_usage import StackUsage
from conversation.tables import Tables
from conversation.usage import Used, read_usage


@dataclass(frozen=True)
class Limits:
    """How much may be used; 0 is no limit.

    Attributes:
        turns_per_day: Turns a day.
        tokens_per_day: Tokens read and written a day.
        segments_per_day: SMS segments sent a day.
        turns_per_month: Turns a month.
        tokens_per_month: Tokens a month.
        segments_per_month: Segments a month.
    """

    turns_per_day: int = 0
    tokens_per_day: int = 0
    segments_per_day: int = 0
    turns_per_month: int = 0
    tokens_per_month: int = 0
    segments_per_month: int = 0

    @classmethod
    def load(cls, values: Mapping[str, int]) -> Limits:
        """Read them; what is not named has no limit.

        Raises:
            ValueError: A name is unknown.
        """
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"no such allowance: {', '.join(sorted(unknown))}")
        return cls(**values)

    @property
    def any(self) -> bool:
        """Whether there is a limit at all."""
        return any(getattr(self, field.name) for field in fields(self))

    def reached(self, day: Used, month: Used) -> str | None:
        """The first allowance that is used up, by name."""
        return next(self._reached(day, month), None)

    def _reached(self, day: Used, month: Used) -> Iterator[str]:
        for period, used in (("day", day), ("month", month)):
            for field in fields(Used):
                name = f"{field.name}_per_{period}"
                limit = getattr(self, name)
                if limit and getattr(used, field.name) >= limit:
                    yield name


@dataclass(frozen=True)
class Spent:
    """An allowance that is used up.

    Attributes:
        whose: "person" or "stack".
        name: Which allowance, such as "turns_per_day".
        silent: Whether the person hears nothing of it: they were told so today; or it is the
            stack's and they had no answer today, as each forged sender, whose notices no
            allowance would bound.
    """

    whose: str
    name: str
    silent: bool


class Allowances:
    """Says whether a turn may still be answered.

    Args:
        tables: The stack's tables.
        person: What one person may use.
        stack: What all of them together may use.
        stack_usage: The stack's counters.
        clock: Epoch seconds.
    """

    def __init__(
        self,
        tables: Tables,
        *,
        person: Limits,
        stack: Limits,
        stack_usage: StackUsage,
        clock: Clock = time.time,
    ) -> None:
        self._tables = tables
        self._person = person
        self._stack = stack
        self._stack_usage = stack_usage
        self._clock = clock

    def spent(self, conversation: str, person: str | None = None) -> Spent | None:
        """The allowance that a conversation has used up; None while it may go on.

        Args:
            conversation: A call's has counters of its own.
            person: Whose it is, where the caller knows; else it is looked up.
        """
        stack = self._of_stack()
        person = person or owner_of(self._tables, conversation)
        if person is None:
            return Spent("stack", stack, silent=True) if stack else None
        if not (stack or self._person.any):
            return None
        usage = read_usage(self._tables, person, self._clock(), conversation)
        mine = self._person.reached(usage.day, usage.month)
        if mine:
            return Spent("person", mine, silent=usage.told)
        if not stack:
            return None
        return Spent("stack", stack, silent=usage.told or not usage.day.turns)

    def stack_spent(self) -> bool:
        """Say whether an allowance of the stack is used up, whatever its persons used."""
        return self._of_stack() is not None

    def _of_stack(self) -> str | None:
        if not self._stack.any:
            return None
        reached = self._stack.reached(*self._stack_usage.read())
        if reached:
            observability.count("StackSpent")
        return reached
