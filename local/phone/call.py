"""One call, as whoever holds the receiver sees it: a test, the console page, the demo, the soak."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from local.phone.connect import run_flow
from local.phone.contact import Contact
from local.phone.flow_document import FlowDocument
from local.phone.line import (
    DIALTONE,
    ENDED,
    LISTENING,
    CallEvent,
    HungUpError,
    Keys,
    Silence,
    Speech,
)

PATIENCE_SECONDS = 40.0
LOOK_SECONDS = 0.02
FILLER = "filler"


class Call:
    """A call under way, on a thread of its own. Safe to use from any thread.

    Args:
        contact: What Connect knows of it.
        flow: That answers.
    """

    def __init__(self, contact: Contact, flow: FlowDocument) -> None:
        self._contact = contact
        self._flow = flow
        self._line = contact.line
        self._thread = threading.Thread(target=self._run, name=f"call-{contact.id}", daemon=True)

    def start(self) -> None:
        """Ring; the flow answers at once."""
        self._thread.start()

    @property
    def id(self) -> str:
        """The contact's id."""
        return self._contact.id

    @property
    def caller(self) -> str | None:
        """Who calls; None when the number was withheld."""
        return self._contact.caller

    @property
    def number(self) -> str:
        """The number that was called."""
        return self._contact.number

    @property
    def language(self) -> str:
        """Language of the call, such as ``en-US``."""
        return self._contact.language

    @property
    def voice(self) -> str:
        """Name of Polly's voice that speaks."""
        return self._contact.voice

    @property
    def block(self) -> str:
        """The flow's block that the call is in."""
        return self._line.block

    @property
    def state(self) -> str:
        """``speaking``, ``listening``, ``thinking``, ``waiting``, ``handed over`` or ``ended``."""
        return self._line.state

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self._line.state == ENDED

    @property
    def takes(self) -> str:
        """What it listens for: ``speech`` (keys, too), ``keys`` only, or nothing."""
        return self._line.takes

    @property
    def interruptible(self) -> bool:
        """Whether whoever speaks can be interrupted."""
        return self._line.interruptible

    @property
    def events(self) -> list[CallEvent]:
        """What happened so far."""
        return self._line.events

    @property
    def spoken(self) -> list[str]:
        """What dialtone said so far, fillers left out."""
        return _spoken(self.events)

    @property
    def transcript(self) -> list[tuple[str, str]]:
        """Who said what, keys and silence included."""
        kinds = {"said", "heard", "keys", "silence"}
        return [(event.who, event.words) for event in self.events if event.kind in kinds]

    def after(self, seq: int) -> list[CallEvent]:
        """What happened after an event."""
        return self._line.events[max(0, seq) :]

    def subscribe(self, callback: Callable[[CallEvent], None]) -> Callable[[], None]:
        """Have every event from now on; returns what ends it. The callback must not wait."""
        return self._line.subscribe(callback)

    def say(self, text: str, *, confidence: float = 0.9, seconds: float | None = None) -> None:
        """Say something; over dialtone's words it interrupts them, if they can be interrupted.

        Args:
            text: What the recogniser makes of it.
            confidence: How sure the recogniser is.
            seconds: How long it took to say; by the number of words when not given.
        """
        self._line.put(Speech(text, confidence, seconds))

    def begin(self) -> None:
        """Begin to talk; the words follow, and until then it is no silence."""
        self._line.begin()

    def press(self, keys: str) -> None:
        """Press keys, one after the other."""
        self._line.put(Keys(keys))

    def stay_silent(self) -> None:
        """Say nothing until dialtone has waited long enough."""
        self._line.put(Silence())

    def interrupt(self) -> bool:
        """Cut in without words; returns whether that stopped anybody."""
        return self._line.cut()

    def hang_up(self) -> None:
        """End the call."""
        self._line.hang_up()

    def wait_until(self, met: Callable[[Call], Any], seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until something is so.

        Raises:
            TimeoutError: It did not come to that; the message tells the call so far.
        """
        until = time.monotonic() + seconds
        with self._line.changed:
            # What is waited for may lie outside the call, which does not tell of it.
            while not self._line.changed.wait_for(lambda: met(self), LOOK_SECONDS):
                if time.monotonic() >= until:
                    raise TimeoutError(f"not within {seconds:g} s, in {self._tale()}")

    def wait_for(self, state: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait for a state.

        Raises:
            TimeoutError: It was not reached, or the call ended before it.
        """
        self.wait_until(lambda call: call.state in (state, ENDED), seconds)
        if state not in {self.state, ENDED}:
            raise TimeoutError(f"the call ended before it was {state}, in {self._tale()}")

    def exchange(self, text: str, seconds: float = PATIENCE_SECONDS) -> list[str]:
        """Say something once dialtone listens; returns what it said until it listened again.

        Raises:
            TimeoutError: It took longer.
        """
        self.wait_for(LISTENING, seconds)
        before, listens = len(self.events), self._line.listens
        self.say(text)
        self.wait_until(lambda _: self.ended or self._line.listens > listens, seconds)
        return _spoken(self.after(before))

    def _run(self) -> None:
        try:
            run_flow(self._flow, self._contact)
            self._line.record("hung up", who=DIALTONE)
        except HungUpError:
            pass
        except Exception as error:
            self._line.record("error", f"{type(error).__name__}: {error}", note="a fault of ours")
            raise
        finally:
            self._line.turn(ENDED)

    def _tale(self) -> str:
        lines = [f"{e.kind} {e.who} {e.words!r} [{e.block}] {e.note}" for e in self.events]
        return "\n  ".join([f"a call that is {self.state}:", *lines])


def _spoken(events: list[CallEvent]) -> list[str]:
    return [
        event.words
        for event in events
        if event.kind == "said" and event.who == DIALTONE and event.note != FILLER
    ]
