"""A number to call: bot, line and flow, composed.

Owns how a call's wishes become a bot, a contact flow and a line. Does not own any of the three, nor
the functions that answer.
"""

from typing import NotRequired, TypedDict

import pulumi

from components.connect_line import (
    BOT_ALIAS,
    FUNCTION,
    HOURS,
    QUEUE,
    ConnectLine,
    ConnectLineArgs,
    OpeningHours,
)
from components.contact_flow import CallFlowArgs, SpokenLocale, call_flow
from components.lex_bot import LexBot, LexBotArgs
from components.lex_definition import Filler, LexIntentArgs, LexLocaleArgs, VoiceEngine


class VoiceLocaleArgs(TypedDict):
    """One language that callers may speak."""

    locale_id: str
    """Lex's name of it, such as ``en_US``."""
    voice: str
    """The Polly voice, such as ``Joanna``."""
    engine: NotRequired[VoiceEngine]
    """How it speaks; ``neural`` when left out."""
    intents: list[LexIntentArgs]
    """What may be asked for in so many words, at least one."""
    fillers: NotRequired[list[str]]
    """Words said while the function works, at most five, one of them each time."""
    greeting: NotRequired[str]
    """What a caller hears first; the language's own words when left out."""
    recording_notice: NotRequired[str]
    """Said before it, in this language; the channel's when left out, nothing when empty."""
    words: NotRequired[dict[str, str]]
    """What the flow itself says in other words, by the names of ``contact_flow.Words``."""


class VoiceChannelArgs(TypedDict):
    """Arguments of ``VoiceChannel``."""

    answering: NotRequired[bool]
    """Whether calls are answered; true when left out. False keeps an instance that was made and a
    number that was claimed, and declares nothing else."""
    hook_arn: NotRequired[pulumi.Input[str]]
    """The function that answers, or its alias; needed to answer."""
    hook_timeout_seconds: NotRequired[int]
    """How long it may take, at most 30; 30 when left out."""
    locales: list[VoiceLocaleArgs]
    """Languages, in the order of the keys that choose them."""
    filler: NotRequired[Filler]
    """What is heard while the function works; ``initial`` when left out."""
    version: NotRequired[int]
    """A kept version of the bot to go back to. Left out: the newest."""
    instance_id: NotRequired[str]
    """A Connect instance that is there, by its id."""
    instance_alias: NotRequired[str]
    """Left out ``instance_id``: name of an instance to make."""
    phone_number_id: NotRequired[str]
    """A number in Connect that is there, by its id."""
    claim_number_country: NotRequired[str]
    """Left out ``phone_number_id``: country to claim a number of."""
    proving_arn: NotRequired[pulumi.Input[str]]
    """The function that sends and checks codes. Left out: nobody proves a number."""
    hours: NotRequired[OpeningHours]
    """When people answer. Left out: a caller is never handed over."""
    recording_notice: NotRequired[str]
    """Said before anything else, where a locale has none of its own. Left out: nothing."""
    silence_seconds: NotRequired[int]
    """How long a caller may be silent; 4 when left out."""
    max_speech_seconds: NotRequired[int]
    """Longest utterance, at most 15; 12 when left out."""


