"""`dialtone completion`: the script that lets a shell complete our commands."""

from __future__ import annotations

import enum
import os
from pathlib import Path
from typing import Annotated

import typer

from cli.problems import CommandError, reporting
from cli.screen import show_text


class Shell(enum.StrEnum):
    """The shells that completion knows."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


@reporting
def completion(
    shell: Annotated[
        Shell | None, typer.Argument(help="The shell; without it, the one of $SHELL.")
    ] = None,
) -> None:
    """Print the completion script of a shell; `--install-completion` installs it instead.

    For example:

        dialtone completion bash > ~/.local/share/bash-completion/completions/dialtone

        dialtone --install-completion
    """
    from typer._completion_shared import get_completion_script

    chosen = shell or _own_shell()
    show_text(
        get_completion_script(
            prog_name="dialtone", complete_var="_DIALTONE_COMPLETE", shell=chosen.value
        )
    )


def _own_shell() -> Shell:
    name = Path(os.environ.get("SHELL", "")).name
    if name not in set(Shell):
        raise CommandError(
            f"cannot tell the shell from SHELL={name!r}", "name it: dialtone completion bash"
        )
    return Shell(name)
