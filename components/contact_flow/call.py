"""The flow of a call to the assistant.

Owns the order of a call: language, notice, code, conversation, a person, goodbye. The loop of the
conversation is not here: it lives in the bot, whose function keeps listening until it says in the
session attribute ``next`` that the caller leaves (``goodbye``) or wants a person (``agent``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from components.contact_flow.block import Block
from components.contact_flow.blocks import Menu, Message, SetLanguage, SetLogging, SetVoice, Talk
from components.contact_flow.code_entry import CodeEntry
from components.contact_flow.flow import Flow
from components.contact_flow.routing import (
    CheckHours,
    Compare,
    HangUp,
    Loop,
    SetQueue,
    Transfer,
)
from components.contact_flow.validation import problems
from components.contact_flow.words import Words, words_of

HANG_UP = "hang-up"
NEXT = "$.Lex.SessionAttributes.next"
GOODBYE = "goodbye"
AGENT = "agent"
# How often a conversation that broke off is taken up again, in one call.
FURTHER_TALKS = 1
FURTHER_ROUNDS = 1
CHOICE_SECONDS = 2
MAX_LOCALES = 9
ENGINES = ("standard", "neural", "generative")


@dataclass(frozen=True, kw_only=True)
class SpokenLocale:
    """A language that callers may be spoken to in."""

    locale_id: str
    """The bot's, such as ``en_US``."""
    voice: str
    """A voice of Polly, such as ``Joanna``."""
    engine: str = "neural"
    """``standard``, ``neural`` or ``generative``; the voice has to have it."""
    greeting: str = ""
    """The first words; empty: the language's own."""
    recording_notice: str = ""
    """Spoken before anything else; empty: what ``CallFlowArgs`` says."""
    words: Mapping[str, str] = field(default_factory=dict)
    """Sentences to say instead of the built-in ones, by the names of ``Words``."""

    @property
    def language_code(self) -> str:
        """What Connect calls it: ``en-US``."""
        return self.locale_id.replace("_", "-")


@dataclass(frozen=True, kw_only=True)
class CallFlowArgs:
    """What a call flow is made of."""

    locales: list[SpokenLocale]
    """The first is spoken to who chooses none."""
    alias_arn: str
    """The bot's alias, of Lex V2."""
    recording_notice: str = ""
    """That the call is recorded, in words; empty: nothing is said."""
    proving_arn: str | None = None
    """The function that sends and checks codes. None: nobody proves a number."""
    queue: str | None = None
    """Id or ARN of the queue of people who help. None: nobody does."""
    hours: str | None = None
    """Id or ARN of their hours; needed with ``queue``."""
    silence_seconds: int = 4
    """How long the bot waits for a word."""
    maximum_speech_seconds: int = 12
    """How long a caller may speak at once, at most 15."""
    pause_milliseconds: int = 600
    """How long a caller pauses before their words count as said."""
    interruptible: bool = True
    """Whether a caller may speak over the bot."""
    logging: bool = False
    """Whether the flow keeps a log, except while a code is entered. Turn it on for a short time,
    to find a fault: the log holds callers' numbers."""


def call_flow(args: CallFlowArgs) -> Flow:
    """Build the flow of a call.

    Slugs are those of one language when there is one; with several, each language has blocks of
    its own, ``talk-es-US``, except ``logging``, ``language-rounds`` and ``hang-up``.

    Raises:
        ValueError: If the arguments contradict each other, or the flow they make is not sound.
    """
    _validate(args)
    several = len(args.locales) > 1
    parts = [_Conversation(args, one, several=several) for one in args.locales]
    first = f"language-voice{parts[0].suffix}" if several else parts[0].start
    blocks: dict[str, Block] = {"logging": SetLogging(enabled=args.logging, next=first)}
    if several:
        blocks |= _choice(parts)
    for part in parts:
        blocks |= part.blocks()
    blocks[HANG_UP] = HangUp()
    flow = Flow("logging", blocks)
    found = problems(flow.document())
    if found:
        raise ValueError("the call flow is not sound: " + "; ".join(found))
    return flow


def _validate(args: CallFlowArgs) -> None:
    ids = [one.locale_id for one in args.locales]
    if not 1 <= len(ids) <= MAX_LOCALES:
        raise ValueError(f"a call flow has 1 to {MAX_LOCALES} locales, a key for each; got {ids}")
    if len(set(ids)) != len(ids):
        raise ValueError(f"a locale is named twice: {ids}")
    for one in args.locales:
        if one.engine not in ENGINES:
            raise ValueError(f"{one.locale_id}: engine is one of {ENGINES}, got {one.engine!r}")
    if (args.queue is None) != (args.hours is None):
        raise ValueError("people who help need both a queue and hours")


def _choice(parts: list["_Conversation"]) -> dict[str, Block]:
    """Each language asks in its own voice; any key of any of them counts at any time."""
    keys = {str(number): part.start for number, part in enumerate(parts, 1)}
    fallback = parts[0].start
    blocks: dict[str, Block] = {}
    for number, part in enumerate(parts, 1):
        voice, ask = f"language-voice{part.suffix}", f"language{part.suffix}"
        last = number == len(parts)
        then = "language-rounds" if last else f"language-voice{parts[number].suffix}"
        blocks[voice] = part.voice(ask)
        blocks[ask] = Menu(
            text=part.words.choose_language.replace("{key}", str(number)),
            keys=keys,
            other=then,
            silent=then,
            failed=fallback,
            seconds=CHOICE_SECONDS,
        )
    blocks["language-rounds"] = Loop(
        times=FURTHER_ROUNDS, again=f"language-voice{parts[0].suffix}", done=fallback
    )
    return blocks


