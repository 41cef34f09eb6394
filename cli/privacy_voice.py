"""What keeps the words or numbers of callers where FORGET does not reach: Lex, Connect, their logs.

Lex hands each utterance to our function and forgets it, unless a log is on; Connect keeps audio and
transcripts only where recording or Contact Lens is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cli.findings import Check, MissingError, Well
from cli.target import Target
from cli.voice_line import Line, find_line

_STORED = {
    "CALL_RECORDINGS": "recordings of calls with people",
    "CHAT_TRANSCRIPTS": "transcripts",
    "CONTACT_TRACE_RECORDS": "contact records with callers' numbers",
    "MEDIA_STREAMS": "the audio of calls",
    "REAL_TIME_CONTACT_ANALYSIS_VOICE_SEGMENTS": "transcripts of calls as they go on",
}
_RECORDING = "UpdateContactRecordingBehavior"
_LOGGING = "UpdateFlowLoggingBehavior"


@dataclass(frozen=True)
class CallPrivacy:
    """The checks about calls."""

    target: Target

    @cached_property
    def _line(self) -> Line:
        return find_line(self.target, None)

    def all(self) -> dict[str, Check]:
        """Each check by its name."""
        checks: dict[str, Check] = {
            "Lex's conversation logs": self._conversation_logs,
            "Lex's error log": self._error_log,
            "the bot and children": self._children,
            "logs of the contact flow": self._flow_logs,
            "recordings of calls": self._recordings,
            "Contact Lens": self._contact_lens,
        }
        return {what: self._where_there_are_calls(check) for what, check in checks.items()}

    def _where_there_are_calls(self, check: Check) -> Callable[[], Iterator[str]]:
        def made() -> Iterator[str]:
            if self.target.is_local:
                yield Well("nothing to look at: the emulator has no Lex and no Connect")
                return
            try:
                _function = self._line.function
            except MissingError:
                yield Well("the stack takes no calls")
                return
            yield from check()

        return made

    def _conversation_logs(self) -> Iterator[str]:
        for alias in self._line.aliases:
            name = alias["botAliasName"]
            told = self._line.lex.describe_bot_alias(
                botId=self._line.bot_id, botAliasId=alias["botAliasId"]
            ).get("conversationLogSettings", {})
            for kind, what in (("textLogSettings", "text"), ("audioLogSettings", "audio")):
                if any(one.get("enabled") for one in told.get(kind, [])):
                    yield (
                        f"the alias {name} logs {what}, with callers' numbers: take "
                        "conversationLogSettings out of it and delete what was logged"
                    )

    def _error_log(self) -> Iterator[str]:
        if self._described_bot().get("errorLogSettings", {}).get("enabled"):
            yield "errors are logged with what was said: turn errorLogSettings off"

    def _children(self) -> Iterator[str]:
        if self._described_bot().get("dataPrivacy", {}).get("childDirected"):
            yield (
                "the bot says that it is directed at children, for whom nothing here asks a "
                "parent's consent: `pulumi up` sets it to no, if that is the truth"
            )

    def _described_bot(self) -> dict[str, Any]:
        told: dict[str, Any] = self._line.lex.describe_bot(botId=self._line.bot_id)
        return told

    def _flow_logs(self) -> Iterator[str]:
        behaviours = [one.get("FlowLoggingBehavior") for one in self._line.blocks(_LOGGING)]
        if "Enabled" in behaviours:
            yield "the flow turns its log on, which holds callers' numbers: `pulumi up`"
        elif self._attribute("CONTACTFLOW_LOGS") and "Disabled" not in behaviours:
            yield (
                "the instance logs its flows, and ours does not turn that off: callers' numbers "
                f"are in the log: {self._off('CONTACTFLOW_LOGS')}"
            )

    def _recordings(self) -> Iterator[str]:
        for block in self._line.blocks(_RECORDING):
            if _records(block):
                yield "the flow turns recording on: `pulumi up`"
        instance = self._line.instance_id
        for kind, what in _STORED.items():
            pages = self._line.connect.get_paginator("list_instance_storage_configs").paginate(
                InstanceId=instance, ResourceType=kind
            )
            for page in pages:
                for one in page["StorageConfigs"]:
                    yield (
                        f"the instance keeps {what} in {_place(one)}: FORGET does not reach them; "
                        "`aws connect disassociate-instance-storage-config --instance-id "
                        f"{instance} --resource-type {kind} "
                        f"--association-id {one.get('AssociationId', 'ID')}`"
                    )

    def _contact_lens(self) -> Iterator[str]:
        if self._attribute("CONTACT_LENS"):
            yield f"the instance may transcribe calls: {self._off('CONTACT_LENS')}"

    def _attribute(self, name: str) -> bool:
        answer = self._line.connect.describe_instance_attribute(
            InstanceId=self._line.instance_id, AttributeType=name
        )
        return str(answer["Attribute"].get("Value", "")).lower() == "true"

    def _off(self, name: str) -> str:
        return (
            f"`aws connect update-instance-attribute --instance-id {self._line.instance_id} "
            f"--attribute-type {name} --value false`"
        )


def _records(block: dict[str, Any]) -> bool:
    """Whether a recording block turns anything on."""
    told, analysed = block.get("RecordingBehavior", {}), block.get("AnalyticsBehavior", {})
    on = (told.get("IVRRecordingBehavior"), analysed.get("Enabled"))
    return bool(told.get("RecordedParticipants")) or any(one in ("Enabled", "True") for one in on)


def _place(config: dict[str, Any]) -> str:
    """Where a storage configuration puts things."""
    s3 = config.get("S3Config")
    if s3:
        return f"s3://{s3['BucketName']}/{s3['BucketPrefix']}"
    return str(config["StorageType"])
