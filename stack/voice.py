"""Calls: two functions, what they may do, and the channel that leads to them.

Called from ``__main__.py`` where calls are on, or where something was made for them that has to be
kept. Owns what calls need of the stack; the stack's other parts know nothing of them.
"""

import hashlib
import json
from typing import Protocol

import pulumi
import pulumi_aws_native as aws_native

from components import (
    ContainerFunction,
    ContainerFunctionArgs,
    FifoQueue,
    Filler,
    LexIntentArgs,
    ManagedSecret,
    OpeningHours,
    SecureTable,
    StackKey,
    VoiceChannel,
    VoiceChannelArgs,
    VoiceEngine,
    VoiceLocaleArgs,
    grant_models,
)
from settings import StackSettings
from stack import environments, provider_config
from stack.grants import CHECK, EVERY_ITEM_ACTION, GET, PUT, QUERY, SEALED_FOR, UPDATE
from stack.line_guard import LineGuard
from stack.voice_phrases import AGENT, FILLERS, PHRASES
from stack.voice_settings import Locale

# Lex waits this long for the hook, and Connect this long for a function that a flow calls.
LEX_WAITS_SECONDS = 30
CONNECT_WAITS_SECONDS = 8
PROVING_TIMEOUT_SECONDS = 7


class Surroundings(Protocol):
    """What calls use of the rest of the stack."""

    settings: StackSettings
    addresses: environments.Addresses
    key: StackKey
    people: SecureTable
    conversations: SecureTable
    keys: SecureTable
    wakeups: FifoQueue
    carrier_secret: ManagedSecret
    model_secret: ManagedSecret | None

    def function_args(
        self,
        name: str,
        timeout_seconds: int,
        environment: environments.Environment,
        package: str,
    ) -> ContainerFunctionArgs:
        """What all functions have in common."""


class Calls:
    """What a stack has so that it can be called: nothing, where calls are off."""

    def __init__(self, around: Surroundings) -> None:
        """Declare it."""
        self._around = around
        self.fulfilment: ContainerFunction | None = None
        self.proving: ContainerFunction | None = None
        self.channel: VoiceChannel | None = None
        voice = around.settings.voice
        if voice.enabled:
            self.fulfilment = self._fulfilment()
            if voice.proves_callers:
                self.proving = self._proving()
        if voice.is_declared:
            self.channel = self._channel()

    @property
    def functions(self) -> list[ContainerFunction]:
        """What was declared, for the outputs."""
        return [one for one in (self.fulfilment, self.proving) if one is not None]

    def _fulfilment(self) -> ContainerFunction:
        around, voice = self._around, self._around.settings.voice
        environment = environments.fulfilment(around.settings, around.addresses)
        timeout = voice.function_timeout_seconds
        args = around.function_args("fulfilment", timeout, environment, "voice")
        args["deadline_seconds"] = LEX_WAITS_SECONDS
        args["work_seconds"] = voice.answer_seconds
        function = ContainerFunction("fulfilment", args)
        around.people.grant(function, [GET, PUT, UPDATE, CHECK, QUERY])
        around.conversations.grant(function, EVERY_ITEM_ACTION, indexes=[])
        # A call's key is made here; FORGET, which deletes it, is not.
        around.keys.grant(function, [GET, PUT, CHECK])
        around.key.grant_wrap(function, SEALED_FOR)
        around.key.grant_unwrap(function, SEALED_FOR)
        around.wakeups.grant_send(function)
        around.carrier_secret.grant_read(function)
        if around.model_secret is not None:
            around.model_secret.grant_read(function)
        grant_models(function, around.settings.models)
        return function

    def _proving(self) -> ContainerFunction:
        around = self._around
        environment = environments.proving(around.settings, around.addresses)
        args = around.function_args("proving", PROVING_TIMEOUT_SECONDS, environment, "voice")
        args["deadline_seconds"] = CONNECT_WAITS_SECONDS
        function = ContainerFunction("proving", args)
        around.people.grant(function, [GET, PUT, UPDATE, CHECK, QUERY])
        around.carrier_secret.grant_read(function)
        return function

    def _channel(self) -> VoiceChannel:
        voice = self._around.settings.voice
        args = VoiceChannelArgs(
            answering=voice.enabled,
            locales=[_locale(one, people=voice.agents.enabled) for one in voice.locales],
            filler=Filler(voice.filler),
            silence_seconds=voice.silence_seconds,
            max_speech_seconds=voice.max_speech_seconds,
        )
        LineGuard("voice-guard", voice)
        if self.fulfilment is not None:
            args["hook_arn"] = _once_ready(self.fulfilment)
            args["hook_timeout_seconds"] = voice.function_timeout_seconds
        if self.proving is not None:
            args["proving_arn"] = _once_ready(self.proving)
        _choose(args, self._around.settings)
        opts = pulumi.ResourceOptions(providers=[_cloud_control()])
        return VoiceChannel("voice", args, opts)

    def export(self) -> None:
        """Say where calls arrive."""
        if self.channel is None:
            return
        channel = self.channel
        pulumi.export(
            "voice",
            {
                "instanceArn": channel.instance_arn,
                "flowId": channel.flow_id,
                "flowDigest": channel.flow.apply(flow_digest),
                "aliasArn": channel.alias_arn,
                "botId": channel.bot_id,
                "botVersion": channel.bot_version,
                "number": channel.phone_number,
                "phoneNumberId": channel.phone_number_id,
            },
        )


