"""``python -m local``: starts the stack, says where it is, and stops it cleanly.

Owns what a person sees of that. Everything it starts is ``LocalStack``.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from cli.arguments import Command
from cli.safe_console import SafeConsole
from cli.screen import line, show_traceback, visible, words
from local.config import DEFAULT_PORT, SCRIPTED_MODEL, LocalConfig
from local.faults import EXAMPLES, FaultError, FaultSet, parse_faults

if TYPE_CHECKING:
    from local.stack import LocalStack

# Provider of a model → (environment variable with its key, key in the local secret).
MODEL_KEYS = {
    "anthropic": ("ANTHROPIC_API_KEY", "anthropic_api_key"),
    "openai": ("OPENAI_API_KEY", "openai_api_key"),
}
# What needs no key: the scripted model stands behind Bedrock, and Ollama is on this machine.
KEYLESS = ("bedrock", "ollama")
# How long the demo waits after a call for the offer to keep it.
DEMO_KEEP_SECONDS = 5
CANNOT_START = 1
NOT_SAVED = 1
STOPPED_EARLY = 130

out = SafeConsole()
err = SafeConsole(stderr=True)
app = typer.Typer(add_completion=False, rich_markup_mode="rich")


class MissingKeyError(Exception):
    """A model was asked for whose key is not in the environment."""


class StartStoppedError(Exception):
    """A signal came before the stack was up."""


def model_keys(models: list[str]) -> dict[str, str]:
    """Return what the local model secret holds for a chain of models.

    Raises:
        MissingKeyError: A provider is unknown, or its key is not set.
    """
    keys = {}
    for model in models:
        provider, separator, _ = model.partition(":")
        if not separator or provider not in (*KEYLESS, *MODEL_KEYS):
            known = ", ".join((*KEYLESS, *MODEL_KEYS))
            raise MissingKeyError(f"--model {model}: write provider:model, provider one of {known}")
        if provider in MODEL_KEYS:
            variable, name = MODEL_KEYS[provider]
            if not os.environ.get(variable):
                raise MissingKeyError(f"--model {model} needs {variable} in the environment")
            keys[name] = os.environ[variable]
    return keys


PORT = typer.Option(
    help="Port of the page and of the webhooks; 0 takes a free one.", min=0, max=65535
)
RESET = typer.Option("--reset", help="Forget everything first.")
FAULT = typer.Option(help=f"Inject faults: {EXAMPLES}.", metavar="LIST")
DEMO = typer.Option("--demo", help="Hold a conversation, print it, and stop.")
MODEL = typer.Option(
    help="Model to answer with, such as [cyan]openai:gpt-4o-mini[/]; again for a fallback. Its key "
    "is taken from the environment. Left out: the scripted model.",
    metavar="PROVIDER:MODEL",
)


@app.command(cls=Command)
def local(
    port: Annotated[int, PORT] = DEFAULT_PORT,
    reset: Annotated[bool, RESET] = False,  # noqa: FBT002 - a flag
    fault: Annotated[str, FAULT] = "",
    demo: Annotated[bool, DEMO] = False,  # noqa: FBT002 - a flag
    model: Annotated[list[str] | None, MODEL] = None,
) -> None:
    """Run dialtone on this machine: no AWS account, no Docker, nothing beyond loopback.

    Prints the address of a page with phones to text from and to call with. Ctrl-C stops it; what
    was said is remembered until [cyan]--reset[/].
    """
    models = model or [SCRIPTED_MODEL]
    try:
        faults = parse_faults(fault)
        keys = model_keys(models)
    except (FaultError, MissingKeyError) as error:
        raise typer.BadParameter(visible(str(error))) from error
    config = LocalConfig(
        port=port,
        models=tuple(models),
        model_keys=keys,
        overrides={"voice": {"keepAfterSeconds": DEMO_KEEP_SECONDS}} if demo else {},
    )
    with _stop_signals() as stopping:
        raise typer.Exit(_run(config, faults, stopping, reset=reset, demo=demo))


def _run(
    config: LocalConfig, faults: FaultSet, stopping: threading.Event, *, reset: bool, demo: bool
) -> int:
    # After the arguments are checked: --help must not wait for Pulumi.
    from local.front_door import PortTakenError  # noqa: PLC0415 - slow, see above
    from local.program import ProgramError  # noqa: PLC0415 - as above
    from local.stack import LocalStack  # noqa: PLC0415 - as above
    from local.state_folder import (  # noqa: PLC0415 - as above
        StateDamagedError,
        StateInUseError,
        state_lock,
    )

    def show_step(what: str, seconds: float) -> None:
        out.print(line("  ", ("✓", "green"), f" {what:<28}", (f"{seconds:6.2f} s", "dim")))
        if stopping.is_set():
            raise StartStoppedError

    try:
        if reset:
            with state_lock(config.state):
                forget(config.state)
        with LocalStack(config, on_step=show_step) as stack:
            stack.inject(faults)
            _show_ready(f"{stack.url}/", stack.notes)
            code = _demo(stack) if demo else _wait(stack, stopping)
    except (PortTakenError, StateDamagedError, StateInUseError, ProgramError) as error:
        _complain("failed" if isinstance(error, ProgramError) else "cannot start", str(error))
        return CANNOT_START
    except StartStoppedError:
        out.print("stopped while starting; nothing is left running")
        return STOPPED_EARLY
    return code if demo or code else _say_how_it_ended(stack)


def _wait(stack: LocalStack, stopping: threading.Event) -> int:
    """Let the stack run until it is to stop, or its emulator ends."""
    while not stopping.wait(0.5):
        if not stack.emulator.alive:
            _complain("failed", "the AWS emulator ended by itself; see .local/logs")
            return CANNOT_START
    out.print()
    out.print("stopping …")
    return 0


def _say_how_it_ended(stack: LocalStack) -> int:
    """Say that everything is stopped, and whether what was said is kept."""
    if stack.emulator.saved:
        out.print("stopped; nothing is left running")
        return 0
    log = stack.emulator.log_file
    why = "a file of .local could not be read or written, so what was said may be lost"
    _complain("stopped, but not saved", f"{why}; see {log}")
    return NOT_SAVED


def _complain(what: str, why: str) -> None:
    """Say why it cannot go on; a log's last lines may be part of it."""
    err.print(Text.assemble((f"{what}:", "red"), " ", words(why)))


def _demo(stack: LocalStack) -> int:
    from local.demo import run  # noqa: PLC0415 - only for --demo

    return run(stack)


def _show_ready(url: str, notes: list[str]) -> None:
    for note in notes:
        out.print(line((f"  · {note}", "dim")), soft_wrap=True)
    page = (url, f"link {url}")
    out.print()
    out.print(
        line(("Text and call from the page:", "bold"), " ", page, "   ", ("(Ctrl-C stops)", "dim")),
        soft_wrap=True,
    )
    out.print()


def forget(state: Path) -> None:
    """Remove what a local stack remembers."""
    for entry in state.iterdir():
        if entry.name == "lock":
            continue  # held by whoever resets
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


@contextlib.contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    """Turn SIGINT and SIGTERM into an event: looked at between the steps of a start."""
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()  # again does nothing: a second Ctrl-C must not leave things half stopped

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main() -> None:
    """Run the command line."""
    try:
        app(prog_name="python -m local")
    except Exception as error:  # noqa: BLE001 - typer would print it raw, a log's end and all
        show_traceback(error)
        sys.exit(CANNOT_START)
