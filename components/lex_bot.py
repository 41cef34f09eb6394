"""A Lex V2 bot that hands everything it hears to one function.

Owns the bot, its versions, its alias, the role it speaks with and the permission to call the
function. Does not own the function, nor the phone line that leads here: that is ``connect_line``.
"""

import re
from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
import pulumi_aws_native as aws_native

from components.function_target import DeclaredTarget
from components.iam import Statement, account_of, policy_document, trust_document
from components.lex_definition import (
    Filler,
    LexLocaleArgs,
    bot_locales,
    digest_of,
    validate_locales,
)
from components.naming import physical_name

ALIAS = "live"
SESSION_SECONDS = 300
# Lex waits 30 s for a hook, or as long as its updates say.
HOOK_SECONDS = 30


class LexBotArgs(TypedDict):
    """Arguments of ``LexBot``."""

    hook_arn: pulumi.Input[str]
    """The function that answers, or its alias: ``ContainerFunction.target_arn``."""
    locales: list[LexLocaleArgs]
    """Languages, at least one."""
    filler: NotRequired[Filler]
    """What is heard while the function works; ``initial`` when left out."""
    hook_timeout_seconds: NotRequired[int]
    """How long the function may take, at most 30; 30 when left out."""
    version: NotRequired[int]
    """A kept version that the alias goes back to. Left out: the newest."""


class LexBot(pulumi.ComponentResource):
    """A bot whose every intent asks one function, behind an alias named ``live``.

    Each change of what the bot understands or says makes a version; a change of anything else does
    not. Versions are kept when they are replaced, or there would be nothing to go back to. Nothing
    is logged: a conversation log would hold what callers say, in clear.

    Lex's resources are of the provider ``aws-native``, which needs its region.

    Creates: ``iam.Role``, ``iam.RolePolicy``, ``lex.Bot``, ``lex.BotVersion``, ``lex.BotAlias``,
    ``lambda.Permission``.
    """

    bot_id: pulumi.Output[str]
    """Lex's id of the bot."""
    bot_version: pulumi.Output[str]
    """The version that the alias serves."""
    alias_arn: pulumi.Output[str]
    """What a contact flow talks to."""
    digest: pulumi.Output[str]
    """Of the definition; another digest is another version."""

    def __init__(
        self, name: str, args: LexBotArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the bot.

        Raises:
            ValueError: If a locale, an utterance or a filler is none that Lex takes, or the
                function may take longer than Lex waits.
        """
        filler = Filler(args.get("filler", Filler.INITIAL))
        validate_locales(name, args["locales"], filler)
        timeout = int(args.get("hook_timeout_seconds", HOOK_SECONDS))
        if not 1 <= timeout <= HOOK_SECONDS:
            raise ValueError(f"{name}: Lex waits {HOOK_SECONDS} s for a hook, not {timeout}")
        super().__init__("dialtone:index:LexBot", name, {}, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        self._hook = DeclaredTarget(args["hook_arn"])
        self._account = self._hook.target_arn.apply(account_of)
        rendered = bot_locales(args["locales"], filler, timeout)
        digest = digest_of({"locales": rendered, "session": SESSION_SECONDS})
        bot = self._bot(rendered)
        version = self._kept_version(bot, args["locales"], digest)
        pinned = args.get("version")
        self.bot_id = bot.aws_id
        self.bot_version = (
            version.bot_version if pinned is None else pulumi.Output.from_input(str(int(pinned)))
        )
        alias = self._alias(args["locales"], version)
        permission = self._permit(alias)
        # Whatever is led to the alias waits until the alias may ask the function.
        self.alias_arn = pulumi.Output.all(alias.arn, permission.id).apply(lambda known: known[0])
        self.digest = pulumi.Output.from_input(digest)
        self.register_outputs(
            {
                "botId": self.bot_id,
                "botVersion": self.bot_version,
                "aliasArn": self.alias_arn,
                "digest": self.digest,
            }
        )

    def _bot(self, rendered: list[aws_native.lex.BotLocaleArgs]) -> aws_native.lex.Bot:
        role = aws.iam.Role(
            f"{self._name}-role",
            name=physical_name(self._name),
            assume_role_policy=trust_document(
                "lexv2.amazonaws.com", {"StringEquals": {"aws:SourceAccount": self._account}}
            ),
            opts=self._child,
        )
        speak = aws.iam.RolePolicy(
            f"{self._name}-speak",
            name="Speak",
            role=role.name,
            policy=policy_document(
                [Statement(sid="Speak", actions=["polly:SynthesizeSpeech"], resources=["*"])]
            ),
            opts=self._child,
        )
        return aws_native.lex.Bot(
            f"{self._name}-bot",
            name=_bot_name(self._name),
            role_arn=role.arn,
            data_privacy=aws_native.lex.DataPrivacyPropertiesArgs(child_directed=False),
            idle_session_ttl_in_seconds=SESSION_SECONDS,
            bot_locales=rendered,
            # Making a version builds its locales; building at the same time could only race.
            auto_build_bot_locales=False,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[speak]),
        )

    def _kept_version(
        self, bot: aws_native.lex.Bot, locales: Sequence[LexLocaleArgs], digest: str
    ) -> aws_native.lex.BotVersion:
        lex = aws_native.lex
        return lex.BotVersion(
            f"{self._name}-version",
            bot_id=bot.aws_id,
            bot_version_locale_specification=[
                lex.BotVersionLocaleSpecificationArgs(
                    locale_id=locale["locale_id"],
                    bot_version_locale_details=lex.BotVersionLocaleDetailsArgs(
                        source_bot_version="DRAFT"
                    ),
                )
                for locale in locales
            ],
            opts=pulumi.ResourceOptions(
                parent=self,
                # Changing the bot changes its draft only, and a version cannot be updated.
                replacement_trigger=digest,
                # An unchanged draft gives the number of the version before: deleting that one
                # after its "replacement" would delete what is served.
                retain_on_delete=True,
                depends_on=[bot],
            ),
        )

    def _alias(
        self, locales: Sequence[LexLocaleArgs], version: aws_native.lex.BotVersion
    ) -> aws_native.lex.BotAlias:
        lex = aws_native.lex
        hook = lex.BotAliasCodeHookSpecificationArgs(
            lambda_code_hook=lex.BotAliasLambdaCodeHookArgs(
                code_hook_interface_version="1.0", lambda_arn=self._hook.target_arn
            )
        )
        return lex.BotAlias(
            f"{self._name}-alias",
            bot_id=self.bot_id,
            bot_alias_name=ALIAS,
            bot_version=self.bot_version,
            bot_alias_locale_settings=[
                lex.BotAliasLocaleSettingsItemArgs(
                    locale_id=locale["locale_id"],
                    bot_alias_locale_setting=lex.BotAliasLocaleSettingsArgs(
                        enabled=True, code_hook_specification=hook
                    ),
                )
                for locale in locales
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[version]),
        )

    def _permit(self, alias: aws_native.lex.BotAlias) -> aws.lambda_.Permission:
        return aws.lambda_.Permission(
            f"{self._name}-permission",
            action="lambda:InvokeFunction",
            function=self._hook.function_name,
            # The same one that the hook names: a permission on another is none.
            qualifier=self._hook.qualifier,
            principal="lexv2.amazonaws.com",
            source_arn=alias.arn,
            source_account=self._account,
            opts=self._child,
        )


def _bot_name(name: str) -> str:
    """Lex takes letters, digits, and between two of them one ``-`` or ``_``."""
    return re.sub(r"[._-]*[.][._-]*|[_-]{2,}", "-", physical_name(name, 100))
