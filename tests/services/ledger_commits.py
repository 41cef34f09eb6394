"""What must hold of a commit: the memory, its numbers, the outcome and the counters."""

from __future__ import annotations

from typing import Any

from conversation.items import Item
from conversation.outcomes import DeliveryState, Outcome
from conversation.texts import Texts
from messaging.profile import segments
from tests.services.ledger_state import State
from tests.services.stepped_store import Change
from voice.call_texts import CallTexts

_SAYS = {Outcome.ANSWERED, Outcome.APOLOGISED}
_TEXTS = Texts()
_CALL_TEXTS = CallTexts()
OTHERS = "other:"
"""How what another program writes begins."""

_COUNTED = ("turns", "refused", "segments", "input_tokens", "output_tokens")


class Commits(State):
    """Looks at commits."""

    def _commit(self, turn: Item, messages: list[Change], changes: list[Change]) -> None:
        if turn["delivery"] == DeliveryState.SPOKEN:
            self._spoken(turn, messages, changes)
            return
        outcome, inbox = Outcome(turn["outcome"]), turn.get("inbox", [])
        self._in_order(inbox)
        for sk in inbox:
            self._end(sk, outcome)
        said = [one for one in self.said.values() if one.sk in inbox]
        one_route = all(one.route == turn["route"] for one in said)
        self.require(one_route, "a turn has one route", (turn, said))
        self.require(turn["generation"] == self.generation, "nothing forgotten is said", turn)
        self._decided(turn["sk"].removeprefix("turn#"), outcome)
        expected = self._expected(outcome, [self.words_of(sk) for sk in inbox], turn)
        found = [(one.after["role"], self.opened(one.after)) for one in messages if one.after]
        self._append(messages)
        if not (outcome is Outcome.REFUSED and not found):
            self.require(found == expected, "the memory is what was said", (found, expected))
        self.memory += found
        self._use(turn, outcome, found[-1][1] if found else "")

    def _spoken(self, turn: Item, messages: list[Change], changes: list[Change]) -> None:
        """A call's turn, which its commit ends."""
        outcome, words = Outcome(turn["outcome"]), self.heard(turn)
        name = turn["sk"].removeprefix("turn#")
        again = (turn["generation"], words) in self.answered
        self.require(not again, "an utterance is answered once", (name, words))
        self.answered.add((turn["generation"], words))
        self.require(turn["generation"] == self.generation, "nothing forgotten is said", turn)
        found = [(one.after["role"], self.opened(one.after)) for one in messages if one.after]
        self._append(messages)
        reply = found[-1][1] if found else ""
        kept = {
            Outcome.ANSWERED: [("human", words), ("ai", self._answer([words]))],
            Outcome.APOLOGISED: [("human", words), ("ai", reply)],
            Outcome.REFUSED: [("ai", _CALL_TEXTS.refused)],
            Outcome.OFFERED: [],
        }[outcome]
        self.require(found == kept, "the memory is what was said", (found, kept))
        self.memory += found
        self.spoken[name] = (words, outcome, reply)
        if any(one.sk == "meta" for one in changes):  # else the lease was a text's
            self._within_allowance(outcome)
            self._use(turn, outcome, "")

    def _in_order(self, inbox: list[str]) -> None:
        self.require(inbox == sorted(inbox), "texts are taken in order", inbox)
        taken = [one for one in self.said.values() if one.sk in inbox]
        for one in self.waiting():
            before = [late for late in taken if (one.accepted or 0) < (late.began or 0)]
            skipped = one.sk not in inbox and before and one.generation == self.generation
            self.require(not skipped, "texts are taken in order", (one, before))

    def _decided(self, turn: str, outcome: Outcome) -> None:
        """That the outcome was the right one for who asked."""
        out, since = self.claims[turn]
        route = self.turns[turn]["route"]
        unchanged = since == self.changes_of_mind[route]
        wrong = unchanged and out == (outcome in {*_SAYS, Outcome.REFUSED})
        self.require(not wrong or outcome is Outcome.SET_ASIDE, "an opted-out person's texts stop")
        if outcome in {*_SAYS, Outcome.REFUSED}:
            self._within_allowance(outcome)
        early = outcome is Outcome.SET_ASIDE and self.deaths < 3
        self.require(not early, "only what breaks its turn is set aside", self.deaths)

    def _within_allowance(self, outcome: Outcome) -> None:
        self.require(self._spent() == (outcome is Outcome.REFUSED), "an allowance is kept", outcome)

    def _spent(self) -> bool:
        return bool(self.turns_a_day) and self.used["turns"] >= self.turns_a_day

    def _expected(self, outcome: Outcome, words: list[str], turn: Item) -> list[tuple[str, str]]:
        if outcome is Outcome.STOPPED:
            return []
        if outcome is Outcome.SET_ASIDE:
            return [] if self._spent() else [("ai", _TEXTS.set_aside)]
        heard = [("human", one) for one in words] if outcome is not Outcome.REFUSED else []
        reply = {
            Outcome.ANSWERED: self._answer(words),
            Outcome.APOLOGISED: _TEXTS.apology,
            Outcome.REFUSED: _TEXTS.refused,
        }[outcome]
        if turn["route"] not in self.introduced and turn.get("messages"):
            self.introduced.add(turn["route"])
            reply = f"{_TEXTS.introduction}\n\n{reply}"
        return [*heard, ("ai", reply)]

    def _answer(self, words: list[str]) -> str:
        """What the model makes of all that it is shown."""
        heard_before = [text for role, text in self.memory if role == "human"]
        # Another program may have written since the model was asked.
        return "re " + ",".join([one for one in heard_before if not one.startswith(OTHERS)] + words)

    def _append(self, messages: list[Change]) -> None:
        numbers = sorted(int(one.sk.partition("#")[2]) for one in messages if one.after)
        expected = list(range(self.numbers, self.numbers + len(numbers)))
        self.require(numbers == expected, "numbers have no gap and no repeat", numbers)
        self.numbers += len(numbers)

    def _other_messages(self, messages: list[Change]) -> None:
        """Another program wrote to the memory, or FORGET deletes."""
        put = [one for one in messages if one.after]
        self._append(put)
        self.memory += [(one.after["role"], self.opened(one.after)) for one in put if one.after]

    def _use(self, turn: Item, outcome: Outcome, reply: str) -> None:
        self.used["refused" if outcome is Outcome.REFUSED else "turns"] += 1
        self.used["segments"] += segments(reply)
        self.used["input_tokens"] += turn.get("input_tokens", 0)
        self.used["output_tokens"] += turn.get("output_tokens", 0)

    def _count(self, changes: list[Change]) -> None:
        """Counters, which one transaction writes with what they count."""
        usage: list[Any] = [one for one in changes if one.sk.startswith("usage#2") and one.after]
        replied = [one for one in changes if "replied" in (one.after or {})]
        for one in usage if replied else ():
            before = (one.before or {}).get("segments", 0)
            self.used["segments"] += max(1, one.after["segments"] - before)
        for one in usage:
            found = {name: one.after.get(name, 0) for name in _COUNTED}
            expected = {name: self.used[name] for name in _COUNTED}
            self.require(found == expected, "counters are what was committed", (found, expected))
        turns = [one for one in changes if one.sk.startswith("turn#") and one.before is None]
        if not any(one.sk == "meta" for one in changes):
            turns = []  # an offer beside a text's turn: no turn was claimed
        counted = len(usage) == len(turns) + len(replied)
        self.require(counted, "counters are what was committed", "not counted")
