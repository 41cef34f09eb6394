"""A contact flow's document, read: its blocks and where each leads.

Owns reading and the questions one asks of a block; what a block does is ``local.phone.blocks``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.phone.references import unknown_roots

MATCH_NOTHING, ANY_ERROR = "NoMatchingCondition", "NoMatchingError"


class FlowError(Exception):
    """A flow cannot be executed.

    Attributes:
        problems: All that is wrong with it.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("the contact flow cannot be executed: " + "; ".join(self.problems))


@dataclass(frozen=True)
class Block:
    """One action of a flow."""

    id: str
    type: str
    parameters: Mapping[str, Any]
    transitions: Mapping[str, Any]

    @property
    def next(self) -> str | None:
        """Where it leads when nothing special happens."""
        following = self.transitions.get("NextAction")
        return str(following) if following else None

    def when(self, value: str) -> str | None:
        """Where a result leads by a condition of its own; None if there is none for it."""
        for branch in self.transitions.get("Conditions") or []:
            if value in branch["Condition"]["Operands"]:
                return str(branch["NextAction"])
        return None

    def on(self, *errors: str) -> str | None:
        """Where the first of these errors that has a branch leads; None if none has."""
        branches = {
            branch["ErrorType"]: str(branch["NextAction"])
            for branch in self.transitions.get("Errors") or []
        }
        return next((branches[error] for error in errors if error in branches), None)

    def operators(self) -> Iterator[str]:
        """The operators of its conditions."""
        for branch in self.transitions.get("Conditions") or []:
            yield str(branch["Condition"]["Operator"])


@dataclass(frozen=True)
class FlowDocument:
    """A flow that can be executed."""

    start: str
    blocks: Mapping[str, Block]


def read_flow(document: Mapping[str, Any]) -> FlowDocument:
    """Read a flow.

    Args:
        document: Sound by itself (``components.contact_flow.problems``).

    Raises:
        FlowError: It asks for what is not played, or refers to what Connect does not know.
    """
    blocks = {
        str(action["Identifier"]): Block(
            str(action["Identifier"]),
            str(action["Type"]),
            action.get("Parameters") or {},
            action.get("Transitions") or {},
        )
        for action in document["Actions"]
    }
    if problems := [problem for block in blocks.values() for problem in _problems(block)]:
        raise FlowError(problems)
    return FlowDocument(str(document["StartAction"]), blocks)


def _problems(block: Block) -> Iterator[str]:
    for operator in block.operators():
        if operator != "Equals":
            yield f"{block.id}: compares by {operator!r}; only Equals is played"
    for reference in sorted(unknown_roots(block.parameters)):
        yield f"{block.id}: {reference} refers to nothing that Connect knows"
