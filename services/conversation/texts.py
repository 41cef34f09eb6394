"""The fixed sentences that a person may read, each overridable in the stack's config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

CODE = "{code}"
"""Where `forget_ask` and `call_code` have their code."""
TIME = "{time}"
"""Where `after_call` has the time of the call."""
SPOKEN = "spoken_"
"""What the sentences of calls begin with, which are not read here."""


@dataclass(frozen=True)
class Texts:
    """Every sentence that no model wrote.

    Attributes:
        apology: No model answered in time; the words were kept.
        set_aside: These words broke their turn again and again and were put aside unread.
        refused: An allowance is used up; said once a day.
        introduction: Who answers, how to stop and how to be forgotten; before the first reply.
        returning: Asks a number that was silent for long whether the same person writes; `Policy`
            says if at all.
        continued: Confirms CONTINUE, the answer to that.
        forget_ask: Answers FORGET; `{code}` stands for the code that confirms it.
        forget_wrong: Answers a code that is wrong or too late.
        forgetting: Confirms a FORGET that begins.
        stopped: Confirms STOP, where the carrier does not.
        started: Confirms START, where the carrier does not.
        help: Answers HELP, where the carrier does not.
        after_call: Offers by text to remember a call; `{time}` stands for when it was.
        kept: Answers KEEP, which takes that offer up.
        kept_already: Answers another KEEP.
        keep_later: Answers KEEP when no model could write notes in time.
        keep_gone: Answers KEEP when nothing is left of the call.
        call_code: Texts a caller the code that proves their number; `{code}` stands for it.
    """

    apology: str = (
        "Sorry, I cannot answer right now. I have kept your message; please text me again in a "
        "few minutes."
    )
    set_aside: str = "Sorry, something in your message stopped me. Please try other words."
    refused: str = (
        "That is all I can answer for now. Please text me again tomorrow; until then I stay silent."
    )
    introduction: str = "I am an AI assistant. Reply STOP to end, FORGET to erase what we said."
    returning: str = (
        "We start afresh. Did you write from this number before? Reply CONTINUE to go on "
        "from there."
    )
    continued: str = "Welcome back. I remember what we said before."
    forget_ask: str = (
        "Reply FORGET {code} within 10 minutes to erase our conversation for good. "
        "Anything else keeps it."
    )
    forget_wrong: str = "That code is wrong or too old, so nothing is erased. Text FORGET for one."
    forgetting: str = (
        "I am erasing our conversation for good. Whatever you text from now on begins a new one."
    )
    stopped: str = "You have opted out and will get no more messages. Reply START to opt in again."
    started: str = "You have opted in again. Reply STOP to opt out, HELP for help."
    help: str = "This number is answered by an AI assistant. Reply STOP to opt out."
    after_call: str = "You called at {time}. Reply KEEP and I will remember what we said."
    kept: str = "I will remember our call."
    kept_already: str = "I remember that call already."
    keep_later: str = "Sorry, I cannot do that right now. Please reply KEEP again in a few minutes."
    keep_gone: str = "There is nothing left of that call to remember."
    call_code: str = (
        "Your code for the call is {code}. It is good for 5 minutes. If you are not calling, "
        "somebody else is: tell nobody the code."
    )

    @classmethod
    def load(cls, overrides: Mapping[str, str]) -> Texts:
        """The sentences with some of them replaced.

        Raises:
            ValueError: A name is unknown or a sentence is empty.
        """
        overrides = {name: it for name, it in overrides.items() if not name.startswith(SPOKEN)}
        known = {field.name for field in fields(cls)}
        wrong = [name for name, text in overrides.items() if name not in known or not text.strip()]
        if wrong:
            raise ValueError(f"no such text, or empty: {', '.join(sorted(wrong))}")
        if CODE not in overrides.get("forget_ask", CODE):
            raise ValueError(f"forget_ask needs {CODE}, or nobody can confirm it")
        if CODE not in overrides.get("call_code", CODE):
            raise ValueError(f"call_code needs {CODE}, or nobody can prove their number")
        return cls(**overrides)
