"""The turn: the only way any channel gets an answer.

    claim → allowance → load window → model with deadline and failover → commit → reply

The channel claims (it knows what waits), the engine answers and commits in one transaction, and
the channel delivers what `Reply` holds. `docs/turn-protocol.md` has the rules.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from conversation import endings
from conversation.allowances import Allowances
from conversation.clocks import Clock
from conversation.committing import COMMIT_SECONDS, Commits
from conversation.deadline import Deadline
from conversation.endings import Ending
from conversation.exchange import EngineSettings, Incoming, Late, Opening, Profile, Reply
from conversation.meta import Claim
from conversation.models import ModelAnswer, ModelChain, NoAnswerError
from conversation.recall import Recall
from conversation.reply_to import ReplyTo
from conversation.tables import Action, Tables
from conversation.texts import Texts

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

__all__ = ["Engine", "EngineSettings", "Incoming", "Late", "Opening", "Profile", "Reply"]


class Engine:
    """Answers claimed turns.

    Args:
        tables: The stack's tables.
        models: The chain of models.
        settings: What the operator decides.
        texts: The fixed sentences.
        clock: Epoch seconds.
        allowances: How much of it there is; None for no limits.
        segments: How many SMS segments a reply takes; None where replies are no texts.
    """

    def __init__(
        self,
        tables: Tables,
        models: ModelChain,
        settings: EngineSettings,
        texts: Texts | None = None,
        clock: Clock = time.time,
        *,
        allowances: Allowances | None = None,
        segments: Callable[[str], int] | None = None,
    ) -> None:
        self._allowances = allowances
        self._models = models
        self._texts = texts or Texts()
        counted = segments or (lambda _text: 0)
        self._commits = Commits(tables, settings, clock, segments=counted)
        self._recall = Recall(tables, models, settings, clock, may_spend=self.may_spend)

    def warm(self) -> None:
        """Build what the first answer needs, while there is time for it."""
        self._models.warm()

    def outgrew(self, conversation: str) -> bool:
        """Whether the answer just made here leaves notes to be taken; says so once.

        For a channel whose function ends with its answer, and has somebody else `tidy`.
        """
        return self._recall.outgrew(conversation)

    def tidy(self, conversation: str, deadline: Deadline, *, unseen: str | None = None) -> int:
        """Keep notes of what the next prompt has no room for, now that nobody waits.

        Args:
            conversation: Which one.
            deadline: The caller's time.
            unseen: Its generation, where it was another worker that answered.

        Returns:
            How many tokens that took.
        """
        return self._recall.tidy(conversation, deadline, unseen=unseen)

    def answer(
        self,
        claim: Claim,
        texts: Sequence[Incoming],
        profile: Profile,
        deadline: Deadline,
        extra_items: Sequence[Action] = (),
        *,
        reply_to: ReplyTo,
        stages: dict[str, int] | None = None,
        opening: Opening | None = None,
        late: Callable[[Claim], Late | None] | None = None,
        if_answered: Sequence[Action] = (),
    ) -> Reply:
        """Answer a claimed turn, or apologise in time; commit either with the person's words.

        Args:
            claim: The turn, in state `claimed`.
            texts: The person's messages, in order.
            profile: The channel's.
            deadline: When the reply must be committed.
            extra_items: The channel's part of the commit, such as the end of its inbox items.
            reply_to: Where the reply will go.
            stages: Milliseconds of the stages before this call; the turn's own are added.
            opening: What has to be said before the first reply of all, when this is it.
            late: What a spoken turn is to end in when the models are too slow, asked for only
                then; None from it for the apology.
            if_answered: Part of the commit only if a model answered.

        Raises:
            LeaseLostError: Somebody else has the turn now.
            StoreBusyError: The store did not answer within the deadline.
        """
        stages = {} if stages is None else stages
        ending = self.refusal(claim, profile)
        if ending is None:
            ending, more = self._answered(claim, texts, profile, deadline, stages, late=late)
            extra_items = [*extra_items, *more, *(if_answered if ending.answer else ())]
        if profile.spoken:
            ending = ending.aloud(texts)
        if opening is not None and ending.text:
            ending, extra_items = ending.after(opening.words), [*extra_items, *opening.items]
        return self.commit(
            claim, ending, extra_items, reply_to=reply_to, stages=stages, deadline=deadline
        )

    def set_aside(
        self,
        claim: Claim,
        extra_items: Sequence[Action],
        *,
        reply_to: ReplyTo | None,
        deadline: Deadline,
    ) -> Reply:
        """End a turn whose words break it each time: unopened, with an apology (rule 7).

        `reply_to` is None when not even the address can be read: then nobody is told; nor is who
        has used up an allowance.
        """
        told = reply_to is not None and self.refusal(claim) is None
        text = self._texts.set_aside if told else ""
        ending = endings.set_aside(text)
        reply_to = reply_to or {}
        return self.commit(
            claim, ending, extra_items, reply_to=reply_to, stages={}, deadline=deadline
        )

    def stop(
        self, claim: Claim, extra_items: Sequence[Action], *, reply_to: ReplyTo, deadline: Deadline
    ) -> Reply:
        """End a turn of a person who has opted out: no model call, nothing to send (rule 14)."""
        ending = endings.stopped()
        return self.commit(
            claim, ending, extra_items, reply_to=reply_to, stages={}, deadline=deadline
        )

    def refusal(self, claim: Claim, profile: Profile | None = None) -> Ending | None:
        """How the turn ends when an allowance is used up: before anything is loaded or opened."""
        spent = self._allowances and self._allowances.spent(claim.conversation, claim.whose)
        if not spent:
            return None
        if profile is not None and profile.spoken:  # silence on the line is no answer
            return endings.refused(profile.refused or self._texts.refused)
        return endings.refused("" if spent.silent else self._texts.refused)

    def commit(
        self,
        claim: Claim,
        ending: Ending,
        extra_items: Sequence[Action],
        *,
        reply_to: ReplyTo,
        stages: dict[str, int],
        deadline: Deadline,
    ) -> Reply:
        """Commit a turn that ended in a way of the caller's own.

        Raises:
            LeaseLostError: Somebody else has the turn now.
            StoreBusyError: The store did not answer within the deadline.
        """
        return self._commits.commit(
            claim, ending, extra_items, reply_to=reply_to, stages=stages, deadline=deadline
        )

    def may_spend(self, conversation: str) -> bool:
        """Whether no allowance of the conversation is used up."""
        return not (self._allowances and self._allowances.spent(conversation))

    def ask(self, prompt: Sequence[BaseMessage], deadline: Deadline) -> ModelAnswer:
        """Ask the models something of the caller's own, with time left for its commit.

        Raises:
            NoAnswerError: None answered in time.
        """
        return self._models.answer(prompt, deadline.less(COMMIT_SECONDS))

    def _answered(
        self,
        claim: Claim,
        texts: Sequence[Incoming],
        profile: Profile,
        deadline: Deadline,
        stages: dict[str, int],
        *,
        late: Callable[[Claim], Late | None] | None,
    ) -> tuple[Ending, Sequence[Action]]:
        """Window and model, each with its time; and what else the commit is to write."""
        began = time.monotonic()
        prompt = self._recall.prompt(claim, texts, profile)
        stages["load"] = _lap(began)
        began = time.monotonic()
        try:
            answer = self._models.answer(prompt, deadline.less(COMMIT_SECONDS))
        except NoAnswerError as error:
            stages["model"] = _lap(began)
            offered = late(claim) if late is not None and error.timed_out else None
            if offered is not None:
                return endings.offered(offered.words, error.attempts), offered.items
            apology = (profile.late if error.timed_out else "") or profile.apology
            apology = apology or self._texts.apology
            return endings.apologised(texts, apology, error.attempts), ()
        stages["model"] = _lap(began)
        return endings.answered(texts, answer), ()


def _lap(began: float) -> int:
    return int((time.monotonic() - began) * 1000)
