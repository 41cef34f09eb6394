"""Run a Python module so that it cannot outlive the process that started it.

Started as ``python lifeline.py MODULE [ARGS]`` with a pipe as standard input: when the parent
dies, however it dies, the pipe closes and this process ends itself. It is run by path, never
imported by the package, so it may use the standard library only.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading

GRACE_SECONDS = 15.0


def _end_with(descriptor: int) -> None:
    """Block until the parent's end of the pipe closes, then ask, then insist."""
    try:
        while os.read(descriptor, 1):
            pass
    except OSError:
        pass
    # Asked first: the emulator writes its state to disk on SIGTERM.
    threading.Timer(GRACE_SECONDS, os._exit, (1,)).start()
    os.kill(os.getpid(), signal.SIGTERM)


def hold() -> None:
    """Tie this process to the pipe on standard input, and leave /dev/null in its place."""
    descriptor = os.dup(0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    threading.Thread(target=_end_with, args=(descriptor,), daemon=True).start()


def main() -> None:
    """Run the named module as ``python -m`` would."""
    hold()
    # The folder of this file must not become an import root of the module.
    sys.path.pop(0)
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