def _once_ready(function: ContainerFunction) -> pulumi.Output[str]:
    """What is called, known once every permission of it is there.

    Depending on a component's arguments reaches its children; its own ``depends_on`` does not.
    """
    waits = [one.urn for one in function.ready()]
    return pulumi.Output.all(function.target_arn, *waits).apply(lambda known: str(known[0]))


def _choose(args: VoiceChannelArgs, settings: StackSettings) -> None:
    """Give only what is set: one instance, one number, and what is left out by default."""
    voice = settings.voice
    if voice.instance_id is not None:
        args["instance_id"] = voice.instance_id
    elif voice.instance_alias is not None:
        args["instance_alias"] = voice.instance_alias
    if voice.phone_number_id is not None:
        args["phone_number_id"] = voice.phone_number_id
    elif voice.claim_number_country is not None:
        args["claim_number_country"] = voice.claim_number_country
    if voice.bot_version is not None:
        args["version"] = voice.bot_version
    if voice.recording_notice:
        args["recording_notice"] = voice.recording_notice
    if voice.agents.enabled:
        args["hours"] = OpeningHours(
            days=voice.agents.days,
            opens=voice.agents.opens,
            closes=voice.agents.closes,
            time_zone=voice.time_zone,
        )


def _locale(locale: Locale, *, people: bool) -> VoiceLocaleArgs:
    language = locale.id.partition("_")[0]
    args = VoiceLocaleArgs(
        locale_id=locale.id,
        voice=locale.polly_voice,
        engine=VoiceEngine(locale.engine),
        intents=[
            LexIntentArgs(name=intent, utterances=list(phrases))
            for intent, phrases in PHRASES[language].items()
            if people or intent != AGENT
        ],
        fillers=list(FILLERS[language]),
    )
    if locale.greeting is not None:
        args["greeting"] = locale.greeting
    if locale.recording_notice is not None:
        args["recording_notice"] = locale.recording_notice
    if locale.texts is not None:
        args["words"] = locale.texts
    return args


def _cloud_control() -> aws_native.Provider:
    """The provider of what ``aws`` does not have, in the same place and with the same tags."""
    tags = provider_config.default_tags()
    return aws_native.Provider(
        "cloud-control",
        region=provider_config.configured_region(),
        default_tags=None if tags is None else aws_native.ProviderDefaultTagsArgs(tags=tags),
    )


def flow_digest(flow: str) -> str:
    """Return a digest of a flow, whatever the console adds to it or in whatever order it is.

    ``dialtone doctor voice`` compares it with what the account has. Empty for no flow.
    """
    if not flow:
        return ""
    document = json.loads(flow)
    document.pop("Metadata", None)
    for action in document["Actions"]:
        action.pop("Metadata", None)
    document["Actions"].sort(key=lambda action: action["Identifier"])
    compact = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(compact.encode()).hexdigest()
