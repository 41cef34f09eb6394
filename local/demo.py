"""The scripted conversation of ``--demo``: everything a person can notice, through every channel.

Owns the scenes, what each must show, and the transcript. The checks hold for any model that
answers sensibly, not only for the scripted one.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.carrier import Carrier, Fault, Message
from local.carrier.message import WHATSAPP
from local.config import OUR_NUMBER

REPLY_SECONDS = 60.0
SILENCE_SECONDS = 6.0
SWEEP_SECONDS = 75.0
NAME = "Ada"


class Stack(Protocol):
    """What the demo needs of a running stack."""

    @property
    def carrier(self) -> Carrier:
        """The played carrier."""

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
        self._number = number
        self._silence = silence

    def text(self, *bodies: str, channel: str = "SMS") -> Sent:
        """Send texts in one go."""
        prefix = WHATSAPP if channel == "WhatsApp" else ""
        address = f"{prefix}{self._number}"
        before = frozenset(answer.sid for answer in self._answers(address))
        for body in bodies:
            self._show(f"{NAME}, {channel}", body, "cyan")
            self._carrier.text(address, f"{prefix}{OUR_NUMBER}", body)
        return Sent(address, before)

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
        self._show(who, reply.body, "yellow" if reply.automatic else "green", took)
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
        self._console.print(Text(f"  {remark}", style="dim"))

    def _new(self, sent: Sent) -> list[Message]:
        return [one for one in self._answers(sent.address) if one.sid not in sent.before]

    def _answers(self, address: str) -> list[Message]:
        return self._carrier.sent_to(address, automatic=True)

    def _show(self, who: str, body: str, style: str, remark: str = "") -> None:
        row = Table.grid(padding=(0, 1), expand=True)
        row.add_column(width=14, justify="right")
        row.add_column(ratio=1)
        row.add_column(width=8, justify="right")
        row.add_row(Text(who, style=f"bold {style}"), Text(body), Text(remark, style="dim"))
        self._console.print(row)


def run(
    stack: Stack, console: Console | None = None, *, silence_seconds: float = SILENCE_SECONDS
) -> int:
    """Play every scene and print the transcript.

    Args:
        stack: The stack.
        console: Where the transcript goes; by default standard output.
        silence_seconds: How long nothing must come after STOP.

    Returns:
        0 when every scene showed what it must, else 1.
    """
    console = console or Console(highlight=False)
    number = f"+1555{secrets.randbelow(9_000_000) + 1_000_000}"
    person = Person(stack, console, number, silence_seconds)
    for place, scene in enumerate(SCENES, 1):
        console.print(Text(f"\n{place}. {scene.title}", style="bold"))
        try:
            scene.play(person)
        except DemoFailedError as failed:
            console.print(Text(f"\nfailed: {scene.title}: {failed}", style="bold red"))
            return 1
    console.print(Text(f"\nall {len(SCENES)} scenes as they should be", style="bold green"))
    return 0


def _introduce(person: Person) -> None:
    person.ask(f"Hello! My name is {NAME}.", expect=(NAME,))


def _remember(person: Person) -> None:
    person.ask("What is my name?", expect=(NAME,))
    person.ask("What did I say first?", expect=(NAME,))


def _burst(person: Person) -> None:
    person.ask("My cat is Tom.", "My dog is Rex.", "My fish is Wanda.", expect=("Tom", "Rex"))
    person.note("three texts, one answer that covers them")


def _duplicate(person: Person) -> None:
    person.stack.carrier.faults.add(Fault.DUPLICATE)
    person.ask("Do you hear this once?")
    person.note("the carrier delivered that text twice; it was answered once")


def _lost(person: Person) -> None:
    person.stack.carrier.faults.add(Fault.LOST_WEBHOOK)
    sent = person.text("This one gets lost on its way.")
    person.hear_nothing(sent, share=1 / 3)
    person.note("its webhook never came; the sweep asks the carrier what we missed")
    until = time.monotonic() + SWEEP_SECONDS
    while time.monotonic() < until:
        if person.stack.invoke("sweep", {}).get("accepted"):
            person.hear(sent)
            return
        person.stack.carrier.book.wait_until(lambda: False, 1)
    raise DemoFailedError(f"the sweep did not find it within {SWEEP_SECONDS:.0f} s")


def _whatsapp(person: Person) -> None:
    person.ask("What is my dog?", expect=("Rex",), channel="WhatsApp")
    person.note("told by SMS, remembered on WhatsApp")


def _stop(person: Person) -> None:
    person.hear(person.text("STOP"))
    person.hear_nothing(person.text("Are you still there?"))
    person.note("silence, as asked")


def _start(person: Person) -> None:
    person.hear(person.text("START"))
    person.ask("Back again. What is my name?", expect=(NAME,))


def _forget(person: Person) -> None:
    asked = person.hear(person.text("FORGET")).body
    found = re.search(r"FORGET \d+", asked)
    if found is None:
        raise DemoFailedError("the answer to FORGET names no code")
    sent = person.text(found[0])
    person.hear_nothing(sent.answered(person.hear(sent)), share=1 / 3)
    answer = person.hear(person.text("What is my name?")).body
    if NAME.lower() in answer.lower():
        raise DemoFailedError(f"it still knows {NAME}")
    person.note("the key of everything before is gone; this is a new conversation")


SCENES = (
    Scene("She introduces herself", _introduce),
    Scene("It remembers what was said", _remember),
    Scene("A burst of texts gets one answer", _burst),
    Scene("A text delivered twice is answered once", _duplicate),
    Scene("A text whose webhook was lost is found and answered", _lost),
    Scene("WhatsApp knows what was said by SMS", _whatsapp),
    Scene("STOP means stop", _stop),
    Scene("START means start again", _start),
    Scene("FORGET, confirmed with a code, means forgotten", _forget),
)
