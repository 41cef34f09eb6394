"""Runs programs in turn, each time in a fresh interpreter, and says what CPU each takes.

CPU time of the child, never the wall clock: a busy machine changes the one by a few per cent and
the other by a multiple. Rounds are interleaved, so that what changes on the machine changes for
all. Compare the medians of one run with each other, and nothing else.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

MEGABYTE = 1024
WARM_UPS = 1


@dataclass(frozen=True)
class Program:
    """A program for a fresh interpreter.

    Attributes:
        code: What it runs.
        path: The one folder, beside the standard library, that it imports from.
        environment: Its whole environment.
        reports: Whether it prints the CPU milliseconds of the part that counts, so that its
            imports do not.
    """

    code: str
    path: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    reports: bool = False


@dataclass(frozen=True)
class Usage:
    """What one program took.

    Attributes:
        cpu_ms: User and system time, the median of all rounds, in milliseconds.
        rounds_cpu_ms: The same, of each round.
        memory_mb: Peak resident memory, the median, in megabytes.
    """

    cpu_ms: float
    rounds_cpu_ms: tuple[float, ...]
    memory_mb: float

    def times(self, baseline: Usage) -> float:
        """How many times the baseline's CPU it takes: the median of the rounds' own ratios.

        Both ran side by side in each round, so a machine that slows down does so for both.
        """
        pairs = zip(self.rounds_cpu_ms, baseline.rounds_cpu_ms, strict=True)
        return statistics.median(ours / theirs for ours, theirs in pairs)


class ProgramFailedError(Exception):
    """A measured program ended with an error; the message holds what it said."""


def measure(programs: Mapping[str, Program], rounds: int) -> dict[str, Usage]:
    """Run every program once a round, in turn, and return the medians by name."""
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for number in range(rounds + WARM_UPS):
        for name, program in programs.items():
            sample = _run(name, program)
            if number >= WARM_UPS:
                samples[name].append(sample)
    return {
        name: Usage(
            cpu_ms=statistics.median(cpu for cpu, _ in taken),
            rounds_cpu_ms=tuple(cpu for cpu, _ in taken),
            memory_mb=statistics.median(memory for _, memory in taken),
        )
        for name, taken in samples.items()
    }


def _run(name: str, program: Program) -> tuple[float, float]:
    """One sample: CPU milliseconds and peak megabytes of a fresh interpreter."""
    bootstrap = f"import sys; sys.path.append({str(program.path)!r})\n{program.code}"
    with tempfile.TemporaryFile() as errors:
        # -I and -S: neither the environment's site-packages nor the caller's settings take part.
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", bootstrap],
            env=dict(program.environment),
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        said = process.stdout.read() if process.stdout else b""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.stdout:
            process.stdout.close()
        if process.returncode:
            errors.seek(0)
            raise ProgramFailedError(f"{name}: {errors.read().decode()[-2000:]}")
    cpu = float(said) if program.reports else (used.ru_utime + used.ru_stime) * 1000
    return cpu, used.ru_maxrss / MEGABYTE


class Progress:
    """Says what is being done, on standard error, with the time since the start."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        """Print one line."""
        print(f"{time.monotonic() - self._began:6.1f} s  {text}", file=sys.stderr, flush=True)
