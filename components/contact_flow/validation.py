"""Whether a contact flow is sound, before Connect or a caller finds out.

Owns the order of the checks: form, then each action by itself, then the way through them all.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from components.contact_flow.branches import branch_problems
from components.contact_flow.parameters import parameter_problems
from components.contact_flow.paths import Paths, edges_of
from components.contact_flow.reference import (
    ACTIONS,
    MAX_ACTIONS,
    REFUSED,
    VERSION,
    identifier_problem,
)


def problems(document: Mapping[str, Any]) -> list[str]:
    """Everything that is wrong with a flow, a sentence each, beginning with the block's slug.

    Args:
        document: The flow as Connect takes it, parsed.

    Returns:
        Nothing for a sound flow. The way through is only looked at once each action is sound by
        itself, since nothing could be said about it before.
    """
    found = list(_form(document))
    if found:
        return found
    actions = {action["Identifier"]: action for action in document["Actions"]}
    for slug, action in actions.items():
        found += [f"{slug}: {problem}" for problem in _action(action)]
    found += _targets(document["StartAction"], actions)
    return found or list(Paths(document["StartAction"], actions).problems())


def _form(document: Mapping[str, Any]) -> Iterator[str]:
    if document.get("Version") != VERSION:
        yield f"Version is {VERSION}, got {document.get('Version')!r}"
    unknown = sorted(document.keys() - {"Version", "StartAction", "Metadata", "Actions"})
    if unknown:
        yield f"a flow has no {unknown}"
    actions = document.get("Actions")
    if not isinstance(actions, list) or not actions:
        yield "a flow has Actions"
        return
    if len(actions) > MAX_ACTIONS:
        yield f"a flow has at most {MAX_ACTIONS} actions, got {len(actions)}"
    for action in actions:
        yield from _action_form(action)
    slugs = Counter(str(action.get("Identifier")) for action in actions if _is_map(action))
    for slug, times in slugs.items():
        if times > 1:
            yield f"{slug}: {times} actions have this identifier"


def _is_map(value: object) -> bool:
    return isinstance(value, Mapping)


def _action_form(action: object) -> Iterator[str]:
    if not isinstance(action, Mapping):
        yield f"an action is an object, got {action!r}"
        return
    slug = action.get("Identifier")
    wrong = identifier_problem(slug)
    if wrong:
        yield f"{slug}: {wrong}"
    for part in ("Parameters", "Transitions"):
        if not isinstance(action.get(part), Mapping):
            yield f"{slug}: has no {part}"
            return
    unknown = sorted(action.keys() - {"Identifier", "Type", "Parameters", "Transitions"})
    if unknown:
        yield f"{slug}: an action has no {unknown}"
    for part in ("Errors", "Conditions"):
        branches = action["Transitions"].get(part, [])
        if not isinstance(branches, list) or not all(_is_map(one) for one in branches):
            yield f"{slug}: {part} is a list of objects"
        elif not all(_is_map(one.get("Condition", {})) for one in branches):
            yield f"{slug}: a Condition is an object"


def _action(action: Mapping[str, Any]) -> Iterator[str]:
    kind = action.get("Type")
    if not isinstance(kind, str) or kind not in ACTIONS:
        yield f"{kind} {REFUSED.get(str(kind), 'is no action that is used here')}"
        return
    yield from parameter_problems(kind, action["Parameters"])
    yield from branch_problems(kind, action["Parameters"], action["Transitions"])


def _targets(start: object, actions: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if not isinstance(start, str) or start not in actions:
        yield f"StartAction is {start!r}, which is no action"
    for slug, action in actions.items():
        for edge in edges_of(slug, action["Transitions"]):
            if edge.target not in actions:
                yield f"{slug}: {edge} leads to {edge.target!r}, which is no action"
