"""The scripted conversation of ``--demo``: everything a person can notice, through every channel.

Owns the scenes of texts, the order of all scenes, and what each must show. The checks hold for any
model that answers sensibly, not only for the scripted one.
"""

from __future__ import annotations

import re
import secrets
import time

from rich.console import Console

from cli.safe_console import SafeConsole
from cli.screen import line
from local.carrier import Fault
from local.demo_calls import CALLS
from local.demo_person import (
    NAME,
    SILENCE_SECONDS,
    SWEEP_SECONDS,
    DemoFailedError,
    Person,
    Scene,
    Stack,
)


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
    console = console or SafeConsole()
    number = f"+1303555{secrets.randbelow(8_000) + 1_000}"
    person = Person(stack, console, number, silence_seconds)
    for place, scene in enumerate(SCENES, 1):
        console.print()
        console.print(line((f"{place}. {scene.title}", "bold")))
        try:
            scene.play(person)
        except DemoFailedError as failed:
            console.print()
            console.print(line((f"failed: {scene.title}: {failed}", "bold red")))
            return 1
    console.print()
    console.print(line((f"all {len(SCENES)} scenes as they should be", "bold green")))
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
    person.ask("Back again. What is my dog?", expect=("Rex",))
    person.hear(person.text(f"Call me {NAME}."))


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
    *CALLS,
    Scene("STOP means stop", _stop),
    Scene("START means start again", _start),
    Scene("FORGET, confirmed with a code, means forgotten", _forget),
)
