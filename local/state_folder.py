"""The folder of what a local stack remembers: one stack at a time, and for its owner only.

It holds keys, the carrier's credentials and what people wrote.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from local.config import PRIVATE_UMASK
from local.guard import is_token, new_token

_TOKEN_FILE = "token"  # noqa: S105 - a file's name
_OTHERS = 0o077


class StateInUseError(Exception):
    """Another local stack runs on the same state folder."""


class StateDamagedError(Exception):
    """A file of the state folder cannot be read, or not be written whole.

    Args:
        file: Which one.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(
            f"{file} cannot be read: is the disk full? `make local ARGS=--reset` starts anew"
        )


@contextlib.contextmanager
def state_lock(state: Path) -> Iterator[None]:
    """Hold a state folder for one stack, and close it to everybody else on this machine.

    Sets the process's umask, for the files that are made in it from now on.

    Raises:
        StateInUseError: Another stack holds it.
    """
    os.umask(PRIVATE_UMASK)
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StateInUseError(f"another local stack runs on {state}: stop it first") from error
        _make_private(state)
        yield


def remembered_token(state: Path) -> str:
    """Return the token of the stack's front door: the page's address stays over a restart."""
    file = state / _TOKEN_FILE
    known = file.read_text(errors="replace") if file.is_file() else ""
    if not is_token(known):  # none yet, or cut by a full disk
        draft = file.with_suffix(".new")
        draft.write_text(new_token())
        draft.replace(file)
        known = file.read_text()
    if not is_token(known):
        raise StateDamagedError(file)
    return known


def _make_private(state: Path) -> None:
    """Close what an earlier version, or another umask, left open."""
    for folder, _, files in os.walk(state):
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            mode = path.lstat().st_mode
            if mode & _OTHERS and not path.is_symlink():
                path.chmod(mode & ~_OTHERS & 0o7777)
