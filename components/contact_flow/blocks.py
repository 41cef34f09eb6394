"""The blocks that speak, listen, and set how that is done.

Owns how each is written down, the branches included that its action needs. Does not own whether a
flow of them makes sense: that is ``validation``. Shapes: the page of each action below
https://docs.aws.amazon.com/connect/latest/APIReference/flow-language-actions.html, and exported
flows where the pages differ from them. Numbers are written as text, as the console does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from components.contact_flow.block import Block, Step, branches, equals
from components.contact_flow.reference import ActionType, ErrorType


@dataclass(frozen=True, kw_only=True)
class SetLogging(Block):
    """Turn the flow's own log on or off; it holds what functions are sent. Fails in no way.

    Source: ``contact-actions-updateflowloggingbehavior``.
    """

    kind: ClassVar[ActionType] = ActionType.LOGGING
    enabled: bool
    next: str

    def _parameters(self) -> dict[str, Any]:
        return {"FlowLoggingBehavior": "Enabled" if self.enabled else "Disabled"}

    def _transitions(self) -> dict[str, Any]:
        return {"NextAction": self.next, "Errors": [], "Conditions": []}


@dataclass(frozen=True, kw_only=True)
class SetVoice(Step):
    """Choose who speaks from here on, Lex included; an invalid voice leaves the call mute.

    Source: ``contact-actions-updatecontacttexttospeechvoice``. The page allows a dynamic voice,
    which nobody can check before the call: ours are static.
    """

    kind: ClassVar[ActionType] = ActionType.SET_VOICE
    voice: str
    engine: str
    """``standard``, ``neural`` or ``generative``."""

    def _parameters(self) -> dict[str, Any]:
        return {
            "TextToSpeechVoice": self.voice,
            "TextToSpeechEngine": self.engine.capitalize(),
            "TextToSpeechStyle": "None",
        }


@dataclass(frozen=True, kw_only=True)
class SetLanguage(Step):
    """Say the contact's language, by which Connect finds the locale of a bot.

    Source: ``contact-actions-updatecontactdata``. Without ``TargetContact``, as the console writes
    the second half of its block "Set voice".
    """

    kind: ClassVar[ActionType] = ActionType.SET_DATA
    language_code: str
    """Such as ``en-US`` for the locale ``en_US``."""

    def _parameters(self) -> dict[str, Any]:
        return {"LanguageCode": self.language_code}


@dataclass(frozen=True, kw_only=True)
class SetAttributes(Step):
    """Keep values with the contact, in clear and in its record.

    Source: ``contact-actions-updatecontactattributes``.
    """

    kind: ClassVar[ActionType] = ActionType.SET_ATTRIBUTES
    attributes: Mapping[str, str]

    def _parameters(self) -> dict[str, Any]:
        return {"Attributes": dict(self.attributes), "TargetContact": "Current"}


@dataclass(frozen=True, kw_only=True)
class Message(Step):
    """Say something. Keys pressed meanwhile are lost to a following ``StoreInput``.

    Source: ``participant-actions-messageparticipant``.
    """

    kind: ClassVar[ActionType] = ActionType.MESSAGE
    text: str

    def _parameters(self) -> dict[str, Any]:
        return {"Text": self.text}


@dataclass(frozen=True, kw_only=True)
class Menu(Block):
    """Ask for one key.

    Source: ``participant-actions-getparticipantinput`` with ``StoreInput`` ``False``: conditions
    are about a single one of ``0`` to ``9``, ``*``, ``#``, and all three errors need a branch.
    """

    kind: ClassVar[ActionType] = ActionType.INPUT
    text: str
    keys: Mapping[str, str]
    """What follows by the key that was pressed."""
    other: str
    """What follows any other key."""
    silent: str
    """What follows no key at all."""
    failed: str
    seconds: int = 5
    """How long to wait for a key once the words are spoken."""

    def _parameters(self) -> dict[str, Any]:
        return {
            "Text": self.text,
            "StoreInput": "False",
            "InputTimeLimitSeconds": str(self.seconds),
        }

    def _transitions(self) -> dict[str, Any]:
        errors = {
            ErrorType.TIME: self.silent,
            ErrorType.CONDITION: self.other,
            ErrorType.ERROR: self.failed,
        }
        return {
            "NextAction": self.other,
            "Errors": branches(errors),
            "Conditions": equals(self.keys),
        }


@dataclass(frozen=True, kw_only=True)
class StoreInput(Step):
    """Ask for several digits, kept as ``$.StoredCustomerInput``, never heard by a bot.

    Sources: ``participant-actions-getparticipantinput`` with ``StoreInput`` ``True``, and
    ``adminguide/store-customer-input``: no key at all leaves by ``next`` with the value
    ``Timeout``; ``*`` deletes what was typed.
    """

    kind: ClassVar[ActionType] = ActionType.INPUT
    text: str
    digits: int
    """How many at most; the entry ends with the last, with ``#``, or after a pause."""
    seconds: int = 10
    """How long to wait for the first digit once the words are spoken."""

    def _parameters(self) -> dict[str, Any]:
        return {
            "Text": self.text,
            "StoreInput": "True",
            "InputTimeLimitSeconds": str(self.seconds),
            "InputValidation": {"CustomValidation": {"MaximumLength": str(self.digits)}},
            "DTMFConfiguration": {"InputTerminationSequence": "#", "DisableCancelKey": "False"},
        }


@dataclass(frozen=True, kw_only=True)
class Talk(Block):
    """Hand the caller to a bot, which listens and speaks until it closes the conversation.

    Source: ``participant-actions-connectparticipantwithlexbot``. The result is the name of an
    intent, about which no condition is made: the function says in a session attribute what follows.
    """

    kind: ClassVar[ActionType] = ActionType.LEX
    text: str
    """The first words; the bot listens after them."""
    alias_arn: str
    session: Mapping[str, str]
    """Session attributes, as every function and log of the bot sees them."""
    next: str
    silent: str
    failed: str

    def _parameters(self) -> dict[str, Any]:
        return {
            "Text": self.text,
            "LexV2Bot": {"AliasArn": self.alias_arn},
            "LexSessionAttributes": dict(self.session),
        }

    def _transitions(self) -> dict[str, Any]:
        errors = {
            ErrorType.TIME: self.silent,
            ErrorType.ERROR: self.failed,
            ErrorType.CONDITION: self.next,
        }
        return {"NextAction": self.next, "Errors": branches(errors), "Conditions": []}
