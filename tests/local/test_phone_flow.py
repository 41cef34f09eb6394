"""The played Connect: what each type of block does, and where it leads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from components.contact_flow import WORDS, CallFlowArgs, SpokenLocale, call_flow
from components.contact_flow.block import Block
from components.contact_flow.blocks import (
    Menu,
    Message,
    SetAttributes,
    SetLanguage,
    SetLogging,
    SetVoice,
    Talk,
)
from components.contact_flow.reference import ActionType
from components.contact_flow.routing import (
    CheckHours,
    Compare,
    Loop,
    SetQueue,
    Transfer,
)
from local.phone import REAL, Call, Phone, Switches
from local.phone.blocks import BLOCKS
from tests.local.phones import (
    ALIAS,
    CALLER,
    FUNCTION,
    NUMBER,
    Hook,
    ManualClock,
    bot,
    checking,
    closing,
    flow_of,
    pass_until,
    phone,
    run,
    said,
    say,
    words,
)

QUEUE, HOURS = "arn:aws:connect:us-east-1:0:queue/q", "arn:aws:connect:us-east-1:0:hours/h"


def test_every_type_of_block_that_a_flow_may_have_is_played() -> None:
    """What the builder can write, Connect's part can run."""
    assert set(ActionType) <= set(BLOCKS)


def test_the_voice_and_the_language_are_the_flows() -> None:
    """They hold for the rest of the call, and the language chooses the bot's locale."""
    hook = Hook()
    flow = flow_of(
        log=SetLogging(enabled=True, next="voice"),
        voice=SetVoice(voice="Vicki", engine="neural", next="language", failed="oops"),
        language=SetLanguage(language_code="de-DE", next="talk", failed="oops"),
        talk=Talk(
            text="Hallo.",
            alias_arn=ALIAS,
            session={},
            next="end",
            silent="trouble",
            failed="trouble",
        ),
        trouble=say("Entschuldigung."),
    )
    call = phone(hook, flow, bots=bot(locales=("en_US", "de_DE"))).dial(CALLER, NUMBER)
    call.exchange("Guten Tag")
    assert (call.voice, call.language) == ("Vicki", "de-DE")
    assert hook.events[0]["bot"]["localeId"] == "de_DE"
    call.hang_up()


def test_attributes_are_filled_in_and_referred_to() -> None:
    """By a comparison and among words; what a reference does not find is left out."""
    call = run(
        keep=SetAttributes(
            attributes={"whom": "$.CustomerEndpoint.Address", "none": "$.External.nothing"},
            next="tell",
            failed="oops",
        ),
        tell=Message(
            text="You are $.Attributes.whom. None is '$.Attributes.none'.",
            next="compare",
            failed="oops",
        ),
        compare=Compare(value="$.Attributes.whom", equals={CALLER: "known"}, otherwise="unknown"),
        known=say("I know you."),
        unknown=say("I do not know you."),
    )
    assert said(call) == [f"You are {CALLER}. None is ''.", "I know you."]


def test_a_loop_counts_and_begins_anew() -> None:
    """Twice again, then done once."""
    call = run(
        loop=Loop(times=2, again="again", done="done"),
        again=Message(text="Again.", next="loop", failed="oops"),
        done=say("Done."),
    )
    assert said(call) == ["Again.", "Again.", "Done."]


MENU: dict[str, Block] = {
    "menu": Menu(
        text="Press one.",
        keys={"1": "one"},
        other="other",
        silent="silent",
        failed="oops",
    ),
    "one": say("One."),
    "other": say("Another key."),
    "silent": say("No key."),
}


@pytest.mark.parametrize(
    ("act", "heard"),
    [
        (lambda call: call.press("1"), "One."),
        (lambda call: call.press("17"), "One."),
        (lambda call: call.press("7"), "Another key."),
        (lambda call: call.stay_silent(), "No key."),
    ],
)
def test_a_menu_goes_by_one_key(act: Callable[[Call], None], heard: str) -> None:
    """The first key counts; another key and none have branches of their own."""
    call = run(**MENU)
    act(call)
    assert said(call) == ["Press one.", heard]


