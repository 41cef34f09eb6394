"""`make bench`: measures the README's figures and prints them as its table.

Writes the numbers behind them to build/bench.json. Exits 1 when a figure does not keep its bound.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path

from benchmarks.cold_start import measure_cold_starts
from benchmarks.figures import Figure, as_json, table
from benchmarks.interleaved import Progress
from benchmarks.payloads import ROOT, Payloads, build, megabytes
from benchmarks.sealing import measure_sealing
from benchmarks.turn_cpu import measure_turn_cpu

RESULT = ROOT / "build" / "bench.json"
ROUNDS = 11
QUICK_ROUNDS = 3
MEASURES = ("payload", "cold", "cpu", "seal", "turn", "voice")


def payload_size(payloads: Payloads) -> Figure:
    """What the image adds to its base, unpacked, bytecode included."""
    ours, plain = megabytes(payloads.ours), megabytes(payloads.plain)
    return Figure(
        measure="image payload, default build",
        baseline=f"`pip install` of the same lock: {plain:.0f} MB",
        value=ours,
        unit="MB",
        must=90,
        aim=50,
        detail={"payload_mb": round(ours, 1), "plain_mb": round(plain, 1)},
    )


def main() -> None:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds, for a look")
    parser.add_argument("--only", choices=MEASURES, action="append", help="one measure of them")
    parser.add_argument("--messages", type=int, default=10_000, help="length of the long talk")
    options = parser.parse_args()
    chosen, rounds = options.only or MEASURES, QUICK_ROUNDS if options.quick else ROUNDS
    progress, figures = Progress(), []
    if set(chosen) & {"payload", "cold", "cpu"}:
        progress.say("building the payload, and a plain install of its lock")
        payloads = build(ROOT / "build" / "bench")
    if "cold" in chosen:
        progress.say(f"cold starts: {rounds} interleaved rounds")
        figures += measure_cold_starts(payloads, rounds)
    if "cpu" in chosen:
        progress.say(f"turns inside the engine: {rounds} interleaved rounds")
        figures += measure_turn_cpu(payloads, rounds)
    if "seal" in chosen:
        progress.say("sealing: microseconds a message, calls of KMS")
        figures += measure_sealing()
    if "turn" in chosen:
        progress.say(f"whole turns through the local stack, up to {options.messages:,} messages")
        # Imported last: a child's peak memory counts from its parent's, and this one is large.
        from benchmarks.turn_cost import measure_turn_costs

        figures += measure_turn_costs(options.messages)
    if "voice" in chosen:
        progress.say("turns of calls through the local stack")
        from benchmarks.voice_turns import measure_voice_turns

        figures += measure_voice_turns(quick=options.quick)
    if "payload" in chosen:
        figures.append(payload_size(payloads))
    report(figures, RESULT)
    progress.say(f"done; the numbers behind the table are in {RESULT.relative_to(ROOT)}")
    sys.exit(not all(figure.kept for figure in figures))


def report(figures: list[Figure], path: Path) -> None:
    """Print the table and write the numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    taken = {"python": platform.python_version(), "figures": as_json(figures)}
    path.write_text(json.dumps(taken, indent=2, ensure_ascii=False) + "\n")
    print(table(figures))
    for figure in figures:
        if not figure.kept:
            print(f"not kept: {figure.measure}", file=sys.stderr)


if __name__ == "__main__":
    main()
