"""Asks a function on behalf of Lex or Connect: may it be called, and does it answer in time.

Owns the time limit, the resource policy's check and the faults of delivery. A caller who hangs up
stops the waiting, not the function: its answer is thrown away, as on AWS.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from local.function_spec import Result
from local.phone.line import THINKING, Line

Invoke = Callable[[str, Any], Result]
# (function ARN with its qualifier, service principal, source ARN) → whether the policy allows it.
Permitted = Callable[[str, str, str], bool]
# Seconds after the beginning, and what to do then if there is no answer yet.
Meanwhile = Iterator[tuple[float, Callable[[], None]]]


class FunctionError(Exception):
    """A function could not be asked, failed, or took too long; says which."""


@dataclass
class HookFaults:
    """What may go wrong between Lex and a function.

    Attributes:
        duplicate: Chance that an event is delivered twice; the second answer counts.
        at_once: Whether the two deliveries overlap.
        slow_seconds: How much later an event arrives.
        delivered: How many events were delivered twice.
    """

    duplicate: float = 0.0
    at_once: bool = False
    slow_seconds: float = 0.0
    delivered: int = 0
    random: random.Random = field(default_factory=random.Random)


class Functions:
    """The functions that a call may reach.

    Args:
        invoke: Runs an event through a function, by its name; blocking.
        permitted: The functions' resource policies.
        faults: In force.
    """

    def __init__(self, invoke: Invoke, permitted: Permitted, faults: HookFaults) -> None:
        self._invoke = invoke
        self._permitted = permitted
        self._faults = faults

    def ask(
        self,
        line: Line,
        arn: str,
        event: Any,
        *,
        seconds: float,
        principal: str,
        source: str,
        meanwhile: Meanwhile | None = None,
    ) -> Any:
        """Return what a function answers.

        Args:
            line: Of the call that waits.
            arn: With its qualifier.
            event: For the function.
            seconds: Most that it may take.
            principal: The service that asks.
            source: ARN on whose behalf.
            meanwhile: What to do while there is no answer.

        Raises:
            FunctionError: There is no answer.
            HungUpError: The caller is gone.
        """
        if not self._permitted(arn, principal, source):
            raise FunctionError(f"{principal} may not invoke {arn} for {source}")
        line.turn(THINKING)
        begun = line.clock.monotonic()
        results = self._deliver(line, arn, event)
        if not _await(line, results, begun, seconds, meanwhile or iter(())):
            raise FunctionError(f"no answer within {seconds:g} s")
        result = results[0]
        took = (line.clock.monotonic() - begun) * 1000
        line.record("hook", name_of(arn), note=f"{took:.0f} ms")
        if result.error:
            raise FunctionError(f"the function failed: {_kind(result.payload)}")
        return result.payload

    def _deliver(self, line: Line, arn: str, event: Any) -> list[Result]:
        """Start the invocation; its result appears in the list that is returned."""
        results: list[Result] = []

        def deliver() -> None:
            self._delay(line)
            result = self._twice(arn, event)
            with line.changed:
                results.append(result)
                line.changed.notify_all()

        threading.Thread(target=deliver, name="hook", daemon=True).start()
        return results

    def _delay(self, line: Line) -> None:
        if self._faults.slow_seconds:
            nothing = threading.Condition()
            with nothing:
                line.clock.wait(nothing, lambda: False, self._faults.slow_seconds)

    def _twice(self, arn: str, event: Any) -> Result:
        if self._faults.random.random() >= self._faults.duplicate:
            return self._once(arn, event)
        self._faults.delivered += 1
        if not self._faults.at_once:
            self._once(arn, event)
            return self._once(arn, event)
        first = threading.Thread(target=self._once, args=(arn, event), daemon=True)
        first.start()
        second = self._once(arn, event)
        first.join()
        return second

    def _once(self, arn: str, event: Any) -> Result:
        begun = time.monotonic()
        try:
            return self._invoke(name_of(arn), event)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller must not wait for it
            payload = {"errorType": type(error).__name__, "errorMessage": str(error)}
            return Result("", payload, error=True, milliseconds=(time.monotonic() - begun) * 1000)


def name_of(arn: str) -> str:
    """Return the function's name in an ARN that may carry a qualifier."""
    return arn.rpartition(":function:")[2].partition(":")[0] or arn


def _await(
    line: Line, results: list[Result], begun: float, seconds: float, meanwhile: Meanwhile
) -> bool:
    for after, act in meanwhile:
        if after >= seconds:
            break
        if line.wait(lambda: bool(results), begun + after - line.clock.monotonic()):
            return True
        act()
    return line.wait(lambda: bool(results), begun + seconds - line.clock.monotonic())


def _kind(payload: Any) -> str:
    """An error's type: its message may hold what somebody said."""
    return str(payload.get("errorType", "")) if isinstance(payload, dict) else "unknown"
