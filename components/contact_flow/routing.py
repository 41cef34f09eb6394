"""The blocks that decide, count, call a function, and bring a caller to a person or off the line.

Owns how each is written down, like ``blocks``, from the same pages.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from components.contact_flow.block import Block, Step, branches, equals
from components.contact_flow.reference import ActionType, ErrorType


@dataclass(frozen=True, kw_only=True)
class Compare(Block):
    """Go on by a value. Source: ``flow-control-actions-compare``."""

    kind: ClassVar[ActionType] = ActionType.COMPARE
    value: str
    """One JSONPath, such as ``$.External.result``."""
    equals: Mapping[str, str]
    otherwise: str

    def _parameters(self) -> dict[str, Any]:
        return {"ComparisonValue": self.value}

    def _transitions(self) -> dict[str, Any]:
        return {
            "NextAction": self.otherwise,
            "Errors": branches({ErrorType.CONDITION: self.otherwise}),
            "Conditions": equals(self.equals),
        }


@dataclass(frozen=True, kw_only=True)
class Loop(Block):
    """Count: ``again`` so many times, then ``done`` once, and from the beginning.

    Source: ``flow-control-actions-loop``. Raises no error.
    """

    kind: ClassVar[ActionType] = ActionType.LOOP
    times: int
    again: str
    done: str

    def _parameters(self) -> dict[str, Any]:
        return {"LoopCount": str(self.times)}

    def _transitions(self) -> dict[str, Any]:
        conditions = {"ContinueLooping": self.again, "DoneLooping": self.done}
        return {"NextAction": self.done, "Errors": [], "Conditions": equals(conditions)}


@dataclass(frozen=True, kw_only=True)
class Invoke(Step):
    """Call a function, whose flat answer is ``$.External``; the caller hears nothing meanwhile.

    Source: ``interactions-invokelambdafunction``. Connect retries within the time limit.
    """

    kind: ClassVar[ActionType] = ActionType.INVOKE
    function_arn: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    """``Details.Parameters`` of the event."""
    seconds: int = 8

    def _parameters(self) -> dict[str, Any]:
        return {
            "LambdaFunctionARN": self.function_arn,
            "InvocationTimeLimitSeconds": str(self.seconds),
            "LambdaInvocationAttributes": dict(self.attributes),
            "ResponseValidation": {"ResponseType": "STRING_MAP"},
        }


@dataclass(frozen=True, kw_only=True)
class CheckHours(Block):
    """Ask whether it is within hours.

    Source: ``flow-control-actions-checkhoursofoperation``: a condition for ``True``, one for
    ``False``, and no other.
    """

    kind: ClassVar[ActionType] = ActionType.CHECK_HOURS
    hours: str
    """Id or ARN of the hours."""
    within: str
    outside: str
    failed: str

    def _parameters(self) -> dict[str, Any]:
        return {"HoursOfOperationId": self.hours}

    def _transitions(self) -> dict[str, Any]:
        return {
            "NextAction": self.outside,
            "Errors": branches({ErrorType.ERROR: self.failed}),
            "Conditions": equals({"True": self.within, "False": self.outside}),
        }


@dataclass(frozen=True, kw_only=True)
class SetQueue(Step):
    """Say where a transfer will go. Source: ``contact-actions-updatecontacttargetqueue``."""

    kind: ClassVar[ActionType] = ActionType.SET_QUEUE
    queue: str
    """Id or ARN of the queue."""

    def _parameters(self) -> dict[str, Any]:
        return {"QueueId": self.queue}


@dataclass(frozen=True, kw_only=True)
class Transfer(Block):
    """Put the caller into the queue that was set, which ends the flow.

    Source: ``contact-actions-transfercontacttoqueue``: takes no parameters. What would follow is
    written like the console does, as what follows an error.
    """

    kind: ClassVar[ActionType] = ActionType.TRANSFER
    full: str
    failed: str

    def _transitions(self) -> dict[str, Any]:
        errors = {ErrorType.CAPACITY: self.full, ErrorType.ERROR: self.failed}
        return {"NextAction": self.failed, "Errors": branches(errors), "Conditions": []}


@dataclass(frozen=True, kw_only=True)
class HangUp(Block):
    """End the call. Source: ``participant-actions-disconnectparticipant``."""

    kind: ClassVar[ActionType] = ActionType.DISCONNECT
