"""The line between a caller and Connect: sound and keys both ways, and the record of a call.

Thread-safe: the caller's side is used from anywhere, the other side from the call's own thread.
Owns who is heard when; knows neither flows nor bots.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from local.phone.clock import USUAL_WORDS_PER_SECOND, Clock, Pace

DIALTONE, CALLER, AGENT = "dialtone", "caller", "agent"
SPEECH, KEYS = "speech", "keys"
SPEAKING, LISTENING, THINKING = "speaking", "listening", "thinking"
WAITING, HANDED_OVER, ENDED = "waiting", "handed over", "ended"
# A caller who has begun to talk is given so long to come to the end.
TALKING_SECONDS = 12.0


@dataclass(frozen=True)
class CallEvent:
    """Something that happened in a call.

    Attributes:
        seq: Counts from 1.
        at: Seconds since the epoch.
        kind: ``block``, ``said``, ``heard``, ``keys``, ``silence``, ``unheard``, ``interrupted``,
            ``hook``, ``state``, ``rejected``, ``error`` or ``hung up``.
        words: What was said, pressed, entered, or went wrong.
        block: The flow's block in which it happened.
        who: ``dialtone``, ``caller``, ``agent``, or nobody.
        note: What else there is to say, such as ``filler``.
    """

    seq: int
    at: float
    kind: str
    words: str
    block: str
    who: str = ""
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The event as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Speech:
    """What a caller said, and how sure the recogniser is of it."""

    text: str
    confidence: float = 0.9
    seconds: float | None = None

    @property
    def lasted(self) -> float:
        """How long it took to say."""
        if self.seconds is not None:
            return self.seconds
        return len(self.text.split()) / USUAL_WORDS_PER_SECOND


@dataclass(frozen=True)
class Keys:
    """Keys that a caller pressed one after the other."""

    keys: str


@dataclass(frozen=True)
class Silence:
    """A caller who said nothing for as long as one waits."""


Heard = Speech | Keys | Silence


class HungUpError(Exception):
    """The caller is no longer there."""


class Line:
    """One call's line.

    Args:
        clock: Time.
        pace: How fast things go.
    """

    def __init__(self, clock: Clock, pace: Pace) -> None:
        self.clock = clock
        self.pace = pace
        self.changed = threading.Condition()
        self.state = ""
        self.block = ""
        self.takes = ""
        self.interruptible = False
        self.listens = 0
        self._inputs: deque[Heard] = deque()
        self._hung_up = False
        self._cut = False
        self._talking_until = 0.0
        self._events: list[CallEvent] = []
        self._subscribers: list[Callable[[CallEvent], None]] = []

    # The record.

    @property
    def events(self) -> list[CallEvent]:
        """What happened so far."""
        with self.changed:
            return list(self._events)

    def subscribe(self, callback: Callable[[CallEvent], None]) -> Callable[[], None]:
        """Have every event from now on; returns what ends it. The callback must not wait."""
        with self.changed:
            self._subscribers.append(callback)

        def unsubscribe() -> None:
            with self.changed:
                if callback in self._subscribers:
                    self._subscribers.remove(callback)

        return unsubscribe

    def record(self, kind: str, words: str = "", *, who: str = "", note: str = "") -> None:
        """Add an event."""
        with self.changed:
            at = self.clock.now()
            event = CallEvent(len(self._events) + 1, at, kind, words, self.block, who, note)
            self._events.append(event)
            for callback in self._subscribers:
                callback(event)
            self.changed.notify_all()

    def enter(self, block: str, kind: str) -> None:
        """Go on to another block of the flow."""
        with self.changed:
            self.block = block
            self.record("block", kind)

    def turn(self, state: str, *, takes: str = "", interruptible: bool = False) -> None:
        """Change the state of the call."""
        with self.changed:
            self.takes, self.interruptible = takes, interruptible
            if state == LISTENING:
                self.listens += 1
            if state != self.state:
                self.state = state
                self.record("state", state)
            self.changed.notify_all()

    # The caller's side.

    def put(self, heard: Heard) -> None:
        """Let the caller be heard, if anybody listens."""
        with self.changed:
            if self.state == ENDED or self._hung_up:
                return
            if not isinstance(heard, Silence) and self._bypasses():
                kind = "heard" if self.state == HANDED_OVER else "unheard"
                words = heard.text if isinstance(heard, Speech) else heard.keys
                self.record(kind, words, who=CALLER, note=self.state)
                return
            self._talking_until = 0.0
            self._inputs.append(heard)
            self.changed.notify_all()

    def begin(self) -> None:
        """The caller has begun to talk; what they say is known later, and is no silence."""
        with self.changed:
            self._talking_until = self.clock.monotonic() + TALKING_SECONDS

    def _bypasses(self) -> bool:
        """Whether a sound reaches nobody of ours: a person hears it, or nobody does."""
        if self.state == HANDED_OVER:
            return True
        attentive = self.state == LISTENING or (self.state == SPEAKING and self.interruptible)
        return self.pace.real and not attentive

    def cut(self) -> bool:
        """Barge in; says whether that stopped anybody."""
        with self.changed:
            if self.state != SPEAKING or not self.interruptible:
                return False
            self._cut = True
            self.changed.notify_all()
            return True

    def hang_up(self) -> None:
        """End the call from the caller's side."""
        with self.changed:
            if self.state == ENDED or self._hung_up:
                return
            self._hung_up = True
            self.record("hung up", who=CALLER)

    # Connect's side.

    def wait(self, met: Callable[[], bool], seconds: float | None) -> bool:
        """Wait until something is so; False when the time is up.

        Raises:
            HungUpError: The caller is gone.
        """
        with self.changed:
            was_met = self.clock.wait(self.changed, lambda: self._hung_up or met(), seconds)
            if self._hung_up:
                raise HungUpError
            return was_met

    def wait_out(self, until: float) -> None:
        """Wait for a moment to come.

        Raises:
            HungUpError: The caller is gone.
        """
        self.wait(lambda: False, max(0.0, until - self.clock.monotonic()))

    def speak(self, words: str, *, interruptible: bool, who: str = DIALTONE) -> bool:
        """Say something; returns whether the caller cut it short.

        Raises:
            HungUpError: The caller is gone.
        """
        with self.changed:
            self._cut = False
            self.turn(SPEAKING, interruptible=interruptible)
            self.record("said", words, who=who)
            if not self.pace.real:
                self.wait(lambda: True, 0)
                return False

            def broken_off() -> bool:
                return interruptible and (self._cut or self._spoken_over())

            cut = self.wait(broken_off, self.pace.speaking_seconds(words))
            if cut:
                self.record("interrupted", who=CALLER)
            return cut

    def _spoken_over(self) -> bool:
        return any(not isinstance(heard, Silence) for heard in self._inputs)

    def listen(self, seconds: float | None, *, takes: tuple[str, ...]) -> Heard:
        """Wait for the caller to say something or press a key.

        Args:
            seconds: After which it counts as silence; not applied when no time passes.
            takes: What is listened for: speech, keys, or both.

        Raises:
            HungUpError: The caller is gone.
        """
        with self.changed:
            self.turn(LISTENING, takes=SPEECH if SPEECH in takes else KEYS)
            limit = seconds if self.pace.real else None
            until = None if limit is None else self.clock.monotonic() + limit
            while True:
                left = None if until is None else max(0.0, until - self.clock.monotonic())
                if not self.wait(lambda: bool(self._inputs), left):
                    if self._talking_until <= self.clock.monotonic():
                        return Silence()
                    until = self._talking_until
                    continue
                heard = self._inputs.popleft()
                if isinstance(heard, Speech) and SPEECH not in takes:
                    self.record("unheard", heard.text, who=CALLER, note="only keys are taken")
                    continue
                return heard

    def more_keys(self, seconds: float) -> str:
        """Keys that follow within ``seconds``; when no time passes, one entry is all there is.

        Raises:
            HungUpError: The caller is gone.
        """
        if not self.pace.real:
            return ""

        def pressed() -> bool:
            return bool(self._inputs) and isinstance(self._inputs[0], Keys)

        with self.changed:
            if not self.wait(pressed, seconds):
                return ""
            heard = self._inputs.popleft()
            return heard.keys if isinstance(heard, Keys) else ""
