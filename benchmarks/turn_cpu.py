"""CPU of one turn inside the engine, against the same requests made with boto3 alone."""

from __future__ import annotations

from benchmarks.cold_start import AWS
from benchmarks.figures import Figure
from benchmarks.interleaved import Program, measure
from benchmarks.payloads import ROOT, Payloads


def measure_turn_cpu(payloads: Payloads, rounds: int) -> list[Figure]:
    """Load, model and commit, everything but the network; and what sealing has of it."""
    environment = {**AWS, "AWS_DATA_PATH": str(payloads.ours / "aws-data")}
    programs = {
        kind: Program(
            f"sys.path.append({str(ROOT)!r})\nfrom benchmarks.turn_loop import run\nrun({kind!r})",
            payloads.ours,
            environment,
            reports=True,
        )
        for kind in ("bare", "clear", "engine")
    }
    used = measure(programs, rounds)
    whole = Figure(
        measure="CPU of load → model → commit, canned model",
        baseline="a bare boto3 loop with the same requests",
        value=used["engine"].times(used["bare"]),
        unit="×",
        must=1.6,
        aim=1.2,
        detail={name: round(usage.cpu_ms, 2) for name, usage in used.items()},
    )
    sealing = Figure(
        measure="the same, with every content sealed",
        baseline="the engine's own turn with its contents in clear",
        value=used["engine"].times(used["clear"]),
        unit="×",
        must=1.2,
        aim=None,
    )
    return [whole, sealing]
