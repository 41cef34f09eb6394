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


def read_flow(document: Mapping[str, Any], known_types: Iterable[str]) -> FlowDocument:
    """Read a flow.

    Raises:
        FlowError: It cannot be executed.
    """
    actions = document.get("Actions")
    if document.get("Version") != "2019-10-30" or not isinstance(actions, list):
        raise FlowError(["not a flow document of version 2019-10-30"])
    blocks = {
        str(action.get("Identifier")): Block(
            str(action.get("Identifier")),
            str(action.get("Type")),
            action.get("Parameters") or {},
            action.get("Transitions") or {},
        )
        for action in actions
    }
    flow = FlowDocument(str(document.get("StartAction")), blocks)
    if problems := list(_problems(flow, len(actions), set(known_types))):
        raise FlowError(problems)
    return flow


def _problems(flow: FlowDocument, count: int, known: set[str]) -> Iterator[str]:
    if count != len(flow.blocks):
        yield "two blocks have the same identifier"
    if flow.start not in flow.blocks:
        yield f"the flow starts at {flow.start!r}, which is no block"
    for block in flow.blocks.values():
        if block.type not in known:
            yield f"{block.id}: the played Connect does not know blocks of type {block.type!r}"
            continue
        for target in _targets(block):
            if target not in flow.blocks:
                yield f"{block.id}: leads to {target!r}, which is no block"
        for operator in block.operators():
            if operator != "Equals":
                yield f"{block.id}: compares by {operator!r}; only Equals is played"
        for reference in sorted(unknown_roots(block.parameters)):
            yield f"{block.id}: {reference} refers to nothing that Connect knows"


def _targets(block: Block) -> Iterator[str]:
    if block.next:
        yield block.next
    for kind in ("Conditions", "Errors"):
        for branch in block.transitions.get(kind) or []:
            yield str(branch.get("NextAction"))
