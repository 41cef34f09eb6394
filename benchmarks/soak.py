"""`make soak`: many people text the local stack at once while things go wrong, and all is counted.

What was answered is read from the carrier's books, not from ours: the scripted model quotes each
text that it hears, so a reply says by itself which texts it answers.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.interleaved import Progress
from benchmarks.memory import tree_megabytes
from benchmarks.payloads import ROOT
from benchmarks.plaintext_left import plaintext_left
from benchmarks.soak_voice import soak_calls
from conversation.summaries import SUMMARY
from local.carrier import CarrierFaults, Fault
from local.config import OUR_NUMBER, LocalConfig
from local.faults import Action, Rule, When
from local.stack import LocalStack

RESULT = ROOT / "build" / "soak.json"
HEARD = re.compile(r'I heard "(soak \d+ \d+)"')
SEND_ERRORS = (Fault.RATE_LIMIT, Fault.ERROR_500, Fault.ACCEPT_THEN_500)
DUPLICATES, THROTTLES, CARRIER_ERRORS = 0.10, 0.05, 0.05
PATIENCE_SECONDS = 150
# The protocol's waits, shortened: a function lives 5 + 10 + 2 + 5 s here instead of 65. And what is
# off by default is on: notes of what leaves a small window, and an allowance of the stack's.
SETTINGS = {
    "assistant": {"summary": True, "windowMessages": 4},
    "stackAllowance": {"turnsPerDay": 100_000, "turnsPerMonth": 1_000_000},
    "sms": {"answerSeconds": 10, "settleSeconds": 0.4, "settleCapSeconds": 5},
    "timing": {"clockSkewSeconds": 2, "leaseSlackSeconds": 1, "sendTimeoutSeconds": 2},
}
# Each of them is looked for in some two hundred forms.
WORDS, NUMBERS_LOOKED_FOR = ("soak ", "I heard"), 20
WORKERS = {"webhook": 3, "status": 2, "responder": 8, "sweep": 1}


@dataclass(frozen=True)
class Outcome:
    """What came back.

    Attributes:
        sent: Texts that people sent.
        accepted: Of them, those whose webhook was answered 200.
        answered_once: Of them, those that exactly one reply answers.
        lost: Those that no reply answers, and no apology either.
        doubled: Those that more than one reply answers.
        apologies: Replies that were an apology.
        people_in_order: People whose replies came in the order of their texts.
        people: People.
        duplicates: Webhooks that the carrier sent more than once.
        model_throttles: Calls that the model refused.
        carrier_errors: Sends that the carrier refused or failed.
        workers_killed: Workers killed in the middle of a write.
        notes: People of whom the assistant keeps notes of what left the window.
        seconds: From the first text to the last reply.
        reply_seconds_median: From a text to its reply.
        reply_seconds_95: The same, for the slowest in twenty.
        memory_idle_mb: The whole stack before the first text.
        memory_after_mb: The whole stack afterwards.
    """

    sent: int
    accepted: int
    answered_once: int
    lost: int
    doubled: int
    apologies: int
    people_in_order: int
    people: int
    duplicates: int
    model_throttles: int
    carrier_errors: int
    workers_killed: int
    notes: int
    seconds: float
    reply_seconds_median: float
    reply_seconds_95: float
    memory_idle_mb: float
    memory_after_mb: float

    @property
    def promise_kept(self) -> bool:
        """Whether no text was lost, answered twice or answered out of order."""
        return not self.lost and not self.doubled and self.people_in_order == self.people


class CountedFaults(CarrierFaults):
    """The carrier's faults, and how often each has struck."""

    def __init__(self) -> None:
        super().__init__()
        self.struck: Counter[Fault] = Counter()

    def take(self, fault: Fault, number: str) -> bool:
        """As the carrier asks; a hit is counted."""
        hit = super().take(fault, number)
        self.struck[fault] += hit
        return hit


