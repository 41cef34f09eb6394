"""What the flow language of Amazon Connect says about the actions that are used here.

Owns the names, the limits, and which errors an action raises. Sources, each action having a page of
its own below the first one:

- https://docs.aws.amazon.com/connect/latest/APIReference/flow-language-actions.html
- https://docs.aws.amazon.com/connect/latest/adminguide/store-customer-input.html
- what ``CreateContactFlow`` refuses, as told by public tools that repair exported flows
"""

import re
from dataclasses import dataclass
from enum import StrEnum

VERSION = "2019-10-30"
MAX_ACTIONS = 250
MAX_IDENTIFIER = 50
MAX_CONDITIONS = 50
# Billed characters of a prompt, and characters with the markup that is not billed.
MAX_TEXT = 3000
MAX_SSML = 6000
MAX_INVOCATION_SECONDS = 8
MAX_LOOPS = 100
MAX_INPUT_SECONDS = 180
# Where a contact's attributes are read, and what names and values may come to.
ATTRIBUTE = "$.Attributes."
MAX_ATTRIBUTES_BYTES = 32 * 1024
# Where stored input is read, and how many digits of it the console allows.
STORED_INPUT = "$.StoredCustomerInput"
MAX_STORED_DIGITS = 20
MAX_INTERDIGIT_SECONDS = 20
# Above it Connect takes the error branch without listening.
MAX_SPEECH_MILLISECONDS = 15_000
MAX_LEX_DIGITS = 1024

_FORBIDDEN_CHARACTERS = re.compile(r"[%:(\\/)=$,;\[\]{}]")
_FORBIDDEN_IDENTIFIERS = {
    "__proto__",
    "constructor",
    "__defineGetter__",
    "__defineSetter__",
    "toString",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "valueOf",
}


class ActionType(StrEnum):
    """The actions that our flows are made of."""

    CHECK_HOURS = "CheckHoursOfOperation"
    COMPARE = "Compare"
    DISCONNECT = "DisconnectParticipant"
    INVOKE = "InvokeLambdaFunction"
    LEX = "ConnectParticipantWithLexBot"
    LOGGING = "UpdateFlowLoggingBehavior"
    LOOP = "Loop"
    INPUT = "GetParticipantInput"
    MESSAGE = "MessageParticipant"
    SET_ATTRIBUTES = "UpdateContactAttributes"
    SET_DATA = "UpdateContactData"
    SET_QUEUE = "UpdateContactTargetQueue"
    SET_VOICE = "UpdateContactTextToSpeechVoice"
    TRANSFER = "TransferContactToQueue"


class ErrorType(StrEnum):
    """Why an action was left by an error branch."""

    CAPACITY = "QueueAtCapacity"
    CONDITION = "NoMatchingCondition"
    ERROR = "NoMatchingError"
    PHONE_NUMBER = "InvalidPhoneNumber"
    TIME = "InputTimeLimitExceeded"


class Operator(StrEnum):
    """How a condition compares."""

    EQUALS = "Equals"
    STARTS_WITH = "TextStartsWith"
    ENDS_WITH = "TextEndsWith"
    CONTAINS = "TextContains"
    GREATER = "NumberGreaterThan"
    GREATER_OR_EQUAL = "NumberGreaterOrEqualTo"
    LESS = "NumberLessThan"
    LESS_OR_EQUAL = "NumberLessOrEqualTo"


@dataclass(frozen=True)
class ActionFacts:
    """What holds for every action of a type."""

    errors: frozenset[ErrorType]
    """Raised by it, so each needs a branch, and no other may have one."""
    operands: frozenset[str] | None = None
    """What it compares with, where that is fixed: each needs a condition. None: anything."""
    conditional: bool = False
    """Whether it has a result that conditions may be about."""
    ends: bool = False
    """Whether the flow may end here."""
    next: bool = True
    """Whether it names what follows when nothing went wrong."""


_ERROR = frozenset({ErrorType.ERROR})
ACTIONS: dict[str, ActionFacts] = {
    ActionType.CHECK_HOURS: ActionFacts(
        _ERROR, operands=frozenset({"True", "False"}), conditional=True
    ),
    ActionType.COMPARE: ActionFacts(frozenset({ErrorType.CONDITION}), conditional=True),
    ActionType.DISCONNECT: ActionFacts(frozenset(), ends=True, next=False),
    ActionType.INVOKE: ActionFacts(_ERROR),
    ActionType.LEX: ActionFacts(
        frozenset({ErrorType.TIME, ErrorType.ERROR, ErrorType.CONDITION}), conditional=True
    ),
    ActionType.LOGGING: ActionFacts(frozenset()),
    # Its page knows no error; it counts by itself, and begins anew once it has said "done".
    ActionType.LOOP: ActionFacts(
        frozenset(), operands=frozenset({"ContinueLooping", "DoneLooping"}), conditional=True
    ),
    ActionType.INPUT: ActionFacts(
        frozenset({ErrorType.TIME, ErrorType.CONDITION, ErrorType.ERROR}), conditional=True
    ),
    ActionType.MESSAGE: ActionFacts(_ERROR),
    ActionType.SET_ATTRIBUTES: ActionFacts(_ERROR),
    ActionType.SET_DATA: ActionFacts(_ERROR),
    ActionType.SET_QUEUE: ActionFacts(_ERROR),
    ActionType.SET_VOICE: ActionFacts(_ERROR),
    ActionType.TRANSFER: ActionFacts(frozenset({ErrorType.CAPACITY, ErrorType.ERROR}), ends=True),
}
REFUSED = {
    "CheckAttribute": "is no action of the flow language; use Compare",
    "EndFlowExecution": "is not available in an inbound flow; use DisconnectParticipant",
}


def stores(parameters: dict[str, object]) -> bool:
    """Whether an input action keeps what was typed, rather than branching by it."""
    return parameters.get("StoreInput") == "True"


def errors_of(kind: str, parameters: dict[str, object]) -> frozenset[ErrorType]:
    """Which errors an action raises, so that each needs a branch.

    Stored input raises no time-out: who types nothing leaves by the ordinary branch, the stored
    value being ``Timeout``. Connect refuses a flow that has a branch for it.
    """
    if kind != ActionType.INPUT or not stores(parameters):
        return ACTIONS[kind].errors
    wanted = parameters.get("InputValidation")
    if isinstance(wanted, dict) and "PhoneNumberValidation" in wanted:
        return _ERROR | {ErrorType.PHONE_NUMBER}
    return _ERROR


def identifier_problem(identifier: object) -> str | None:
    """What is wrong with an identifier, or None."""
    if not isinstance(identifier, str) or not identifier:
        return "an identifier is a text"
    if len(identifier) > MAX_IDENTIFIER:
        return f"an identifier has at most {MAX_IDENTIFIER} characters"
    if _FORBIDDEN_CHARACTERS.search(identifier) or identifier in _FORBIDDEN_IDENTIFIERS:
        return "an identifier must not have one of % : ( \\ / ) = $ , ; [ ] { }, nor be reserved"
    return None
