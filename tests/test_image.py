"""The image is made of pinned things: its base, its packages, and no tool of a package manager."""

from __future__ import annotations

import re
import struct
import subprocess
import sysconfig
from pathlib import Path

import pytest

from shared_library import loaded_part

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = ROOT / "services" / "Dockerfile"
BASE = "public.ecr.aws/lambda/python:3.13"
DIGEST = f"sha256:{'ab' * 32}"


def make(target: str, dockerfile: Path) -> subprocess.CompletedProcess[str]:
    """Run a target on a Dockerfile."""
    command = ["make", target, f"DOCKERFILE={dockerfile}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("base", "taken"),
    [
        (f"{BASE}@{DIGEST}", True),
        (BASE, False),
        ("public.ecr.aws/lambda/python@3.13", False),
        (f"{BASE}@sha256:abc", False),
        (f"{BASE}@{DIGEST}0", False),
        (f"{BASE}@ {DIGEST}", False),
        ("", False),
    ],
)
def test_an_image_to_deploy_needs_a_pinned_base(tmp_path: Path, base: str, *, taken: bool) -> None:
    """A tag can mean another image tomorrow; what is missing is said, with what mends it."""
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(f"# ARG BASE={BASE}@{DIGEST}\nARG BASE={base}\nFROM ${{BASE}}\n")

    done = make("check-base", dockerfile)

    assert (done.returncode == 0) == taken
    assert ("make pin-base" in done.stderr) == (not taken)


def test_the_release_begins_with_the_check() -> None:
    """Not only whoever thinks of it."""
    rules = (ROOT / "Makefile").read_text("utf-8")
    assert re.search(r"^release-image: check-base image ", rules, re.MULTILINE)
    assert "make release-image" in (ROOT / "docs" / "operations.md").read_text("utf-8")


def test_the_image_installs_nothing_without_a_hash() -> None:
    """No package manager of the base, no download; pip only by hash; stages on the one base."""
    lines = DOCKERFILE.read_text("utf-8").replace("\\\n", " ").splitlines()
    told = [line for line in lines if line and not line.startswith("#")]

    managers = re.compile(r"\b(dnf|microdnf|yum|rpm|apt|apt-get|apk|curl|wget|npm)\b")
    assert not [line for line in told if managers.search(line)]
    assert all("--require-hashes" in line for line in told if "pip install" in line)
    assert {line.split()[1] for line in told if line.startswith("FROM")} == {"${BASE}"}
    assert not [line for line in told if line.startswith("ADD")]


def test_a_library_ends_with_its_last_segment() -> None:
    """Wherever the segments lie, and not a byte earlier."""
    ident = b"\x7fELF\x02\x01" + bytes(10)
    header = struct.pack("<16sHHIQQQIHHHHHH", ident, 3, 183, 1, 0, 64, 300, 0, 64, 56, 2, 64, 5, 4)
    segments = [struct.pack("<IIQQQQQQ", 1, 5, at, 0, 0, size, size, 1) for at, size in PARTS]
    body = b"".join(segments).ljust(250 - 64, b"\x01") + b"symbols"

    kept = loaded_part(header + body)

    assert kept is not None
    assert kept[64:] == body[: 240 - 64]


PARTS = ((200, 40), (176, 10))
"""Offset and size of two segments, the one that ends last first."""


def library() -> bytes:
    """Some shared library of this interpreter, or of its packages."""
    folder = Path(sysconfig.get_paths()["platlib"])
    return min(folder.rglob("*.so"), key=lambda path: path.stat().st_size).read_bytes()


def test_a_library_keeps_what_the_loader_reads() -> None:
    """All up to the end of its last segment, less the place of what came after it."""
    whole = library()
    kept = loaded_part(whole)
    assert kept is not None
    assert len(kept) < len(whole)
    assert kept[64:] == whole[64 : len(kept)]
    sections = struct.unpack_from("<Q", kept, 40), struct.unpack_from("<HH", kept, 60)
    assert sections == ((0,), (0, 0))
    assert loaded_part(kept) == kept


@pytest.mark.parametrize("file", [b"", b"\x7fELF", b"\x7fELF\x01\x01" + bytes(90), b"#!/bin/sh\n"])
def test_what_is_no_library_is_left_alone(file: bytes) -> None:
    """A linker script, or a library of another kind of machine."""
    assert loaded_part(file) is None