class Soak:
    """One run.

    Args:
        stack: The started stack.
        people: How many.
        texts: How many each sends, one after the reply to the other.
        at_once: How many people text at the same time.
        progress: Says how far it is.
    """

    def __init__(
        self, stack: LocalStack, people: int, texts: int, at_once: int, progress: Progress
    ) -> None:
        self._stack = stack
        self._people, self._texts, self._at_once = people, texts, at_once
        self._progress = progress
        self._waits: list[float] = []
        self._sids: dict[int, list[str]] = {}
        self._lock = threading.Lock()
        self._faults = CountedFaults()

    def run(self) -> Outcome:
        """Text, wait, and count."""
        time.sleep(5)
        idle = tree_megabytes()
        kill = self._break_things()
        began = time.monotonic()
        with ThreadPoolExecutor(self._at_once) as pool:
            list(pool.map(self._talk, range(self._people)))
        seconds = time.monotonic() - began
        self._stack.carrier.faults.clear()
        return self._count(seconds, idle, kill.hits)

    def _break_things(self) -> Rule:
        """Put the faults in force; the kill strikes once, at a commit or a send."""
        self._stack.carrier.faults = self._faults
        self._faults.add(Fault.DUPLICATE, times=None, probability=DUPLICATES)
        for fault in SEND_ERRORS:
            self._faults.add(fault, times=None, probability=CARRIER_ERRORS / len(SEND_ERRORS))
        self._stack.model.faults.throttle_probability = THROTTLES
        return self._stack.faults.add(
            Action.KILL,
            function="responder",
            operation="TransactWriteItems",
            when=When.AFTER,
            times=1,
            probability=0.01,
        )

    def _talk(self, person: int) -> None:
        """One person's texts, each after the reply to the last or when patience ends."""
        number = _number(person)
        time.sleep(random.random())
        for text in range(self._texts):
            began = time.monotonic()
            sid = self._stack.carrier.text(number, OUR_NUMBER, f"soak {person} {text}")
            self._sids.setdefault(person, []).append(sid)
            try:
                self._stack.carrier.wait_reply(number, text + 1, timeout=PATIENCE_SECONDS)
            except TimeoutError:
                self._progress.say(f"person {person} still waits for the reply to text {text}")
            with self._lock:
                self._waits.append(time.monotonic() - began)
                if len(self._waits) % 100 == 0:
                    self._progress.say(f"{len(self._waits)} of {self._people * self._texts} texts")

    def _count(self, seconds: float, idle: float, killed: int) -> Outcome:
        """Read the carrier's books."""
        heard, in_order, apologies = Counter[str](), 0, Counter[int]()
        for person in range(self._people):
            replies = self._stack.carrier.sent_to(_number(person))
            found = [quote for reply in replies for quote in HEARD.findall(reply.body)]
            apologies[person] = sum(1 for reply in replies if not HEARD.search(reply.body))
            heard.update(found)
            in_order += found == sorted(found, key=lambda quote: int(quote.rpartition(" ")[2]))
        texts = [(p, f"soak {p} {t}") for p in range(self._people) for t in range(self._texts)]
        unheard = Counter(person for person, text in texts if not heard[text])
        return Outcome(
            sent=len(texts),
            accepted=self._accepted(),
            answered_once=sum(1 for _, text in texts if heard[text] == 1),
            lost=sum(max(0, unheard[person] - apologies[person]) for person in unheard),
            doubled=sum(1 for _, text in texts if heard[text] > 1),
            apologies=apologies.total(),
            people_in_order=in_order,
            people=self._people,
            duplicates=self._faults.struck[Fault.DUPLICATE],
            model_throttles=sum(1 for call in self._stack.model.calls if call.error),
            carrier_errors=sum(self._faults.struck[fault] for fault in SEND_ERRORS),
            workers_killed=killed,
            notes=self._notes(),
            seconds=round(seconds, 1),
            reply_seconds_median=round(statistics.median(self._waits), 2),
            reply_seconds_95=round(statistics.quantiles(self._waits, n=20)[-1], 2),
            memory_idle_mb=round(idle),
            memory_after_mb=round(tree_megabytes()),
        )

    def _notes(self) -> int:
        """Conversations that have a summary."""
        scan = self._stack.aws("dynamodb").get_paginator("scan")
        pages = scan.paginate(
            TableName=self._stack.outputs["conversationsTable"],
            FilterExpression="sk = :summary",
            ExpressionAttributeValues={":summary": {"S": SUMMARY}},
        )
        return sum(page["Count"] for page in pages)

    def _accepted(self) -> int:
        """Texts that a webhook took in, whichever attempt it was."""
        sids = [sid for of_one in self._sids.values() for sid in of_one]
        messages = [self._stack.carrier.message(sid) for sid in sids]
        return sum(1 for m in messages if m and any(a.status == 200 for a in m.attempts))


def _number(person: int) -> str:
    return f"+1303555{person:04d}"


def main() -> None:
    """Start a stack, soak it, and judge."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--texts", type=int, default=5, help="of each person")
    parser.add_argument("--at-once", type=int, default=20, help="people at the same time")
    parser.add_argument("--voice", action="store_true", help="let them call instead")
    parser.add_argument("--calls", type=int, default=100, help="with --voice")
    parser.add_argument("--turns", type=int, default=6, help="of each call")
    options = parser.parse_args()
    if options.voice:
        soak_calls(options)
        return
    progress = Progress()
    progress.say("starting the stack")
    with tempfile.TemporaryDirectory() as state:
        outcome, searched, left = soak_in(Path(state), options, progress)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    figures = {**asdict(outcome), "bytes_searched": searched, "plaintext_found": left}
    RESULT.write_text(json.dumps(figures, indent=2) + "\n")
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):22} {value:>10,}")
    print("kept" if outcome.promise_kept else "NOT KEPT", "- none lost, none doubled, in order")
    print("kept" if not left else "NOT KEPT", "- no words and no numbers in what was stored")
    sys.exit(bool(left) or not outcome.promise_kept)


def soak_in(
    state: Path, options: argparse.Namespace, progress: Progress
) -> tuple[Outcome, int, int]:
    """Soak a stack that keeps everything here, then search what it kept."""
    config = LocalConfig(port=0, state=state, workers=WORKERS, overrides=SETTINGS)
    with LocalStack(config) as stack:
        progress.say(f"{options.people} people, {options.texts} texts each")
        soak = Soak(stack, options.people, options.texts, options.at_once, progress)
        outcome = soak.run()
        lines = [(line.function, line.text.encode()) for line in stack.log_lines()]
    progress.say("searching every byte that was stored and logged")
    people = random.sample(range(options.people), min(options.people, NUMBERS_LOOKED_FOR))
    numbers = [_number(person) for person in people]
    return outcome, *plaintext_left(state, lines, WORDS, numbers)


if __name__ == "__main__":
    main()
