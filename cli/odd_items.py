"""Showing the items of a stack that could not be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.screen import results, table

if TYPE_CHECKING:
    from cli.stored_items import OddItem

_SHOWN = 10


def show_odd(items: list[OddItem]) -> None:
    """Show the items that could not be read."""
    if not items:
        return
    console = results()
    console.print()
    listed = table("odd items: they cannot be read", "pk", "sk", "says")
    for odd in items[:_SHOWN]:
        listed.add_row(odd.pk, odd.sk, odd.says)
    console.print(listed)
    if len(items) > _SHOWN:
        console.print(f"and {len(items) - _SHOWN} more")
