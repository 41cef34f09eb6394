"""What each type of block does, and where it leads.

Source: the Amazon Connect flow language (API reference). ``BLOCKS`` is the whole list: a flow with
any other type is refused before the phone rings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.phone.bot import BotMessage
from local.phone.contact import Contact
from local.phone.flow_document import ANY_ERROR, MATCH_NOTHING, Block
from local.phone.functions import FunctionError
from local.phone.keypad import KeyRules, gather
from local.phone.lex import Lex, LexError
from local.phone.lex_answers import RejectedError, spoken_words
from local.phone.line import AGENT, CALLER, HANDED_OVER, KEYS, WAITING, Keys, Silence

PRINCIPAL = "connect.amazonaws.com"
LARGEST_ANSWER = 32 * 1024
DEFAULT_KEY_GAP_SECONDS = 5
LONGEST_INPUT = 20
NOTHING_ENTERED = "Timeout"
QUEUE_SECONDS = 0.2  # Between two looks at who answers.
# Ours: on AWS the queue's own flow or a person ends the call. Here, who closed the page while they
# waited or were handed over hangs up no more, and the call would last as long as the stack.
LONGEST_TRANSFER_SECONDS = 3600
# Nobody is there to answer: who hears this on the page should know that it ends here.
AGENT_GREETING = "Hello, you are speaking to a person now. On this machine I only listen."

Step = Callable[[Contact, Block], str | None]


class BlockError(Exception):
    """A block failed; ``kinds`` are its error branches, the closest first."""

    def __init__(self, why: str, *kinds: str) -> None:
        super().__init__(why)
        self.kinds = (*kinds, ANY_ERROR)


def _message(contact: Contact, block: Block) -> str | None:
    _prompt(contact, block, interruptible=False)
    return block.next


def _prompt(contact: Contact, block: Block, *, interruptible: bool) -> None:
    if words := _words(contact, block.parameters):
        contact.line.speak(words, interruptible=interruptible)


def _words(contact: Contact, parameters: Mapping[str, Any]) -> str:
    if ssml := parameters.get("SSML"):
        try:
            return spoken_words(BotMessage(contact.words(ssml), "SSML"))
        except RejectedError as error:
            raise BlockError(str(error)) from error
    return contact.words(str(parameters.get("Text", "")))


def _voice(contact: Contact, block: Block) -> str | None:
    contact.voice = str(block.parameters.get("TextToSpeechVoice", contact.voice))
    return block.next


def _contact_data(contact: Contact, block: Block) -> str | None:
    if language := block.parameters.get("LanguageCode"):
        contact.language = contact.value(language) or contact.language
    return block.next


def _attributes(contact: Contact, block: Block) -> str | None:
    contact.attributes.update(contact.values(block.parameters.get("Attributes", {})))
    return block.next


def _pass(_contact: Contact, block: Block) -> str | None:
    return block.next


def _compare(contact: Contact, block: Block) -> str | None:
    value = contact.value(block.parameters.get("ComparisonValue", ""))
    return _branch(block, value or "")


def _branch(block: Block, value: str) -> str:
    target = block.when(value) or block.on(MATCH_NOTHING)
    if target is None:
        raise BlockError(f"no branch for {value!r}", MATCH_NOTHING)
    return target


def _loop(contact: Contact, block: Block) -> str | None:
    begun = contact.loops.get(block.id, 0)
    if begun < int(block.parameters["LoopCount"]):
        contact.loops[block.id] = begun + 1
        return _branch(block, "ContinueLooping")
    contact.loops[block.id] = 0
    return _branch(block, "DoneLooping")


def _lex(contact: Contact, block: Block) -> str | None:
    alias = contact.value(block.parameters.get("LexV2Bot", {}).get("AliasArn", "")) or ""
    bot = contact.bots.get(alias)
    if bot is None:
        raise BlockError(f"there is no bot behind {alias}")
    locale = contact.language.replace("-", "_")
    lex = Lex(contact.line, bot, locale, contact.session, contact.functions)
    attributes = contact.values(block.parameters.get("LexSessionAttributes", {}))
    try:
        contact.intent = lex.talk(_words(contact, block.parameters), attributes)
    except LexError as error:
        # What a flow still knows of a session that broke off is promised nowhere.
        contact.session.attributes = {}
        raise BlockError(str(error)) from error
    return _branch(block, contact.intent)


def _menu(contact: Contact, block: Block) -> str | None:
    """Ask for keys: one to branch by, or several to store."""
    stores = str(block.parameters.get("StoreInput", "False")) == "True"
    _prompt(contact, block, interruptible=True)
    seconds = float(block.parameters["InputTimeLimitSeconds"])
    heard = contact.line.listen(seconds, takes=(KEYS,))
    if isinstance(heard, Silence):
        contact.line.record("silence", who=CALLER)
    if stores:
        entry = _entry(contact, block, heard.keys) if isinstance(heard, Keys) else NOTHING_ENTERED
        contact.stored_input = entry
        return block.next
    if not isinstance(heard, Keys):
        raise BlockError("no key was pressed", "InputTimeLimitExceeded")
    contact.line.record("keys", heard.keys[:1], who=CALLER)
    return _branch(block, heard.keys[:1])


def _entry(contact: Contact, block: Block, first: str) -> str:
    keypad = block.parameters.get("DTMFConfiguration", {})
    custom = block.parameters.get("InputValidation", {}).get("CustomValidation", {})
    cancel = "" if str(keypad.get("DisableCancelKey", "False")) == "True" else "*"
    rules = KeyRules(
        end=str(keypad.get("InputTerminationSequence", "#")),
        clear=cancel,
        most=int(custom.get("MaximumLength", LONGEST_INPUT)),
        gap_seconds=float(keypad.get("InterdigitTimeLimitSeconds", DEFAULT_KEY_GAP_SECONDS)),
    )
    entry = gather(contact.line, first, rules)
    # What is stored may be a secret: the record says how many keys there were, not which.
    contact.line.record("keys", "•" * len(entry), who=CALLER, note="stored")
    return entry


def _function(contact: Contact, block: Block) -> str | None:
    arn = str(block.parameters["LambdaFunctionARN"])
    given = contact.values(block.parameters.get("LambdaInvocationAttributes", {}))
    try:
        answer = contact.functions.ask(
            contact.line,
            arn,
            contact.event(given),
            seconds=float(block.parameters["InvocationTimeLimitSeconds"]),
            principal=PRINCIPAL,
            source=contact.instance,
        )
    except FunctionError as error:
        raise BlockError(str(error)) from error
    contact.external = _string_map(contact, answer)
    return block.next


def _string_map(contact: Contact, answer: Any) -> dict[str, str]:
    """A function's answer, which is a flat map of text or nothing that Connect can use."""
    flat = isinstance(answer, dict) and all(isinstance(value, str) for value in answer.values())
    if not flat or len(str(answer).encode()) > LARGEST_ANSWER:
        contact.line.record("rejected", "the function's answer is no flat map of text")
        raise BlockError("Connect refuses the function's answer")
    return dict(answer)


