"""Lex and Connect: nothing of them is emulated, and all of it is carried out by ``local.phone``.

What is declared becomes what the phone plays: a bot behind each alias, a flow behind each number.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from local.config import OUR_VOICE_NUMBER
from local.phone.bot import Bot, BotLocale, BotMessage, Intent, MessageGroups, Progress
from local.provisioner.account import Account, Create, Created
from local.provisioner.inputs import Inputs

# There is one version here, of the program as it is.
VERSION = "1"
INTERFACE = "1.0"
_ID_CHARACTERS = 10


def _short_id(*names: str) -> str:
    """An id of Lex's form, the same after a restart."""
    return hashlib.sha256("/".join(names).encode()).hexdigest()[:_ID_CHARACTERS].upper()


def _long_id(*names: str) -> str:
    """An id of Connect's form, the same after a restart."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(names)))


def bot(inputs: Inputs, account: Account) -> Created:
    """Know a bot; what it says goes through no Polly."""
    name = inputs.take("name")
    identity = _short_id(name)
    if privacy := inputs.block("dataPrivacy"):
        privacy.ignore("childDirected")
    account.calls.bots[identity] = Bot(
        id=identity,
        name=name,
        version=VERSION,
        alias_id="",
        alias_name="",
        alias_arn="",
        locales={one.id: one for one in map(_locale, inputs.blocks("botLocales"))},
    )
    # The role is for Polly; nothing has to be built; no session outlives its conversation here.
    inputs.ignore("roleArn", "autoBuildBotLocales", "idleSessionTtlInSeconds")
    return Created(identity, {"awsId": identity, "arn": account.arn("lex", f"bot/{identity}")})


def _locale(inputs: Inputs) -> BotLocale:
    if voice := inputs.block("voiceSettings"):
        voice.ignore("voiceId", "engine")  # the flow's voice speaks
    return BotLocale(
        id=inputs.take("localeId"),
        intents=tuple(map(_intent, inputs.blocks("intents"))),
        confidence_threshold=inputs.take("nluConfidenceThreshold"),
    )


def _intent(inputs: Inputs) -> Intent:
    hook = inputs.block("fulfillmentCodeHook")
    setting = inputs.block("initialResponseSetting")
    first = setting.block("initialResponse") if setting else None
    if first:
        first.ignore("allowInterrupt")
    return Intent(
        name=inputs.take("name"),
        utterances=tuple(one.take("utterance") for one in inputs.blocks("sampleUtterances")),
        parent_signature=inputs.take("parentIntentSignature", ""),
        fulfillment_hook=bool(hook and hook.take("enabled")),
        initial_response=_said(first, "messageGroupsList") if first else (),
        progress=_progress(hook) if hook else None,
    )


def _progress(hook: Inputs) -> Progress | None:
    hook.ignore("isActive")
    updates = hook.block("fulfillmentUpdatesSpecification")
    if updates is None or not updates.take("active"):
        return None
    start, update = updates.block("startResponse"), updates.block("updateResponse")
    if start is None or update is None:
        raise KeyError(f"{updates.path} is active and lacks its start or its update")
    for said in (start, update):
        said.ignore("allowInterrupt")
    return Progress(
        start=_said(start, "messageGroups"),
        start_delay_seconds=start.take("delayInSeconds"),
        update=_said(update, "messageGroups"),
        update_every_seconds=update.take("frequencyInSeconds"),
        timeout_seconds=updates.take("timeoutInSeconds"),
    )


def _said(inputs: Inputs, name: str) -> MessageGroups:
    groups = []
    for group in inputs.blocks(name):
        message = group.block("message")
        if message is None:
            raise KeyError(f"{group.path} lacks its message")
        groups.append(tuple(map(_message, (message, *group.blocks("variations")))))
    return tuple(groups)


def _message(inputs: Inputs) -> BotMessage:
    if ssml := inputs.block("ssmlMessage"):
        return BotMessage(ssml.take("value"), "SSML")
    plain = inputs.block("plainTextMessage")
    if plain is None:
        raise KeyError(f"{inputs.path} has no words that can be spoken")
    return BotMessage(plain.take("value"))


def bot_version(inputs: Inputs, account: Account) -> Created:
    """Keep no version, but insist that its locales are the bot's."""
    identity = inputs.take("botId")
    known = account.calls.bots[identity].locales
    for locale in inputs.blocks("botVersionLocaleSpecification"):
        if (name := locale.take("localeId")) not in known:
            raise LookupError(f"the bot has no locale {name}")
        if details := locale.block("botVersionLocaleDetails"):
            details.ignore("sourceBotVersion")
    return Created(f"{identity}|{VERSION}", {"botVersion": VERSION})


def bot_alias(inputs: Inputs, account: Account) -> Created:
    """Put a bot behind an alias, with the function that each locale asks."""
    identity, name = inputs.take("botId"), inputs.take("botAliasName")
    of = account.calls.bots[identity]
    if (version := inputs.take("botVersion")) != VERSION:
        account.declared.translated.append(f"bot version {version} is the bot as declared here")
    alias = _short_id(of.name, name)
    arn = account.arn("lex", f"bot-alias/{identity}/{alias}")
    locales = dict(of.locales)
    for settings in inputs.blocks("botAliasLocaleSettings"):
        locale, setting = settings.take("localeId"), settings.block("botAliasLocaleSetting")
        if setting is None:
            raise KeyError(f"{settings.path} lacks its setting")
        locales[locale] = replace(
            of.locales[locale], enabled=setting.take("enabled"), hook_arn=_hook(setting)
        )
    account.declared.bots[arn] = replace(
        of, version=version, alias_id=alias, alias_name=name, alias_arn=arn, locales=locales
    )
    return Created(f"{alias}|{identity}", {"botAliasId": alias, "arn": arn})