class VoiceChannel(pulumi.ComponentResource):
    """A phone number that is answered by a function.

    A caller reaches the number, the flow of ``components.contact_flow``, the bot and the function.
    The function's answer is spoken, and the bot listens again.

    Creates: components ``LexBot`` and ``ConnectLine``, and what they list.
    """

    instance_arn: pulumi.Output[str]
    """ARN of the Connect instance."""
    phone_number: pulumi.Output[str]
    """The number, such as ``+13035550100``."""
    phone_number_id: pulumi.Output[str]
    """Connect's id of it."""
    flow_id: pulumi.Output[str]
    """Connect's id of the flow; empty when nothing answers."""
    flow: pulumi.Output[str]
    """What answers, in Connect's flow language; empty when nothing does."""
    bot_id: pulumi.Output[str]
    """Lex's id of the bot; empty when nothing answers."""
    bot_version: pulumi.Output[str]
    """The version of it that is served; empty when nothing answers."""
    alias_arn: pulumi.Output[str]
    """The bot's alias; empty when nothing answers."""

    def __init__(
        self, name: str, args: VoiceChannelArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the channel.

        Raises:
            ValueError: If the flow is not sound, there is nothing that answers, or ``LexBot`` or
                ``ConnectLine`` refuses what it is given.
        """
        answering = args.get("answering", True)
        if answering and "hook_arn" not in args:
            raise ValueError(f"{name}: hook_arn names the function that answers; there is none")
        flow = _flow(args) if answering else ""
        super().__init__("dialtone:index:VoiceChannel", name, {}, opts)
        empty = pulumi.Output.from_input("")
        self.bot_id = self.bot_version = self.alias_arn = empty
        line_args = _line_args(args)
        if answering:
            bot = LexBot(name, _bot_args(args), pulumi.ResourceOptions(parent=self))
            self.bot_id, self.bot_version = bot.bot_id, bot.bot_version
            self.alias_arn = bot.alias_arn
            line_args["flow"], line_args["bot_alias_arn"] = flow, bot.alias_arn
        line = ConnectLine(name, line_args, pulumi.ResourceOptions(parent=self))
        self.instance_arn, self.flow_id = line.instance_arn, line.flow_id
        self.phone_number, self.phone_number_id = line.phone_number, line.phone_number_id
        self.flow = line.flow
        self.register_outputs(
            {
                "instanceArn": self.instance_arn,
                "phoneNumber": self.phone_number,
                "phoneNumberId": self.phone_number_id,
                "flowId": self.flow_id,
                "flow": self.flow,
                "botId": self.bot_id,
                "botVersion": self.bot_version,
                "aliasArn": self.alias_arn,
            }
        )


def _bot_args(args: VoiceChannelArgs) -> LexBotArgs:
    bot = LexBotArgs(
        hook_arn=args["hook_arn"],
        locales=[_bot_locale(locale) for locale in args["locales"]],
    )
    if "filler" in args:
        bot["filler"] = args["filler"]
    if "hook_timeout_seconds" in args:
        bot["hook_timeout_seconds"] = args["hook_timeout_seconds"]
    if "version" in args:
        bot["version"] = args["version"]
    return bot


def _bot_locale(locale: VoiceLocaleArgs) -> LexLocaleArgs:
    understood = LexLocaleArgs(
        locale_id=locale["locale_id"], voice=locale["voice"], intents=locale["intents"]
    )
    if "engine" in locale:
        understood["engine"] = locale["engine"]
    if "fillers" in locale:
        understood["fillers"] = locale["fillers"]
    return understood


def _line_args(args: VoiceChannelArgs) -> ConnectLineArgs:
    line = ConnectLineArgs()
    if "instance_id" in args:
        line["instance_id"] = args["instance_id"]
    if "instance_alias" in args:
        line["instance_alias"] = args["instance_alias"]
    if "phone_number_id" in args:
        line["phone_number_id"] = args["phone_number_id"]
    if "claim_number_country" in args:
        line["claim_number_country"] = args["claim_number_country"]
    if args.get("answering", True):
        if "proving_arn" in args:
            line["function_arn"] = args["proving_arn"]
        if "hours" in args:
            line["hours"] = args["hours"]
    return line


def _flow(args: VoiceChannelArgs) -> str:
    """Build the flow, with marks where ARNs go; an unsound one is refused."""
    people, notice = "hours" in args, args.get("recording_notice", "")
    flow = call_flow(
        CallFlowArgs(
            locales=[
                SpokenLocale(
                    locale_id=locale["locale_id"],
                    voice=locale["voice"],
                    engine=VoiceEngine(locale.get("engine", VoiceEngine.NEURAL)).value,
                    greeting=locale.get("greeting", ""),
                    recording_notice=locale.get("recording_notice", notice),
                    words=locale.get("words", {}),
                )
                for locale in args["locales"]
            ],
            alias_arn=BOT_ALIAS,
            proving_arn=FUNCTION if "proving_arn" in args else None,
            queue=QUEUE if people else None,
            hours=HOURS if people else None,
            silence_seconds=int(args.get("silence_seconds", 4)),
            maximum_speech_seconds=int(args.get("max_speech_seconds", 12)),
        )
    )
    return flow.content()
