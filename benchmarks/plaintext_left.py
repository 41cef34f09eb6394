"""What a soak left on disk, searched for what was said and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from local.plaintext import files, search

CARRIERS_OWN = "carrier.json"
"""The carrier's books: what the carrier holds is not ours to seal."""


def plaintext_left(
    state: Path, lines: Sequence[tuple[str, bytes]], words: Sequence[str], numbers: Sequence[str]
) -> tuple[int, int]:
    """Search every byte of tables, queues, keys, logs and state.

    Args:
        state: Where the stack kept everything; it has stopped.
        lines: What its functions logged, as (function, line).
        words: What was said.
        numbers: Who said it.

    Returns:
        Bytes searched, and how many of these words and numbers were found, in whatever form.
    """
    stored = [*files(state, lambda path: path.name == CARRIERS_OWN), *lines]
    found = search(stored, words, numbers)
    for one in found[:10]:
        print(f"{one.where}: {one.what} as {one.form} at byte {one.at}")
    return sum(len(data) for _, data in stored), len(found)
