"""What of the past fits into a prompt: whole exchanges, the newest, cut by tokens.

Owns which stored messages a model is shown and in which form. Tokens are counted roughly, without
a model's own tokenizer: a quarter of the UTF-8 bytes, which is about right for English and errs
towards too many elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    trim_messages,
)
from langchain_core.messages.utils import count_tokens_approximately

from conversation.codec import CodecError
from conversation.history import to_langchain
from conversation.messages import StoredMessage

UNANSWERING = frozenset({"apology", "notice"})
"""Kinds of our messages that answer nothing: a model that reads them learns to write them."""

NOTES = "notes"
"""Kind of a message of role `system` that is ours: notes of a call, which a model is shown."""

BYTES_PER_TOKEN = 4
"""How many bytes of a text are about a token."""

_PERSONS = frozenset({"human", "user"})
_OURS = frozenset({"ai", "assistant"})


@dataclass(frozen=True)
class Shown:
    """A message as a model is shown it.

    Attributes:
        number: Its number in the conversation.
        message: The message.
    """

    number: int
    message: BaseMessage


def presentable(stored: Iterable[StoredMessage]) -> list[Shown]:
    """The messages that may be shown to any model, each tool call together with its results.

    Left out are our apologies and notices (they answer nothing, and a model that reads them
    learns to write them), instructions (there is one, the operator's), what is empty, and calls
    and results that have lost each other: providers refuse those. Notes of a call come as what
    they are, of the system's: who makes a prompt of them sets them apart.
    """
    shown = []
    for one in stored:
        message = _shown(one)
        if message is not None:
            shown.append(Shown(one.number, message))
    return _paired(shown)


def _shown(stored: StoredMessage) -> BaseMessage | None:
    """A message as it is shown; None for one that is not, or that cannot be read."""
    if stored.kind == NOTES:
        return SystemMessage(stored.text)
    if stored.kind in UNANSWERING:
        return None
    try:
        return _neutral(to_langchain(stored))
    except CodecError:
        return None


def fit(shown: Sequence[Shown], tokens: int, count: int | None = None) -> list[Shown]:
    """The newest messages that fit, beginning with the person's words.

    A tool call follows the words that asked for it, so a cut there never parts it from its result.

    Args:
        shown: Presentable messages, oldest first.
        tokens: Most tokens, roughly.
        count: Most messages.
    """
    recent = list(shown) if count is None else list(shown[max(0, len(shown) - count) :])
    if tokens <= 0 or not recent:
        return []
    kept = trim_messages(
        [one.message for one in recent],
        max_tokens=tokens,
        token_counter=count_tokens,
        strategy="last",
        start_on="human",
    )
    return recent[len(recent) - len(kept) :]


def count_tokens(messages: Sequence[BaseMessage]) -> int:
    """About how many tokens a model will read."""
    if not messages:
        return 0
    texts = (str(message.text) for message in messages)
    more = sum(len(text.encode("utf-8", "replace")) - len(text) for text in texts)
    return count_tokens_approximately(messages) + math.ceil(more / BYTES_PER_TOKEN)


def _neutral(message: BaseMessage) -> BaseMessage | None:
    """A message in the form that every provider takes; None when there is nothing to show."""
    role = message.role.lower() if isinstance(message, ChatMessage) else ""
    if isinstance(message, ToolMessage):
        return message
    if isinstance(message, AIMessage) or role in _OURS:
        text, calls = str(message.text).strip(), getattr(message, "tool_calls", [])
        # The provider's own blocks and signatures mean nothing to the next provider.
        return AIMessage(text, tool_calls=calls) if text or calls else None
    if isinstance(message, HumanMessage) or role in _PERSONS:
        content = _without_blanks(message.content)
        return HumanMessage(content) if content else None
    return None


def _without_blanks(content: str | list[Any]) -> str | list[Any]:
    """Content without texts that say nothing, which providers refuse."""
    if isinstance(content, str):
        return content if content.strip() else ""
    return [block for block in content if not _is_blank(block)]


def _is_blank(block: Any) -> bool:
    text = block.get("text") if isinstance(block, dict) else block
    return isinstance(text, str) and not text.strip()


def _paired(shown: Sequence[Shown]) -> list[Shown]:
    """The same without calls that lack a result right behind them, and results without a call."""
    kept: list[Shown] = []
    position = 0
    while position < len(shown):
        one, position = shown[position], position + 1
        if isinstance(one.message, ToolMessage):
            continue
        calls = {call["id"] for call in getattr(one.message, "tool_calls", [])}
        results: dict[str, Shown] = {}
        while calls and position < len(shown):
            result = shown[position].message
            if not isinstance(result, ToolMessage):
                break
            if result.tool_call_id in calls:
                results.setdefault(result.tool_call_id, shown[position])
            position += 1
        if len(results) == len(calls):
            kept += [one, *results.values()]
        elif str(one.message.text):
            kept.append(Shown(one.number, AIMessage(str(one.message.text))))
    return kept
