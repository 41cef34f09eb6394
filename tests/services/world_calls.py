"""The world's telephone: a call whose caller has proved their number speaks beside their texts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from conversation.accounting import Accounting
from conversation.codec import Role
from conversation.deadline import Deadline
from conversation.items import SCHEMA, Item
from conversation.keys import ForgottenError, Keys, KeyUnavailableError
from conversation.lease import LeaseLostError
from conversation.outcomes import Outcome
from conversation.persons import call_key, person_key, person_of, proof_sk
from conversation.stack_usage import StackUsage
from conversation.switch import Switch
from conversation.tables import StoreBusyError, put
from conversation.turns import turn_sk
from tests.services.interleaving import Task
from tests.services.texting_parts import ADDRESS_KEY, PERSON, SENDER
from tests.services.world_carrier import FUNCTION_SECONDS, Clock
from tests.services.world_workers import Workers
from texting.held import Held, held_sid
from texting.wakeups import Wakeups
from voice.call_session import CallSession
from voice.call_texts import CallTexts
from voice.call_turn import CallTurns
from voice.callers import Callers
from voice.offers import Offers
from voice.utterance import Limits, Said

CONTACT = "5a9c1e6e-0000-4000-8000-000000000001"
TEXTS = CallTexts()
_POLL_SECONDS = 0.5
# The commit's reserve, and hardly more: none of it is left for a model.
_TOO_LATE_SECONDS = 3.2


@dataclass(frozen=True)
class Utterance:
    """Something that the caller said.

    Attributes:
        words: What.
        number: Of its turn, as the session had it when it was said.
        seconds: How long an answer may take.
        offer: What was on offer when it was said; it lapses.
    """

    words: str
    number: int
    seconds: float
    offer: str


class Calls(Workers):
    """A call, which may be heard twice, and its offers."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.ledger.heard = self._heard
        self.utterances: list[Utterance] = []
        self.number = 1
        self.offer = ""
        self.hooks = [self._call_turns() for _ in range(2)]

    def utters(self, *, late: bool = False) -> Task:
        """The caller says something; the models have no time for it when it is late."""
        seconds = _TOO_LATE_SECONDS if late else FUNCTION_SECONDS - 1
        self._give_up()
        words = f"({len(self.utterances)})"
        self.utterances.append(Utterance(words, self.number, seconds, self.offer))
        self.ledger.uttered[words] = self.ledger.writes
        return self.tries_again(0)

    def tries_again(self, hook: int) -> Task:
        """Lex brings the latest utterance, perhaps not for the first time."""
        latest = self.utterances[-1]
        return self._calls(f"utter {latest.words}", lambda: self._utter(latest, hook))

    def decides(self, *, yes: bool) -> Task:
        """The caller answers the offer."""
        offer = self.offer
        return self._calls(f"decide {offer}", lambda: self._decide(offer, yes=yes))

    def _give_up(self) -> None:
        """Lex goes on to the next utterance: of each earlier one, one hook at most runs still."""
        running: set[str] = set()
        for task in [one for one in self.scheduler.tasks if one.name.startswith("utter ")]:
            if task.at == "begin" or task.name in running:
                self.scheduler.kill(task)
            else:
                running.add(task.name)

    def _calls(self, name: str, body: Any) -> Task:
        self.now += 0.01
        return self.scheduler.start(name, lambda: self._ends_well(body), self.now)

    def _ends_well(self, body: Any) -> None:
        try:
            body()
        except (StoreBusyError, KeyUnavailableError, LeaseLostError, ForgottenError):
            return  # the caller is asked to say it again
        except Exception as error:  # noqa: BLE001  what else ends a worker is a find
            self.ledger.require(False, "a worker ends well", repr(error))

    def _utter(self, utterance: Utterance, hook: int) -> None:
        if Switch(self.clean, Clock(self)).position().paused:
            return  # the dialog says so
        self._prove()
        session = CallSession(CONTACT, PERSON, turn=utterance.number, started_at=1)
        deadline = Deadline.after(utterance.seconds, Clock(self))
        said = self.hooks[hook].answer(session, utterance.words, TEXTS, deadline)
        if utterance.offer not in {"", said.turn_id}:
            self.hooks[hook].offers.lapse(PERSON, CONTACT, utterance.offer, deadline)
        began = said.outcome is not None
        self.number = max(self.number, said.number + began)
        if not began:
            return
        self.offer = said.turn_id if said.outcome is Outcome.OFFERED else self.offer
        self._hears(utterance, said)

    def _decide(self, offer: str, *, yes: bool) -> None:
        hook = self.hooks[0]
        caller = hook.caller(CallSession(CONTACT, PERSON))
        if not yes:
            hook.offers.decline(caller, offer)
        elif (release := hook.offers.accept(caller, offer)) and release.wakes and caller.proved:
            released = self.ledger.said[held_sid(CONTACT, offer)].sk
            self.ledger.require(bool(released), "a yes is kept", offer)

    def _hears(self, utterance: Utterance, said: Said) -> None:
        own = self.clean.get(self.clean.conversations, call_key(CONTACT), turn_sk(said.turn_id))
        if own is None:  # else FORGET took the proof, and the call speaks for itself
            told = self.ledger.spoken.get(said.turn_id)
            reply = "" if said.outcome is Outcome.OFFERED else said.text
            fits = told == (utterance.words, said.outcome, reply)
            # A FORGET after the turn was read: the words are gone, and an apology is spoken.
            forgotten = self.ledger.turns[said.turn_id]["generation"] in self.ledger.forgotten
            fits = fits or (forgotten and not said.text)
            self.ledger.require(fits, "a caller hears the answer to their words", (said, told))

    def _prove(self) -> None:
        """The caller has typed the code."""
        now = int(self.now)
        person = person_of(self.name) or ""
        item: Item = {"pk": person_key(person), "sk": proof_sk(CONTACT), "schema": SCHEMA}
        item |= {"issued_at": now, "proved_at": now, "expires_at": now + 10_000_000}
        self.clean.write(put(self.clean.people, item))

    def _heard(self, turn: Item) -> str:
        """The words that a spoken turn answered."""
        seals = Keys(self.clean).seals(turn["pk"], turn["generation"])
        digest = seals.open(turn, "heard", Role.TURN_HEARD)
        said = self.ledger.uttered
        return next(one for one in said if hashlib.sha256(one.encode()).hexdigest() == digest)

    def _call_turns(self) -> CallTurns:
        tables, clock = self._tables(), Clock(self)
        callers = Callers(tables, lambda: ADDRESS_KEY, sender=SENDER, memory="person", clock=clock)
        return CallTurns(
            tables,
            engine=self.engine(tables, segments=None),
            callers=callers,
            offers=Offers(
                tables, callers=callers, held=Held(tables, clock),
                wakeups=Wakeups("q", lambda: self.queue), receipt_days=30, turn_days=30,
                clock=clock,
            ),
            accounting=Accounting(StackUsage(tables, clock)),
            wakeups=Wakeups("q", lambda: self.queue),
            limits=Limits(lease_seconds=20, keep_after_seconds=300),
            style="Speak.",
            clock=clock,
            sleep=lambda seconds: clock.sleep(max(seconds, _POLL_SECONDS)),
            monotonic=clock,
        )  # fmt: skip
