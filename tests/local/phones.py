"""For tests of the phone: a clock that is set on, a function that is told what to answer, a bot."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from components.contact_flow import Block, CallFlowArgs, Flow, SpokenLocale, call_flow
from components.contact_flow.blocks import Message, Talk
from components.contact_flow.routing import Compare, HangUp
from local.function_spec import Result
from local.phone import REAL, Call, Clock, Phone
from local.phone.bot import FALLBACK, Bot, BotLocale, BotMessage, Intent, MessageGroups, Progress

ALIAS = "arn:aws:lex:us-east-1:000000000000:bot-alias/ABCDEFGHIJ/KLMNOPQRST"
HOOK = "arn:aws:lambda:us-east-1:000000000000:function:test-fulfilment:live"
NUMBER, CALLER = "+13035550100", "+13035550123"
PROMPT = "Hello, what can I do for you?"
SORRY = "Something went wrong. Goodbye."
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:test-proving:live"
BARGE_IN = "x-amz-lex:allow-interrupt:*:*"
LONGEST = "x-amz-lex:audio:max-length-ms:*:*"
FILLER: MessageGroups = ((BotMessage("One moment."),),)


class ManualClock(Clock):
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self._now = 1_000_000.0
        self._waiting: list[threading.Condition] = []
        self._lock = threading.Lock()

    def now(self) -> float:
        """The time that was set."""
        return self._now

    def monotonic(self) -> float:
        """The same time."""
        return self._now

    def wait(
        self, changed: threading.Condition, met: Callable[[], bool], seconds: float | None
    ) -> bool:
        """Wait until something is so, or the clock was set far enough."""
        until = None if seconds is None else self._now + seconds
        with self._lock:
            self._waiting.append(changed)
        try:
            while not met():
                if until is not None and self._now >= until:
                    return False
                changed.wait()
            return True
        finally:
            with self._lock:
                self._waiting.remove(changed)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds
        with self._lock:
            waiting = list(self._waiting)
        for changed in waiting:
            with changed:
                changed.notify_all()


def pass_until(clock: ManualClock, call: Call, met: Callable[[Call], Any]) -> None:
    """Let time pass, a second at once, until something is so."""
    for _ in range(1000):
        try:
            call.wait_until(met, 0.02)
        except TimeoutError:
            clock.advance(1)
        else:
            return
    raise AssertionError("it never came to that")


def listening(*words: str, **attributes: str) -> dict[str, Any]:
    """An answer that goes on listening."""
    return {
        "sessionState": {"dialogAction": {"type": "ElicitIntent"}, "sessionAttributes": attributes},
        "messages": [{"contentType": "PlainText", "content": one} for one in words],
    }


def closing(words: str, intent: str = "FallbackIntent", **attributes: str) -> dict[str, Any]:
    """An answer that ends the conversation."""
    return {
        "sessionState": {
            "dialogAction": {"type": "Close"},
            "intent": {"name": intent, "state": "Fulfilled"},
            "sessionAttributes": attributes,
        },
        "messages": [{"contentType": "PlainText", "content": words}],
    }


Answer = Callable[[dict[str, Any]], Any]


def goodbye_or_echo(event: dict[str, Any]) -> dict[str, Any]:
    """Repeat what was said, and let who says goodbye go."""
    said, state = event["inputTranscript"], event["sessionState"]
    kept = state["sessionAttributes"]
    if said == "goodbye":
        return closing("Goodbye.", state["intent"]["name"], **{**kept, "next": "goodbye"})
    return listening(f"You said {said or 'nothing'}.", **kept)


class Hook:
    """The function behind the alias; records its events.

    Args:
        answer: What it answers; an exception it raises is the function's error.
    """

    def __init__(self, answer: Answer = goodbye_or_echo) -> None:
        self.answer = answer
        self.events: list[dict[str, Any]] = []
        self.names: list[str] = []
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()
        self.over = 0

    def __call__(self, name: str, event: Any) -> Result:
        """Answer an event."""
        self.names.append(name)
        self.events.append(event)
        self.begun.set()
        assert self.go_on.wait(20)
        self.over += 1
        try:
            return Result("1", self.answer(event), error=False, milliseconds=1.0)
        except ArithmeticError as error:
            return Result(
                "1", {"errorType": "ZeroDivisionError", "errorMessage": str(error)}, True, 1
            )

    @property
    def heard(self) -> list[str]:
        """The transcripts it was sent."""
        return [event["inputTranscript"] for event in self.events]


def intents(
    initial: MessageGroups = FILLER, progress: Progress | None = None
) -> tuple[Intent, ...]:
    """A fallback with a filler, and three small intents."""
    return (
        Intent(
            "FallbackIntent",
            parent_signature=FALLBACK,
            fulfillment_hook=True,
            initial_response=initial,
            progress=progress,
        ),
        Intent("Goodbye", ("goodbye", "that is all"), fulfillment_hook=True),
        Intent("Agent", ("agent", "talk to a human"), fulfillment_hook=True),
        Intent("Help", ("help",)),
    )


def bot(*, locales: tuple[str, ...] = ("en_US",), **more: Any) -> Bot:
    """A bot of these intents in some languages."""
    return Bot(
        id="ABCDEFGHIJ",
        name="test-bot",
        version="3",
        alias_id="KLMNOPQRST",
        alias_name="live",
        alias_arn=ALIAS,
        locales={name: BotLocale(name, intents(**more), 0.8, HOOK) for name in locales},
    )


def declared(**more: Any) -> dict[str, Any]:
    """The flow that the component declares."""
    locale = SpokenLocale(locale_id="en_US", voice="Joanna", greeting=PROMPT)
    return call_flow(CallFlowArgs(locales=[locale], alias_arn=ALIAS, **more)).document()


def talk(**session: str) -> dict[str, Any]:
    """The smallest flow with a bot in it: talk, and words for what went wrong."""
    return document(
        talk=Talk(
            text=PROMPT,
            alias_arn=ALIAS,
            session={"contactId": "$.ContactId", "callerNumber": "$.CustomerEndpoint.Address"}
            | session,
            next="next",
            silent="sorry",
            failed="sorry",
        ),
        next=Compare(
            value="$.Lex.SessionAttributes.next", equals={"goodbye": "end"}, otherwise="sorry"
        ),
        sorry=Message(text=SORRY, next="end", failed="end"),
        end=HangUp(),
    )


def document(**blocks: Block) -> dict[str, Any]:
    """A flow that begins with the first of its blocks."""
    return Flow(next(iter(blocks)), blocks).document()


def say(text: str) -> Message:
    """Say something, then end."""
    return Message(text=text, next="end", failed="end")


def flow_of(**blocks: Block) -> dict[str, Any]:
    """A flow of these blocks; what goes wrong leads to `oops`, and everything to an end."""
    oops = {"oops": say("Oops.")} if "oops" in repr(blocks) else {}
    return document(**blocks, **oops, end=HangUp())


def run(answer: Answer = goodbye_or_echo, /, **blocks: Block) -> Call:
    """A call to such a flow."""
    return phone(Hook(answer), flow_of(**blocks)).dial(CALLER, NUMBER)


def said(call: Call) -> list[str]:
    """All that was said, once the call is over."""
    call.wait_for("ended")
    return call.spoken


def checking(event: dict[str, Any]) -> dict[str, str]:
    """Take one code."""
    right = event["Details"]["Parameters"].get("code") == "123456"
    return {"result": "proved" if right else "wrong"}


def refused(call: Call) -> None:
    """The caller hears the flow's own words, and the call ends."""
    call.wait_for("ended")
    assert call.spoken[-1] == SORRY
    assert words(call, "block")[-2:] == ["MessageParticipant", "DisconnectParticipant"]


def phone(
    hook: Callable[[str, Any], Result],
    flow: Mapping[str, Any] | None = None,
    *,
    bots: Bot | None = None,
    **more: Any,
) -> Phone:
    """A phone with one number."""
    return Phone({NUMBER: flow or talk()}, {ALIAS: bots or bot()}, hook, **more)


def dial(hook: Callable[[str, Any], Result], flow: Mapping[str, Any] | None = None) -> Call:
    """A call to it."""
    return phone(hook, flow).dial(CALLER, NUMBER)


def real(hook: Hook, clock: ManualClock, **session: str) -> Call:
    """A call in which time passes."""
    return phone(hook, talk(**session), clock=clock, pace=REAL).dial(CALLER, NUMBER)


def listen(call: Call, clock: ManualClock) -> None:
    """Let the greeting be spoken."""
    call.wait_for("speaking")
    clock.advance(10)
    call.wait_for("listening")


def words(call: Call, kind: str) -> list[str]:
    """The words of a call's events of a kind."""
    return [event.words for event in call.events if event.kind == kind]
