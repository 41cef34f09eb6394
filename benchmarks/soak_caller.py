"""One caller of a soak: what they say, what they hear, and what they do about it.

Owns the caller's habits and their own account of the call. What became of it in the stores is
`soak_verdict`.
"""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass, field
from enum import StrEnum

from components.contact_flow.words import WORDS
from local.carrier import Carrier
from local.phone import Call, Phone
from voice.call_texts import CallTexts

PATIENCE_SECONDS = 60
ASKED_AGAIN = 2
CODE = re.compile(r"\b\d{6}\b")
PROVES, HANGS_UP, TAKES, DECLINES, OVERLAPS = 0.25, 0.10, 0.6, 0.2, 0.5
_FLOW, _SAYS = WORDS["en"], CallTexts()


class Heard(StrEnum):
    """What came back for an utterance, as the caller has it."""

    ANSWER = "answer"
    APOLOGY = "apology"
    OFFER = "offer"
    TROUBLE = "trouble"
    NOTHING = "nothing"
    GONE = "gone"


@dataclass
class Utterance:
    """Something that a caller said.

    Attributes:
        words: That no other utterance of the soak has.
        heard: What came back; `GONE` when the caller did not wait for it.
        seconds: From the words to the first spoken word that is no filler.
        taken: Whether an offer was taken; None when there was none, or nothing was said to it.
        spoken: What was said to the caller.
    """

    words: str
    heard: Heard = Heard.NOTHING
    seconds: float | None = None
    taken: bool | None = None
    spoken: str = ""


@dataclass
class Told:
    """A caller's account of a call.

    Attributes:
        number: The caller's.
        contact: The call.
        said: Everything that was conversation, in order.
        code: The code that was texted; empty when none was asked for.
    """

    number: str
    contact: str
    said: list[Utterance] = field(default_factory=list)
    code: str = ""


def quoted(words: str) -> str:
    """How the scripted model begins its answer to these words, and to no others."""
    return f'I heard "{words}"'


def understood(words: str, answer: str) -> Heard:
    """What an answer amounts to for whoever said these words."""
    if quoted(words) in answer:
        return Heard.ANSWER
    if _SAYS.offer in answer:
        return Heard.OFFER
    if any(sorry in answer for sorry in (_SAYS.apology, _SAYS.late, _SAYS.busy)):
        return Heard.APOLOGY
    troubles = (_SAYS.trouble, _SAYS.trouble_end, _FLOW.trouble, _FLOW.trouble_end)
    return Heard.TROUBLE if any(sorry in answer for sorry in troubles) else Heard.NOTHING


class Caller:
    """Calls once.

    Args:
        name: Number of the call: part of every utterance.
        number: The caller's.
        phone: To call with.
        carrier: Brings the code.
        turns: Utterances.
    """

    def __init__(self, name: int, number: str, phone: Phone, carrier: Carrier, turns: int) -> None:
        self._name = name
        self._number = number
        self._phone = phone
        self._carrier = carrier
        self._turns = turns
        self._dice = random.Random(name)
        leaves = self._dice.random() < HANGS_UP
        self._leaves_at = self._dice.randrange(1, turns) if leaves and turns > 1 else None

    def call(self) -> Told:
        """Call, talk, and hang up."""
        call = self._phone.dial(self._number, self._phone.numbers[0])
        told = Told(self._number, call.id)
        try:
            self._begin(call, told)
            for turn in range(self._turns):
                self._say(call, told, f"soak call {self._name} line {turn}", turn)
                if call.ended:
                    return told
            call.say("goodbye")
            call.wait_for("ended", PATIENCE_SECONDS)
        except TimeoutError:
            return told  # What was not answered is so in the account.
        finally:
            call.hang_up()
        return told

    def _begin(self, call: Call, told: Told) -> None:
        """The menu before the conversation: some prove their number, the others wait."""
        call.wait_until(lambda heard: heard.takes, PATIENCE_SECONDS)
        if self._dice.random() >= PROVES:
            call.stay_silent()
        else:
            call.press("1")
            call.wait_until(lambda heard: heard.block.startswith(("code-enter", "talk")))
            if call.block.startswith("code-enter"):
                text = self._carrier.wait_reply(self._number, 1, PATIENCE_SECONDS)[0]
                found = CODE.search(text.body)
                told.code = found[0] if found else ""
                call.wait_until(lambda heard: heard.takes == "keys", PATIENCE_SECONDS)
                call.press(f"{told.code}#")
        call.wait_until(lambda heard: heard.takes == "speech", PATIENCE_SECONDS)

    def _say(self, call: Call, told: Told, words: str, turn: int) -> None:
        """Say one thing; in trouble again, in other words so that the two can be told apart."""
        for again in range(ASKED_AGAIN + 1):
            # Whether a hook that is delivered twice comes at once or in turn.
            self._phone.faults.at_once = self._dice.random() < OVERLAPS
            utterance = Utterance(words + " once more" * again)
            told.said.append(utterance)
            if turn == self._leaves_at:
                _leave(call, utterance)
                return
            _ask(call, utterance)
            if utterance.heard is Heard.OFFER:
                self._decide(call, utterance)
            if call.ended or utterance.heard is not Heard.TROUBLE:
                return

    def _decide(self, call: Call, utterance: Utterance) -> None:
        """Take the offer, decline it, or talk on."""
        mood = self._dice.random()
        if mood >= TAKES + DECLINES:
            return
        yes = mood < TAKES
        answer = " ".join(call.exchange("yes" if yes else "no", PATIENCE_SECONDS))
        if yes and _SAYS.released in answer:
            utterance.taken = True
        if not yes and _SAYS.declined in answer:
            utterance.taken = False


def _ask(call: Call, utterance: Utterance) -> None:
    before, began = len(call.events), time.time()
    spoken = call.exchange(utterance.words, PATIENCE_SECONDS)
    utterance.spoken = " ".join(spoken)
    utterance.heard = understood(utterance.words, utterance.spoken)
    first = [e.at for e in call.after(before) if e.kind == "said" and e.note != "filler"]
    utterance.seconds = first[0] - began if first else None


def _leave(call: Call, utterance: Utterance) -> None:
    """Hang up while dialtone thinks."""
    utterance.heard = Heard.GONE
    hooks = sum(1 for event in call.events if event.kind == "heard")
    call.say(utterance.words)
    call.wait_until(lambda at: sum(1 for event in at.events if event.kind == "heard") > hooks)
    call.hang_up()
    call.wait_for("ended", PATIENCE_SECONDS)
