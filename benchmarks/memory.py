"""Memory of this process and everything it started, shared pages counted once."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

_KILOBYTES_PER_MEGABYTE = 1024


def tree_megabytes() -> float:
    """Proportional set size of the whole tree, so that the sum does not count a page twice."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").glob("[0-9]*"):
        parent = _field(entry / "status", "PPid:")
        if parent is not None:
            children[parent].append(int(entry.name))
    total, waiting = 0, [os.getpid()]
    while waiting:
        process = waiting.pop()
        total += _field(Path(f"/proc/{process}/smaps_rollup"), "Pss:") or 0
        waiting += children[process]
    return total / _KILOBYTES_PER_MEGABYTE


def _field(file: Path, name: str) -> int | None:
    """A number from one of the kernel's files; None when the process has gone."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), None)
