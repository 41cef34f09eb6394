"""`make soak ARGS=--voice`: many people call the local stack at once while things go wrong.

Each caller keeps their own account of the call; afterwards the stack's tables are opened and held
against it. Then every byte that was stored and logged is searched for what was said and by whom.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.interleaved import Progress
from benchmarks.payloads import ROOT
from benchmarks.plaintext_left import plaintext_left
from benchmarks.soak_caller import Caller, Told
from benchmarks.soak_verdict import Stored, Verdict
from benchmarks.stack_tables import tables_of
from conversation.keys import Keys
from conversation.messages import Messages
from conversation.outcomes import Outcome
from conversation.persons import Persons, address_hash, call_key, person_key
from conversation.secrets import JsonSecret
from conversation.tables import Tables
from conversation.texts import Texts
from conversation.turns import Turn, Turns
from local.carrier import Fault
from local.config import LocalConfig
from local.faults import Action, Rule, When
from local.scripted_model import THROTTLE, ModelFaults, Step, slow
from local.stack import LocalStack
from texting.address_key import AddressKey
from voice.codes import is_proved

RESULT = ROOT / "build" / "soak-voice.json"
DEADLINE_SECONDS, SLOW_SECONDS = 12, 15
DUPLICATES, THROTTLES, SLOW, STORE_FAULTS = 0.10, 0.05, 0.03, 0.01
CARRIER_ERRORS = {Fault.RATE_LIMIT: 0.02, Fault.ERROR_500: 0.02, Fault.DUPLICATE: 0.10}
KEEP_AFTER_SECONDS, TEXTS_WITHIN_SECONDS = 5, 240
WORDS, NUMBERS_LOOKED_FOR = ("soak call", "I heard", "once more"), 20
# A code stands alone where it is written as one: not within an id, a fraction or a time.
ALONE = rb"(?<![0-9A-Za-z.+/=_-])%s(?![0-9A-Za-z.+/=_-])"
WORKERS = {"webhook": 2, "status": 2, "responder": 6, "sweep": 1, "fulfilment": 12, "proving": 2}
SETTINGS: dict[str, Any] = {
    "sms": {"answerSeconds": 20, "settleSeconds": 0.4, "settleCapSeconds": 5},
    "timing": {"clockSkewSeconds": 2, "leaseSlackSeconds": 1, "sendTimeoutSeconds": 2},
    "voice": {
        "memory": "person",
        "answerSeconds": DEADLINE_SECONDS,
        "keepAfterSeconds": KEEP_AFTER_SECONDS,
    },
}
_AFTER_CALL = Texts().after_call.rpartition("}")[2]


class SlowAndThrottled(ModelFaults):
    """A model that now and then refuses, and now and then takes longer than a call allows."""

    def step(self) -> Step | None:
        """The step that this call takes, if it is not an ordinary one."""
        luck = self.dice.random()
        if luck < THROTTLES:
            return THROTTLE
        return slow(SLOW_SECONDS) if luck < THROTTLES + SLOW else None


@contextmanager
def broken(stack: LocalStack) -> Iterator[list[Rule]]:
    """Put the faults in force; the kills strike once each, before a commit and after one."""
    stack.model.faults = SlowAndThrottled()
    stack.phone.faults.duplicate = DUPLICATES
    for fault, chance in CARRIER_ERRORS.items():
        stack.carrier.faults.add(fault, times=None, probability=chance)
    rules = [
        stack.faults.add(
            Action.KILL,
            function="fulfilment",
            operation="TransactWriteItems",
            when=when,
            times=1,
            probability=0.02,
        )
        for when in When
    ]
    for action, operation in (
        (Action.THROTTLE, "GetItem|Query|PutItem|UpdateItem|TransactWriteItems|Decrypt"),
        (Action.CONFLICT, "TransactWriteItems"),
    ):
        rules.append(
            stack.faults.add(
                action, function="fulfilment", operation=operation, probability=STORE_FAULTS
            )
        )
    yield rules
    stack.faults.clear()
    stack.carrier.faults.clear()
    stack.phone.faults.duplicate = 0.0
    stack.model.faults = ModelFaults()


class VoiceSoak:
    """One run.

    Args:
        stack: The started stack.
        calls: How many.
        turns: Utterances of each.
        at_once: How many people call at the same time.
        progress: Says how far it is.
    """

    def __init__(
        self, stack: LocalStack, calls: int, turns: int, at_once: int, progress: Progress
    ) -> None:
        self._stack = stack
        self._calls, self._turns, self._at_once = calls, turns, at_once
        self._progress = progress
        self._tables = tables_of(stack)
        secret = JsonSecret(stack.outputs["carrierSecretArn"], lambda: stack.aws("secretsmanager"))
        self._address_key = AddressKey(secret)

    def run(self) -> tuple[Verdict, dict[str, Any], list[Told]]:
        """Call, wait for the texts that follow, and judge."""
        self._all(self._warm_up, self._at_once)
        began = time.monotonic()
        with broken(self._stack) as rules:
            calls = self._all(self._call, self._calls)
            seconds = time.monotonic() - began
            self._progress.say("every call is over; waiting for the texts that follow")
            self._wait_for_texts(calls)
        verdict = Verdict()
        for told in calls:
            verdict.count(told, self._stored(told), DEADLINE_SECONDS)
        faults = {f"{rule.action.value}s": 0 for rule in rules}
        for rule in rules:
            faults[f"{rule.action.value}s"] += rule.hits
        return verdict, {**self._beside(calls), **faults, "seconds": round(seconds, 1)}, calls

    def _all(self, act: Any, times: int) -> list[Any]:
        with ThreadPoolExecutor(self._at_once) as pool:
            return list(pool.map(act, range(times)))

    def _warm_up(self, caller: int) -> None:
        """A worker for each call that there will be at once; this is no soak of cold starts."""
        stack = self._stack
        call = stack.phone.dial(f"+1303555{caller:04d}", stack.phone.numbers[0])
        call.wait_until(lambda heard: heard.takes)
        call.stay_silent()
        call.wait_until(lambda heard: heard.takes == "speech")
        call.exchange("hello")
        call.hang_up()

    def _call(self, name: int) -> Told:
        stack = self._stack
        told = Caller(name, _number(name), stack.phone, stack.carrier, self._turns).call()
        if name % 20 == 0:
            self._progress.say(f"call {name} of {self._calls} is over")
        return told

    def _wait_for_texts(self, calls: Sequence[Told]) -> None:
        """Wait until each taken offer has its text, and each answered call the offer to keep it."""

        def all_here() -> bool:
            return all(self._expected(told) <= len(self._texts(told)) for told in calls)

        due = time.monotonic() + TEXTS_WITHIN_SECONDS
        while time.monotonic() < due and not all_here():
            time.sleep(1)
        time.sleep(KEEP_AFTER_SECONDS)  # for a second one that must not come

    def _expected(self, told: Told) -> int:
        asked_for = sum(1 for utterance in told.said if utterance.taken) + bool(told.code)
        return asked_for + self._is_to_be_offered(told)

    def _is_to_be_offered(self, told: Told) -> bool:
        own = call_key(told.contact)
        return any(turn.outcome is Outcome.ANSWERED for turn in self._turns_of(own))

    def _texts(self, told: Told) -> list[str]:
        return [message.body for message in self._stack.carrier.sent_to(told.number)]

    def _own(self, told: Told) -> str:
        """The conversation that the call spoke in: the tables know it better than the caller.

        Who is told that a code failed may have proved the number all the same: the function's
        answer came too late for Connect.
        """
        hashed = address_hash(told.number, self._address_key())
        person = Persons(self._tables).find(hashed) or ""
        proved = is_proved(self._tables, person, told.contact, time.time())
        return person_key(person) if proved else call_key(told.contact)

    def _turns_of(self, conversation: str) -> list[Turn]:
        table = self._tables.conversations
        items = self._tables.query(table, conversation, "turn#", limit=100)
        return [Turn.parse(item) for item in items]

    def _stored(self, told: Told) -> Stored:
        conversation, reader = self._own(told), Turns(self._tables)
        spoken = [turn for turn in self._turns_of(conversation) if turn.heard is not None]
        turns = {
            utterance.words: [t.outcome for t in spoken if reader.answers(t, utterance.words)]
            for utterance in told.said
        }
        return Stored(turns, _memory(self._tables, conversation), self._texts(told))

    def _beside(self, calls: Sequence[Told]) -> dict[str, Any]:
        """What else happened."""
        offers = Counter(
            sum(_AFTER_CALL in text for text in self._texts(told)) - self._is_to_be_offered(told)
            for told in calls
        )
        return {
            "calls": len(calls),
            "codes_texted": sum(bool(told.code) for told in calls),
            "numbers_proved": sum(self._own(told) != call_key(told.contact) for told in calls),
            "offered_to_be_kept": sum(self._is_to_be_offered(told) for told in calls),
            "of_these_not_once": len(calls) - offers[0],
            "delivered_twice": self._stack.phone.faults.delivered,
            "model_throttles": sum(1 for call in self._stack.model.calls if call.error),
        }


def _memory(tables: Tables, conversation: str) -> list[tuple[int, str, str]]:
    kept = Messages(tables, time.time, 1).all(conversation, Keys(tables).find(conversation))
    return [(message.number, message.role, message.text) for message in kept]


def _number(name: int) -> str:
    return f"+1202555{name:04d}"


def codes_left(stored: Sequence[tuple[str, bytes]], codes: Sequence[str]) -> int:
    """How many codes stand somewhere in clear, as a number by itself."""
    found = 0
    for code in filter(None, codes):
        pattern = re.compile(ALONE % code.encode())
        places = [where for where, data in stored if pattern.search(data)]
        found += bool(places)
        for where in places:
            print(f"{where}: a code")
    return found


def soak_in(
    state: Path, options: argparse.Namespace, progress: Progress
) -> tuple[Verdict, dict[str, Any]]:
    """Soak a stack that keeps everything here, then search what it kept."""
    config = LocalConfig(port=0, state=state, workers=WORKERS, overrides=SETTINGS)
    with LocalStack(config) as stack:
        progress.say(f"{options.calls} calls, {options.turns} turns each")
        soak = VoiceSoak(stack, options.calls, options.turns, options.at_once, progress)
        verdict, figures, calls = soak.run()
        lines = [(line.function, line.text.encode()) for line in stack.log_lines()]
    progress.say("searching every byte that was stored and logged")
    few = random.sample(calls, min(len(calls), NUMBERS_LOOKED_FOR))
    numbers = [told.number for told in few]
    searched, left = plaintext_left(state, lines, WORDS, numbers)
    left += codes_left(lines, [told.code for told in calls])
    return verdict, {**figures, "bytes_searched": searched, "plaintext_found": left}


def soak_calls(options: argparse.Namespace) -> None:
    """Start a stack, soak it with calls, and judge."""
    progress = Progress()
    progress.say("starting the stack")
    with tempfile.TemporaryDirectory() as state:
        verdict, beside = soak_in(Path(state), options, progress)
    median, slowest = verdict.percentiles()
    counted = {name: value for name, value in vars(verdict).items() if isinstance(value, int)}
    figures = {
        **counted,
        "answer_seconds_median": round(median, 2),
        "answer_seconds_95": round(slowest, 2),
        **beside,
        "load": round(os.getloadavg()[0], 1),
    }
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(figures, indent=2) + "\n")
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):22} {value:>10,}")
    for complaint in verdict.complaints:
        print(complaint)
    left, offers = figures["plaintext_found"], figures["of_these_not_once"]
    print("kept" if verdict.kept else "NOT KEPT", "- none lost, none doubled, in order")
    print("kept" if not offers else "NOT KEPT", "- each call offered to be kept once")
    print("kept" if not left else "NOT KEPT", "- no words, numbers or codes in what was stored")
    sys.exit(bool(left or offers) or not verdict.kept)
