"""Every port on which a process, or anything that it started, takes connections (Linux)."""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_LISTEN = "0A"


@dataclass(frozen=True)
class Listener:
    """A listening TCP socket.

    Attributes:
        process: Id of a process that holds it.
        address: As the kernel tells it.
        port: Its port.
    """

    process: int
    address: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether this machine alone reaches it."""
        return ipaddress.ip_address(self.address).is_loopback


def listeners(process: int) -> list[Listener]:
    """The listeners of a process and of all that it started."""
    return [found for one in _family(process) for found in _own(one)]


def _family(process: int) -> Iterator[int]:
    yield process
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(FileNotFoundError):  # ended meanwhile
            for child in children.read_text().split():
                yield from _family(int(child))


def _own(process: int) -> Iterator[Listener]:
    opened = set()
    with suppress(FileNotFoundError):
        for one in Path(f"/proc/{process}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                opened.add(str(one.readlink()))
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTEN and f"socket:[{fields[9]}]" in opened:
                address, _, port = fields[1].partition(":")
                yield Listener(process, socket.inet_ntop(family, _packed(address)), int(port, 16))


def _packed(words: str) -> bytes:
    """An address as the kernel writes it: 32-bit words in hexadecimal, of the machine's order."""
    parts = [int(words[at : at + 8], 16) for at in range(0, len(words), 8)]
    return b"".join(part.to_bytes(4, sys.byteorder) for part in parts)
