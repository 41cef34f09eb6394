"""One utterance of a call as a turn: claimed, answered and committed once, whoever asks again.

Lex may bring an utterance twice, one after the other or at once. The turn's id names it, so that
a retry finds the turn and speaks its reply again. Knows no Lex and renders nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from conversation import observability
from conversation.accounting import Accounting
from conversation.clocks import Clock, milliseconds
from conversation.codec import CodecError
from conversation.deadline import Deadline
from conversation.exchange import Incoming, Profile
from conversation.keys import Keys
from conversation.lease import Lease, LeaseLostError
from conversation.meta import Claim, Meta
from conversation.outcomes import TurnState
from conversation.tables import Action, Tables
from conversation.turn import Engine
from conversation.turns import Turn, Turns, readable, turn_sk
from texting.after_call import AfterCalls
from texting.wakeups import Wakeups
from voice.call_session import CallSession
from voice.call_texts import CallTexts
from voice.callers import Caller, Callers
from voice.offers import Offers
from voice.utterance import Limits, Said, Utterance, was_late

BUSY_SECONDS: Final = 1.0
"""How long a call waits for a lease that somebody else holds (protocol rule 9)."""

_POLL_SECONDS: Final = 0.1
_OWN_CALL: Final = "call#"


class CallTurns:
    """Answers utterances.

    Args:
        tables: The tables.
        engine: Answers claimed turns.
        callers: Who calls.
        offers: What is offered instead of an answer.
        accounting: Writes down how turns ended.
        wakeups: Has somebody else take notes.
        limits: How long things may take.
        style: How to write for a caller who speaks a language.
        clock: Epoch seconds.
        sleep: Waits for a busy lease.
        monotonic: Measures that wait.
    """

    def __init__(
        self,
        tables: Tables,
        *,
        engine: Engine,
        callers: Callers,
        offers: Offers,
        accounting: Accounting,
        wakeups: Wakeups,
        limits: Limits,
        style: str,
        clock: Clock = time.time,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tables = tables
        self._engine = engine
        self._callers = callers
        self.offers = offers
        self._accounting = accounting
        self._wakeups = wakeups
        self._limits = limits
        self._style = style
        self._clock = clock
        self._sleep = sleep
        self._monotonic = monotonic
        self._lease = Lease(tables, clock)
        self._turns = Turns(tables)
        self._keys = Keys(tables, clock)
        self._after_calls = AfterCalls(tables, clock)

    def warm(self) -> None:
        """Build what the first answer needs, while nobody waits for one."""
        self._engine.warm()

    def caller(self, session: CallSession) -> Caller:
        """Who calls."""
        return self._callers.resolve(session.number, session.contact)

    def answer(
        self, session: CallSession, words: str, texts: CallTexts, deadline: Deadline
    ) -> Said:
        """Answer an utterance, or say again what it was answered.

        Args:
            session: The call; `turn` is the number that this utterance is to have.
            words: What the caller said.
            texts: The fixed sentences.
            deadline: When the reply must be committed.

        Raises:
            LeaseLostError: The conversation was taken from us, as by a FORGET.
            StoreBusyError: The store did not answer.
            KeyUnavailableError: KMS does not give the key now.
        """
        began = time.monotonic()
        caller = self.caller(session)
        generation = self._keys.ensure(caller.conversation, caller.person)
        # Before the turn: a claim by what is read here fails if the turn is committed after it.
        meta = self._lease.read(caller.conversation)
        if meta.generation != generation:
            self._keys.require_agreement(caller.conversation)
        number, known = self._numbered(caller, session, words, generation)
        utterance = Utterance(caller, session, words, texts, number)
        if known is not None:
            living = known.generation == generation  # else a retry may bring what was forgotten
            trouble = Said(None, texts.trouble, utterance.turn_id, number)
            return self._again(known, utterance) if living else trouble
        claim = self._claim(meta, caller, utterance.turn_id, deadline)
        if isinstance(claim, Turn):
            return self._again(claim, utterance)
        if claim is None:
            return self._busy(utterance)
        stages = {"wait": int((time.monotonic() - began) * 1000)}
        try:
            with self._lease.closing_on_error(claim):
                return self._answered(claim, utterance, deadline, stages)
        except LeaseLostError:
            # Our lease ran out, and the hook's retry may have answered meanwhile.
            answered = self._turns.read(caller.conversation, utterance.turn_id)
            if answered is None:
                raise
            return self._again(answered, utterance)

    def last(self, session: CallSession) -> Turn | None:
        """The call's latest turn, if it has had one that is not forgotten."""
        caller = self.caller(session)
        turn, living = self._latest(caller), self._keys.find(caller.conversation)
        return turn if turn is not None and turn.generation == living else None

    def reply_text(self, turn: Turn) -> str:
        """The words of a turn's reply; empty when they are gone, or cannot be read."""
        with suppress(CodecError):
            return self._turns.reply_text(turn) or ""
        return ""

    def _answered(
        self, claim: Claim, of: Utterance, deadline: Deadline, stages: dict[str, int]
    ) -> Said:
        texts = of.texts
        reply = self._engine.answer(
            claim,
            [Incoming(of.words, milliseconds(self._clock))],
            Profile(
                self._style,
                spoken=True,
                apology=texts.apology,
                late=texts.late,
                refused=texts.refused,
            ),
            deadline,
            reply_to={},
            stages=stages,
            late=lambda late: self.offers.late(late, of.caller, of.words, texts.offer),
            if_answered=self._noting(of.caller, of.session, claim.generation),
        )
        self._accounting.note(reply)
        if was_late(reply.turn):
            observability.count("LateAnswer")
        if self._engine.outgrew(claim.conversation):
            self._have_noted(claim)
        return Said(reply.turn.outcome, reply.text, of.turn_id, of.number)

    def _have_noted(self, claim: Claim) -> None:
        """Have the responder fold what left the window: this function ends with its answer."""
        try:
            self._wakeups.send(claim.conversation, f"notes:{claim.turn.id}")
        except Exception as error:  # noqa: BLE001  the answer is committed: it is spoken
            observability.count("FoldFailed")
            extra = {"turn": claim.turn.id, **observability.describe(error)}
            observability.logger().warning("not folded", extra=extra)

    def _noting(self, caller: Caller, session: CallSession, generation: str) -> list[Action]:
        """A call that is answered is offered to be kept once it is over."""
        if caller.person is None or caller.route is None:
            return []
        if not caller.conversation.startswith(_OWN_CALL) or not self._callers.reachable(caller):
            return []
        return [
            self._after_calls.noting(
                caller.conversation,
                started_at=session.started_at,
                route=caller.route,
                reply_to=caller.reply_to,
                seals=self._keys.seals(caller.conversation, generation),
                keep_after_seconds=self._limits.keep_after_seconds,
            )
        ]

    def _claim(
        self, meta: Meta, caller: Caller, turn_id: str, deadline: Deadline
    ) -> Claim | Turn | None:
        """The right to answer; the turn when it is answered meanwhile; None when others hold on."""
        patience = Deadline.after(min(BUSY_SECONDS, deadline.remaining()), self._monotonic)
        while True:
            if not self._taken(meta):
                with suppress(LeaseLostError):
                    # Whose turn it is the number says, not what `meta` says of itself.
                    return self._lease.claim(
                        replace(meta, person=caller.person),
                        turn_id,
                        (),
                        caller.route or "",
                        self._limits.lease_seconds,
                    )
            ours = meta.open_turn is not None and meta.open_turn.id == turn_id
            if (deadline if ours else patience).expired:
                return None
            self._sleep(_POLL_SECONDS)
            meta = self._lease.read(caller.conversation)
            if (turn := self._turns.read(caller.conversation, turn_id)) is not None:
                return turn

    def _taken(self, meta: Meta) -> bool:
        """Whether somebody has the conversation: a worker, or a text's turn that is still open.

        A turn of a call that nobody finished is nobody's: its caller has heard nothing of it, and
        says it again or does not.
        """
        if self._lease.busy_seconds(meta) > 0:
            return True
        opened = meta.open_turn
        return opened is not None and not (opened.state is TurnState.CLAIMED and "-" in opened.id)

    def _busy(self, of: Utterance) -> Said:
        meta, texts = self._lease.read(of.caller.conversation), of.texts
        if meta.open_turn is not None and meta.open_turn.id == of.turn_id:
            return Said(None, texts.late, of.turn_id, of.number)  # its other delivery will tell
        generation = meta.generation
        turn = generation and self.offers.instead(of.caller, generation, of.turn_id, of.words)
        if not turn:
            return Said(None, texts.busy, of.turn_id, of.number)
        observability.count("LateAnswer")
        return self._again(turn, of)

    def _again(self, turn: Turn, of: Utterance) -> Said:
        """What a turn of this number came to, if it answered these words.

        Else it was another utterance's, which was under way until now: say it once more.
        """
        if not self._turns.answers(turn, of.words):
            return Said(None, of.texts.busy, of.turn_id, of.number)
        return Said(turn.outcome, self.reply_text(turn), turn.id, of.number)

    def _numbered(
        self, caller: Caller, session: CallSession, words: str, generation: str
    ) -> tuple[int, Turn | None]:
        """The number of an utterance; its turn too, if it has one already.

        A turn of that number which answered other words never reached Lex: this one is the next,
        or, when the hook brings it once more, the latest. What a forgotten turn answered nobody can
        tell: it comes with the next number.
        """
        known = self._turns.read(caller.conversation, session.turn_id(session.turn))
        living = known is not None and known.generation == generation
        if known is None or (living and self._turns.answers(known, words)):
            return session.turn, known
        latest = self._latest(caller) or known
        number = int(latest.id.rpartition("-")[2])
        if not living:
            return number + 1, known
        return (number, latest) if self._turns.answers(latest, words) else (number + 1, None)

    def _latest(self, caller: Caller) -> Turn | None:
        found = self._tables.query(
            self._tables.conversations,
            caller.conversation,
            turn_sk(f"{caller.contact}-"),
            limit=1,
            newest_first=True,
        )
        return readable(found[0]) if found else None
