"""The options that every command shares: which stack, where."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Stack = Annotated[
    str,
    typer.Option(
        "--stack",
        "-s",
        envvar="DIALTONE_STACK",
        help="The Pulumi stack; `local` is the one that `make local` runs.",
    ),
]
Region = Annotated[
    str | None,
    typer.Option("--region", help="The stack's AWS region; else your AWS configuration's."),
]
Profile = Annotated[
    str | None,
    typer.Option("--profile", help="A profile of your AWS configuration."),
]
StackFile = Annotated[
    Path | None,
    typer.Option(
        "--stack-file",
        envvar="DIALTONE_STACK_FILE",
        help="Where the local stack wrote how to reach it; else .local/stack.json.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
AssumeYes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Number = Annotated[
    str | None,
    typer.Option("--number", help="Somebody's number, or the id by which WhatsApp names them."),
]
PersonId = Annotated[
    str | None,
    typer.Option("--person", help="Somebody's person id, as in person#01J… in logs and status."),
]
