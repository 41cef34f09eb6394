"""Where results and remarks are printed: results on stdout, everything else on stderr.

rich is imported when something is shown: help and completion do without it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_PIPED_WIDTH = 160
"""Columns when nobody is watching: a log has no edge to wrap at."""


def results() -> Console:
    """The console that answers go to."""
    return _console(stderr=False)


def remarks() -> Console:
    """The console for progress, warnings and questions."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    return console


def show_json(answer: Any) -> None:
    """Print an answer for scripts, one document."""
    print(json.dumps(answer, indent=2, sort_keys=True, ensure_ascii=False))  # noqa: T201 - output


def table(title: str, *columns: str) -> Table:
    """An empty table in the one style that all commands use."""
    from rich.table import Table

    made = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made
