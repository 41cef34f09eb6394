"""The part of a call in which a caller proves whose number it is.

Owns the way from the offer to the bot: key 1, a text with a code, its digits, the check. Every way
out of it leads on without the code, for a caller must never be stuck here. The digits are Connect's
stored input: no bot hears them and no attribute holds them. Nor may the flow keep a log, for that
would have what a function is sent.
"""

from dataclasses import dataclass

from components.contact_flow.block import Block
from components.contact_flow.blocks import Menu, Message, StoreInput
from components.contact_flow.reference import STORED_INPUT
from components.contact_flow.routing import Compare, Invoke, Loop
from components.contact_flow.words import Words

# What Connect stores when nobody typed anything.
NOTHING_TYPED = "Timeout"
# Typed by who would rather go on without the code.
NEVER_MIND = "0"
DIGITS = 6
FURTHER_TRIES = 2
OFFER_SECONDS = 3
ENTRY_SECONDS = 20
SEND = "send"
CHECK = "check"


@dataclass(frozen=True, kw_only=True)
class CodeEntry:
    """The blocks of it."""

    words: Words
    function_arn: str
    then: str
    """Slug of what follows, proved or not."""

    def blocks(self) -> dict[str, Block]:
        """Every block by slug."""
        return {
            "code-offer": Menu(
                text=self.words.offer_code,
                keys={"1": "code-wait"},
                other=self.then,
                silent=self.then,
                failed=self.then,
                seconds=OFFER_SECONDS,
            ),
            "code-wait": self._say(self.words.code_wait, "code-send"),
            "code-send": self._call({"action": SEND}, "code-sent"),
            "code-sent": Compare(
                value="$.External.result",
                equals={"sent": "code-enter"},
                otherwise="code-unavailable",
            ),
            **self._entry(),
            "code-proved": self._say(self.words.code_proved, self.then),
            "code-expired": self._say(self.words.code_expired, self.then),
            "code-spent": self._say(self.words.code_spent, self.then),
            "code-unavailable": self._say(self.words.code_unavailable, self.then),
            "code-failed": self._say(self.words.code_failed, self.then),
        }

    def _entry(self) -> dict[str, Block]:
        """Entering and checking, up to three times; the function counts too, over all calls."""
        return {
            "code-enter": self._ask(self.words.code_enter),
            "code-again": self._ask(self.words.code_again),
            "code-entered": Compare(
                value=STORED_INPUT,
                equals={NOTHING_TYPED: "code-tries", NEVER_MIND: self.then},
                otherwise="code-check",
            ),
            "code-check": self._call({"action": CHECK, "code": STORED_INPUT}, "code-checked"),
            "code-checked": Compare(
                value="$.External.result",
                equals={
                    "proved": "code-proved",
                    "wrong": "code-tries",
                    "expired": "code-expired",
                    "spent": "code-spent",
                },
                otherwise="code-failed",
            ),
            "code-tries": Loop(
                times=FURTHER_TRIES,
                again="code-again",
                done="code-spent",
            ),
        }

    def _say(self, text: str, then: str) -> Message:
        return Message(text=text, next=then, failed=then)

    def _ask(self, text: str) -> StoreInput:
        return StoreInput(
            text=text,
            digits=DIGITS,
            seconds=ENTRY_SECONDS,
            next="code-entered",
            failed="code-failed",
        )

    def _call(self, attributes: dict[str, str], then: str) -> Invoke:
        return Invoke(
            function_arn=self.function_arn,
            attributes=attributes,
            next=then,
            failed="code-failed",
        )