def test_a_menu_hears_no_words() -> None:
    """Who speaks where a key is asked for is not heard, and the menu goes on waiting."""
    call = run(**MENU)
    call.say("one, please")
    call.wait_until(lambda _: words(call, "unheard"))
    assert call.takes == "keys"
    call.press("1")
    assert said(call)[-1] == "One."


def test_a_key_cuts_a_menu_short_and_its_time_runs_out() -> None:
    """With time passing: the words can be pressed over, and the flow's seconds count."""
    clock = ManualClock()
    exchange = phone(Hook(), flow_of(**MENU), clock=clock, pace=REAL)
    call = exchange.dial(CALLER, NUMBER)
    call.wait_for("speaking")
    call.press("1")
    pass_until(clock, call, lambda one: one.ended)
    assert call.spoken[-1] == "One."
    call = exchange.dial(CALLER, NUMBER)
    pass_until(clock, call, lambda one: one.ended)
    assert call.spoken[-1] == "No key."
    assert words(call, "error") == ["no key was pressed"]


def human(switches: Switches) -> tuple[Phone, Call]:
    """A call that asks for a human at once."""
    flow = flow_of(
        hours=CheckHours(hours=HOURS, within="queue", outside="closed", failed="oops"),
        queue=SetQueue(queue=QUEUE, next="transfer", failed="oops"),
        transfer=Transfer(full="full", failed="oops"),
        closed=say("Nobody is there."),
        full=say("Everybody is busy."),
    )
    exchange = phone(Hook(), flow)
    exchange.switches = switches
    return exchange, exchange.dial(CALLER, NUMBER)


def test_a_caller_is_handed_over_to_a_person() -> None:
    """Who waits in the queue until somebody answers, and then speaks with them."""
    exchange, call = human(Switches(agent_answers=False))
    call.wait_for("waiting")
    exchange.switches.agent_answers = True
    call.wait_for("handed over")
    assert [event.who for event in call.events if event.kind == "said"] == ["agent"]
    assert call.spoken == []
    call.say("my boat leaks")
    last = call.events[-1]
    assert (last.kind, last.words, last.note) == ("heard", "my boat leaks", "handed over")
    call.hang_up()
    call.wait_for("ended")


@pytest.mark.parametrize(
    ("switches", "heard"),
    [(Switches(open=False), "Nobody is there."), (Switches(queue_full=True), "Everybody is busy.")],
)
def test_nobody_is_handed_over_to_nobody(switches: Switches, heard: str) -> None:
    """Outside hours and with a full queue the flow has words of its own."""
    _, call = human(switches)
    assert said(call) == [heard]


def test_the_declared_flow_runs_with_all_its_parts() -> None:
    """Two languages, a notice, a code, a conversation and a human, from the first block on."""

    def answer(event: dict[str, Any]) -> dict[str, Any]:
        return checking(event) if "Details" in event else closing("One moment.", next="agent")

    locales = [
        SpokenLocale(locale_id="en_US", voice="Joanna"),
        SpokenLocale(locale_id="es_US", voice="Lupe", recording_notice="Grabamos."),
    ]
    args = CallFlowArgs(
        locales=locales,
        alias_arn=ALIAS,
        proving_arn=FUNCTION,
        queue=QUEUE,
        hours=HOURS,
    )
    sent = Hook(lambda event: {"result": "sent"} if _sends(event) else answer(event))
    exchange = phone(sent, call_flow(args).document(), bots=bot(locales=("en_US", "es_US")))
    call = exchange.dial(CALLER, NUMBER)
    for keys in ("2", "1", "123456"):
        call.press(keys)
    call.exchange("un humano, por favor")
    call.wait_for("handed over")
    blocks = [event.block for event in call.events if event.kind == "block"]
    assert blocks[0] == "logging"
    assert blocks[-1] == "hand-over"
    assert call.spoken[1:3] == ["Grabamos.", WORDS["es"].offer_code]
    assert WORDS["es"].code_proved in call.spoken
    assert (call.language, call.voice) == ("es-US", "Lupe")
    call.hang_up()


def _sends(event: dict[str, Any]) -> bool:
    return bool(event.get("Details", {}).get("Parameters", {}).get("action") == "send")
