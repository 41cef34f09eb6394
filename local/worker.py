"""The process that runs one function's handler, as one Lambda execution environment would.

Run by path with ``--handler`` and nothing but the environment Lambda gives; the import root is
``LAMBDA_TASK_ROOT``, and neither the repository nor this folder is on the path, so a handler that
leans on either fails here as it would in the image. Standard library and awslambdaric only.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.util
import os
import signal
import sys
import threading
from pathlib import Path
from types import ModuleType

PARENT_DEATH_SIGNAL = 1


def die_with_parent() -> None:
    """End this process when the host ends, however it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL)
    # Also where there is no such signal: the pipe on standard input closes with the host.
    descriptor = os.dup(0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)

    def watch() -> None:
        while os.read(descriptor, 1):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def set_import_roots(task_root: str) -> None:
    """Import from the task root and what is installed; an editable install adds the checkout."""
    ours = Path(__file__).resolve().parent
    checkout = {str(ours), str(ours.parent), str(ours.parent / "services")}
    sys.path[:] = [task_root, *(entry for entry in sys.path if entry not in checkout)]


def plain_runtime() -> ModuleType:
    """Load our own loop by path: its name is also that of awslambdaric's native module."""
    path = Path(__file__).with_name("runtime_client.py")
    spec = importlib.util.spec_from_file_location("dialtone_runtime", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _client(module: ModuleType, address: str) -> object:
    """Return awslambdaric's client for an address with a token: its Python part takes no path."""
    host, _, token = address.partition("/")

    class Client(module.LambdaRuntimeClient):  # type: ignore[misc, name-defined] # untyped, loaded late
        def call_rapid(
            self, http_method: str, endpoint: str, *rest: object, **more: object
        ) -> None:
            super().call_rapid(http_method, f"/{token}{endpoint}", *rest, **more)

    return Client(host)


def main() -> None:
    """Serve the handler until the host ends this process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--handler", required=True)
    parser.add_argument("--plain", action="store_true", help="never use awslambdaric")
    arguments = parser.parse_args()
    set_import_roots(os.environ["LAMBDA_TASK_ROOT"])
    sys.argv = [arguments.handler]
    die_with_parent()
    address = os.environ["AWS_LAMBDA_RUNTIME_API"]
    if not arguments.plain:
        try:
            from awslambdaric import bootstrap, lambda_runtime_client  # noqa: PLC0415 - may be absent
        except ImportError:
            pass
        else:
            bootstrap.run(arguments.handler, _client(lambda_runtime_client, address))
            return
    plain_runtime().run(arguments.handler, address)


if __name__ == "__main__":
    main()