def _hours(contact: Contact, block: Block) -> str | None:
    return _branch(block, str(contact.switches.open))


def _target_queue(contact: Contact, block: Block) -> str | None:
    contact.queue = contact.value(block.parameters.get("QueueId", ""))
    if not contact.queue:
        raise BlockError("there is no such queue")
    return block.next


def _queue(contact: Contact, _block: Block) -> str | None:
    if contact.queue is None:
        raise BlockError("no queue was set")
    if contact.switches.queue_full:
        raise BlockError("the queue is full", "QueueAtCapacity")
    line, switches = contact.line, contact.switches
    until = line.clock.monotonic() + LONGEST_TRANSFER_SECONDS
    line.turn(WAITING)
    while not switches.agent_answers and line.clock.monotonic() < until:
        line.wait(lambda: switches.agent_answers, QUEUE_SECONDS)
    if switches.agent_answers:
        line.speak(AGENT_GREETING, interruptible=False, who=AGENT)
        line.turn(HANDED_OVER)
        line.wait_out(until)
    line.record("error", f"{LONGEST_TRANSFER_SECONDS} s and no end: the played Connect lets go")
    return None


def _end(_contact: Contact, _block: Block) -> str | None:
    return None


BLOCKS: dict[str, Step] = {
    "CheckHoursOfOperation": _hours,
    "Compare": _compare,
    "ConnectParticipantWithLexBot": _lex,
    "DisconnectParticipant": _end,
    "GetParticipantInput": _menu,
    "InvokeLambdaFunction": _function,
    "Loop": _loop,
    "MessageParticipant": _message,
    "TransferContactToQueue": _queue,
    "UpdateContactAttributes": _attributes,
    "UpdateContactData": _contact_data,
    "UpdateContactRecordingBehavior": _pass,
    "UpdateContactTargetQueue": _target_queue,
    "UpdateContactTextToSpeechVoice": _voice,
    "UpdateFlowLoggingBehavior": _pass,
}
