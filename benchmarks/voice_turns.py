"""From what a caller says to the first word that they hear, less what the model takes itself.

Taken at the caller's end of the played line, with a memory of ten messages and of a thousand, in
turns: Lex's part, the hook, the stores and the commit are in it, speech and the model are not.

The emulator reads a whole partition for each Query, as DynamoDB does not. So two waits are taken:
the caller's own, and the same less what the emulator took. Only the second can tell whether a long
memory costs us time.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.figures import Figure
from benchmarks.grown_memory import ANSWER, WORDS, grow_messages, shrink_messages
from benchmarks.stack_tables import tables_of
from conversation.persons import call_key
from conversation.tables import Tables
from local.config import LocalConfig
from local.phone import Call
from local.scripted_model import Step
from local.stack import LocalStack

FEW, MANY = 10, 1_000
TURNS, QUICK_TURNS = 200, 20
SEEDS, WARM_UPS, WRITTEN = 2, 3, 2


@dataclass
class Waits:
    """How long callers waited for the first word, in milliseconds, turn by turn.

    Attributes:
        whole: Less the model's time.
        own: Less the emulator's time, too.
    """

    whole: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)

    def detail(self) -> dict[str, float]:
        """What half and what 95 of 100 turns keep within."""
        return {
            "turns": len(self.whole),
            "p50_ms": round(statistics.median(self.whole), 1),
            "p95_ms": round(slowest(self.whole), 1),
            "own_p50_ms": round(statistics.median(self.own), 1),
            "own_p95_ms": round(slowest(self.own), 1),
        }


def slowest(milliseconds: Sequence[float]) -> float:
    """The wait that 95 of 100 turns keep within."""
    return statistics.quantiles(milliseconds, n=20)[-1]


def times(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """How many times longer: the median of the rounds' own ratios."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def measure_voice_turns(*, quick: bool) -> list[Figure]:
    """How long a caller waits, and whether a long memory makes it longer."""
    waits = _measure(QUICK_TURNS if quick else TURNS)
    few, many = waits[FEW].detail(), waits[MANY].detail()

    def said(detail: dict[str, float], of: str = "") -> str:
        return f"{detail[f'{of}p50_ms']:.0f} ms, 95 % within {detail[f'{of}p95_ms']:.0f} ms"

    return [
        Figure(
            measure="transcript to first spoken word, less the scripted model's time and the "
            f"emulator's: {MANY:,} messages, {said(many, 'own_')}",
            baseline=f"{FEW} messages: {said(few, 'own_')}",
            value=times(waits[MANY].own, waits[FEW].own),
            unit="×",
            must=1.15,
            aim=1.05,
            detail={str(FEW): few, str(MANY): many},
        ),
        Figure(
            measure="the same with the emulator, which reads a whole memory for each Query: "
            f"{said(many)}",
            baseline=f"{FEW} messages: {said(few)}",
            value=times(waits[MANY].whole, waits[FEW].whole),
            unit="×",
            must=4,
            aim=None,
        ),
    ]


def _measure(turns: int) -> dict[int, Waits]:
    """Turns of two calls side by side, each brought back to its length after every turn."""
    config = LocalConfig(
        port=0,
        persist=False,
        schedules=False,
        workers=dict.fromkeys(("webhook", "status", "responder", "sweep", "fulfilment"), 1),
        # A window that ten messages fill, so that what grows is the conversation.
        overrides={
            "assistant": {"windowMessages": FEW},
            "voice": {"maximumTurns": 500},
            "personAllowance": {"turnsPerDay": 0, "tokensPerDay": 0},
        },
    )
    with LocalStack(config) as stack:
        stack.model.always(Step(text=ANSWER))
        tables = tables_of(stack)
        calls = {size: _grown_call(stack, tables, size) for size in (FEW, MANY)}
        taken = {size: Waits() for size in calls}
        for number in range(WARM_UPS + turns):
            # Each goes first as often as the other.
            for size in sorted(calls, reverse=bool(number % 2)):
                whole, own = _wait(stack, calls[size])
                shrink_messages(tables, call_key(calls[size].id), size, by=WRITTEN)
                if number >= WARM_UPS:
                    taken[size].whole.append(whole)
                    taken[size].own.append(own)
        return taken


def _grown_call(stack: LocalStack, tables: Tables, size: int) -> Call:
    """A call under way whose conversation has so many messages."""
    call = stack.phone.dial(f"+1202555{size:04d}", stack.phone.numbers[0])
    for _ in range(SEEDS):
        call.exchange(WORDS)
    grow_messages(tables, call_key(call.id), size, after=SEEDS * WRITTEN)
    return call


def _wait(stack: LocalStack, call: Call) -> tuple[float, float]:
    """Milliseconds of one turn: less the model's, and less the emulator's too."""
    stack.meter.reset()
    before, asked = len(call.events), len(stack.model.calls)
    if ANSWER not in " ".join(call.exchange(WORDS)):
        raise RuntimeError(f"a turn was not answered: {call.transcript[-2:]}")
    events = call.after(before)
    heard = next(event.at for event in events if event.kind == "heard")
    spoken = next(e.at for e in events if e.kind == "said" and e.note != "filler")
    model = sum((one.ended_at or 0) - one.started_at for one in stack.model.calls[asked:])
    whole = spoken - heard - model
    return whole * 1000, (whole - stack.meter.total("fulfilment").seconds) * 1000
