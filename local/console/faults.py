"""The faults the page can switch on: the carrier's and the model's."""

from __future__ import annotations

from typing import Any

from local.carrier import SENTENCES, Fault
from local.console.stack import Stack

_SLOW_SECONDS = 20.0
_THROTTLE = 0.5
_MODEL = {
    "slow": f"Answers take {_SLOW_SECONDS:.0f} seconds: a call offers to text them.",
    "throttle": "Every other call of the model is throttled.",
}


def fault_switches(stack: Stack) -> list[dict[str, Any]]:
    """Each fault: who plays it, what it does, whether it is on."""
    active, model = stack.carrier.faults.active(), stack.model.faults
    on = {"slow": model.slow_seconds > 0, "throttle": model.throttle_probability > 0}
    return [
        {"source": "carrier", "name": str(fault), "says": says, "on": fault in active}
        for fault, says in SENTENCES.items()
    ] + [
        {"source": "model", "name": name, "says": says, "on": on[name]}
        for name, says in _MODEL.items()
    ]


def switch_fault(stack: Stack, source: str, name: str, *, on: bool) -> None:
    """Turn one fault on or off.

    Raises:
        ValueError: there is no such fault.
    """
    if source == "carrier":
        stack.carrier.faults.switch(Fault(name), on=on)
    elif source == "model" and name == "slow":
        stack.model.faults.slow_seconds = _SLOW_SECONDS if on else 0.0
    elif source == "model" and name == "throttle":
        stack.model.faults.throttle_probability = _THROTTLE if on else 0.0
    else:
        raise ValueError(f"no fault {name!r} of {source!r}")
    stack.carrier.book.touch()
