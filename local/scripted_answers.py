"""What the scripted model says: answers that can only be right if it was told what went before.

Owns the rules; pure functions over the conversation as the Converse API delivers it. It counts,
repeats and recalls, so that a wrong window, a lost text or a wrong order shows in the reply.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

Turn = tuple[str, Sequence[str]]

KEEPS_NOTES = "You keep the notes of an assistant"
"""How the instruction begins when the notes of a conversation are asked for."""

HAS_NOTES = "as notes of your own"
"""What the line says behind which an instruction holds the notes."""

_LONGEST_QUOTE = 80
_NAME = re.compile(
    r"\b(?:my name is|call me|i am called|i'm called)\s+(?P<name>[^\W\d_][\w'-]*)", re.IGNORECASE
)
_FACT = re.compile(
    r"\bmy (?P<what>[\w ]{2,30}?) (?P<verb>is|are) (?P<value>[^.!?\n]{1,60})", re.IGNORECASE
)
_FACT_ASKED = re.compile(r"\bwhat(?:'s| is| are|s) my (?P<what>[\w ]{2,30})", re.IGNORECASE)
_FIRST_ASKED = re.compile(
    r"\bfirst\b.*\b(say|said|told|message)\b|\b(say|said)\b.*\bfirst\b", re.IGNORECASE
)
_LAST_ASKED = re.compile(r"\bwhat (did|have) i (just |last )?(say|said|tell|told)", re.IGNORECASE)
_COUNT_ASKED = re.compile(r"\bhow many (messages|texts|times|things)\b", re.IGNORECASE)
_NAME_ASKED = re.compile(r"\b(what(?:'s| is|s) my name|who am i)\b", re.IGNORECASE)
_ORDINALS = ("first", "second", "third", "fourth", "fifth")


def answer(conversation: Sequence[Turn], system: str = "") -> str:
    """Answer the last turn: every line of its texts, in order.

    Chat libraries join a person's texts of one turn with newlines, so a line counts as a text.

    Args:
        conversation: (role, texts) per message, oldest first, the last one the person's.
        system: The instruction, which may hold notes of what went before.
    """
    if system.startswith(KEEPS_NOTES):
        return _notes(_lines(conversation[-1][1]))
    notes = _lines([system.partition(HAS_NOTES)[2]])[1:]
    said = [line for role, texts in conversation if role == "user" for line in _lines(texts)]
    new = _lines(conversation[-1][1])
    earlier = said[: len(said) - len(new)]
    if len(new) == 1:
        return _reply(new[0], earlier, notes)
    parts = [
        f"{_ordinal(i)}: {_reply(text, [*earlier, *new[:i]], notes)}" for i, text in enumerate(new)
    ]
    return f"You sent {len(new)} texts. " + " ".join(parts)


def _lines(texts: Sequence[str]) -> list[str]:
    return [line for text in texts for line in text.splitlines() if line.strip()]


def _ordinal(index: int) -> str:
    return (_ORDINALS[index] if index < len(_ORDINALS) else f"number {index + 1}").capitalize()


def _notes(lines: Sequence[str]) -> str:
    """Notes that keep what the person said, word for word, each line once."""
    kept = [line.removeprefix("Person: ") for line in lines if not line.startswith("Assistant: ")]
    kept = [line for line in kept if not line.endswith(":") and line != "(none yet)"]
    return "\n".join(dict.fromkeys(kept)) or "Nothing yet."


def _reply(text: str, earlier: Sequence[str], notes: Sequence[str] = ()) -> str:
    """Answer one text, given everything the person said before it."""
    for rule in _RULES:
        reply = rule(text, [*notes, *earlier] if rule in _RECALLING else earlier)
        if reply is not None:
            return reply
    count = len(earlier) + 1
    heard = f"I heard {_quote(text)}."
    if not earlier:
        return f"{heard} This is the first thing you have told me."
    return f"{heard} That is message {count}; the one before was {_quote(earlier[-1])}."


def _asked_for_first(text: str, earlier: Sequence[str]) -> str | None:
    if not re.search(
        r"\bfirst\b.*\b(say|said|told|message)|\b(say|said).*\bfirst\b", text, re.IGNORECASE
    ):
        return None
    if not earlier:
        return "This is the first thing you have said to me."
    return f"The first thing you said was {_quote(earlier[0])}."


def _asked_for_last(text: str, earlier: Sequence[str]) -> str | None:
    if not re.search(
        r"\bwhat (did|have) i (just |last )?(say|said|tell|told)", text, re.IGNORECASE
    ):
        return None
    return f"You said {_quote(earlier[-1])}." if earlier else "You have not said anything yet."


def _asked_for_count(text: str, earlier: Sequence[str]) -> str | None:
    if not _COUNT_ASKED.search(text):
        return None
    return f"Counting this one, you have sent me {len(earlier) + 1}."


def _asked_for_name(text: str, earlier: Sequence[str]) -> str | None:
    if not _NAME_ASKED.search(text):
        return None
    names = [match["name"] for said in earlier for match in _NAME.finditer(said)]
    return f"Your name is {names[-1]}." if names else "You have not told me your name yet."


def _told_name(text: str, _: Sequence[str]) -> str | None:
    match = _NAME.search(text)
    return f"Nice to meet you, {match['name']}!" if match else None


def _asked_for_fact(text: str, earlier: Sequence[str]) -> str | None:
    asked = _FACT_ASKED.search(text)
    if asked is None:
        return None
    what = asked["what"].strip().lower()
    for said in reversed(earlier):
        for match in _FACT.finditer(said):
            if match["what"].strip().lower() == what:
                return f"Your {what} {match['verb'].lower()} {match['value'].strip()}."
    return f"You have not told me about your {what}."


def _told_fact(text: str, _: Sequence[str]) -> str | None:
    match = _FACT.search(text)
    if match is None or text.rstrip().endswith("?"):
        return None
    what, verb = match["what"].strip().lower(), match["verb"].lower()
    return f"I will remember that your {what} {verb} {match['value'].strip()}."


_RULES: Sequence[Callable[[str, Sequence[str]], str | None]] = (
    _asked_for_first,
    _asked_for_last,
    _asked_for_count,
    _asked_for_name,
    _told_name,
    _asked_for_fact,
    _told_fact,
)


# What the notes hold too; the others count what a prompt shows.
_RECALLING = (_asked_for_first, _asked_for_name, _asked_for_fact)


def _quote(text: str) -> str:
    flat = " ".join(text.split())
    return f'"{flat[:_LONGEST_QUOTE]}..."' if len(flat) > _LONGEST_QUOTE else f'"{flat}"'
