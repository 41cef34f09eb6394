"""How a turn ends: its outcome, the words that go out, and what the memory keeps of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from conversation.exchange import Incoming
from conversation.messages import Draft
from conversation.models import ModelAnswer, ModelAttempt
from conversation.outcomes import Outcome


@dataclass
class Ending:
    """What one commit writes.

    Attributes:
        outcome: How the person's words ended.
        text: The words to send; empty when nothing is to be sent.
        drafts: The messages that the memory keeps, the reply last.
        answer: The model's answer, when one answered.
        attempts: What each model made of it.
        heard: The person's words when the reply is spoken and nothing is left to send; else None.
    """

    outcome: Outcome
    text: str
    drafts: list[Draft]
    answer: ModelAnswer | None = None
    attempts: list[dict[str, Any]] = field(default_factory=list)
    heard: str | None = None

    def aloud(self, texts: Sequence[Incoming]) -> Ending:
        """The same, spoken: the commit is its end."""
        return replace(self, heard="\n".join(incoming.text for incoming in texts))

    def after(self, opening: str) -> Ending:
        """The same with something said before it; the memory keeps it as it is sent."""
        text = f"{opening}\n\n{self.text}"
        return replace(
            self, text=text, drafts=[*self.drafts[:-1], replace(self.drafts[-1], text=text)]
        )


def answered(texts: Sequence[Incoming], answer: ModelAnswer) -> Ending:
    """A model answered."""
    said = {
        "kind": "answer",
        "model": answer.model,
        "input_tokens": answer.input_tokens,
        "output_tokens": answer.output_tokens,
    }
    drafts = [*_heard(texts, answered=True), Draft("ai", answer.text, said)]
    attempts = [tried.item() for tried in answer.attempts]
    return Ending(Outcome.ANSWERED, answer.text, drafts, answer, attempts)


def apologised(texts: Sequence[Incoming], apology: str, attempts: Sequence[ModelAttempt]) -> Ending:
    """No model answered in time; the person's words are kept."""
    drafts = [*_heard(texts, answered=False), Draft("ai", apology, {"kind": "apology"})]
    return Ending(Outcome.APOLOGISED, apology, drafts, None, [tried.item() for tried in attempts])


def offered(words: str, attempts: Sequence[ModelAttempt]) -> Ending:
    """A call's answer came too late: the person's words wait elsewhere for their yes (rule 18).

    The memory keeps nothing of it: on yes the words become a turn of their own.
    """
    return Ending(Outcome.OFFERED, words, [], None, [tried.item() for tried in attempts])


def refused(notice: str) -> Ending:
    """An allowance is used up: no model call, and the words are not kept.

    Whoever floods us with texts fills neither the memory nor its bill.

    Args:
        notice: What the person is told; empty when they were told today already.
    """
    drafts = [Draft("ai", notice, {"kind": "notice"})] if notice else []
    return Ending(Outcome.REFUSED, notice, drafts)


def kept(texts: Sequence[Incoming], notes: str, reply: str, answer: ModelAnswer) -> Ending:
    """A call is remembered: its notes stand between the words that asked for it and our reply."""
    said = {
        "model": answer.model,
        "input_tokens": answer.input_tokens,
        "output_tokens": answer.output_tokens,
    }
    noted = Draft("system", notes, {"kind": "notes", **said})
    drafts = [*_heard(texts, answered=True), noted, Draft("ai", reply, {"kind": "answer"})]
    attempts = [tried.item() for tried in answer.attempts]
    return Ending(Outcome.ANSWERED, reply, drafts, answer, attempts)


def noticed(texts: Sequence[Incoming], notice: str) -> Ending:
    """The person's words are answered with a fixed sentence."""
    drafts = [*_heard(texts, answered=True), Draft("ai", notice, {"kind": "notice"})]
    return Ending(Outcome.ANSWERED, notice, drafts)


def told(words: str) -> Ending:
    """We say something that nobody asked for; no words of a person's are in it."""
    return Ending(Outcome.TOLD, words, [Draft("ai", words, {"kind": "notice"})])


def set_aside(text: str) -> Ending:
    """The words broke their turn each time; empty `text` when nobody can be told."""
    drafts = [Draft("ai", text, {"kind": "apology"})] if text else []
    return Ending(Outcome.SET_ASIDE, text, drafts)


def stopped() -> Ending:
    """The person has opted out: nothing is said."""
    return Ending(Outcome.STOPPED, "", [])


def _heard(texts: Sequence[Incoming], *, answered: bool) -> list[Draft]:
    """The person's words: kept whether or not they were answered."""
    return [Draft("human", incoming.text, {"answered": answered}) for incoming in texts]
