"""What tests and benchmarks ask a running stack from outside its process: ``/_local/``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from local.faults import FaultError

if TYPE_CHECKING:
    from local.running import RunningStack


def add_admin_routes(app: FastAPI, stack: RunningStack) -> None:
    """Add what tests and benchmarks ask a running stack from outside its process."""

    @app.get("/_local/health")
    def health() -> dict[str, Any]:
        return {"ready": stack.ready, "outputs": stack.outputs, "notes": stack.notes}

    @app.get("/_local/faults")
    def faults() -> list[dict[str, Any]]:
        return [vars(rule) for rule in stack.faults.rules]

    @app.post("/_local/faults")
    async def add_fault(request: Request) -> Response:
        asked = dict(await request.json())
        try:
            rule = stack.faults.add(asked.pop("action", ""), **asked)
        except FaultError as error:
            return JSONResponse({"message": str(error)}, 400)
        return JSONResponse({"id": rule.id}, 201)

    @app.delete("/_local/faults")
    def clear_faults() -> Response:
        stack.faults.clear()
        return Response(status_code=204)

    _add_usage_routes(app, stack)
    _add_function_routes(app, stack)


def _add_usage_routes(app: FastAPI, stack: RunningStack) -> None:
    @app.get("/_local/usage")
    def usage() -> list[dict[str, Any]]:
        return stack.meter.rows()

    @app.delete("/_local/usage")
    def reset_usage() -> Response:
        stack.meter.reset()
        return Response(status_code=204)

    @app.put("/_local/usage/write-units/{state}")
    def measure(state: Literal["on", "off"]) -> Response:
        stack.measure_write_units(on=state == "on")
        return Response(status_code=204)


def _add_function_routes(app: FastAPI, stack: RunningStack) -> None:
    @app.post("/_local/invoke/{function}")
    async def invoke(function: str, request: Request) -> Response:
        event = await request.json()
        result = await asyncio.to_thread(stack.invoke_raw, function, event)
        return JSONResponse({"error": result.error, "payload": result.payload})

    @app.get("/_local/logs")
    def logs(function: str = "", after: int = 0) -> list[dict[str, Any]]:
        return [vars(line) for line in stack.log_lines(function, after=after)]
