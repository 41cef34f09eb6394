"""Faults that production will inject sooner or later, injected on purpose.

Owns the rules and their matching. The AWS proxy carries out those on AWS operations; the scripted
model and the carrier carry out their own (``FaultSet`` tells them).
"""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

WRITES = "PutItem|UpdateItem|DeleteItem|TransactWriteItems|SendMessage"


class Action(StrEnum):
    """What happens to a request that a rule matches."""

    THROTTLE = "throttle"
    CONFLICT = "conflict"
    DELAY = "delay"
    ERROR = "error"
    KILL = "kill"


class When(StrEnum):
    """On which side of the operation it happens."""

    BEFORE = "before"
    AFTER = "after"


class FaultError(ValueError):
    """A fault was asked for that does not exist; the message lists those that do."""


@dataclass
class Rule:
    """One fault on AWS operations.

    Attributes:
        action: What happens.
        function: Short or physical name of the function; empty for any.
        service: Signing name, such as ``dynamodb``; empty for any.
        operation: One or several operations, separated by ``|``; empty for any.
        contains: Text that the request body must hold.
        when: Before the operation reached the store, or after it took effect.
        times: How often it may still happen; None for no limit.
        probability: Chance that a match takes effect.
        seconds: Length of a delay.
        hits: How often it has happened.
    """

    action: Action
    function: str = ""
    service: str = ""
    operation: str = ""
    contains: str = ""
    when: When = When.BEFORE
    times: int | None = None
    probability: float = 1.0
    seconds: float = 0.0
    hits: int = 0
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    def matches(self, function: str, service: str, operation: str, body: bytes) -> bool:
        """Say whether a request is of the kind this rule is about."""
        return (
            (
                not self.function
                or function == self.function
                or function.endswith(f"-{self.function}")
            )
            and (not self.service or service == self.service)
            and (not self.operation or operation in self.operation.split("|"))
            and (not self.contains or self.contains.encode() in body)
        )


class Faults:
    """The rules in force, safe to change from any thread."""

    def __init__(self, seed: int | None = None) -> None:
        self.random = random.Random(seed)  # noqa: S311 - chance, not secrecy
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    @property
    def rules(self) -> list[Rule]:
        """The rules in force, oldest first."""
        with self._lock:
            return list(self._rules)

    def add(self, action: Action | str, **conditions: object) -> Rule:
        """Put a rule in force; the conditions are :class:`Rule`'s attributes.

        Raises:
            FaultError: There is no such action or condition.
        """
        try:
            when = When(str(conditions.pop("when", When.BEFORE)))
            rule = Rule(Action(action), when=when, **conditions)  # type: ignore[arg-type] # checked here
        except (TypeError, ValueError) as error:
            raise FaultError(f"no such fault: {error}") from error
        with self._lock:
            self._rules.append(rule)
        return rule

    def remove(self, rule_id: str) -> None:
        """Take a rule out of force; unknown ids are ignored."""
        with self._lock:
            self._rules = [rule for rule in self._rules if rule.id != rule_id]

    def clear(self) -> None:
        """Take every rule out of force."""
        with self._lock:
            self._rules.clear()

    def strike(
        self, when: When, *, function: str, service: str, operation: str, body: bytes
    ) -> list[Rule]:
        """Return the rules that take effect on a request now, and count them as used."""
        struck = []
        with self._lock:
            for rule in self._rules:
                if rule.when is not when or rule.times == 0:
                    continue
                if not rule.matches(function, service, operation, body):
                    continue
                if self.random.random() >= rule.probability:
                    continue
                rule.hits += 1
                if rule.times is not None:
                    rule.times -= 1
                struck.append(rule)
        return struck


@dataclass(frozen=True)
class FaultSet:
    """What ``--fault`` asks for.

    Attributes:
        slow_seconds: How long the scripted model takes.
        throttle: Chance that the scripted model refuses.
        duplicate: Whether the carrier sends each webhook twice.
        crash: Chance that the responder's worker is killed at a write.
    """

    slow_seconds: float = 0.0
    throttle: float = 0.0
    duplicate: bool = False
    crash: float = 0.0

    def install(self, faults: Faults) -> None:
        """Put the part that concerns AWS operations in force."""
        if not self.crash:
            return
        for when in When:
            faults.add(
                Action.KILL,
                function="responder",
                operation=WRITES,
                when=when,
                probability=self.crash / 2,
            )


DEFAULT_CRASH = 0.05
EXAMPLES = "slow=20s, throttle=0.2, duplicate, crash (or crash=0.1)"


def parse_faults(asked: str | Iterable[str]) -> FaultSet:
    """Read ``slow=20s,throttle=0.2,duplicate,crash``.

    Raises:
        FaultError: A word is unknown or its value makes no sense.
    """
    words = asked.split(",") if isinstance(asked, str) else list(asked)
    values: dict[str, float | bool] = {}
    for word in filter(None, (word.strip() for word in words)):
        name, _, value = word.partition("=")
        try:
            match name:
                case "slow":
                    values["slow_seconds"] = _positive(value.removesuffix("s") or "20")
                case "throttle":
                    values["throttle"] = _chance(value or "0.2")
                case "duplicate" if not value:
                    values["duplicate"] = True
                case "crash":
                    values["crash"] = _chance(value or str(DEFAULT_CRASH))
                case _:
                    raise FaultError(f"unknown fault {word!r}")
        except ValueError as error:
            raise FaultError(f"{error}; --fault takes {EXAMPLES}") from error
    return FaultSet(**values)  # type: ignore[arg-type] # built above, key by key


def _positive(text: str) -> float:
    value = float(text)
    if value < 0:
        raise ValueError(f"{text!r} is negative")
    return value


def _chance(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError(f"{text!r} is not between 0 and 1")
    return value
