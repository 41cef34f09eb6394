"""rich's console, kept from printing what foreign words would have a terminal do.

Apart from `cli.screen`, which imports rich only when something is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.status import Status
from rich.text import Text

from cli.screen import LAYOUT, line, visible


class SafeConsole(Console):
    """A console without markup, emoji codes and highlighting, which escapes what steers a terminal.

    A `str` is one line, so that its line breaks are escaped too. Whatever else is printed passes
    `render`, which escapes all but line breaks, and leaves rich's own control segments alone.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **settings)

    def render_str(self, text: str, **settings: Any) -> Text:
        """Read a `str` as the one line that it is."""
        return super().render_str(visible(text), **{**settings, "markup": False, "emoji": False})

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render an object; the one way to the terminal for everything that is printed."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(visible(segment.text, LAYOUT), segment.style)

    def status(self, status: RenderableType, **settings: Any) -> Status:
        """Show that something goes on; rich itself would read markup in a `str`."""
        return super().status(line(status) if isinstance(status, str) else status, **settings)
