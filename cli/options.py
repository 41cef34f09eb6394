"""The options that every command shares: which stack, where."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec, TypeVar

import typer

if TYPE_CHECKING:
    from cli.target import Target

P = ParamSpec("P")
R = TypeVar("R")

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


@dataclass(frozen=True)
class Place:
    """Which stack a command means, and how it is reached: what the options below say."""

    stack: str
    region: str | None
    profile: str | None
    stack_file: Path | None

    def open(self) -> Target:
        """Find it.

        Raises:
            CommandError: The local stack is not running or its file cannot be read.
        """
        from cli.target import open_target

        return open_target(self.stack, self.region, self.profile, self.stack_file)


_PLACE: dict[str, tuple[Any, str | None]] = {
    "stack": (Stack, "local"),
    "region": (Region, None),
    "profile": (Profile, None),
    "stack_file": (StackFile, None),
}


def of_a_stack(command: Callable[Concatenate[Place, P], R]) -> Callable[..., R]:
    """Give a command the options that name a stack; it gets them as its first argument."""
    hints = typing.get_type_hints(command, include_extras=True)
    _place, *own = inspect.signature(command).parameters.values()
    taken = [one.replace(annotation=hints[one.name]) for one in own]
    taken += [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
        )
        for name, (annotation, default) in _PLACE.items()
    ]

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> R:
        place = Place(**{name: kwargs.pop(name) for name in _PLACE})
        return command(place, *args, **kwargs)

    # What typer reads: the options of both.
    run.__dict__["__signature__"] = inspect.Signature(taken)
    run.__annotations__ = {one.name: one.annotation for one in taken}
    return run
