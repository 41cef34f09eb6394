"""The emulator's own process: ministack behind a guard, keeping no more than it should.

Run by ``lifeline.py``. Owns what ministack has no setting for: who may talk to it, which secrets it
does not write to disk, and saying by its exit status that it could not write the rest.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from ministack import app as ministack_app
from ministack.core import persistence

from local.config import (
    ACCOUNT,
    REGION,
    SAVED_FILE,
    TOKEN_VARIABLE,
    UNSAVED_SECRETS_VARIABLE,
)
from local.guard import Guard, GuardedApp

NOT_SAVED = 3
"""Exit status when the state of a service could not be read or written."""

_SECRETS = "secretsmanager"


class _Complaints(logging.Handler):
    """Counts what ministack says of its state files: it goes on without them."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 - the base class's
        """Count one."""
        self.count += 1


def keep_in_memory(secrets: list[str]) -> None:
    """Let secrets of these names never reach the disk, and take away those of an earlier run."""
    save = persistence.save_state
    _take_from_disk(secrets, Path(persistence.STATE_DIR, f"{_SECRETS}.json"))

    def save_without(service: str, state: dict[str, Any]) -> None:
        if service == _SECRETS:  # a copy, made for this
            for kind in state.values():
                for name in secrets:
                    kind.pop_scoped(ACCOUNT, REGION, name, None)
        save(service, state)

    persistence.save_state = save_without


def _take_from_disk(secrets: list[str], file: Path) -> None:
    try:
        state = json.loads(file.read_text())
        for kind in state["payload"].values():
            for place in [place for place in kind["data"] if place.endswith(_endings(secrets))]:
                del kind["data"][place]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return  # none, or not to be read: ministack says so
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps(state))
    draft.replace(file)


def _endings(secrets: list[str]) -> tuple[str, ...]:
    # As ministack writes the key of a store for account and region.
    return tuple(f"\x00{name!r}" for name in secrets)


def main() -> None:
    """Serve until the process is asked to end, then write the state."""
    token = os.environ.pop(TOKEN_VARIABLE)  # not for the processes that ministack may start
    keep_in_memory(json.loads(os.environ.pop(UNSAVED_SECRETS_VARIABLE)))
    complaints = _Complaints()
    persistence.logger.addHandler(complaints)
    saved = Path(persistence.STATE_DIR, SAVED_FILE)
    saved.unlink(missing_ok=True)
    ministack_app.app = GuardedApp(ministack_app.app, Guard(token))
    ministack_app.main()
    if complaints.count:
        sys.exit(NOT_SAVED)
    saved.touch()


if __name__ == "__main__":
    main()
