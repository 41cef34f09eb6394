"""Runs the Pulumi program unchanged, with something of ours in the place of the provider.

Owns the running: configuration in, outputs out, one event loop and one set of Pulumi globals for
each run. What a resource becomes is up to the ``Mocks`` it is given.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import runpy
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import settings as runtime_settings
from pulumi.runtime.mocks import Mocks, set_mocks
from pulumi.runtime.stack import Stack, massage, wait_for_rpcs

from local.config import PROJECT, REGION, ROOT, STACK

# Pulumi keeps its settings in globals: two programs at once would mix.
_ONE_AT_A_TIME = threading.Lock()
# How many resources are created side by side.
AT_ONCE = 8


class ProgramError(Exception):
    """The program did not run to its end; the cause is attached."""


def run_program(
    mocks: Mocks,
    settings: Mapping[str, Any],
    *,
    program: Path = ROOT / "__main__.py",
    stack: str = STACK,
    preview: bool = False,
) -> dict[str, Any]:
    """Run a program and return what it exports.

    Args:
        mocks: Creates the resources.
        settings: The ``dialtone`` configuration, by camelCase key.
        program: File to run, in its own folder.
        stack: Name of the stack.
        preview: Whether outputs may stay unknown.

    Raises:
        ProgramError: The program or a resource failed.
    """
    outcome: dict[str, Any] = {}

    def run() -> None:
        with _resource_threads() as threads:
            work = _run(mocks, settings, program, stack, threads, preview=preview)
            try:
                outcome["outputs"] = asyncio.run(work)
            except BaseException as error:  # noqa: BLE001 - carried to the caller's thread
                outcome["error"] = error

    with _ONE_AT_A_TIME:
        # A thread of its own has no event loop yet, and takes its Pulumi context with it.
        thread = threading.Thread(target=run, name="pulumi-program")
        thread.start()
        thread.join()
    if "error" in outcome:
        error = outcome["error"]
        raise ProgramError(str(error) or type(error).__name__) from error
    return dict(outcome["outputs"])


@contextlib.contextmanager
def _resource_threads() -> Iterator[ThreadPoolExecutor]:
    """Give the threads that create resources event loops of ours, and close them in the end.

    Pulumi makes a loop in each such thread itself, and never closes it.
    """
    loops: list[asyncio.AbstractEventLoop] = []

    def prepare() -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loops.append(loop)

    with ThreadPoolExecutor(AT_ONCE, "pulumi-resource", initializer=prepare) as threads:
        yield threads
    for loop in loops:
        loop.close()


async def _run(
    mocks: Mocks,
    settings: Mapping[str, Any],
    program: Path,
    stack: str,
    threads: ThreadPoolExecutor,
    *,
    preview: bool,
) -> dict[str, Any]:
    pulumi.runtime.set_all_config(
        {
            "aws:region": REGION,
            **{f"{PROJECT}:{name}": _text(value) for name, value in settings.items()},
        }
    )
    # One resource's failure fails those that wait for it, each with the same error.
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    asyncio.get_running_loop().set_default_executor(threads)
    runtime_settings.ROOT.set(None)
    _forget_unfinished()
    set_mocks(mocks, project=PROJECT, stack=stack, preview=preview)
    root = runtime_settings.get_root_resource()
    if not isinstance(root, Stack):
        raise ProgramError("Pulumi made no root for the stack")
    folder = str(program.parent)
    before, path = Path.cwd(), list(sys.path)
    os.chdir(folder)  # archives and Pulumi.yaml are found relative to the program
    sys.path.insert(0, folder)
    try:
        runpy.run_path(str(program), run_name="__main__")
        exported = pulumi.Output.from_input(massage(root.outputs, []))
        await wait_for_rpcs()
        outputs = await exported.future()
    finally:
        os.chdir(before)
        sys.path[:] = path
        runtime_settings.ROOT.set(None)
        _forget_unfinished()
    return dict(outputs or {})


def _forget_unfinished() -> None:
    """Drop what a failed program left unfinished: it belongs to a loop that ends, or has ended.

    Before a run too, since a task that is cancelled while its loop ends may leave more.
    """
    runtime_settings.SETTINGS.rpc_manager.clear()
    runtime_settings.SETTINGS.outputs.clear()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
