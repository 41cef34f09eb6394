"""The two trees that the figures compare: the image's payload, and a plain install of its lock."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UV = Path(sys.executable).parent / "uv"


@dataclass(frozen=True)
class Payloads:
    """Where the two trees are.

    Attributes:
        ours: As the image holds it, for this machine.
        plain: What `pip install` makes of the same lock, compiled, and nothing taken out.
    """

    ours: Path
    plain: Path


def build(folder: Path) -> Payloads:
    """Build both, by the image's own script and by one plain install."""
    ours, plain = folder / "payload", folder / "plain"
    script = ROOT / "services" / "build_payload.py"
    _run(sys.executable, str(script), "--target", str(ours), "--uv", str(UV))
    lock = ROOT / "requirements" / "services.txt"
    _run(
        *(str(UV), "pip", "install", "--quiet", "--target", str(plain), "--link-mode", "copy"),
        *("--python", sys.executable, "--require-hashes", "--compile-bytecode"),
        *("--reinstall", "--requirement", str(lock)),
    )
    return Payloads(ours, plain)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, cwd=ROOT)


def megabytes(folder: Path) -> float:
    """What the files of a tree hold."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
