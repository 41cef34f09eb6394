"""Is the line that people call whole: from the number to the function that answers?

Each check asks AWS about one joint of the chain and says what mends it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cli.findings import Check, Finding, MissingError, Well, examine
from cli.voice_connect import ConnectChecks
from cli.voice_functions import MEND, fitness, may_invoke, unqualified
from cli.voice_line import DRAFT, Line, listed
from cli.voice_quotas import QuotaChecks

EMULATOR = (
    "nothing to ask: the emulator has no Lex, Connect or quotas; call from the page of `make local`"
)
_BUILT = {"Built", "ReadyExpressTesting"}


def diagnose(line: Line) -> list[Finding]:
    """Make every check, in the order in which a call meets what they check, last first."""
    if line.target.is_local:
        return [Finding("the whole line", None, EMULATOR)]
    checks: dict[str, Check] = {
        **LexChecks(line).all(),
        **ConnectChecks(line).all(),
        **QuotaChecks(line).all(),
    }
    return [examine(what, check) for what, check in checks.items()]


@dataclass(frozen=True)
class LexChecks:
    """The function, the bot, its alias, its locales, and who may call whom."""

    line: Line

    def all(self) -> dict[str, Check]:
        """Each check by its name."""
        return {
            "function": self._function,
            "bot": self._bot,
            "alias": self._alias,
            "locales": self._locales,
            "hook": self._hook,
            "permission": self._permission,
        }

    def _function(self) -> Iterator[str]:
        yield from fitness(self.line.function)

    def _bot(self) -> Iterator[str]:
        bot = self.line.lex.describe_bot(botId=self.line.bot_id)
        if bot["botStatus"] != "Available":
            reasons = "; ".join(bot.get("failureReasons", []))
            yield f"the bot {bot['botName']} is {bot['botStatus']}{reasons and ': '}{reasons}"
        yield Well(f"{bot['botName']} ({bot['botId']})")

    def _alias(self) -> Iterator[str]:
        alias = self.line.alias
        version = alias.get("botVersion", "none")
        if alias["botAliasStatus"] != "Available":
            yield f"the alias is {alias['botAliasStatus']}: {MEND}"
        if version == DRAFT:
            yield f"the alias means the draft, which changes under callers: {MEND}"
        elif version == "none":
            yield f"the alias means no version: {MEND}"
        declared = str(self.line.declared.get("botVersion") or version)
        if version != declared:
            yield f"the alias means version {version}, the stack declares {declared}: {MEND}"
        yield Well(f"{alias['botAliasName']} means version {version}")

    def _locales(self) -> Iterator[str]:
        lex, bot, version = self.line.lex, self.line.bot_id, self._version()
        built = []
        request = {"botId": bot, "botVersion": version}
        for one in listed(lex, "list_bot_locales", "botLocaleSummaries", **request):
            if one["botLocaleStatus"] in _BUILT:
                built.append(one["localeId"])
                continue
            told = lex.describe_bot_locale(**request, localeId=one["localeId"])
            reasons = "; ".join(told.get("failureReasons", [])) or "no reason given"
            yield (
                f"{one['localeId']} is {one['botLocaleStatus']} ({reasons}): "
                "mend `voice.locales` and `pulumi up`, or pin a built `voice.botVersion`"
            )
        if not built:
            yield f"version {version} has no locale that is built"
        yield Well(", ".join(built))

    def _hook(self) -> Iterator[str]:
        alias, function = self.line.alias, self.line.function["FunctionArn"]
        settings = alias.get("botAliasLocaleSettings", {})
        request = {"botId": self.line.bot_id, "botVersion": self._version()}
        for one in listed(self.line.lex, "list_bot_locales", "botLocaleSummaries", **request):
            name = one["localeId"]
            told = settings.get(name, {})
            hook = _hook_arn(told)
            if not told.get("enabled"):
                yield f"{name} is off in the alias: {MEND}"
            elif not hook:
                yield f"{name} has no function behind it: {MEND}"
            elif unqualified(hook) != unqualified(function):
                yield f"{name} calls another function, {hook}: {MEND}"

    def _permission(self) -> Iterator[str]:
        settings = self.line.alias.get("botAliasLocaleSettings", {})
        hooks = sorted({_hook_arn(told) for told in settings.values()} - {""})
        if not hooks:
            raise MissingError("the alias calls no function")
        for hook in hooks:
            yield from may_invoke(self.line, hook, "lexv2.amazonaws.com", self.line.alias_arn)

    def _version(self) -> str:
        version = self.line.alias.get("botVersion")
        if not version:
            raise MissingError("the alias means no version")
        return str(version)


def _hook_arn(locale: dict[str, Any]) -> str:
    hook = locale.get("codeHookSpecification", {}).get("lambdaCodeHook", {})
    return str(hook.get("lambdaARN", ""))
