"""What goes into a turn and what comes out of it, as the channels see it."""

from __future__ import annotations

from dataclasses import dataclass

from conversation.meta import Claim
from conversation.tables import Action
from conversation.turns import Turn


@dataclass(frozen=True)
class Profile:
    """What a channel adds to the operator's prompt.

    Attributes:
        style: How to write for this channel.
        spoken: Whether the reply is spoken by whoever asked for it: the commit is its end.
        apology: What is said when no model answers; empty for the stack's sentence.
        late: The same when the models were too slow; empty for `apology`.
        refused: What a caller is told when an allowance is used up; empty for the stack's sentence.
    """

    style: str
    spoken: bool = False
    apology: str = ""
    late: str = ""
    refused: str = ""


@dataclass(frozen=True)
class EngineSettings:
    """What an operator decides about answers.

    Attributes:
        system_prompt: Who the assistant is.
        window_messages: How many messages of the past it sees.
        window_tokens: Most tokens of them and of the person's new words, roughly.
        summary: Whether notes are kept of what falls out of the window.
        message_days: Lifetime of a message.
        turn_days: Lifetime of a turn's record.
    """

    system_prompt: str
    window_messages: int = 20
    window_tokens: int = 6000
    summary: bool = False
    message_days: int = 30
    turn_days: int = 30


@dataclass(frozen=True)
class Incoming:
    """One message of a person, as the turn takes it.

    Attributes:
        text: The words.
        received_at: Epoch milliseconds of its acceptance.
    """

    text: str
    received_at: int


@dataclass(frozen=True)
class Opening:
    """What must be said before a person's first reply on a route.

    Attributes:
        words: The sentences.
        items: Part of the commit of a turn that says them: notes that they were said.
    """

    words: str
    items: tuple[Action, ...]


@dataclass(frozen=True)
class Late:
    """What a turn ends in whose answer did not come in time.

    Attributes:
        words: What is said instead.
        items: Part of the commit: where the person's words wait.
    """

    words: str
    items: tuple[Action, ...]


@dataclass(frozen=True)
class Reply:
    """A committed turn, ready to be delivered.

    Attributes:
        text: The words to send; empty when nothing is to be sent.
        turn: The turn as committed.
        claim: The claim as it is after the commit; every further write needs it.
        segments: SMS segments that the text takes, as they were counted.
    """

    text: str
    turn: Turn
    claim: Claim
    segments: int = 0
