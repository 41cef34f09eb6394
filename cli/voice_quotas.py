"""What the account allows, and how much of it is used: bot versions, calls at once, numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cli.findings import Check, Well
from cli.voice_line import DRAFT, Line, listed

VERSIONS_PER_BOT = 100
"""Lex keeps no more of one bot; raised on request only."""

_NEARLY = 0.9
_REQUEST = "ask for more under Service Quotas, Amazon Connect; small requests take hours to days"


@dataclass(frozen=True)
class QuotaChecks:
    """The quotas that a line runs into."""

    line: Line

    def all(self) -> dict[str, Check]:
        """Each check by its name."""
        return {
            "bot versions": self._versions,
            "calls at once": self._calls,
            "numbers of the instance": self._numbers,
        }

    def _versions(self) -> Iterator[str]:
        versions = listed(
            self.line.lex, "list_bot_versions", "botVersionSummaries", botId=self.line.bot_id
        )
        used = sum(1 for one in versions if one["botVersion"] != DRAFT)
        says = f"{used} of {VERSIONS_PER_BOT} used"
        if used >= _NEARLY * VERSIONS_PER_BOT:
            yield f"{says}: dialtone voice prune {self.line.target.arguments}"
        yield Well(says)

    def _calls(self) -> Iterator[str]:
        allowed = self._quota("concurrent active calls per instance")
        if allowed is None:
            yield Well("Service Quotas does not say; look in its console")
        elif allowed < 1:
            yield f"the instance may have no call at all: {_REQUEST}"
        else:
            yield Well(f"{allowed:.0f}; whoever calls beyond that hears a busy line")

    def _numbers(self) -> Iterator[str]:
        allowed = self._quota("phone numbers per instance")
        pages = self.line.connect.get_paginator("list_phone_numbers_v2").paginate(
            TargetArn=self.line.instance["Arn"]
        )
        used = sum(len(page["ListPhoneNumbersSummaryList"]) for page in pages)
        if allowed is None:
            yield Well(f"{used} claimed; Service Quotas does not say of how many")
        elif used == 0 and allowed < 1:
            yield f"the instance may claim no number: {_REQUEST}"
        else:
            yield Well(f"{used} of {allowed:.0f} claimed")

    def _quota(self, name: str) -> float | None:
        """What is allowed: the instance's own value, else the account's, else the default."""
        client = self.line.target.client("service-quotas")
        own = {"ServiceCode": "connect", "QuotaAppliedAtLevel": "ALL"}
        account: float | None = None
        for page in client.get_paginator("list_service_quotas").paginate(**own):
            for one in page["Quotas"]:
                if one["QuotaName"].lower() != name:
                    continue
                if self.line.instance_id in one.get("QuotaContext", {}).get("ContextId", ""):
                    return float(one["Value"])
                if "ContextId" not in one.get("QuotaContext", {}):
                    account = float(one["Value"])
        if account is not None:
            return account
        defaults = client.get_paginator("list_aws_default_service_quotas")
        for page in defaults.paginate(ServiceCode="connect"):
            for one in page["Quotas"]:
                if one["QuotaName"].lower() == name:
                    return float(one["Value"])
        return None
