"""The telephone exchange of a stack: who answers which number, and the calls under way."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from typing import Any

from components.contact_flow import problems
from local.phone.bot import Bot
from local.phone.call import Call
from local.phone.clock import INSTANT, Clock, Pace
from local.phone.contact import INSTANCE, Contact, Switches
from local.phone.flow_document import FlowDocument, FlowError, read_flow
from local.phone.functions import Functions, HookFaults, Invoke, Permitted
from local.phone.line import Line

CALLS_KEPT = 100  # Of those that are over.


class NumberError(LookupError):
    """Nobody answers at a number."""


class Phone:
    """Calls to a stack's numbers.

    Args:
        flows: Number → the declared contact flow, as data.
        bots: By alias ARN.
        invoke: Runs an event through a function, by its name; blocking.
        permitted: The functions' resource policies; None allows everything.
        associated: ARNs of the aliases and functions that the Connect instance may use; None
            stands for all.
        instance: ARN of the Connect instance.
        clock: Time.
        pace: Of calls that are not given one.
    """

    def __init__(
        self,
        flows: Mapping[str, Mapping[str, Any]],
        bots: Mapping[str, Bot],
        invoke: Invoke,
        *,
        permitted: Permitted | None = None,
        associated: Collection[str] | None = None,
        instance: str = INSTANCE,
        clock: Clock | None = None,
        pace: Pace = INSTANT,
    ) -> None:
        self.faults = HookFaults()
        self.switches = Switches()
        self.pace = pace
        self._flows = dict(flows)
        self._bots = dict(bots)
        self._associated = associated
        self._instance = instance
        self._clock = clock or Clock()
        self._functions = Functions(
            invoke, permitted or (lambda _arn, _principal, _source: True), self.faults
        )
        self._calls: list[Call] = []
        self._lock = threading.Lock()

    @property
    def numbers(self) -> list[str]:
        """The numbers that somebody answers."""
        return sorted(self._flows)

    @property
    def calls(self) -> list[Call]:
        """The calls under way and the latest that are over, oldest first."""
        with self._lock:
            return list(self._calls)

    def find(self, call_id: str) -> Call:
        """Return a call by its id.

        Raises:
            LookupError: There is none.
        """
        for call in self.calls:
            if call.id == call_id:
                return call
        raise LookupError(f"no call {call_id}")

    def flow(self, number: str) -> Mapping[str, Any]:
        """Return the contact flow that answers a number.

        Raises:
            NumberError: Nobody answers there.
        """
        if number not in self._flows:
            raise NumberError(f"nobody answers at {number}; there are {self.numbers}")
        return self._flows[number]

    def dial(self, caller: str | None, number: str, *, pace: Pace | None = None) -> Call:
        """Call a number.

        Args:
            caller: Number that the carrier passes on; None when it is withheld.
            number: To call.
            pace: How fast things go.

        Raises:
            NumberError: Nobody answers there.
            FlowError: What answers cannot be executed; nothing rings.
        """
        flow = self._checked(number)
        contact = Contact(
            line=Line(self._clock, pace or self.pace),
            caller=caller,
            number=number,
            bots=self._bots,
            functions=self._functions,
            switches=self.switches,
            instance=self._instance,
        )
        call = Call(contact, flow)
        with self._lock:
            over = [one for one in self._calls if one.ended][:-CALLS_KEPT]
            self._calls = [one for one in self._calls if one not in over] + [call]
        call.start()
        return call

    def hang_up_all(self) -> None:
        """End every call, as when the stack stops."""
        for call in self.calls:
            call.hang_up()

    def _checked(self, number: str) -> FlowDocument:
        document = dict(self.flow(number))
        if wrong := problems(document):
            raise FlowError(wrong)
        flow = read_flow(document)
        if missing := self._unassociated(flow):
            raise FlowError(missing)
        return flow

    def _unassociated(self, flow: FlowDocument) -> list[str]:
        """What a flow uses and the instance is not associated with."""
        if self._associated is None:
            return []
        used = [
            (block.id, arn)
            for block in flow.blocks.values()
            for arn in (
                block.parameters.get("LambdaFunctionARN"),
                block.parameters.get("LexV2Bot", {}).get("AliasArn"),
            )
        ]
        return [
            f"{slug}: the instance is not associated with {arn}"
            for slug, arn in used
            if arn and arn not in self._associated
        ]