class _Conversation:
    """The blocks of one language, from its voice to the last word."""

    def __init__(self, args: CallFlowArgs, locale: SpokenLocale, *, several: bool) -> None:
        self._args = args
        self._locale = locale
        self.suffix = f"-{locale.language_code}" if several else ""
        self.words: Words = words_of(locale.locale_id, locale.words)

    @property
    def start(self) -> str:
        """Slug of the first block."""
        return self._slug("voice")

    def voice(self, then: str) -> SetVoice:
        """Speak this language from here on."""
        return SetVoice(
            voice=self._locale.voice, engine=self._locale.engine, next=then, failed=then
        )

    def blocks(self) -> dict[str, Block]:
        """Every block by slug."""
        talk = self._slug("talk")
        code = self._code(talk)
        then = code.start if code else talk
        notice = self._locale.recording_notice or self._args.recording_notice
        opening: dict[str, Block] = {"voice": self.voice(self._slug("locale"))}
        opening["locale"] = SetLanguage(
            language_code=self._locale.language_code,
            next=self._slug("notice") if notice else then,
            failed=self._slug("notice") if notice else then,
        )
        if notice:
            opening["notice"] = Message(text=notice, next=then, failed=then)
        closing = self._talks()
        if self._args.queue is not None and self._args.hours is not None:
            closing |= self._handing_over(self._args.queue, self._args.hours)
        return self._named(opening) | (code.blocks() if code else {}) | self._named(closing)

    def _named(self, blocks: Mapping[str, Block]) -> dict[str, Block]:
        return {self._slug(name): block for name, block in blocks.items()}

    def _code(self, then: str) -> CodeEntry | None:
        if self._args.proving_arn is None:
            return None
        return CodeEntry(
            words=self.words,
            suffix=self.suffix,
            function_arn=self._args.proving_arn,
            logging=self._args.logging,
            then=then,
        )

    def _talks(self) -> dict[str, Block]:
        """The conversation, what it led to, and what is said when it broke off."""
        equals = {GOODBYE: HANG_UP}
        if self._args.queue is not None:
            equals[AGENT] = self._slug("hours")
        troubles = self._slug("trouble-times")
        again = self._slug("talk-again")
        return {
            "talk": self._talk(self._locale.greeting or self.words.greeting),
            "talk-again": self._talk(self.words.go_on),
            "next": Compare(value=NEXT, equals=equals, otherwise=troubles),
            "trouble-times": Loop(
                times=FURTHER_TALKS, again=self._slug("trouble"), done=self._slug("trouble-end")
            ),
            "trouble": Message(text=self.words.trouble, next=again, failed=again),
            "trouble-end": Message(text=self.words.trouble_end, next=HANG_UP, failed=HANG_UP),
        }

    def _talk(self, text: str) -> Talk:
        troubles = self._slug("trouble-times")
        return Talk(
            text=text,
            alias_arn=self._args.alias_arn,
            session=session_attributes(self._args),
            next=self._slug("next"),
            silent=troubles,
            failed=troubles,
        )

    def _handing_over(self, queue: str, hours: str) -> dict[str, Block]:
        """To a person within hours; else polite words, and back to the assistant."""
        no_human = self._slug("no-human")
        again = self._slug("talk-again")
        return {
            "hours": CheckHours(
                hours=hours,
                within=self._slug("queue"),
                outside=self._slug("closed"),
                failed=no_human,
            ),
            "queue": SetQueue(queue=queue, next=self._slug("hand-over"), failed=no_human),
            "hand-over": Transfer(full=self._slug("busy"), failed=no_human),
            "closed": Message(text=self.words.closed, next=again, failed=again),
            "busy": Message(text=self.words.busy, next=again, failed=again),
            "no-human": Message(text=self.words.no_human, next=again, failed=again),
        }

    def _slug(self, name: str) -> str:
        return f"{name}{self.suffix}"


def session_attributes(args: CallFlowArgs) -> dict[str, str]:
    """What the bot is told: who calls, and how to listen. No text, no code.

    ``next`` is cleared, for a caller who comes back from nobody's queue brings the old one along.
    Time-outs apply to every intent and slot. Source:
    https://docs.aws.amazon.com/connect/latest/adminguide/get-customer-input.html
    """
    return {
        "callerNumber": "$.CustomerEndpoint.Address",
        "calledNumber": "$.SystemEndpoint.Address",
        "contactId": "$.ContactId",
        "next": "none",
        "x-amz-lex:allow-interrupt:*:*": "true" if args.interruptible else "false",
        "x-amz-lex:audio:start-timeout-ms:*:*": str(args.silence_seconds * 1000),
        "x-amz-lex:audio:end-timeout-ms:*:*": str(args.pause_milliseconds),
        "x-amz-lex:audio:max-length-ms:*:*": str(args.maximum_speech_seconds * 1000),
        "x-amz-lex:dtmf:max-length:*:*": "1",
        "x-amz-lex:dtmf:end-timeout-ms:*:*": "1000",
        "x-amz-lex:dtmf:end-character:*:*": "#",
        "x-amz-lex:dtmf:deletion-character:*:*": "*",
    }
