"""Arguments that are wrong: what is said of them quotes them, and steers no terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from typer._click.exceptions import ClickException
from typer.core import TyperCommand, TyperGroup

from cli.screen import visible


class Commands(TyperGroup):
    """A group of commands that quotes its arguments visibly."""

    def make_context(self, *args: Any, **settings: Any) -> Any:
        """Read the arguments of the group."""
        with _quoted_visibly():
            return super().make_context(*args, **settings)

    def invoke(self, ctx: Any) -> Any:
        """Read the arguments of the command, and run it."""
        with _quoted_visibly():
            return super().invoke(ctx)


class Command(TyperCommand):
    """A single command that does the same."""

    def make_context(self, *args: Any, **settings: Any) -> Any:
        """Read the arguments."""
        with _quoted_visibly():
            return super().make_context(*args, **settings)


@contextlib.contextmanager
def _quoted_visibly() -> Iterator[None]:
    """Escape what a message about arguments quotes: scripts pass foreign words as arguments."""
    try:
        yield
    except ClickException as error:
        error.message = visible(error.message)
        raise
