"""The dialog of a call: what is said to an utterance, and whether the call goes on.

Owns everything around the conversation: silence, what was not understood, keys, phrases, offers,
the call's length. What is conversation goes to `CallTurns`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import Final

from conversation import observability
from conversation.clocks import Clock, milliseconds
from conversation.deadline import Deadline
from conversation.outcomes import Outcome
from conversation.switch import Switch
from texting.held import Release
from voice.call_session import AGENT, GOODBYE, CallSession
from voice.call_texts import CallTexts, Sentences
from voice.call_turn import CallTurns
from voice.lex_event import InputMode, LexEvent
from voice.phrases import Meaning, language_of, meaning_of
from voice.rendering import Speech, chat, speech
from voice.utterance import Said

ASKED_AGAIN: Final = 2
"""How often in a row a caller is asked again, in silence or when not understood."""

_KEYS: Final = {
    "0": Meaning.AGENT,
    "1": Meaning.YES,
    "2": Meaning.NO,
    "9": Meaning.REPEAT,
}


@dataclass(frozen=True)
class Policy:
    """How calls go.

    Attributes:
        locales: Lex's names of the languages, the first the stack's own.
        agents: Whether a caller can be handed over to a human.
        maximum_turns: Answers in one call.
        minimum_confidence: Speech understood less surely than this is asked for again.
    """

    locales: tuple[str, ...]
    agents: bool
    maximum_turns: int
    minimum_confidence: float


@dataclass(frozen=True)
class Line:
    """What is said next.

    Attributes:
        text: A fixed sentence, or an answer in Markdown.
        then: What the flow is to do after it; None to go on listening.
        answer: Whether the text is an answer, which may be long.
        begin: How much of the answer was said before.
        settles: Whether it answers a yes or a no to what was offered.
    """

    text: str
    then: str | None = None
    answer: bool = False
    begin: int = 0
    settles: bool = False


@dataclass(frozen=True)
class Turned:
    """What an utterance comes to.

    Attributes:
        speech: What is said.
        then: What the flow is to do after it; None to go on listening.
    """

    speech: Speech
    then: str | None


class Dialog:
    """Hears utterances.

    Args:
        turns: The conversation.
        switch: Whether the operator has paused the stack.
        sentences: The fixed sentences.
        policy: How calls go.
        clock: Epoch seconds.
    """

    def __init__(
        self,
        turns: CallTurns,
        switch: Switch,
        sentences: Sentences,
        policy: Policy,
        clock: Clock = time.time,
    ) -> None:
        self._turns = turns
        self._switch = switch
        self._sentences = sentences
        self._policy = policy
        self._clock = clock

    def hear(self, event: LexEvent, session: CallSession, deadline: Deadline) -> Turned:
        """What to say to an utterance; `session` is moved on to the next.

        Args:
            event: The utterance.
            session: The call as it was before it.
            deadline: When the reply must be committed.
        """
        session.started_at = session.started_at or milliseconds(self._clock)
        language, texts = self.language(event)
        standing = session.offer
        line = self._line(event, session, language, texts, deadline)
        if line.then is not None:
            session.offer = ""  # an offer ends with its call
        if standing not in {"", session.offer} and not line.settles:
            self._turns.offers.lapse(session.number, session.contact, standing, deadline)
        session.failures = 0
        render = chat if event.mode is InputMode.TEXT else partial(speech, language=language)
        said = render(line.text, begin=line.begin, more=texts.more)
        session.more = said.through if line.answer and said.more else 0
        foreign = bool(event.locale) and event.locale not in self._policy.locales
        if foreign and not session.locale_told:
            session.locale_told = True
            apology = render(texts.other_language)
            said = Speech([*apology.messages, *said.messages], said.through, said.more)
        return Turned(said, line.then)

    def language(self, event: LexEvent) -> tuple[str, CallTexts]:
        """The language of an utterance and its sentences; the first one's for an unknown locale."""
        known = event.locale in self._policy.locales
        language = language_of(event.locale if known else self._policy.locales[0])
        return language, self._sentences.of(language)

    def _line(
        self,
        event: LexEvent,
        session: CallSession,
        language: str,
        texts: CallTexts,
        deadline: Deadline,
    ) -> Line:
        if self._switch.position().paused:
            return Line(texts.paused, GOODBYE)
        if not event.transcript:
            return self._silence(session, texts)
        session.silences = 0
        if event.mode is InputMode.KEYS:
            meaning: Meaning | None = _KEYS.get(event.transcript, Meaning.HELP)
        elif self._is_unclear(event, session):
            return Line(texts.unclear)
        else:
            meaning = meaning_of(event.transcript, language)
        session.unclear = 0
        line = self._meant(meaning, session, texts)
        if line is not None:
            return line
        if event.mode is InputMode.KEYS:
            return self._help(texts)
        return self._conversation(event.transcript, session, texts, deadline)

    def _silence(self, session: CallSession, texts: CallTexts) -> Line:
        session.silences += 1
        if session.silences > ASKED_AGAIN:
            return Line(texts.silence_end, GOODBYE)
        if session.silences == 1 and session.turn == 1:
            self._turns.warm()
        return Line(texts.offer if session.offer else texts.silence)

    def _is_unclear(self, event: LexEvent, session: CallSession) -> bool:
        """Whether to ask again; after two times what was understood is taken as it is."""
        sure = event.mode is not InputMode.SPEECH or event.confidence is None
        if sure or (event.confidence or 0.0) >= self._policy.minimum_confidence:
            return False
        session.unclear += 1
        return session.unclear <= ASKED_AGAIN

    def _meant(
        self, meaning: Meaning | None, session: CallSession, texts: CallTexts
    ) -> Line | None:
        """What is said to an instruction; None when it is none here and now."""
        if session.offer and meaning in {Meaning.YES, Meaning.NO}:
            return self._offered(meaning, session, texts)
        if meaning in {Meaning.HELP, Meaning.REPEAT}:  # an offer stands still
            helping = meaning is Meaning.HELP
            return self._help(texts) if helping else self._repeated(session, texts, begin=0)
        session.offer = ""
        if meaning is Meaning.GOODBYE:
            return Line(texts.goodbye, GOODBYE)
        if meaning is Meaning.AGENT:
            return Line(texts.agent, AGENT) if self._policy.agents else Line(texts.no_agent)
        if meaning is Meaning.MORE and session.more:
            return self._repeated(session, texts, begin=session.more)
        return None

    def _help(self, texts: CallTexts) -> Line:
        return Line(texts.help_with(agents=self._policy.agents))

    def _offered(self, meaning: Meaning, session: CallSession, texts: CallTexts) -> Line:
        caller, offer = self._turns.caller(session), session.offer
        if meaning is Meaning.NO:
            self._turns.offers.decline(caller, offer)
            session.offer = ""
            return Line(texts.declined, settles=True)
        release = self._turns.offers.accept(caller, offer)
        session.offer = ""
        if release is None:
            return Line(texts.late, settles=True)
        return Line(texts.gone if release is Release.GONE else texts.released, settles=True)

    def _repeated(self, session: CallSession, texts: CallTexts, *, begin: int) -> Line:
        if session.offer:
            return Line(texts.offer)
        last = self._turns.last(session)
        text = self._turns.reply_text(last) if last is not None else ""
        return Line(text, answer=True, begin=begin) if text else Line(texts.nothing)

    def _conversation(
        self, words: str, session: CallSession, texts: CallTexts, deadline: Deadline
    ) -> Line:
        if session.turn > self._policy.maximum_turns:
            return Line(texts.too_long, GOODBYE)
        said = self._turns.answer(session, words, texts, deadline)
        session.turn = said.number if said.outcome is None else said.number + 1
        return self._reply(said, session, texts)

    def _reply(self, said: Said, session: CallSession, texts: CallTexts) -> Line:
        if said.outcome is Outcome.OFFERED:
            session.offer = said.turn_id
            return Line(texts.offer)
        if said.outcome is Outcome.REFUSED:
            return Line(said.text or texts.refused, GOODBYE)
        if said.outcome is not Outcome.ANSWERED:
            observability.count("SpokenApology")
        return Line(said.text or texts.apology, answer=said.outcome is Outcome.ANSWERED)
