"""CPU of one turn inside the engine, against the same requests made with boto3 alone."""

from __future__ import annotations

from benchmarks.cold_start import AWS
from benchmarks.figures import Figure
from benchmarks.interleaved import Program, measure
from benchmarks.payloads import ROOT, Payloads


def measure_turn_cpu(payloads: Payloads, rounds: int) -> Figure:
    """Load, model and commit, everything but the network."""
    environment = {**AWS, "AWS_DATA_PATH": str(payloads.ours / "aws-data")}
    programs = {
        kind: Program(
            f"sys.path.append({str(ROOT)!r})\nfrom benchmarks.turn_loop import run\nrun({kind!r})",
            payloads.ours,
            environment,
            reports=True,
        )
        for kind in ("bare", "engine")
    }
    used = measure(programs, rounds)
    return Figure(
        measure="CPU of load → model → commit, canned model",
        baseline="a bare boto3 loop with the same requests",
        value=used["engine"].times(used["bare"]),
        unit="×",
        must=1.6,
        aim=1.2,
        detail={name: round(usage.cpu_ms, 2) for name, usage in used.items()},
    )
