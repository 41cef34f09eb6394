"""What the program declares for calls, as the phone of this machine gets it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs

from local.config import OUR_VOICE_NUMBER
from local.phone.bot import BotMessage
from local.provisioner import Account, Provisioner, ProvisioningError, UnreadPropertyError

LEX, CONNECT = "aws-native:lex", "aws:connect"
HOOK = {"lambdaCodeHook": {"codeHookInterfaceVersion": "1.0", "lambdaArn": "arn:aws:lambda:::f"}}
Create = Callable[..., tuple[str, dict[str, Any]]]


def no_client(service: str) -> Any:
    """Nothing of Lex and Connect is asked of the emulator."""
    raise AssertionError(f"asked the emulator for {service}")


@pytest.fixture
def account() -> Account:
    """An account without an emulator."""
    return Account(no_client)


@pytest.fixture
def create(account: Account) -> Create:
    """Create one resource as Pulumi's mocks would have it created."""

    def made(kind: str, **inputs: Any) -> tuple[str, dict[str, Any]]:
        args = MockResourceArgs(kind, "one", inputs, custom=True)
        identity, outputs = Provisioner(account).new_resource(args)
        assert identity is not None
        return identity, outputs

    return made


def words(*spoken: str) -> list[dict[str, Any]]:
    """A message group, said in one of several ways."""
    first, *others = ({"plainTextMessage": {"value": one}} for one in spoken)
    return [{"message": first, "variations": others}]


def fallback(**more: Any) -> dict[str, Any]:
    """The intent that takes everything, with what a test is about."""
    return {
        "name": "FallbackIntent",
        "parentIntentSignature": "AMAZON.FallbackIntent",
        "fulfillmentCodeHook": {"enabled": True},
        **more,
    }


def bot(*intents: dict[str, Any]) -> dict[str, Any]:
    """A bot of one language."""
    locale = {
        "localeId": "en_US",
        "nluConfidenceThreshold": 0.8,
        "voiceSettings": {"voiceId": "Joanna", "engine": "neural"},
        "intents": list(intents),
    }
    return {
        "name": "dialtone-local-voice",
        "roleArn": "arn:aws:iam::000000000000:role/lex",
        "dataPrivacy": {"childDirected": False},
        "idleSessionTtlInSeconds": 300,
        "autoBuildBotLocales": False,
        "botLocales": [locale],
    }


def alias(bot_id: str, version: str = "1", hook: Any = HOOK) -> dict[str, Any]:
    """The alias of a bot."""
    setting = {"enabled": True, "codeHookSpecification": hook}
    return {
        "botId": bot_id,
        "botAliasName": "live",
        "botVersion": version,
        "botAliasLocaleSettings": [{"localeId": "en_US", "botAliasLocaleSetting": setting}],
    }


def test_progress_reaches_the_phone_with_its_times(account: Account, create: Create) -> None:
    """Lex's own updates: what is said, when first, how often, and how long the hook may take."""
    updates = {
        "active": True,
        "timeoutInSeconds": 18,
        "startResponse": {
            "delayInSeconds": 1,
            "messageGroups": words("One moment.", "Hm."),
            "allowInterrupt": True,
        },
        "updateResponse": {
            "frequencyInSeconds": 5,
            "messageGroups": words("Still there."),
            "allowInterrupt": True,
        },
    }
    hook = {"enabled": True, "isActive": True, "fulfillmentUpdatesSpecification": updates}
    made, _ = create(f"{LEX}:Bot", **bot(fallback(fulfillmentCodeHook=hook)))
    create(f"{LEX}:BotAlias", **alias(made))

    (declared,) = account.declared.bots.values()
    progress = declared.locales["en_US"].fallback.progress
    assert progress is not None
    assert (progress.start_delay_seconds, progress.update_every_seconds) == (1, 5)
    assert progress.timeout_seconds == 18
    assert progress.start == ((BotMessage("One moment."), BotMessage("Hm.")),)


def test_ids_are_the_same_after_a_restart(create: Create) -> None:
    """A flow that was drawn, or an alias that was called, is found again."""
    made, _ = create(f"{LEX}:Bot", **bot(fallback()))
    again, _ = create(f"{LEX}:Bot", **bot(fallback()))
    first, second = (create(f"{LEX}:BotAlias", **alias(one))[1]["arn"] for one in (made, again))

    assert first == second


def test_a_pinned_version_is_said_to_be_todays_bot(account: Account, create: Create) -> None:
    """Versions are not kept here, and whoever starts the stack is told."""
    made, _ = create(f"{LEX}:Bot", **bot(fallback()))
    create(f"{LEX}:BotAlias", **alias(made, version="4"))

    assert account.declared.translated == ["bot version 4 is the bot as declared here"]


