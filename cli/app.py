"""The `dialtone` command: which commands there are and what they are called.

A command's own module holds its options and what it prints. It imports AWS clients and services
when it runs, so that help and completion answer at once.
"""

from __future__ import annotations

import sys
from importlib import metadata
from typing import Annotated

import typer

from cli.arguments import Commands
from cli.completion import completion
from cli.doctor import privacy, voice
from cli.export import export
from cli.forget import forget
from cli.import_history import import_history
from cli.pause import pause, resume
from cli.redrive import redrive
from cli.rekey import rekey
from cli.screen import show_text, show_traceback
from cli.secrets_check import check
from cli.secrets_set import set_secret
from cli.status import status
from cli.trace import trace
from cli.voice import prune, versions

app = typer.Typer(
    name="dialtone",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals hold credentials and people's words
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)
secrets = typer.Typer(no_args_is_help=True)
app.add_typer(secrets, name="secrets", help="Set and check the stack's credentials.")
secrets.command("set")(set_secret)
secrets.command("check")(check)
doctor = typer.Typer(no_args_is_help=True)
app.add_typer(doctor, name="doctor", help="Find what is wrong with a stack.")
doctor.command("privacy")(privacy)
doctor.command("voice")(voice)
calls = typer.Typer(no_args_is_help=True)
app.add_typer(calls, name="voice", help="Look after the bot that takes calls.")
calls.command("prune")(prune)
calls.command("versions")(versions)
app.command()(status)
app.command()(pause)
app.command()(resume)
app.command()(redrive)
app.command()(rekey)
app.command()(trace)
app.command()(forget)
app.command()(export)
app.command()(import_history)
app.command()(completion)


def _show_version(asked: bool) -> None:  # noqa: FBT001 - the signature of an option's callback
    if asked:
        show_text(f"dialtone {metadata.version('dialtone')}")
        raise typer.Exit


@app.callback()
def dialtone(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Look after a dialtone stack: its credentials, the texts that wait, the turns that went wrong.

    Commands speak to the stack on this machine (`make local`) unless --stack or DIALTONE_STACK
    names one in AWS; there your AWS credentials are used.
    """


def main() -> None:
    """Run the command line."""
    try:
        app()
    except Exception as error:  # noqa: BLE001 - a mistake of ours; typer would print it raw
        show_traceback(error)
        sys.exit(1)


if __name__ == "__main__":
    main()
