"""The console's HTTP: one static page and the few calls it makes.

Owns the shapes of requests; who may call is the front door's guard. The page has no build step and
loads nothing from elsewhere; its policy header forbids both. Its addresses are relative, as the
page's own has the token in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from local.carrier import UnknownNumberError
from local.carrier.message import WHATSAPP
from local.config import OUR_NUMBER
from local.console.calls import add_calls
from local.console.faults import switch_fault
from local.console.feed import Feed
from local.console.stack import CONTACTS, Stack

_PAGE = Path(__file__).parent / "page"
_FILES = {path.name: path for path in _PAGE.iterdir() if path.is_file()}
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_LONGEST_TEXT = 20_000


class NewText(BaseModel):
    """A text that somebody sends from the page."""

    person: str
    channel: Literal["sms", "whatsapp"] = "sms"
    body: str = Field(min_length=1, max_length=_LONGEST_TEXT)


class Switch(BaseModel):
    """A fault, on or off."""

    on: bool


def create_app(stack: Stack) -> FastAPI:
    """The page and its API, for the front door to mount at the root.

    Open event streams end when the stack's carrier stops.
    """
    app = FastAPI(
        openapi_url=None,
        exception_handlers={RequestValidationError: _say_what_is_wrong},
    )
    _add_page(app)
    _add_views(app, stack, Feed(stack))
    _add_actions(app, stack)
    add_calls(app, stack, _HEADERS)
    return app


def _add_page(app: FastAPI) -> None:
    @app.get("/")
    def page() -> Response:
        return _file("index.html")

    @app.get("/console/page/{name}")
    def part(name: str) -> Response:
        if name not in _FILES:
            raise HTTPException(404)
        return _file(name)


def _add_views(app: FastAPI, stack: Stack, feed: Feed) -> None:
    @app.get("/console/api/state")
    def state() -> dict[str, Any]:
        contacts = [{"name": c.name, "number": c.number} for c in CONTACTS]
        functions = sorted(stack.outputs.get("functions", {}))
        setting = {"number": OUR_NUMBER, "contacts": contacts, "functions": functions}
        return {"setting": setting, **feed.parts()}

    @app.get("/console/api/events")
    async def events(request: Request) -> Response:
        stream = feed.events(request.is_disconnected)
        return StreamingResponse(stream, media_type="text/event-stream", headers=_HEADERS)

    @app.get("/console/api/logs")
    def logs(function: str = "", after: int = 0) -> list[dict[str, Any]]:
        return feed.lines(function, after)


def _add_actions(app: FastAPI, stack: Stack) -> None:
    @app.post("/console/api/texts", status_code=202)
    def text(new: NewText) -> dict[str, str]:
        prefix = WHATSAPP if new.channel == "whatsapp" else ""
        if new.person not in {c.number for c in CONTACTS}:
            raise HTTPException(422, "no such phone on this page")
        try:
            sid = stack.carrier.text(f"{prefix}{new.person}", f"{prefix}{OUR_NUMBER}", new.body)
        except UnknownNumberError as unknown:
            raise HTTPException(409, str(unknown)) from unknown
        return {"sid": sid}

    @app.put("/console/api/faults/{source}/{name}", status_code=204)
    def fault(source: str, name: str, switch: Switch) -> None:
        try:
            switch_fault(stack, source, name, on=switch.on)
        except ValueError as unknown:
            raise HTTPException(404, str(unknown)) from unknown


def _file(name: str) -> Response:
    path = _FILES[name]
    return FileResponse(path, media_type=_TYPES.get(path.suffix), headers=_HEADERS)


async def _say_what_is_wrong(_request: Request, error: Exception) -> Response:
    """A sentence for whoever reads it, in place of a list for a program."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    parts = [f"{'.'.join(map(str, one['loc'][1:])) or 'request'}: {one['msg']}" for one in found]
    return JSONResponse({"detail": "; ".join(parts)}, status_code=422)
