"""Notices that a source file changed, so that the next message runs the new code."""

from __future__ import annotations

import os
from pathlib import Path


class SourceTree:
    """The Python sources under a folder, as one number that changes when they do."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._seen = self._scan()
        self.generation = 0

    def refresh(self) -> int:
        """Look again; returns the generation, one more if anything was saved, added or removed."""
        now = self._scan()
        if now != self._seen:
            self._seen = now
            self.generation += 1
        return self.generation

    def _scan(self) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        folders = [str(self._root)]
        while folders:
            try:
                entries = list(os.scandir(folders.pop()))
            except FileNotFoundError:
                continue  # removed while we looked
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if not entry.name.startswith((".", "__pycache__")):
                        folders.append(entry.path)
                elif entry.name.endswith(".py"):
                    try:
                        status = entry.stat()
                    except FileNotFoundError:
                        continue
                    found[entry.path] = (status.st_mtime_ns, status.st_size)
        return found
