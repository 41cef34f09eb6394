"""What is stored about a person as a page of Markdown, for the person to read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cli.screen import visible
from conversation.persons import contact_of

_WHO = {"human": "You", "ai": "Assistant", "system": "System", "tool": "Tool"}
_BESIDE = ("turn#", "forget#", "import#", "after-call")
_MILLISECONDS = 1000


def as_markdown(told: dict[str, Any]) -> str:
    """The page: what was said first, then what is kept beside it."""
    lines = ["# What is stored about you", ""]
    for conversation, items in told["conversations"].items():
        what = "Call" if contact_of(conversation) else "Conversation"
        lines += [f"## {what} `{conversation}`", ""]
        for item in items:
            lines += _spoken(item)
        lines += _facts("Kept beside the words", items, _BESIDE)
    for person, items in told["persons"].items():
        lines += _facts(f"Person `{person}`", items, ("",))
    lines += _facts("Your address, as a hash", told.get("address", []), ("",))
    # A line of ours stays one line, and the words are lines already.
    return "\n".join(visible(line, "\t") for line in lines).rstrip()


def _spoken(item: dict[str, Any]) -> list[str]:
    kind = item["sk"].partition("#")[0]
    if kind == "message":
        is_note = item.get("kind") == "notes"
        who = "Notes of the assistant" if is_note else _WHO.get(item["role"], item["role"])
        return [f"**{who}**, {_moment(item['created_at'])}:", "", *_quoted(item["content"]), ""]
    if kind == "inbox":
        text = item["text"]
        words = text["text"] if isinstance(text, dict) else text
        state = "said in a call, not answered yet" if "held" in item else "unanswered"
        return [f"**You**, {_moment(item['received_at'])}, {state}:", "", *_quoted(words), ""]
    if kind == "summary":
        content = item["content"]
        words = content["text"] if isinstance(content, dict) else content
        return ["**Notes of the assistant:**", "", *_quoted(words), ""]
    return []


def _quoted(words: str) -> list[str]:
    """Words as a block that no word of them can end."""
    return [f"> {line}" for line in words.replace("\r\n", "\n").split("\n")]


def _facts(title: str, items: list[dict[str, Any]], kinds: tuple[str, ...]) -> list[str]:
    lines = [
        f"- `{item['sk']}`: " + "; ".join(_fact(k, v) for k, v in item.items() if k != "sk")
        for item in items
        if item["sk"].startswith(kinds)
    ]
    return [f"### {title}", "", *lines, ""] if lines else []


def _fact(name: str, value: Any) -> str:
    is_moment = name.endswith("_at") or name == "last_seen"
    shown = _moment(value) if is_moment and isinstance(value, int) else value
    return f"{name.replace('_', ' ')} {shown}"


def _moment(value: int) -> str:
    """Epoch milliseconds, or seconds as `expires_at` and some others have them."""
    seconds = value / _MILLISECONDS if value > 10**11 else value
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
