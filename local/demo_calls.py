"""The calls of the scripted conversation: what a person notices who picks up the phone.

Owns these scenes. A call here takes no longer than the functions behind it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from local.demo_person import NAME, SWEEP_SECONDS, DemoFailedError, Person, Scene
from local.phone import Call

ANSWER_SECONDS = 40.0
# Longer than any hook may take.
TOO_SLOW_SECONDS = 40.0
BOAT = "Swallow"
QUESTION = "Could you write me a long poem about the sea?"


@contextmanager
def _call(person: Person) -> Iterator[Call | None]:
    """A call, with its greeting behind it; None where the stack takes none.

    Raises:
        DemoFailedError: The line fell silent, or a scene failed; with what was wrong there.
    """
    phone = person.stack.phone
    if not phone.numbers:
        person.note("this stack takes no calls: voice.enabled is off")
        yield None
        return
    call = phone.dial(person.number, phone.numbers[0])
    try:
        call.wait_for("listening", ANSWER_SECONDS)
        _hear(person, call.spoken)
        yield call
    except TimeoutError as error:
        raise DemoFailedError(str(error)) from error
    except DemoFailedError as failed:
        raise DemoFailedError(f"{failed}{_trouble(call)}") from failed
    finally:
        call.hang_up()


def _trouble(call: Call) -> str:
    """What went wrong on the line, which a caller does not hear."""
    wrong = [event.words for event in call.events if event.kind in ("error", "rejected")]
    return f"; on the line: {wrong[-1]}" if wrong else ""


def _say(person: Person, call: Call, words: str) -> str:
    """Say something and hear what comes back."""
    person.show(f"{NAME}, phone", words, "cyan")
    began = time.monotonic()
    said = call.exchange(words, ANSWER_SECONDS)
    _hear(person, said, f"{time.monotonic() - began:.1f} s")
    return " ".join(said)


def _hear(person: Person, said: list[str], took: str = "") -> None:
    person.show("dialtone, phone", " ".join(said), "green", took)


def _talk(person: Person) -> None:
    with _call(person) as call:
        if call is None:
            return
        _say(person, call, f"My boat is the {BOAT}.")
        if BOAT not in _say(person, call, "What is my boat?"):
            raise DemoFailedError(f"the answer does not mention {BOAT}")
        if "Rex" in _say(person, call, "What is my dog?"):
            raise DemoFailedError("the call knows what was said by text")
        person.note("a caller's number can be forged: a call knows nothing of the texts")
        goodbye = _say(person, call, "goodbye")
        call.wait_for("ended", ANSWER_SECONDS)
        if not goodbye:
            raise DemoFailedError("the call ended without a word")
        person.note("it said goodbye and hung up")


def _keep(person: Person) -> None:
    if not person.stack.phone.numbers:
        return
    # The sweep offers it, once nothing more was said for voice.keepAfterSeconds.
    offer, until = person.wait(), time.monotonic() + SWEEP_SECONDS
    while not person.has(offer) and time.monotonic() < until:
        person.stack.invoke("sweep", {})
        person.stack.carrier.book.wait_until(lambda: person.has(offer), 1)
    if "KEEP" not in person.hear(offer, seconds=1).body:
        raise DemoFailedError("the text after the call does not offer KEEP")
    person.hear(person.text("KEEP"))
    person.ask("What is my boat?", expect=(BOAT,))
    person.note("told on the phone, kept, remembered by text")


def _late(person: Person) -> None:
    faults, calls = person.stack.model.faults, person.stack.model.calls
    asked = len(calls)
    with _call(person) as call:
        if call is None:
            return
        faults.slow_seconds, before = TOO_SLOW_SECONDS, faults.slow_seconds
        try:
            offer = _say(person, call, QUESTION)
        finally:
            faults.slow_seconds = before
        if len(person.stack.model.calls) == asked:
            person.note("this model cannot be slowed down, so its answer was not late")
            return
        if "text" not in offer:
            raise DemoFailedError("a late answer was not offered by text")
        answer = person.wait()
        _say(person, call, "yes")
        person.hear(answer)
        person.note("asked on the phone, answered by text")


def _human(person: Person) -> None:
    with _call(person) as call:
        if call is None:
            return
        switches = person.stack.phone.switches
        switches.open, before = False, switches.open
        try:
            _say(person, call, "agent")
        finally:
            switches.open = before
        person.note("outside the hours nobody is there, and the assistant goes on")
        person.show(f"{NAME}, phone", "agent", "cyan")
        said = len(call.events)
        call.say("agent")
        call.wait_for("handed over", ANSWER_SECONDS)
        for event in call.after(said):
            if event.kind == "said" and event.who == "agent":
                person.show("a person", event.words, "yellow")
        person.note("within them the queue hands over to a person")


CALLS = (
    Scene("She calls, is understood, and says goodbye", _talk),
    Scene("KEEP brings the call into the memory of the texts", _keep),
    Scene("An answer that comes too late for a call comes by text", _late),
    Scene("She asks for a human", _human),
)
