"""Whether an action names what follows it, in each case that its type has.

Owns one action's transitions. Where they lead to together is ``paths``.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from components.contact_flow.reference import (
    ACTIONS,
    MAX_CONDITIONS,
    ActionType,
    Operator,
    errors_of,
    stores,
)

_KEYS = set("0123456789*#")


def branch_problems(
    kind: str, parameters: Mapping[str, Any], transitions: Mapping[str, Any]
) -> Iterator[str]:
    """What is missing, and what its type has no place for."""
    facts = ACTIONS[kind]
    if not facts.next:
        if transitions:
            yield "ends the flow, so its transitions are empty"
        return
    if not isinstance(transitions.get("NextAction"), str):
        yield "names no NextAction"
    yield from _errors(errors_of(kind, dict(parameters)), transitions.get("Errors", []))
    conditions = transitions.get("Conditions", [])
    if not facts.conditional or (kind == ActionType.INPUT and stores(dict(parameters))):
        if conditions:
            yield "has no result, so no conditions"
        return
    yield from _conditions(kind, conditions)


def _errors(wanted: frozenset[str], errors: list[Mapping[str, Any]]) -> Iterator[str]:
    given = Counter(str(one.get("ErrorType")) for one in errors)
    for name in sorted(wanted - given.keys()):
        yield f"has no branch for {name}"
    for name in sorted(given.keys() - wanted):
        yield f"raises no {name}"
    for name, times in given.items():
        if times > 1:
            yield f"has {times} branches for {name}"


def _conditions(kind: str, conditions: list[Mapping[str, Any]]) -> Iterator[str]:
    operands: list[str] = []
    for one in conditions:
        condition = one.get("Condition", {})
        if condition.get("Operator") not in tuple(Operator):
            yield f"compares by {condition.get('Operator')!r}, which is no operator"
        elif kind != ActionType.COMPARE and condition["Operator"] != Operator.EQUALS:
            yield f"compares by {condition['Operator']}, and knows Equals only"
        values = condition.get("Operands")
        if not isinstance(values, list) or len(values) != 1 or not isinstance(values[0], str):
            yield "has a condition whose Operands are not one text in a list"
            continue
        operands.append(values[0])
    if len(operands) > MAX_CONDITIONS:
        yield f"has {len(operands)} conditions, at most {MAX_CONDITIONS}"
    if len(set(operands)) != len(operands) and kind != ActionType.COMPARE:
        yield f"has two conditions for one result: {operands}"
    yield from _results(kind, set(operands))


def _results(kind: str, operands: set[str]) -> Iterator[str]:
    fixed = ACTIONS[kind].operands
    if fixed is not None and operands != fixed:
        yield f"needs a condition for each of {sorted(fixed)} and no other, got {sorted(operands)}"
    if kind == ActionType.INPUT:
        if not operands:
            yield "asks for a key, and goes by none"
        if operands - _KEYS:
            yield f"goes by {sorted(operands - _KEYS)}, which is no single key"
    if kind == ActionType.COMPARE and not operands:
        yield "compares with nothing"
