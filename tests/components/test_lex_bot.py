"""The bot: what makes a version, what the alias serves, and who may call the function."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components import Filler, LexIntentArgs, LexLocaleArgs, VoiceEngine
from tests.components.building import HOOK, bot, intents
from tests.components.conftest import Deploy
from tests.components.recording_cloud import Recorded, RecordingCloud

LEX = "aws-native:lex:"


def locale(locale_id: str = "en_US", **overrides: Any) -> LexLocaleArgs:
    """A language, with what a test is about."""
    args = LexLocaleArgs(
        locale_id=locale_id, voice="Joanna", intents=intents(), fillers=["One moment.", "Hm."]
    )
    args.update(overrides)  # type: ignore[typeddict-item]  # a test may pass nonsense
    return args


def fallback(cloud: RecordingCloud) -> dict[str, Any]:
    """The intent that takes everything."""
    (first, *_) = cloud.one(f"{LEX}Bot").inputs["botLocales"]
    return next(one for one in first["intents"] if one["name"] == "FallbackIntent")


def version(deploy: Deploy, cloud: RecordingCloud, **overrides: Any) -> Recorded:
    """The version that a bot declares."""
    cloud.resources.clear()
    cloud.component_outputs.clear()
    deploy(lambda: bot(**overrides))
    return cloud.one(f"{LEX}BotVersion")


def test_every_intent_asks_the_function(deploy: Deploy, cloud: RecordingCloud) -> None:
    """The hook is on each intent, and small ones win only when Lex is sure."""
    deploy(bot)

    (english,) = cloud.one(f"{LEX}Bot").inputs["botLocales"]
    assert english["nluConfidenceThreshold"] == 0.8
    assert [one["name"] for one in english["intents"]] == ["Goodbye", "FallbackIntent"]
    assert all(one["fulfillmentCodeHook"]["enabled"] for one in english["intents"])
    assert fallback(cloud)["parentIntentSignature"] == "AMAZON.FallbackIntent"
    assert "sampleUtterances" not in fallback(cloud)


def test_nothing_is_logged_or_analysed(deploy: Deploy, cloud: RecordingCloud) -> None:
    """What callers say rests in no conversation log and goes to no other service."""
    deploy(bot)

    assert not {"conversationLogSettings", "sentimentAnalysisSettings"} & set(
        cloud.one(f"{LEX}BotAlias").inputs
    )
    made = cloud.one(f"{LEX}Bot").inputs
    assert "errorLogSettings" not in made
    assert made["dataPrivacy"] == {"childDirected": False}
    assert made["autoBuildBotLocales"] is False


@pytest.mark.parametrize(
    "changed",
    [
        {"locales": [locale(voice="Matthew")]},
        {"locales": [locale(engine=VoiceEngine.GENERATIVE)]},
        {"locales": [locale(fillers=["Let me see."])]},
        {"locales": [locale(intents=[LexIntentArgs(name="Goodbye", utterances=["bye"])])]},
        {"locales": [locale(), locale("es_US")]},
        {"filler": Filler.NONE},
        {"filler": Filler.PROGRESS},
    ],
)
def test_a_changed_definition_makes_a_version(
    deploy: Deploy, cloud: RecordingCloud, changed: dict[str, Any]
) -> None:
    """Whatever the bot understands or says differently is another version."""
    before = version(deploy, cloud)

    assert version(deploy, cloud, **changed).trigger != before.trigger


@pytest.mark.parametrize(
    "unrelated",
    [
        {"hook_arn": f"{HOOK}:live"},
        {"version": 3},
        # The time the hook may take is in the definition only where updates run.
        {"hook_timeout_seconds": 12},
        {"locales": [dict(reversed(locale().items()))]},
    ],
)
def test_anything_else_makes_none(
    deploy: Deploy, cloud: RecordingCloud, unrelated: dict[str, Any]
) -> None:
    """A version made of an unchanged draft would carry the number of the one it replaces."""
    before = version(deploy, cloud)

    assert version(deploy, cloud, **unrelated).trigger == before.trigger


def test_tags_make_no_version(deploy: Deploy, cloud: RecordingCloud) -> None:
    """Tags come from the provider: the inputs that a version is made of do not have them."""
    before = version(deploy, cloud)
    pulumi.runtime.set_all_config(
        {"aws:region": "us-east-1", "aws:defaultTags": json.dumps({"tags": {"a": "b"}})}
    )

    assert version(deploy, cloud).trigger == before.trigger


def test_a_replaced_version_is_kept(deploy: Deploy, cloud: RecordingCloud) -> None:
    """Or there would be nothing to go back to; and it is made after the draft has changed."""
    made = version(deploy, cloud)

    assert made.retained
    assert cloud.one(f"{LEX}Bot").urn in made.depends_on


def test_a_pinned_version_is_served(deploy: Deploy, cloud: RecordingCloud) -> None:
    """The alias goes back to a kept version, and the newest one stays what it was."""
    deploy(lambda: bot(version=3))

    assert cloud.one(f"{LEX}BotAlias").inputs["botVersion"] == "3"
    made = next(one for one in cloud.components() if one.type == "dialtone:index:LexBot")
    assert cloud.component_outputs[made.urn]["botVersion"] == "3"
    assert len(cloud.of(f"{LEX}BotVersion")) == 1


def test_the_newest_version_is_served_otherwise(deploy: Deploy, cloud: RecordingCloud) -> None:
    """Alias, version and bot belong together, and each locale asks the function."""
    deploy(lambda: bot(hook_arn=f"{HOOK}:live", locales=[locale(), locale("es_US")]))

    alias = cloud.one(f"{LEX}BotAlias").inputs
    assert (alias["botId"], alias["botVersion"]) == ("BOT1234567", "7")
    assert [one["localeId"] for one in alias["botAliasLocaleSettings"]] == ["en_US", "es_US"]
    for one in alias["botAliasLocaleSettings"]:
        setting = one["botAliasLocaleSetting"]
        hook = setting["codeHookSpecification"]["lambdaCodeHook"]
        assert setting["enabled"] is True
        assert hook == {"codeHookInterfaceVersion": "1.0", "lambdaArn": f"{HOOK}:live"}


@pytest.mark.parametrize(("hook", "qualifier"), [(HOOK, None), (f"{HOOK}:live", "live")])
def test_only_this_alias_may_call_the_function(
    deploy: Deploy, cloud: RecordingCloud, hook: str, qualifier: str | None
) -> None:
    """The permission names Lex, the alias, the account, and the qualifier that the hook has."""
    deploy(lambda: bot(hook_arn=hook))

    permission = cloud.one(aws.lambda_.Permission).inputs
    assert permission["principal"] == "lexv2.amazonaws.com"
    assert permission["sourceArn"].endswith(":bot-alias/BOT1234567/ALIAS12345")
    assert permission["sourceAccount"] == "123456789012"
    assert permission["function"] == "dialtone-test-fulfilment"
    assert permission.get("qualifier") == qualifier


def test_the_bot_may_speak_and_nothing_else(deploy: Deploy, cloud: RecordingCloud) -> None:
    """Its role is Lex's of this account, and allows a voice."""
    deploy(bot)

    role, policy = cloud.one(aws.iam.Role).inputs, cloud.one(aws.iam.RolePolicy).inputs
    (trust,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "lexv2.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    (allowed,) = json.loads(policy["policy"])["Statement"]
    assert allowed["Action"] == ["polly:SynthesizeSpeech"]


def test_first_words_fill_the_wait(deploy: Deploy, cloud: RecordingCloud) -> None:
    """By default one of a few words is said when the fallback is matched."""
    deploy(bot)

    said = fallback(cloud)["initialResponseSetting"]["initialResponse"]
    (group,) = said["messageGroupsList"]
    assert group["message"]["plainTextMessage"]["value"] == "One moment."
    assert [one["plainTextMessage"]["value"] for one in group["variations"]] == ["Hm."]
    assert "fulfillmentUpdatesSpecification" not in fallback(cloud)["fulfillmentCodeHook"]


def test_updates_fill_the_wait_where_wanted(deploy: Deploy, cloud: RecordingCloud) -> None:
    """Active updates have a start, an update and a time-out: Lex requires all three."""
    deploy(lambda: bot(filler=Filler.PROGRESS, hook_timeout_seconds=18))

    hook = fallback(cloud)["fulfillmentCodeHook"]
    updates = hook["fulfillmentUpdatesSpecification"]
    assert (hook["isActive"], updates["active"], updates["timeoutInSeconds"]) == (True, True, 18)
    assert updates["startResponse"]["delayInSeconds"] == 1
    assert updates["updateResponse"]["frequencyInSeconds"] == 5
    assert "initialResponseSetting" not in fallback(cloud)


def test_silence_is_a_choice(deploy: Deploy, cloud: RecordingCloud) -> None:
    """Without a filler nothing is said, whatever words there are."""
    deploy(lambda: bot(filler=Filler.NONE))

    assert set(fallback(cloud)) == {"name", "parentIntentSignature", "fulfillmentCodeHook"}


@pytest.mark.parametrize("stack", ["a.b", "a--b", "x" * 120])
def test_the_name_is_one_that_lex_takes(deploy: Deploy, cloud: RecordingCloud, stack: str) -> None:
    """Letters, digits, and between two of them one sign; whatever the stack is called."""
    pulumi.runtime.set_mocks(cloud.mocks, project="d", stack=stack, monitor=cloud.monitor)
    deploy(bot)

    name = cloud.one(f"{LEX}Bot").inputs["name"]
    assert len(name) <= 100
    assert all(part.isalnum() for part in name.replace("_", "-").split("-")), name


@pytest.mark.registers_nothing
@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ({"locales": []}, "needs locales, each once"),
        ({"locales": [locale(), locale()]}, "needs locales, each once"),
        ({"locales": [locale("english")]}, "must be like en_US"),
        ({"locales": [locale(intents=[])]}, "intents need names, each once"),
        (
            {"locales": [locale(intents=[LexIntentArgs(name="a b", utterances=["c"])])]},
            "intents need names",
        ),
        (
            {"locales": [locale(intents=[LexIntentArgs(name="FallbackIntent", utterances=["c"])])]},
            "none FallbackIntent",
        ),
        (
            {"locales": [locale(intents=[LexIntentArgs(name="Bye", utterances=[])])]},
            "needs sample utterances",
        ),
        (
            {"locales": [locale(intents=[LexIntentArgs(name="Bye", utterances=["bye {when}"])])]},
            "words, spaces, ' and - only",
        ),
        ({"locales": [locale(fillers=[])]}, "initial needs 1 to 5 fillers"),
        ({"locales": [locale(fillers=["a"] * 6)]}, "initial needs 1 to 5 fillers"),
        ({"locales": [locale(fillers=["a" * 1001])]}, "1 to 1000 characters"),
        ({"hook_timeout_seconds": 31}, "Lex waits 30 s for a hook, not 31"),
    ],
)
def test_what_lex_would_refuse_is_refused(overrides: dict[str, Any], says: str) -> None:
    """Before anything is declared, with what is wrong and where."""
    with pytest.raises(ValueError, match=says):
        bot(**overrides)
