"""What every block of a contact flow is: a typed action and what follows it.

Owns how branches are written down. Shape:
https://docs.aws.amazon.com/connect/latest/APIReference/flow-language-actions.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from components.contact_flow.reference import ActionType, ErrorType, Operator


def branches(errors: Mapping[ErrorType, str]) -> list[dict[str, Any]]:
    """What follows by error."""
    return [{"ErrorType": str(kind), "NextAction": to} for kind, to in errors.items()]


def equals(conditions: Mapping[str, str]) -> list[dict[str, Any]]:
    """What follows by a result that equals a text."""
    return [
        {"NextAction": to, "Condition": {"Operator": str(Operator.EQUALS), "Operands": [value]}}
        for value, to in conditions.items()
    ]


@dataclass(frozen=True, kw_only=True)
class Block:
    """One step of a flow. What follows is named by slug."""

    kind: ClassVar[ActionType]

    def _parameters(self) -> dict[str, Any]:
        """What the action is given."""
        return {}

    def _transitions(self) -> dict[str, Any]:
        """What follows, in each case."""
        return {}

    def action(self, slug: str) -> dict[str, Any]:
        """The action as the flow language writes it."""
        return {
            "Identifier": slug,
            "Type": str(self.kind),
            "Parameters": self._parameters(),
            "Transitions": self._transitions(),
        }


@dataclass(frozen=True, kw_only=True)
class Step(Block):
    """A block that either works, or fails in one way."""

    next: str
    failed: str

    def _transitions(self) -> dict[str, Any]:
        errors = branches({ErrorType.ERROR: self.failed})
        return {"NextAction": self.next, "Errors": errors, "Conditions": []}
