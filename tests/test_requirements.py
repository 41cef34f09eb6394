"""The lock: one version of a package everywhere, by hash, and no word of where it came from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "requirements"
SETS = sorted(path.name for path in FOLDER.glob("*.txt"))
PIN = re.compile(r"^[\w.-]+==\S+( ; [^\\]+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def pins(name: str) -> set[str]:
    """The pinned versions of one file, with the platforms that each is for."""
    lines = (FOLDER / name).read_text().splitlines()
    return {line.removesuffix(" \\").partition(" ;")[0] for line in lines if line[0] != " "}


@pytest.mark.parametrize("name", SETS)
def test_a_set_holds_pins_and_hashes_and_nothing_else(name: str) -> None:
    """No line names an index, a host, a path or an option."""
    lines = (FOLDER / name).read_text().splitlines()
    assert [line for line in lines if not PIN.match(line) and not HASH.match(line)] == []


@pytest.mark.parametrize("name", SETS)
def test_a_package_has_one_version_in_every_set(name: str) -> None:
    """Every set is a part of the whole resolution, which the tests run on."""
    assert pins(name) <= pins("dev.txt")


def test_a_newcomer_does_not_install_the_test_tools() -> None:
    """What `make local` installs has none of the tools that only tests and checks need."""
    newcomer = set().union(*(pins(f"{name}.txt") for name in ("infra", "services", "local")))
    names = {pin.split("==")[0] for pin in newcomer}
    assert not names & {"pytest", "mypy", "ruff", "playwright", "hypothesis", "cfn-lint"}
