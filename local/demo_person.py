"""Somebody with a phone, for the scripted conversation: texts, calls, listens, and writes it down.

Owns what a person can do and what they take for an answer. What they do is in the scenes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from rich.console import Console
from rich.table import Table

from cli.screen import line, words
from local.carrier import Carrier, Message
from local.carrier.message import WHATSAPP
from local.config import OUR_NUMBER
from local.phone import Phone
from local.scripted_model import ScriptedModel

REPLY_SECONDS = 60.0
SILENCE_SECONDS = 6.0
SWEEP_SECONDS = 75.0
NAME = "Ada"


class Stack(Protocol):
    """What the demo needs of a running stack."""

    @property
    def carrier(self) -> Carrier:
        """The played carrier."""

    @property
    def phone(self) -> Phone:
        """Connect and Lex, played."""

    @property
    def model(self) -> ScriptedModel:
        """The scripted model, whether or not it answers."""

    def invoke(self, function: str, event: Any) -> Any:
        """Run a function."""


class DemoFailedError(Exception):
    """The stack did not do what a scene must show; the message says what was seen instead."""


@dataclass(frozen=True)
class Scene:
    """One thing that a person can notice."""

    title: str
    play: Callable[[Person], None]


@dataclass(frozen=True)
class Sent:
    """Texts that were sent.

    Attributes:
        address: Where their answer goes.
        before: The answers that were there before: a count would not do, FORGET deletes some.
    """

    address: str
    before: frozenset[str]

    def answered(self, reply: Message) -> Sent:
        """The same, once an answer has come."""
        return Sent(self.address, self.before | {reply.sid})


class Person:
    """Somebody with a phone: texts, waits for answers, and writes the transcript.

    Args:
        stack: Whom they text.
        console: Where the transcript goes.
        number: Theirs; a new one is a person whom the stack has never met.
        silence: How long, in seconds, nothing must come for it to count as silence.
    """

    def __init__(self, stack: Stack, console: Console, number: str, silence: float) -> None:
        self.stack = stack
        self._carrier = stack.carrier
        self._console = console
        self.number = number
        self._silence = silence

    def text(self, *bodies: str, channel: str = "SMS") -> Sent:
        """Send texts in one go."""
        prefix = WHATSAPP if channel == "WhatsApp" else ""
        sent = self.wait(prefix)
        for body in bodies:
            self.show(f"{NAME}, {channel}", body, "cyan")
            self._carrier.text(sent.address, f"{prefix}{OUR_NUMBER}", body)
        return sent

    def wait(self, prefix: str = "") -> Sent:
        """Wait for a text without having sent one: whatever comes from now on is new."""
        address = f"{prefix}{self.number}"
        return Sent(address, frozenset(answer.sid for answer in self._answers(address)))

    def hear(self, sent: Sent, seconds: float = REPLY_SECONDS) -> Message:
        """Wait for an answer that was not there before.

        Raises:
            DemoFailedError: none came in time.
        """
        began = time.monotonic()
        if not self._carrier.book.wait_until(lambda: bool(self._new(sent)), seconds):
            raise DemoFailedError(f"no answer within {seconds:.0f} s")
        reply = self._new(sent)[0]
        who = "the carrier" if reply.automatic else "dialtone"
        took = "" if reply.automatic else f"{time.monotonic() - began:.1f} s"
        self.show(who, reply.body, "yellow" if reply.automatic else "green", took)
        return reply

    def ask(self, *bodies: str, expect: tuple[str, ...] = (), channel: str = "SMS") -> None:
        """Text, hear the one answer, and check that it holds every expected word.

        Raises:
            DemoFailedError: no answer, one without a word, or more than one.
        """
        sent = self.text(*bodies, channel=channel)
        reply = self.hear(sent)
        missing = [word for word in expect if word.lower() not in reply.body.lower()]
        if missing:
            raise DemoFailedError(f"the answer does not mention {', '.join(missing)}")
        self.hear_nothing(sent.answered(reply), share=1 / 3)

    def hear_nothing(self, sent: Sent, share: float = 1) -> None:
        """Wait and check that no further answer comes.

        Raises:
            DemoFailedError: one came.
        """
        seconds = self._silence * share
        if self._carrier.book.wait_until(lambda: bool(self._new(sent)), seconds):
            raise DemoFailedError(f"an answer too many: {self._new(sent)[0].body!r}")

    def note(self, remark: str) -> None:
        """Write a remark into the transcript."""
        self._console.print(line((f"  {remark}", "dim")))

    def has(self, sent: Sent) -> bool:
        """Whether an answer has come."""
        return bool(self._new(sent))

    def show(self, who: str, body: str, style: str, remark: str = "") -> None:
        """Write what somebody says into the transcript."""
        row = Table.grid(padding=(0, 1), expand=True)
        row.add_column(width=15, justify="right")
        row.add_column(ratio=1)
        row.add_column(width=8, justify="right")
        row.add_row(line((who, f"bold {style}")), words(body), line((remark, "dim")))
        self._console.print(row)

    def _new(self, sent: Sent) -> list[Message]:
        return [one for one in self._answers(sent.address) if one.sid not in sent.before]

    def _answers(self, address: str) -> list[Message]:
        return self._carrier.sent_to(address, automatic=True)
