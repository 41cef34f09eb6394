"""Calls from the page: dialling, what a caller does on the line, and what happens there.

Owns the calls' part of the console's API. The call itself, the line and everything behind it are
``local.phone``; calls from here go at a person's pace.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any

from fastapi import FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from local.console.flow_drawing import drawing
from local.console.stack import CONTACTS, Stack
from local.phone import REAL, Call, FlowError, NumberError

_HEARTBEAT_SECONDS = 1.0
_SHOWN_CALLS = 20
_LONGEST_WORDS = 6_000
_MOST_EVENTS = 500  # In one answer; who wants more asks for those after the last.
_NAMES = {contact.number: contact.name for contact in CONTACTS}


class NewCall(BaseModel):
    """A call from the page; who withholds their number has none."""

    caller: str | None = None
    number: str


class Said(BaseModel):
    """What a caller says, and how sure a recogniser is of it, when there was one."""

    text: str = Field(max_length=_LONGEST_WORDS)
    confidence: float = Field(default=0.9, ge=0, le=1)


class Pressed(BaseModel):
    """Keys that a caller presses."""

    keys: str = Field(pattern=r"^[0-9*#]{1,20}$")


class Switches(BaseModel):
    """What is outside the flow and decides where it goes; what is left out stays."""

    open: bool | None = None
    queue_full: bool | None = None
    agent_answers: bool | None = None


def calls_part(stack: Stack) -> dict[str, Any]:
    """What the page shows of calls: where to, under which circumstances, and which there are."""
    phone = stack.phone
    return {
        "numbers": phone.numbers,
        "switches": {name: getattr(phone.switches, name) for name in Switches.model_fields},
        "calls": [_shown(call) for call in phone.calls[-_SHOWN_CALLS:]],
    }


def add_calls(app: FastAPI, stack: Stack, headers: dict[str, str]) -> None:
    """Mount the calls' API.

    Args:
        app: To mount it on; guards who may call.
        stack: Whose phone.
        headers: Of every answer that streams.
    """
    _add_dialling(app, stack)
    _add_line(app, stack)
    _add_views(app, stack, headers)


def _add_dialling(app: FastAPI, stack: Stack) -> None:
    @app.post("/console/api/calls", status_code=201)
    def dial(new: NewCall) -> dict[str, Any]:
        phone, caller = stack.phone, new.caller or None
        if caller is not None and caller not in _NAMES:
            raise HTTPException(422, "no such phone on this page")
        if caller and any(c.caller == caller and not c.ended for c in phone.calls):
            raise HTTPException(409, f"{_NAMES[caller]} is on the phone already: hang up first")
        try:
            return _shown(phone.dial(caller, new.number, pace=REAL))
        except NumberError as error:
            raise HTTPException(
                404, f"{new.number} cannot be called: nobody answers there"
            ) from error
        except FlowError as error:
            raise HTTPException(409, str(error)) from error

    @app.put("/console/api/calls/switches", status_code=204)
    def switch(switches: Switches) -> None:
        for name, on in switches.model_dump(exclude_none=True).items():
            setattr(stack.phone.switches, name, on)
        stack.carrier.book.touch()


def _add_line(app: FastAPI, stack: Stack) -> None:
    @app.post("/console/api/calls/{call_id}/say", status_code=202)
    def say(call_id: str, said: Said) -> dict[str, Any]:
        if not said.text.strip():
            raise HTTPException(422, "there is nothing in that to be said")
        call = _on_the_line(stack, call_id)
        call.say(said.text.strip(), confidence=said.confidence)
        return _shown(call)

    @app.post("/console/api/calls/{call_id}/press", status_code=202)
    def press(call_id: str, pressed: Pressed) -> dict[str, Any]:
        call = _on_the_line(stack, call_id)
        call.press(pressed.keys)
        return _shown(call)

    @app.post("/console/api/calls/{call_id}/interrupt")
    def interrupt(call_id: str) -> dict[str, bool]:
        return {"cut": _on_the_line(stack, call_id).interrupt()}

    @app.post("/console/api/calls/{call_id}/talking", status_code=204)
    def talking(call_id: str) -> None:
        call = _on_the_line(stack, call_id)
        call.interrupt()
        call.begin()

    @app.post("/console/api/calls/{call_id}/hang-up", status_code=204)
    def hang_up(call_id: str) -> None:
        _found(stack, call_id).hang_up()


def _add_views(app: FastAPI, stack: Stack, headers: dict[str, str]) -> None:
    @app.get("/console/api/calls/flow")
    def flow(number: str) -> list[dict[str, Any]]:
        if number not in stack.phone.numbers:
            raise HTTPException(404, f"nobody answers calls at {number}")
        return drawing(stack.phone.flow(number))

    @app.get("/console/api/calls/{call_id}")
    def call(call_id: str, after: int = 0) -> dict[str, Any]:
        found = _found(stack, call_id)
        events = found.after(after)[:_MOST_EVENTS]
        return {**_shown(found), "events": [event.as_dict() for event in events]}

    @app.get("/console/api/calls/{call_id}/events")
    async def events(
        call_id: str, request: Request, last_event_id: Annotated[int, Header()] = 0
    ) -> Response:
        found = _found(stack, call_id)
        news = call_news(found, last_event_id, request.is_disconnected, stack)
        return StreamingResponse(news, media_type="text/event-stream", headers=headers)


async def call_news(
    call: Call, after: int, gone: Callable[[], Awaitable[bool]], stack: Stack
) -> AsyncIterator[str]:
    """Server-sent events: all that happens in a call, and ``now``, how it stands.

    Args:
        call: The call; when it is over, so is the stream.
        after: Number of the last event that is known already.
        gone: Says whether the page has left.
        stack: The stream ends when this one stops.
    """
    loop, news = asyncio.get_running_loop(), asyncio.Event()

    def tell(_event: object) -> None:
        with contextlib.suppress(RuntimeError):  # a loop that is closed has nobody to tell
            loop.call_soon_threadsafe(news.set)

    unsubscribe, stood = call.subscribe(tell), ""
    try:
        while not stack.carrier.stopping.is_set() and not await gone():
            news.clear()
            ended = call.ended  # before the events: whoever sees the end has seen everything
            for event in call.after(after):
                after = event.seq
                yield f"id: {after}\ndata: {json.dumps(event.as_dict(), ensure_ascii=False)}\n\n"
            stands = json.dumps(_shown(call), ensure_ascii=False)
            yield f"event: now\ndata: {stands}\n\n" if stands != stood else ": still here\n\n"
            stood = stands
            if ended:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), _HEARTBEAT_SECONDS)
    finally:
        unsubscribe()


def _found(stack: Stack, call_id: str) -> Call:
    try:
        return stack.phone.find(call_id)
    except LookupError as error:
        raise HTTPException(404, "there is no such call") from error


def _on_the_line(stack: Stack, call_id: str) -> Call:
    call = _found(stack, call_id)
    if call.ended:
        raise HTTPException(409, "that call is over")
    return call


def _shown(call: Call) -> dict[str, Any]:
    """How a call stands."""
    events = call.events
    return {
        "id": call.id,
        "caller": call.caller,
        "name": _NAMES.get(call.caller or "", "Number withheld"),
        "number": call.number,
        "begun": events[0].at if events else None,
        "over": events[-1].at if events and call.ended else None,
        "state": call.state,
        "block": call.block,
        "takes": call.takes,
        "interruptible": call.interruptible,
        "language": call.language,
        "ended": call.ended,
    }
