"""A caller who comes back to the bot: a new conversation, of which it knows what the flow says."""

from __future__ import annotations

from typing import Any

from tests.local.phones import CALLER, NUMBER, Hook, closing, declared, dial, listening, phone, said

KEPT = {
    "turn": "4",
    "more": "2",
    "offer": "0a1b2c3d-0003",
    "callStarted": "1700000000000",
    "locale": "told",
}
PEOPLE = {"queue": "arn:aws:connect:::queue", "hours": "arn:aws:connect:::hours"}


def attributes(event: dict[str, Any]) -> dict[str, str]:
    """The session of an event."""
    found: dict[str, str] = event["sessionState"]["sessionAttributes"]
    return found


def test_a_further_conversation_goes_on_where_the_call_was() -> None:
    """After nobody was there to talk to: turn, offer and the rest are passed on by the flow."""

    def answer(event: dict[str, Any]) -> dict[str, Any]:
        if event["inputTranscript"] == "agent":
            return closing("I will see.", "Agent", next="agent", failures="1", **KEPT)
        return listening("Yes?", **attributes(event))

    hook = Hook(answer)
    exchange = phone(hook, declared(**PEOPLE))
    exchange.switches.open = False
    call = exchange.dial(CALLER, NUMBER)
    call.exchange("agent")
    call.exchange("are you there")
    first, again = map(attributes, hook.events)

    assert KEPT.items() <= again.items()
    assert again.keys() == {*first, *KEPT}  # a counter of failures begins anew
    assert (again["next"], again["contactId"]) == ("none", call.id)
    call.hang_up()


def test_after_trouble_nothing_is_relied_on() -> None:
    """The flow may know nothing of a session that broke off, and the call goes on."""

    def answer(event: dict[str, Any]) -> dict[str, Any]:
        if event["inputTranscript"] == "break":
            return {"no": "answer"}
        if event["inputTranscript"] == "goodbye":
            return closing("Goodbye.", "Goodbye", next="goodbye")
        return listening("Yes?", **{**attributes(event), **KEPT})

    hook = Hook(answer)
    call = dial(hook, declared())
    call.exchange("hello")
    call.exchange("break")
    call.exchange("goodbye")

    assert said(call)[-1] == "Goodbye."
    assert attributes(hook.events[-1]) == attributes(hook.events[0])
