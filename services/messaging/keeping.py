"""KEEP: notes of a call enter the memory of the person who holds the phone, once.

The model writes the notes from the call's own messages; the commit that adds them to the person's
memory is the one that marks the offer as kept, so a crash or a second KEEP adds nothing twice.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from conversation.clocks import MILLISECONDS, Clock
from conversation.deadline import Deadline
from conversation.endings import Ending, apologised, kept, noticed
from conversation.exchange import Incoming, Opening
from conversation.folding import notes_prompt, portions
from conversation.keys import ForgottenError, Keys
from conversation.messages import Messages
from conversation.meta import Claim
from conversation.models import ModelAnswer, NoAnswerError
from conversation.persons import contact_of
from conversation.reply_to import ReplyTo
from conversation.summaries import Summaries, Summary
from conversation.tables import Action, ConditionFailedError, Tables
from conversation.texts import Texts
from conversation.turn import Engine, Reply
from conversation.window import Shown, presentable
from messaging.keeps import Keep, Keeps

_ATTEMPTS = 3
_MESSAGES = 1200
"""More than a call has: `voice.maximumTurns` is 500 at most."""
_WINDOWS = 2
_PARTS = 3
_LONGEST = 2000


class Keeping:
    """Answers those who ask that a call be remembered.

    Args:
        tables: The tables.
        engine: Asks the model and commits.
        texts: The fixed sentences.
        window_tokens: How much a model is shown of a conversation; of a call, twice that at once
            and six times that in all. Of a longer one long answers are shortened.
        message_days: Lifetime of a message.
        clock: Epoch seconds.
    """

    def __init__(
        self,
        tables: Tables,
        engine: Engine,
        texts: Texts,
        *,
        window_tokens: int,
        message_days: int,
        clock: Clock = time.time,
    ) -> None:
        self._engine = engine
        self._tokens = _WINDOWS * window_tokens
        self._texts = texts
        self._keys = Keys(tables, clock)
        self._keeps = Keeps(tables, clock)
        self._messages = Messages(tables, clock, message_days)
        self._summaries = Summaries(tables, clock, message_days)

    def reply(
        self,
        claim: Claim,
        call: str,
        texts: Sequence[Incoming],
        taking: Sequence[Action],
        *,
        reply_to: ReplyTo,
        stages: dict[str, int],
        opening: Opening | None,
        deadline: Deadline,
    ) -> Reply:
        """Remember a call and say so, or say why not; in one commit.

        Args:
            claim: The turn, in the person's own conversation.
            call: The call's conversation.
            texts: What the person wrote.
            taking: The end of their inbox items.
            reply_to: Where the reply goes.
            stages: Milliseconds of the stages before.
            opening: What has to be said before the first reply of all.
            deadline: When the reply must be committed.

        Raises:
            LeaseLostError: Somebody else has the turn now.
        """
        for attempt in range(_ATTEMPTS):
            refused = self._engine.refusal(claim)
            ending, items = (refused, []) if refused else self._ending(claim, call, texts, deadline)
            if opening is not None and ending.text:
                ending, items = ending.after(opening.words), [*items, *opening.items]
            try:
                return self._engine.commit(
                    claim,
                    ending,
                    [*taking, *items],
                    reply_to=reply_to,
                    stages=stages,
                    deadline=deadline,
                )
            except ConditionFailedError:
                # Kept or forgotten since it was read: the next reading says so.
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("not reached")

    def _ending(
        self, claim: Claim, call: str, texts: Sequence[Incoming], deadline: Deadline
    ) -> tuple[Ending, list[Action]]:
        person = claim.whose or ""
        keep = self._keeps.read(person, contact_of(call) or "")
        if keep is not None and keep.kept_at is not None:
            return noticed(texts, self._texts.kept_already), []
        said = self._said(keep, person) if keep is not None else None
        if keep is None or said is None:
            return noticed(texts, self._texts.keep_gone), []
        try:
            answer = self._notes(*said, deadline)
        except NoAnswerError as error:
            return apologised(texts, self._texts.keep_later, error.attempts), []
        notes = f"{_title(keep)}\n{answer.text[:_LONGEST]}"
        unforgotten = self._keys.condition(call, keep.generation)
        ending = kept(texts, notes, self._texts.kept, answer)
        return ending, [self._keeps.keeping(person, keep), unforgotten]

    def _said(self, keep: Keep, person: str) -> tuple[Summary, list[Shown]] | None:
        """Notes of the call's beginning, if there are any, and all that was said after them.

        None for a call that is forgotten, or that was not offered to this person.
        """
        try:
            if not self._keeps.is_for(keep, person):
                return None
            before = self._summaries.read(keep.conversation, keep.generation)
            stored, _ = self._messages.since(
                keep.conversation, keep.generation, before.through, _MESSAGES
            )
        except ForgottenError:
            return None
        said = presentable(stored)
        return (before, said) if said or before.text else None

    def _notes(self, before: Summary, said: Sequence[Shown], deadline: Deadline) -> ModelAnswer:
        """Notes of a whole call, part by part; its tokens are those of all of them."""
        answers: list[ModelAnswer] = []
        for part in list(portions(said, self._tokens, _PARTS)) or [[]]:
            prompt = notes_prompt(before, part, self._tokens)
            answers.append(self._engine.ask(prompt, deadline))
            before = replace(before, text=answers[-1].text[:_LONGEST])
        return replace(
            answers[-1],
            input_tokens=sum(answer.input_tokens for answer in answers),
            output_tokens=sum(answer.output_tokens for answer in answers),
            attempts=[tried for answer in answers for tried in answer.attempts],
        )


def _title(keep: Keep) -> str:
    """When the call was: the model is to know, for whoever asks."""
    at = datetime.fromtimestamp(keep.started_at / MILLISECONDS, UTC)
    return f"A telephone call of theirs on {at:%Y-%m-%d at %H:%M} UTC:"
