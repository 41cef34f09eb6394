"""Holds the callers' own accounts of a soak against what the stack's tables say. Pure functions."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.soak_caller import Heard, Told, Utterance, quoted
from conversation.outcomes import Outcome
from conversation.texts import Texts

_SORRY = Texts().apology
_KEPT = {Outcome.ANSWERED, Outcome.APOLOGISED}
# Whoever hears one of these knows that their words were not taken in, or does not wait to know.
_MAY_BE_NO_TURN = {Heard.TROUBLE, Heard.APOLOGY, Heard.GONE}


@dataclass(frozen=True)
class Stored:
    """What the tables hold of a call.

    Attributes:
        turns: By what was said: the outcomes of the turns that heard it.
        memory: (number, role, words) of each message of the conversation, in order.
        texts: What was texted to the caller.
    """

    turns: Mapping[str, Sequence[Outcome]]
    memory: Sequence[tuple[int, str, str]]
    texts: Sequence[str] = ()


@dataclass
class Verdict:
    """What came of all calls.

    Attributes:
        utterances: Said in conversation.
        answered: Answered aloud.
        in_time: Of them, those whose first word came before the deadline.
        apologies: Answered by an apology, aloud or, once an offer was taken, by text.
        offered: Whose answer was offered as a text instead.
        taken: Of them, those whose offer was taken.
        texted: Of them, those that one text answers.
        abandoned: That no turn took in, and whose caller was told so or had hung up.
        lost: That nothing came of, and whose caller does not know.
        doubled: That more than one turn, text or message of the memory is about.
        unordered: Calls whose memory is not exactly what was said, in order.
        seconds: From the words to the answer, of those that were answered aloud.
        complaints: What is wrong, in words.
    """

    utterances: int = 0
    answered: int = 0
    in_time: int = 0
    apologies: int = 0
    offered: int = 0
    taken: int = 0
    texted: int = 0
    abandoned: int = 0
    lost: int = 0
    doubled: int = 0
    unordered: int = 0
    seconds: list[float] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        """Whether nothing was lost or doubled and each memory is right."""
        return not (self.lost or self.doubled or self.unordered)

    def percentiles(self) -> tuple[float, float]:
        """Of 100 answers, how long the 50th and the 95th took, in seconds."""
        if len(self.seconds) < 2:
            return (self.seconds or [0.0])[0], (self.seconds or [0.0])[0]
        return statistics.median(self.seconds), statistics.quantiles(self.seconds, n=20)[-1]

    def count(self, told: Told, stored: Stored, deadline: float) -> None:
        """Add one call.

        Args:
            told: The caller's account.
            stored: What the tables hold of it.
            deadline: Seconds within which an answer is due.
        """
        for utterance in told.said:
            self.utterances += 1
            self._heard(utterance, deadline)
            self._turns(told, utterance, stored.turns.get(utterance.words, ()))
            if utterance.taken:
                self._text(told, utterance, stored.texts)
        wrong = wrong_in_memory(told.said, stored)
        self.unordered += bool(wrong)
        self.complaints += [f"{told.contact}: {what}" for what in wrong]

    def _heard(self, utterance: Utterance, deadline: float) -> None:
        self.apologies += utterance.heard is Heard.APOLOGY
        self.offered += utterance.heard is Heard.OFFER
        if utterance.heard is Heard.ANSWER and utterance.seconds is not None:
            self.answered += 1
            self.in_time += utterance.seconds <= deadline
            self.seconds.append(utterance.seconds)

    def _turns(self, told: Told, utterance: Utterance, outcomes: Sequence[Outcome]) -> None:
        where = f"{told.contact}: {utterance.words!r}, to which the caller heard "
        where += repr(utterance.spoken)
        if len(outcomes) > 1:
            self.doubled += 1
            self.complaints.append(f"{where}, ended as {', '.join(outcomes)}")
        elif not outcomes and utterance.heard in _MAY_BE_NO_TURN:
            self.abandoned += 1
        elif not outcomes:
            self.lost += 1
            self.complaints.append(f"{where}, is in no turn")
        elif utterance.heard is Heard.NOTHING:
            self.lost += 1
            self.complaints.append(f"{where}, though its turn is {outcomes[0]}")

    def _text(self, told: Told, utterance: Utterance, texts: Sequence[str]) -> None:
        self.taken += 1
        times = sum(text.count(quoted(utterance.words)) for text in texts)
        self.texted += times == 1
        if not times and _SORRY in " ".join(texts):
            self.apologies += 1
        elif times != 1:
            self.lost += not times
            self.doubled += times > 1
            who = f"{told.contact}: {utterance.words!r}"
            self.complaints.append(f"{who}, offered and taken, was texted {times} times")


def wrong_in_memory(said: Sequence[Utterance], stored: Stored) -> list[str]:
    """What is wrong with a call's memory; nothing when it holds just what was said, in order."""
    wrong = []
    numbers = [number for number, _, _ in stored.memory]
    if numbers != list(range(len(numbers))):
        wrong.append(f"messages are numbered {numbers}")
    human = [words for _, role, words in stored.memory if role == "human"]
    texted = {one.words for one in said if one.taken}
    spoken = [one.words for one in said if set(stored.turns.get(one.words, ())) & _KEPT]
    if [words for words in human if words not in texted] != spoken:
        wrong.append(f"the memory has {human}, and {spoken} was said")
    twice = [words for words, times in Counter(human).items() if times > 1]
    wrong += [f"{words!r} is in the memory more than once" for words in twice]
    roles = [role for _, role, _ in stored.memory]
    if roles and roles[-1] == "human":
        wrong.append("the last words have no reply in the memory")
    return wrong
