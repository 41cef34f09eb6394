"""The flow of a call to the assistant.

Owns the order of a call: language, notice, code, conversation, a person, goodbye. The loop of the
conversation is not here: it lives in the bot, whose function keeps listening until it says in the
session attribute ``next`` that the caller leaves (``goodbye``) or wants a person (``agent``).
"""

from dataclasses import dataclass

from components.contact_flow.block import Block
from components.contact_flow.blocks import Message, SetLogging, Talk
from components.contact_flow.code_entry import CodeEntry
from components.contact_flow.flow import Flow
from components.contact_flow.languages import (
    NOTICE,
    Language,
    Script,
    SpokenLocale,
    choice,
    looked_up,
    script_of,
)
from components.contact_flow.routing import (
    CheckHours,
    Compare,
    HangUp,
    Loop,
    SetQueue,
    Transfer,
)
from components.contact_flow.validation import problems

HANG_UP = "hang-up"
SPEECHLESS = "speechless"
SESSION = "$.Lex.SessionAttributes."
NEXT = f"{SESSION}next"
GOODBYE = "goodbye"
AGENT = "agent"
# What our function keeps in the session, and a second conversation of the same call goes on from.
# That Lex keeps it by itself from one block to the next is promised nowhere.
CARRIED = ("turn", "more", "offer", "callStarted", "locale")
# How often a conversation that broke off is taken up again, in one call.
FURTHER_TALKS = 1
MAX_LOCALES = 9
# How long a caller pauses before their words count as said.
PAUSE_MILLISECONDS = 600
ENGINES = ("standard", "neural", "generative")


@dataclass(frozen=True, kw_only=True)
class CallFlowArgs:
    """What a call flow is made of."""

    locales: list[SpokenLocale]
    """The first is spoken to who chooses none."""
    alias_arn: str
    """The bot's alias, of Lex V2."""
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


def call_flow(args: CallFlowArgs) -> Flow:
    """Build the flow of a call.

    Slugs are the same whatever is switched on. What each of several languages has of its own
    carries its code, such as ``voice-es-US``.

    Raises:
        ValueError: If the arguments contradict each other, or the flow they make is not sound.
    """
    _validate(args)
    several = len(args.locales) > 1
    languages = [Language(one, several=several) for one in args.locales]
    conversation = _Conversation(args, script_of(languages))
    spoken = looked_up(conversation.blocks())
    first = languages[0].slug("language-voice") if several else languages[0].start
    blocks: dict[str, Block] = {"logging": SetLogging(enabled=False, next=first)}
    if several:
        blocks |= choice(languages)
    for one in languages:
        blocks |= one.opening(conversation.start, spoken, SPEECHLESS)
    if several:
        sorry = languages[0].script.words.trouble_end
        blocks[SPEECHLESS] = Message(text=sorry, next=HANG_UP, failed=HANG_UP)
    blocks |= conversation.blocks()
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


class _Conversation:
    """The blocks of every call, from the notice to the last word."""

    def __init__(self, args: CallFlowArgs, script: Script) -> None:
        self._args = args
        self._words = script.words
        self._notice = script.notice
        self._code = None
        if args.proving_arn is not None:
            self._code = CodeEntry(
                words=script.words,
                function_arn=args.proving_arn,
                then="talk",
            )

    @property
    def start(self) -> str:
        """Slug of what follows the notice."""
        return "code-offer" if self._code else "talk"

    def blocks(self) -> dict[str, Block]:
        """Every block by slug."""
        blocks: dict[str, Block] = {}
        if self._notice:
            blocks[NOTICE] = Message(text=self._notice, next=self.start, failed=self.start)
        if self._code:
            blocks |= self._code.blocks()
        blocks |= self._talks()
        if self._args.queue is not None and self._args.hours is not None:
            blocks |= self._handing_over(self._args.queue, self._args.hours)
        return blocks

    def _talks(self) -> dict[str, Block]:
        """The conversation, what it led to, and what is said when it broke off."""
        equals = {GOODBYE: HANG_UP}
        if self._args.queue is not None:
            equals[AGENT] = "hours"
        return {
            "talk": self._talk(self._words.greeting, session_attributes(self._args)),
            "talk-again": self._talk(
                self._words.go_on, session_attributes(self._args) | carried_attributes()
            ),
            "next": Compare(value=NEXT, equals=equals, otherwise="trouble-times"),
            "trouble-times": Loop(times=FURTHER_TALKS, again="trouble", done="trouble-end"),
            "trouble": Message(text=self._words.trouble, next="talk-again", failed="talk-again"),
            "trouble-end": Message(text=self._words.trouble_end, next=HANG_UP, failed=HANG_UP),
        }

    def _talk(self, text: str, session: dict[str, str]) -> Talk:
        return Talk(
            text=text,
            alias_arn=self._args.alias_arn,
            session=session,
            next="next",
            silent="trouble-times",
            failed="trouble-times",
        )

    def _handing_over(self, queue: str, hours: str) -> dict[str, Block]:
        """To a person within hours; else polite words, and back to the assistant."""
        words = self._words
        return {
            "hours": CheckHours(hours=hours, within="queue", outside="closed", failed="no-human"),
            "queue": SetQueue(queue=queue, next="hand-over", failed="no-human"),
            "hand-over": Transfer(full="busy", failed="no-human"),
            "closed": Message(text=words.closed, next="talk-again", failed="talk-again"),
            "busy": Message(text=words.busy, next="talk-again", failed="talk-again"),
            "no-human": Message(text=words.no_human, next="talk-again", failed="talk-again"),
        }


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
        "x-amz-lex:allow-interrupt:*:*": "true",
        "x-amz-lex:audio:start-timeout-ms:*:*": str(args.silence_seconds * 1000),
        "x-amz-lex:audio:end-timeout-ms:*:*": str(PAUSE_MILLISECONDS),
        "x-amz-lex:audio:max-length-ms:*:*": str(args.maximum_speech_seconds * 1000),
        "x-amz-lex:dtmf:max-length:*:*": "1",
        "x-amz-lex:dtmf:end-timeout-ms:*:*": "1000",
        "x-amz-lex:dtmf:end-character:*:*": "#",
        "x-amz-lex:dtmf:deletion-character:*:*": "*",
    }


def carried_attributes() -> dict[str, str]:
    """What a further conversation of the call is told of the one before."""
    return {name: f"{SESSION}{name}" for name in CARRIED}
