"""The Connect side of a call: instance, association, flow, number, and the proving function."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cli.findings import Check, Well
from cli.voice_functions import MEND, fitness, may_invoke, unqualified
from cli.voice_line import Line, last_part

_FUNCTION_BLOCK = "InvokeLambdaFunction"


@dataclass(frozen=True)
class ConnectChecks:
    """From the number to the bot."""

    line: Line

    def all(self) -> dict[str, Check]:
        """Each check by its name."""
        return {
            "instance": self._instance,
            "association": self._association,
            "flow": self._flow,
            "flow's functions": self._flow_functions,
            "number": self._number,
            "proving": self._proving,
        }

    def _instance(self) -> Iterator[str]:
        instance = self.line.instance
        if instance["InstanceStatus"] != "ACTIVE":
            reason = instance.get("StatusReason", {}).get("Message", "no reason given")
            yield f"the instance is {instance['InstanceStatus']}: {reason}"
        if not instance.get("InboundCallsEnabled"):
            yield (
                "the instance takes no calls: `aws connect update-instance-attribute "
                f"--instance-id {instance['Id']} --attribute-type INBOUND_CALLS --value true`"
            )
        yield Well(f"{instance.get('InstanceAlias', instance['Id'])} takes calls")

    def _association(self) -> Iterator[str]:
        if self.line.alias_arn not in self.line.associated(self.line.instance_id):
            yield f"the instance may not use {self.line.alias_arn}: {MEND}"

    def _flow(self) -> Iterator[str]:
        flow = self.line.flow
        if flow.get("State") != "ACTIVE":
            yield f"the flow is {flow.get('State')}: take it out of the archive, or `pulumi up`"
        if flow.get("Status", "PUBLISHED") != "PUBLISHED":
            yield f"the flow is {flow['Status']}, not published: {MEND}"
        content = self.line.flow_content
        bots = {
            str(one.get("LexV2Bot", {}).get("AliasArn", "a Lex V1 bot"))
            for one in self.line.blocks("ConnectParticipantWithLexBot")
        }
        if bots != {self.line.alias_arn}:
            talked = ", ".join(sorted(bots)) or "none"
            yield f"the flow talks to {talked}, not to {self.line.alias_arn}: {MEND}"
        yield from _malformed(content)
        declared = self.line.declared.get("flowDigest")
        if declared and declared != digest(content):
            yield f"the flow is not the one that the stack declares; was it edited? {MEND}"
        yield Well(f"{flow['Name']}, {len(content.get('Actions', []))} blocks")

    def _flow_functions(self) -> Iterator[str]:
        arns = {str(one.get("LambdaFunctionARN", "")) for one in self.line.blocks(_FUNCTION_BLOCK)}
        called = sorted(arn for arn in arns if not arn.startswith("$"))
        known = {unqualified(arn) for arn in self._associated_functions()}
        for arn in called:
            if unqualified(arn) not in known:
                yield f"the flow calls {arn}, which the instance may not invoke: {MEND}"
        yield Well(f"{len(called)} called by the flow")

    def _number(self) -> Iterator[str]:
        ours = self._numbers_of_the_flow()
        claimed = {one["PhoneNumberId"]: one["PhoneNumber"] for one in self._claimed()}
        wanted = str(self.line.declared.get("phoneNumberId") or "")
        if wanted and wanted not in claimed:
            yield f"the number {wanted} is not claimed on this instance: `voice.phoneNumberId`"
        elif wanted and wanted not in ours:
            yield f"{claimed[wanted]} does not lead to the flow: {MEND}"
        elif not ours:
            yield (
                "no number leads to the flow: claim one on this instance, "
                "name it in `voice.phoneNumberId`, `pulumi up`"
            )
        for one in sorted(ours & claimed.keys()):
            told = self.line.connect.describe_phone_number(PhoneNumberId=one)
            status = told["ClaimedPhoneNumberSummary"].get("PhoneNumberStatus", {})
            if status.get("Status", "CLAIMED") != "CLAIMED":
                yield f"{claimed[one]} is {status['Status']}: {status.get('Message', '')}"
        yield Well(f"call {', '.join(claimed[one] for one in sorted(ours & claimed.keys()))}")

    def _proving(self) -> Iterator[str]:
        if self.line.settings.get("memory") != "person":
            yield Well("not needed: `voice.memory` is call")
            return
        function = self.line.configuration("proving")
        arn = function["FunctionArn"]
        yield from (one for one in fitness(function) if not isinstance(one, Well))
        if unqualified(arn) not in {unqualified(one) for one in self._associated_functions()}:
            yield f"the instance may not invoke {function['FunctionName']}: {MEND}"
        yield from may_invoke(self.line, arn, "connect.amazonaws.com", self.line.instance["Arn"])

    def _associated_functions(self) -> list[str]:
        pages = self.line.connect.get_paginator("list_lambda_functions").paginate(
            InstanceId=self.line.instance_id
        )
        return [str(arn) for page in pages for arn in page["LambdaFunctions"]]

    def _numbers_of_the_flow(self) -> set[str]:
        pages = self.line.connect.get_paginator("list_flow_associations").paginate(
            InstanceId=self.line.instance_id, ResourceType="VOICE_PHONE_NUMBER"
        )
        return {
            last_part(one["ResourceId"])
            for page in pages
            for one in page["FlowAssociationSummaryList"]
            if last_part(one["FlowId"]) == self.line.flow_id
        }

    def _claimed(self) -> Iterator[dict[str, Any]]:
        pages = self.line.connect.get_paginator("list_phone_numbers_v2").paginate(
            TargetArn=self.line.instance["Arn"]
        )
        for page in pages:
            yield from page["ListPhoneNumbersSummaryList"]


def _malformed(content: dict[str, Any]) -> Iterator[str]:
    """What the validator of our own flows says of this one."""
    try:
        from components.contact_flow import problems
    except ImportError:
        yield "its blocks were not looked at: no package of the program is here: `make install`"
        return
    yield from problems(content)


def digest(content: dict[str, Any]) -> str:
    """A flow's fingerprint: its blocks, whatever their order, without where the editor puts them.

    The program computes the same for its output `voice.flowDigest`.
    """
    blocks = [
        {key: value for key, value in action.items() if key != "Metadata"}
        for action in content.get("Actions", [])
    ]
    blocks.sort(key=lambda block: str(block.get("Identifier")))
    whole = {key: value for key, value in content.items() if key != "Metadata"}
    plain = json.dumps({**whole, "Actions": blocks}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()