def _hook(setting: Inputs) -> str:
    specification = setting.block("codeHookSpecification")
    hook = specification.block("lambdaCodeHook") if specification else None
    if hook is None:
        return ""
    if (version := hook.take("codeHookInterfaceVersion")) != INTERFACE:
        raise ValueError(f"a hook speaks interface {INTERFACE}, not {version}")
    return str(hook.take("lambdaArn"))


def instance(inputs: Inputs, account: Account) -> Created:
    """Know an instance that the program makes."""
    identity = _long_id("instance", inputs.take("instanceAlias"))
    inputs.ignore("identityManagementType", "inboundCallsEnabled", "outboundCallsEnabled")
    inputs.ignore("contactFlowLogsEnabled", "contactLensEnabled")  # nothing is recorded here
    account.declared.instance = account.arn("connect", f"instance/{identity}")
    return Created(identity, {"arn": account.declared.instance})


def phone_number(inputs: Inputs, account: Account) -> Created:
    """Claim the one number there is, of whatever country."""
    country = inputs.take("countryCode")
    inputs.ignore("type", "targetArn")
    account.declared.translated.append(f"the number of {country} is {OUR_VOICE_NUMBER}")
    identity = _long_id("number", country)
    return Created(
        identity,
        {
            "arn": account.arn("connect", f"phone-number/{identity}"),
            "phoneNumber": OUR_VOICE_NUMBER,
        },
    )


def integration_association(inputs: Inputs, account: Account) -> Created:
    """Let the instance talk to a bot."""
    if not (place := inputs.take("instanceId")).startswith("arn:"):
        raise ValueError(f"instanceId is the ARN of the instance, not {place}")
    if (kind := inputs.take("integrationType")) != "LEX_BOT":
        raise ValueError(f"an association of {kind} is not carried out here")
    account.declared.associated.add(inputs.take("integrationArn"))
    return Created(_long_id("association", inputs.name))


def function_association(inputs: Inputs, account: Account) -> Created:
    """Let the instance's flows call a function."""
    inputs.ignore("instanceId")
    account.declared.associated.add(inputs.take("functionArn"))
    return Created(_long_id("function", inputs.name))


def hours(inputs: Inputs, account: Account) -> Created:
    """Take opening hours for what the phone's own switch says."""
    identity = _long_id("hours", inputs.take("name"))
    inputs.ignore("instanceId", "timeZone", "configs", "description")
    arn = f"{account.declared.instance}/operating-hours/{identity}"
    return Created(identity, {"arn": arn, "hoursOfOperationId": identity})


def queue(inputs: Inputs, account: Account) -> Created:
    """Know a queue; whether somebody answers it is a switch of the phone."""
    identity = _long_id("queue", inputs.take("name"))
    inputs.ignore("instanceId", "hoursOfOperationId", "description")
    arn = f"{account.declared.instance}/queue/{identity}"
    return Created(identity, {"arn": arn, "queueId": identity})


def contact_flow(inputs: Inputs, account: Account) -> Created:
    """Keep a flow as it was declared."""
    identity = _long_id("flow", inputs.take("name"))
    inputs.ignore("instanceId", "description", "type")
    account.calls.flows[identity] = json.loads(inputs.take("content"))
    arn = f"{account.declared.instance}/contact-flow/{identity}"
    return Created(identity, {"arn": arn, "contactFlowId": identity})


def answered_by(inputs: Inputs, account: Account) -> Created:
    """Have a flow answer the number."""
    number, flow = inputs.take("phoneNumberId"), inputs.take("contactFlowId")
    inputs.ignore("instanceId")
    account.declared.call_flows[OUR_VOICE_NUMBER] = account.calls.flows[flow]
    return Created(f"{number},{flow}")


CREATES: dict[str, Create] = {
    "aws-native:connect:IntegrationAssociation": integration_association,
    "aws-native:lex:Bot": bot,
    "aws-native:lex:BotAlias": bot_alias,
    "aws-native:lex:BotVersion": bot_version,
    "aws:connect/contactFlow:ContactFlow": contact_flow,
    "aws:connect/hoursOfOperation:HoursOfOperation": hours,
    "aws:connect/instance:Instance": instance,
    "aws:connect/lambdaFunctionAssociation:LambdaFunctionAssociation": function_association,
    "aws:connect/phoneNumber:PhoneNumber": phone_number,
    "aws:connect/phoneNumberContactFlowAssociation:PhoneNumberContactFlowAssociation": answered_by,
    "aws:connect/queue:Queue": queue,
}


def find_instance(asked: Mapping[str, Any], account: Account) -> dict[str, Any]:
    """Answer for an instance that is adopted: here, any id is one."""
    identity = str(asked["instanceId"])
    account.declared.instance = account.arn("connect", f"instance/{identity}")
    return {"id": identity, "instanceId": identity, "arn": account.declared.instance}


def find_number(_asked: Mapping[str, Any], account: Account) -> dict[str, Any]:
    """Answer for a number that is adopted: here, any id is the one number."""
    return {"address": OUR_VOICE_NUMBER, "targetArn": account.declared.instance}


ANSWERS: dict[str, Callable[[Mapping[str, Any], Account], dict[str, Any]]] = {
    "aws-native:connect:getPhoneNumber": find_number,
    "aws:connect/getInstance:getInstance": find_instance,
}
