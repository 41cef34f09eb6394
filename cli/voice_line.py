"""The line that people call: the bot, the Connect instance and the flow of a stack, found in AWS.

A stack in AWS tells this machine nothing, so things are found by their physical names; with
`pulumi stack output --json` at hand, by what it says.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from cli.findings import MissingError
from cli.problems import CommandError
from cli.target import Target

ALIAS = "live"
"""The alias that the program makes, and that calls go to."""

DRAFT = "DRAFT"
_VOICE = "voice"
_UP = "set `voice.enabled: true` and run `pulumi up`"


def listed(client: Any, operation: str, key: str, **request: Any) -> Iterator[dict[str, Any]]:
    """Everything that a list operation of Lex names: botocore has no paginators for them."""
    token: dict[str, str] = {}
    while True:
        page = getattr(client, operation)(**request, **token)
        yield from page[key]
        if not page.get("nextToken"):
            return
        token = {"nextToken": page["nextToken"]}


def bot_name(target: Target) -> str:
    """What the program calls the bot: Lex takes no dots, and no two marks in a row."""
    return re.sub(r"[._-]*[.][._-]*|[_-]{2,}", "-", target.name(_VOICE))


def last_part(name: str) -> str:
    """The id at the end of an ARN, or of an id alone."""
    return name.rpartition("/")[2]


@dataclass(frozen=True)
class Line:
    """What a stack's calls go through. Each part is looked for when it is first needed.

    Attributes:
        target: The stack.
        declared: The program's output `voice`, or nothing.

    Raises:
        MissingError: From each part: it is not there.
    """

    target: Target
    declared: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def lex(self) -> Any:
        """A client that sees how bots are made."""
        return self.target.client("lexv2-models")

    @cached_property
    def connect(self) -> Any:
        """A client of Amazon Connect."""
        return self.target.client("connect")

    @cached_property
    def functions(self) -> Any:
        """A client of Lambda."""
        return self.target.client("lambda")

    @cached_property
    def function(self) -> dict[str, Any]:
        """The configuration of the function that answers calls."""
        return self.configuration("fulfilment")

    def configuration(self, role: str) -> dict[str, Any]:
        """The configuration of one of the stack's functions."""
        name = self.target.name(role)
        try:
            answer: dict[str, Any] = self.functions.get_function_configuration(FunctionName=name)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
                raise
            raise MissingError(f"there is no function {name}: {_UP}") from None
        return answer

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What the program tells the function about calls."""
        variables = self.function.get("Environment", {}).get("Variables", {})
        told: dict[str, Any] = json.loads(variables.get("VOICE", "{}"))
        return told

    @cached_property
    def bot_id(self) -> str:
        """The stack's bot."""
        if self.declared.get("botId"):
            return str(self.declared["botId"])
        name = bot_name(self.target)
        named = {"name": "BotName", "values": [name], "operator": "EQ"}
        for bot in listed(self.lex, "list_bots", "botSummaries", filters=[named]):
            if bot["botName"] == name:
                return str(bot["botId"])
        raise MissingError(f"there is no bot {name}: {_UP}")

    @cached_property
    def aliases(self) -> list[dict[str, Any]]:
        """Every alias of the bot, Lex's own too."""
        return list(listed(self.lex, "list_bot_aliases", "botAliasSummaries", botId=self.bot_id))

    @cached_property
    def alias(self) -> dict[str, Any]:
        """The alias that calls go to, in full."""
        told = str(self.declared.get("aliasArn", ""))
        wanted = last_part(told) or ALIAS
        for one in self.aliases:
            if wanted in (one["botAliasId"], one["botAliasName"]):
                answer: dict[str, Any] = self.lex.describe_bot_alias(
                    botId=self.bot_id, botAliasId=one["botAliasId"]
                )
                return answer
        raise MissingError(f"the bot {self.bot_id} has no alias {wanted}: `pulumi up`")

    @cached_property
    def alias_arn(self) -> str:
        """The name by which Connect and the function's policy know the alias."""
        if self.declared.get("aliasArn"):
            return str(self.declared["aliasArn"])
        _, partition, _, region, account, *_ = self.function["FunctionArn"].split(":")
        alias = f"{self.bot_id}/{self.alias['botAliasId']}"
        return f"arn:{partition}:lex:{region}:{account}:bot-alias/{alias}"

    @cached_property
    def instance(self) -> dict[str, Any]:
        """The Connect instance, as it is described."""
        answer = self.connect.describe_instance(InstanceId=self.instance_id)
        described: dict[str, Any] = answer["Instance"]
        return described

    @cached_property
    def instance_id(self) -> str:
        """The instance that the program names, else one that knows the alias or has the flow."""
        if self.declared.get("instanceArn"):
            return last_part(str(self.declared["instanceArn"]))
        pages = self.connect.get_paginator("list_instances").paginate()
        ids = [one["Id"] for page in pages for one in page["InstanceSummaryList"]]
        for one in ids:
            if self.alias_arn in self.associated(one):
                return str(one)
        for one in ids:
            if self._flows(one):
                return str(one)
        raise MissingError(
            "no Connect instance of this region knows the bot or has the flow: "
            "`voice.instanceId` adopts one, then `pulumi up`"
        )

    def associated(self, instance_id: str) -> set[str]:
        """The Lex V2 aliases that an instance may use."""
        pages = self.connect.get_paginator("list_bots").paginate(
            InstanceId=instance_id, LexVersion="V2"
        )
        bots = (one.get("LexV2Bot", {}) for page in pages for one in page["LexBots"])
        return {str(bot["AliasArn"]) for bot in bots if "AliasArn" in bot}

    @cached_property
    def flow_id(self) -> str:
        """The contact flow that the stack declares."""
        if self.declared.get("flowId"):
            return last_part(str(self.declared["flowId"]))
        flows = self._flows(self.instance_id)
        if not flows:
            raise MissingError(f"the instance has no flow {self.target.name(_VOICE)}: `pulumi up`")
        return flows[0]

    @cached_property
    def flow(self) -> dict[str, Any]:
        """The contact flow, as it is described."""
        answer = self.connect.describe_contact_flow(
            InstanceId=self.instance_id, ContactFlowId=self.flow_id
        )
        described: dict[str, Any] = answer["ContactFlow"]
        return described

    @cached_property
    def flow_content(self) -> dict[str, Any]:
        """What the flow does: its blocks."""
        content: dict[str, Any] = json.loads(self.flow["Content"])
        return content

    def blocks(self, kind: str) -> list[dict[str, Any]]:
        """The parameters of each block of one type in the flow."""
        actions = self.flow_content.get("Actions", [])
        return [one.get("Parameters", {}) for one in actions if one.get("Type") == kind]

    def _flows(self, instance_id: str) -> list[str]:
        pages = self.connect.get_paginator("list_contact_flows").paginate(
            InstanceId=instance_id, ContactFlowTypes=["CONTACT_FLOW"]
        )
        named = (one for page in pages for one in page["ContactFlowSummaryList"])
        return [str(one["Id"]) for one in named if one["Name"] == self.target.name(_VOICE)]


def find_line(target: Target, outputs: str | None) -> Line:
    """The line of a stack.

    Args:
        target: The stack.
        outputs: A file with `pulumi stack output --json`, `-` for standard input, or None.

    Raises:
        CommandError: The outputs cannot be read, or are of a stack without calls.
    """
    if outputs is None:
        return Line(target, target.outputs.get("voice") or {})
    try:
        text = sys.stdin.read() if outputs == "-" else Path(outputs).read_text("utf-8")
        told = json.loads(text)
    except (OSError, ValueError) as error:
        raise CommandError(
            f"cannot read {outputs}: {error}", "pulumi stack output --json > outputs.json"
        ) from None
    declared = told.get("voice") if isinstance(told, dict) else None
    if not isinstance(declared, dict):
        raise CommandError("these outputs have no `voice`", _UP)
    return Line(target, declared)