@pytest.mark.parametrize(
    ("kind", "inputs", "says"),
    [
        (f"{LEX}:Bot", bot(fallback(kendraConfiguration={})), r"intents\[0\].kendraConfiguration"),
        (
            "aws-native:connect:IntegrationAssociation",
            {"instanceId": "an-id", "integrationArn": "arn:a", "integrationType": "LEX_BOT"},
            "is the ARN of the instance",
        ),
        (
            "aws-native:connect:IntegrationAssociation",
            {"instanceId": "arn:i", "integrationArn": "arn:a", "integrationType": "WISDOM"},
            "an association of WISDOM",
        ),
        (
            f"{CONNECT}/contactFlow:ContactFlow",
            {"instanceId": "i", "name": "n", "type": "CONTACT_FLOW", "content": "{"},
            "Expecting property name",
        ),
    ],
)
def test_what_cannot_be_played_is_refused(
    create: Create, kind: str, inputs: dict[str, Any], says: str
) -> None:
    """A property nobody reads, and what the service itself would refuse, fail the start."""
    with pytest.raises((ProvisioningError, UnreadPropertyError), match=says):
        create(kind, **inputs)


@pytest.mark.parametrize(
    ("version", "locale", "says"), [("2.0", "en_US", "interface 1.0"), ("1.0", "fr_FR", "fr_FR")]
)
def test_an_alias_that_lex_would_refuse_is_refused(
    create: Create, version: str, locale: str, says: str
) -> None:
    """Another interface of the hook, and a locale that the bot does not have."""
    made, _ = create(f"{LEX}:Bot", **bot(fallback()))
    hook = {"lambdaCodeHook": {"codeHookInterfaceVersion": version, "lambdaArn": "arn:f"}}
    inputs = alias(made, hook=hook)
    inputs["botAliasLocaleSettings"][0]["localeId"] = locale

    with pytest.raises(ProvisioningError, match=says):
        create(f"{LEX}:BotAlias", **inputs)


def test_a_version_has_the_locales_of_its_bot(create: Create) -> None:
    """A locale that the draft does not have cannot be in a version."""
    made, _ = create(f"{LEX}:Bot", **bot(fallback()))
    details = {"localeId": "fr_FR", "botVersionLocaleDetails": {"sourceBotVersion": "DRAFT"}}

    with pytest.raises(ProvisioningError, match="no locale fr_FR"):
        create(f"{LEX}:BotVersion", botId=made, botVersionLocaleSpecification=[details])


def test_a_line_of_ones_own_is_played_as_well(account: Account, create: Create) -> None:
    """An instance that is made and a number that is claimed lead to the flow."""
    instance, made = create(
        f"{CONNECT}/instance:Instance",
        instanceAlias="mine",
        identityManagementType="CONNECT_MANAGED",
        inboundCallsEnabled=True,
        outboundCallsEnabled=False,
        contactFlowLogsEnabled=False,
        contactLensEnabled=False,
    )
    number, claimed = create(
        f"{CONNECT}/phoneNumber:PhoneNumber",
        countryCode="US",
        type="DID",
        targetArn=made["arn"],
    )
    flow, _ = create(
        f"{CONNECT}/contactFlow:ContactFlow",
        instanceId=instance,
        name="n",
        type="CONTACT_FLOW",
        content='{"Version":"2019-10-30"}',
    )
    create(
        f"{CONNECT}/phoneNumberContactFlowAssociation:PhoneNumberContactFlowAssociation",
        instanceId=instance,
        phoneNumberId=number,
        contactFlowId=flow,
    )

    assert claimed["phoneNumber"] == OUR_VOICE_NUMBER
    assert account.declared.instance == made["arn"]
    assert account.declared.call_flows == {OUR_VOICE_NUMBER: {"Version": "2019-10-30"}}


def test_what_is_adopted_is_there(account: Account) -> None:
    """The program may ask for an instance and a number of any id."""
    provisioner = Provisioner(account)
    instance, _ = provisioner.call(
        MockCallArgs("aws:connect/getInstance:getInstance", {"instanceId": "an-id"}, "")
    )
    number, _ = provisioner.call(
        MockCallArgs("aws-native:connect:getPhoneNumber", {"phoneNumberArn": "arn:n"}, "")
    )

    assert instance["arn"] == account.declared.instance
    assert number == {"address": OUR_VOICE_NUMBER, "targetArn": instance["arn"]}
