"""Where the branches of a flow lead to: everywhere, in the end to an end, and never into silence.

Owns what can only be seen of a flow as a whole.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from components.contact_flow.reference import (
    ACTIONS,
    ATTRIBUTE,
    MAX_TEXT,
    STORED_INPUT,
    ActionType,
    ErrorType,
    stores,
)

_SPEAKS = {ActionType.MESSAGE, ActionType.INPUT, ActionType.LEX}
_LISTENS = {ActionType.INPUT, ActionType.LEX}
_SPOKEN_ATTRIBUTE = re.compile(re.escape(ATTRIBUTE) + r"([\w-]+)")
# An error of these was not the caller's doing, and may come back at once.
_AT_ONCE = {ErrorType.ERROR, ErrorType.TIME}


@dataclass(frozen=True)
class Edge:
    """What follows a block in one case."""

    source: str
    target: str
    error: str | None = None
    operand: str | None = None

    def __str__(self) -> str:
        return self.error or self.operand or "NextAction"


def edges_of(slug: str, transitions: Mapping[str, Any]) -> list[Edge]:
    """Every branch of an action."""
    found = []
    if isinstance(transitions.get("NextAction"), str):
        found.append(Edge(slug, transitions["NextAction"]))
    for one in transitions.get("Errors", []):
        error = str(one.get("ErrorType"))
        found.append(Edge(slug, str(one.get("NextAction")), error=error))
    for one in transitions.get("Conditions", []):
        operands = one.get("Condition", {}).get("Operands")
        operand = str(operands[0]) if isinstance(operands, list) and operands else ""
        found.append(Edge(slug, str(one.get("NextAction")), operand=operand))
    return found


class Paths:
    """The graph of a flow whose actions and branches are sound by themselves."""

    def __init__(self, start: str, actions: Mapping[str, Mapping[str, Any]]) -> None:
        self._start = start
        self._actions = actions
        self._edges = {
            slug: edges_of(slug, action["Transitions"]) for slug, action in actions.items()
        }

    def problems(self) -> Iterator[str]:
        """What is wrong with the way through."""
        reached = self._reached([self._start], self._edges)
        for slug in self._actions:
            if slug not in reached:
                yield f"{slug}: nothing leads here"
        for slug in sorted(reached - self._may_end()):
            yield f"{slug}: no way from here ends the call or hands it over"
        yield from self._circles()
        yield from self._silence()
        yield from self._written_down()
        yield from self._speechless()

    def _kind(self, slug: str) -> str:
        return str(self._actions[slug]["Type"])

    @staticmethod
    def _reached(first: list[str], edges: Mapping[str, list[Edge]]) -> set[str]:
        seen, waiting = set(first), list(first)
        while waiting:
            for edge in edges.get(waiting.pop(), []):
                if edge.target not in seen:
                    seen.add(edge.target)
                    waiting.append(edge.target)
        return seen

    def _backwards(self) -> dict[str, list[Edge]]:
        found: dict[str, list[Edge]] = {}
        for edge in (edge for edges in self._edges.values() for edge in edges):
            found.setdefault(edge.target, []).append(Edge(edge.target, edge.source))
        return found

    def _may_end(self) -> set[str]:
        ends = [slug for slug in self._actions if ACTIONS[self._kind(slug)].ends]
        return self._reached(ends, self._backwards())

    def _holds(self, edge: Edge) -> bool:
        """Whether this branch cannot be taken forever: the caller acts first, or it is counted."""
        kind = self._kind(edge.source)
        if kind == ActionType.LOOP:
            return edge.operand == "ContinueLooping"
        if kind not in _LISTENS or edge.error in _AT_ONCE:
            return False
        # Who types nothing into stored input leaves it by the ordinary branch as well.
        return not stores(self._actions[edge.source]["Parameters"])

    def _circles(self) -> Iterator[str]:
        free = {
            slug: [edge for edge in edges if not self._holds(edge)]
            for slug, edges in self._edges.items()
        }
        for slug, edges in free.items():
            if slug in self._reached([edge.target for edge in edges], free):
                yield f"{slug}: goes round in a circle that neither the caller nor a Loop ends"

    def _silence(self) -> Iterator[str]:
        """Error branches that may end the call without a word."""
        quiet = {
            slug: [] if self._kind(slug) in _SPEAKS else edges
            for slug, edges in self._edges.items()
        }
        for edges in self._edges.values():
            for edge in edges:
                if edge.error is None or self._speaks_for_itself(edge):
                    continue
                if any(
                    self._kind(slug) == ActionType.DISCONNECT
                    for slug in self._reached([edge.target], quiet)
                ):
                    yield f"{edge.source}: {edge.error} may end the call without a word"

    def _written_down(self) -> Iterator[str]:
        """Where what a caller types may get into the flow's own log, on until it is turned off."""
        unlogged = {
            slug: [] if self._turns_log(slug, "Disabled") else edges
            for slug, edges in self._edges.items()
        }
        first = [slug for slug in self._actions if self._turns_log(slug, "Enabled")]
        for slug in sorted(self._reached([self._start, *first], unlogged)):
            parameters = self._actions[slug]["Parameters"]
            sent = parameters.get("LambdaInvocationAttributes", {})
            if stores(parameters) or STORED_INPUT in sent.values():
                yield f"{slug}: what the caller types may be written to the flow's log"

    def _speechless(self) -> Iterator[str]:
        """Where words are looked up that may not be there, or cannot be spoken."""
        for name, speakers in self._looked_up().items():
            unset = {
                slug: [edge for edge in edges if edge.error or not self._sets(slug).get(name)]
                for slug, edges in self._edges.items()
            }
            for slug in sorted(speakers & self._reached([self._start], unset)):
                yield f"{slug}: says {ATTRIBUTE}{name}, which may not be set by then"
            for slug in self._actions:
                length = len(self._sets(slug).get(name, ""))
                if length > MAX_TEXT:
                    yield f"{slug}: sets {name} to {length} characters, spoken at most {MAX_TEXT}"

    def _looked_up(self) -> dict[str, set[str]]:
        """Attributes that are spoken, and the blocks that do."""
        found: dict[str, set[str]] = {}
        for slug, action in self._actions.items():
            for name in _SPOKEN_ATTRIBUTE.findall(str(action["Parameters"].get("Text", ""))):
                found.setdefault(name, set()).add(slug)
        return found

    def _sets(self, slug: str) -> Mapping[str, str]:
        """What a block puts into the contact's attributes."""
        if self._kind(slug) != ActionType.SET_ATTRIBUTES:
            return {}
        attributes: Mapping[str, str] = self._actions[slug]["Parameters"]["Attributes"]
        return attributes

    def _turns_log(self, slug: str, to: str) -> bool:
        return bool(self._actions[slug]["Parameters"].get("FlowLoggingBehavior") == to)

    def _speaks_for_itself(self, edge: Edge) -> bool:
        """Whether words were spoken, or tried, right before this branch.

        A message that cannot be spoken is no reason for another. A bot whose intents are not asked
        about is left by ``NoMatchingCondition`` as it is by ``NextAction``: it had the last word.
        """
        kind = self._kind(edge.source)
        if kind == ActionType.LEX and edge.error == ErrorType.CONDITION:
            return bool(edge.target == self._actions[edge.source]["Transitions"]["NextAction"])
        return kind == ActionType.MESSAGE
