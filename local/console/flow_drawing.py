"""A contact flow as the page draws it: blocks by distance from the start, with their ways out.

Owns the order and the words of the drawing. What a block does is the phone's; which blocks there
are is the stack's own declared document.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

_LONGEST_LABEL = 90
_KINDS = {
    "CheckHoursOfOperation": "opening hours",
    "Compare": "branches",
    "ConnectParticipantWithLexBot": "talks",
    "DisconnectParticipant": "hangs up",
    "EndFlowExecution": "ends",
    "GetParticipantInput": "asks for keys",
    "InvokeLambdaFunction": "asks a function",
    "Loop": "counts",
    "MessageParticipant": "says",
    "TransferContactToQueue": "hands over",
    "UpdateContactAttributes": "notes",
    "UpdateContactData": "language",
    "UpdateContactRecordingBehavior": "recording",
    "UpdateContactTargetQueue": "chooses a queue",
    "UpdateContactTextToSpeechVoice": "voice",
    "UpdateFlowLoggingBehavior": "flow log",
}
_RESULTS = {
    ("CheckHoursOfOperation", "True"): "open",
    ("CheckHoursOfOperation", "False"): "closed",
    ("Loop", "ContinueLooping"): "again",
    ("Loop", "DoneLooping"): "enough",
}
_ERRORS = {
    "InputTimeLimitExceeded": "no input",
    "NoMatchingCondition": "no match",
    "NoMatchingError": "error",
    "QueueAtCapacity": "queue full",
}
# The parameter that tells blocks of a type apart.
_TELLING = (
    "Text",
    "SSML",
    "ComparisonValue",
    "TextToSpeechVoice",
    "LanguageCode",
    "FlowLoggingBehavior",
)


def drawing(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every block that can be reached, nearest first.

    A block is ``trouble`` when only error branches lead to it. Its ways are ``{"to", "when",
    "error"}``, ``when`` being empty for the usual way; what leads to the same block is one way.
    """
    actions = {str(action["Identifier"]): action for action in document.get("Actions") or []}
    start = str(document.get("StartAction", ""))
    usual = _distances(actions, start, errors=False)
    every = _distances(actions, start, errors=True)
    sentences = _sentences(actions)
    blocks = [
        {
            "id": slug,
            "type": str(action.get("Type", "")),
            "kind": _KINDS.get(str(action.get("Type")), str(action.get("Type"))),
            "label": _label(action.get("Parameters") or {}, sentences),
            "depth": usual.get(slug, every.get(slug)),
            "trouble": slug not in usual,
            "ways": _merged(_ways(action)),
        }
        for slug, action in actions.items()
        if slug in every
    ]
    return sorted(blocks, key=lambda block: block["depth"])


def _sentences(actions: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """What blocks look up that say what a chosen language set: in the first language that does."""
    found: dict[str, str] = {}
    for action in actions.values():
        for name, text in ((action.get("Parameters") or {}).get("Attributes") or {}).items():
            found.setdefault(f"$.Attributes.{name}", str(text))
    return found


def _label(parameters: Mapping[str, Any], sentences: Mapping[str, str]) -> str:
    words = next((str(parameters[name]) for name in _TELLING if parameters.get(name)), "")
    words = sentences.get(words, words)
    if "LoopCount" in parameters:
        times = str(parameters["LoopCount"])
        words = "once" if times == "1" else f"{times} times"
    return f"{words[:_LONGEST_LABEL]}…" if len(words) > _LONGEST_LABEL else words


def _ways(action: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    transitions = action.get("Transitions") or {}
    conditions, errors = transitions.get("Conditions") or [], transitions.get("Errors") or []
    following = transitions.get("NextAction")
    # Where only a result leads on, the language still wants a next action: it repeats another's.
    decides = bool(conditions) or action.get("Type") == "TransferContactToQueue"
    repeats = following in {branch["NextAction"] for branch in (*conditions, *errors)}
    if following and not (decides and repeats):
        yield {"to": str(following), "when": "", "error": False}
    for branch in conditions:
        results = map(str, branch["Condition"]["Operands"])
        when = ", ".join(_RESULTS.get((action.get("Type", ""), one), one) for one in results)
        yield {"to": str(branch["NextAction"]), "when": when, "error": False}
    for branch in errors:
        # What no condition matched is an error in the flow language only.
        otherwise = branch["ErrorType"] == "NoMatchingCondition" and bool(conditions)
        kind = str(branch["ErrorType"])
        when = "otherwise" if otherwise else _ERRORS.get(kind, kind)
        yield {"to": str(branch["NextAction"]), "when": when, "error": not otherwise}


def _merged(ways: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    merged: dict[tuple[str, bool], dict[str, Any]] = {}
    for way in ways:
        one = merged.setdefault((way["to"], way["error"]), way)
        if one is not way:
            one["when"] = ", ".join(filter(None, (one["when"], way["when"])))
    # An error that goes on as if nothing had happened is no way of its own.
    anyway = {way["to"] for way in merged.values() if not way["error"] and not way["when"]}
    return [way for way in merged.values() if not (way["error"] and way["to"] in anyway)]


def _distances(
    actions: Mapping[str, Mapping[str, Any]], start: str, *, errors: bool
) -> dict[str, int]:
    """How many steps it is from the start to each block that can be reached."""
    found, waiting = {start: 0}, deque([start])
    while waiting:
        slug = waiting.popleft()
        for way in _ways(actions.get(slug, {})):
            known = way["to"] in actions and way["to"] not in found
            if known and (errors or not way["error"]):
                found[way["to"]] = found[slug] + 1
                waiting.append(way["to"])
    return {slug: distance for slug, distance in found.items() if slug in actions}
