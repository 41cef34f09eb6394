"""What holds for every test: nothing beyond loopback, nobody's AWS account, repeatable cases.

Fixtures of one kind of test live in that folder's own conftest.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# Hypothesis picks `ci` by itself where CI is set: the same cases in every run, no time limit
# on a busy machine. On a laptop it looks further every time, and prints how to repeat a find.
settings.register_profile("ci", derandomize=True, deadline=None, database=None, print_blob=True)
settings.register_profile("laptop", deadline=None, print_blob=True)
settings.register_profile(
    "quick", deadline=None, max_examples=5, phases=[Phase.explicit, Phase.generate]
)
settings.load_profile("ci" if os.environ.get("CI") else "laptop")


class BeyondLoopbackError(RuntimeError):
    """A test tried to reach another machine."""


def _is_loopback(address: object) -> bool:
    """Whether a socket address stays here; a path of a Unix socket does."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    if host in {"localhost", ""}:
        return True
    try:
        return ipaddress.ip_address(host.split("%", maxsplit=1)[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    """Refuse every connection that would leave this machine, loudly and at once."""
    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex"):
        original = getattr(socket.socket, name)

        def guarded(self: socket.socket, address: Any, *, original: Any = original) -> Any:
            if not _is_loopback(address):
                message = f"a test tried to reach {address!r}"
                raise BeyondLoopbackError(message)
            return original(self, address)

        patch.setattr(socket.socket, name, guarded)
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def _no_aws_account() -> Iterator[None]:
    """Hide the developer's own AWS configuration, so that no test can use it by mistake."""
    patch = pytest.MonkeyPatch()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        patch.delenv(name)
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    patch.setenv("AWS_CONFIG_FILE", os.devnull)
    patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    yield
    patch.undo()
