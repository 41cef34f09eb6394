"""Which intent an utterance is taken for, as eager as the real thing.

Lex finds a small intent in a sentence that merely contains its words: "help me write to my agent"
is taken for ``Agent``. So does this, since what is behind it has to cope.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from local.phone.bot import BotLocale, Intent

_MOST_OF = 0.75  # Of a sample's words, in any sentence.


@dataclass(frozen=True)
class Interpretation:
    """An intent that may have been meant; the fallback has no confidence."""

    intent: Intent
    confidence: float | None


def understand(locale: BotLocale, text: str) -> list[Interpretation]:
    """Return what may have been meant; the first is what Lex goes by."""
    scored = [
        Interpretation(intent, _score(intent, _words(text), locale.confidence_threshold))
        for intent in locale.intents
        if not intent.is_fallback
    ]
    scored.sort(key=lambda found: found.confidence or 0.0, reverse=True)
    fallback = Interpretation(locale.fallback, None)
    if scored and (scored[0].confidence or 0.0) >= locale.confidence_threshold:
        return [scored[0], fallback, *scored[1:]]
    return [fallback, *scored]


def _score(intent: Intent, said: list[str], threshold: float) -> float:
    if not said:
        return 0.0
    best = max((_overlap(_words(sample), said) for sample in intent.utterances), default=0.0)
    if best == 1.0:
        return 1.0
    if best > 0.0:
        return round(threshold + (1.0 - threshold) * best, 2)
    return round(threshold / 4, 2)


def _overlap(sample: list[str], said: list[str]) -> float:
    """1 for the sample itself, less for a sentence around most of it, 0 for anything else."""
    if sample == said:
        return 1.0
    shared = sum(word in said for word in sample)
    if not sample or shared / len(sample) < _MOST_OF:
        return 0.0
    return min(0.99, shared / max(len(said), len(sample)))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:['\N{RIGHT SINGLE QUOTATION MARK}][^\W_]+)*", text.lower())
