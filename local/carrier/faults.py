"""What the carrier does wrong on purpose: rules added by tests, the page and ``--fault``.

Owns which fault strikes next; what each one looks like from outside is in the exchange and the API.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """The faults the carrier can play."""

    RATE_LIMIT = "rate_limit"
    ERROR_500 = "error500"
    HANG = "hang"
    ACCEPT_THEN_HANG = "accept_then_hang"
    ACCEPT_THEN_500 = "accept_then_500"
    OPTED_OUT = "opted_out"
    WINDOW = "window"
    UNDELIVERED = "undelivered"
    DUPLICATE = "duplicate"
    LOST_WEBHOOK = "lost_webhook"
    LOST_CALLBACK = "lost_callback"


SENTENCES: dict[Fault, str] = {
    Fault.RATE_LIMIT: "A send is answered 429, too many requests.",
    Fault.ERROR_500: "A send is answered 500 and nothing is sent.",
    Fault.HANG: "A send is never answered and nothing is sent.",
    Fault.ACCEPT_THEN_HANG: "A send goes out, but its answer never arrives.",
    Fault.ACCEPT_THEN_500: "A send goes out, but is answered 500.",
    Fault.OPTED_OUT: "A send is refused: the person has opted out (21610).",
    Fault.WINDOW: "A WhatsApp answer fails: outside the 24-hour window (63016).",
    Fault.UNDELIVERED: "A send is accepted and then not delivered (30005).",
    Fault.DUPLICATE: "A text is delivered to the webhook twice at once.",
    Fault.LOST_WEBHOOK: "A text never reaches the webhook; the carrier only lists it.",
    Fault.LOST_CALLBACK: "Delivery reports are lost.",
}


@dataclass
class _Rule:
    fault: Fault
    left: int | None
    number: str | None
    probability: float


class CarrierFaults:
    """The active rules; each is taken by the requests it matches until it is used up.

    Args:
        seed: Of the dice for rules with a probability below one, so that a run can be repeated.
    """

    def __init__(self, seed: int = 0) -> None:
        self._rules: list[_Rule] = []
        self._dice = random.Random(seed)  # noqa: S311 - repeatable faults, not secrets
        self._lock = threading.Lock()

    def add(
        self,
        fault: Fault | str,
        *,
        times: int | None = 1,
        number: str | None = None,
        probability: float = 1.0,
    ) -> None:
        """Let a fault strike.

        Args:
            fault: Which one.
            times: How often; None until cleared.
            number: Only texts from or to this address; None means all.
            probability: Chance per matching request.
        """
        with self._lock:
            self._rules.append(_Rule(Fault(fault), times, number, probability))

    def switch(self, fault: Fault | str, *, on: bool) -> None:
        """Turn a fault on for everything until it is turned off again."""
        self.clear(fault)
        if on:
            self.add(fault, times=None)

    def clear(self, fault: Fault | str | None = None) -> None:
        """Remove the rules of one fault, or all of them."""
        wanted = None if fault is None else Fault(fault)
        with self._lock:
            self._rules = [r for r in self._rules if wanted is not None and r.fault is not wanted]

    def take(self, fault: Fault, number: str) -> bool:
        """Whether the fault strikes this text of ``number``; a one-off rule is used up."""
        with self._lock:
            for rule in self._rules:
                if rule.fault is fault and rule.number in (None, number):
                    if self._dice.random() >= rule.probability:
                        continue
                    if rule.left is not None:
                        rule.left -= 1
                        if rule.left <= 0:
                            self._rules.remove(rule)
                    return True
        return False

    def active(self) -> set[Fault]:
        """The faults that have a rule now."""
        with self._lock:
            return {rule.fault for rule in self._rules}
