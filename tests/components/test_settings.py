"""Settings: every mistake at once, with the YAML that mends it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pydantic import BaseModel

from settings import StackSettings
from stack.settings_file import PROJECT_FILE, SettingsError, main, rendered

pytestmark = pytest.mark.registers_nothing

NUMBER: dict[str, Any] = {"sms": {"number": "+13035550100"}}


def load(*, region: str = "us-east-1", **values: Any) -> StackSettings:
    """Load settings from configuration as the engine hands it over: text."""
    as_text = {
        f"dialtone:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in values.items()
    }
    pulumi.runtime.set_all_config({"aws:region": region, **as_text})
    return StackSettings.load()


def mistakes(**values: Any) -> dict[str, str]:
    """What is reported, by path."""
    with pytest.raises(SettingsError) as caught:
        load(**values)
    return {one.path: str(one) for one in caught.value.mistakes}


def test_a_number_is_all_it_takes() -> None:
    """Everything but the number has a default."""
    settings = load(**NUMBER)

    assert settings.senders == ["+13035550100"]
    assert settings.protect is True
    assert settings.sms.answer_seconds == 45
    assert settings.timing.recovery_seconds == 150


def test_scalars_arrive_as_text() -> None:
    """Top-level values are text in a stack file, whatever their type."""
    settings = load(**NUMBER, protect="false", logLevel="DEBUG", publicUrl="https://a.example")

    assert (settings.protect, settings.log_level) == (False, "DEBUG")
    assert settings.public_url == "https://a.example"


@pytest.mark.parametrize("prefix", ["8816", "+88", "+0881", "+881 6", "+8816*", 8816, ""])
def test_a_prefix_that_would_serve_too_much_or_nothing_is_reported(prefix: object) -> None:
    """With the form that a prefix has; as a number YAML would drop its plus."""
    found = mistakes(**NUMBER, people={"alsoServe": [prefix]})

    assert list(found) == ["people.alsoServe"]
    assert "at least three digits" in found["people.alsoServe"]
    settings = load(**NUMBER, people={"alsoServe": ["+8816"]})
    assert settings.people.also_serve == ["+8816"]


def test_an_empty_text_is_unset() -> None:
    """``Pulumi.yaml`` cannot say "nothing": an empty text stands for it."""
    assert load(**NUMBER, publicUrl="").public_url is None


def test_overrides_are_laid_over_key_by_key() -> None:
    """What a caller lays over a stack file leaves the rest of a section alone."""
    pulumi.runtime.set_all_config({"dialtone:sms": json.dumps(NUMBER["sms"])})

    settings = StackSettings.load({"sms": {"answerSeconds": 20}, "protect": False})

    assert (settings.sms.number, settings.sms.answer_seconds) == ("+13035550100", 20)
    assert settings.protect is False


def test_every_mistake_is_reported_at_once() -> None:
    """Wrong values, unknown keys and contradictions come in one report."""
    found = mistakes(
        sms={"number": "0155", "answerSeconds": 1, "settleSeconds": 9},
        smms={"number": "+13035550100"},
        retention={"logDays": 31},
        functions={"maximumConcurency": 5},
        whatsapp={"enabled": True},
        protect="perhaps",
    )

    assert set(found) == {
        "sms.number",
        "sms.answerSeconds",
        "sms.settleSeconds",
        "smms",
        "retention.logDays",
        "functions.maximumConcurency",
        "whatsapp.sender",
        "protect",
    }
    assert "did you mean sms?" in found["smms"]
    assert "did you mean maximumConcurrency?" in found["functions.maximumConcurency"]


def test_each_mistake_comes_with_what_mends_it() -> None:
    """The YAML below a mistake is valid by itself, and loading it mends the mistake."""
    found = mistakes(sms={"number": "+13035550100", "answerSeconds": 1}, retention={"logDays": 31})

    for text in found.values():
        fix = yaml.safe_load(text.split("\n", 1)[1])["config"]
        values = {key.removeprefix("dialtone:"): value for key, value in fix.items()}
        merged = {**NUMBER, **values}
        merged["sms"] = {**NUMBER["sms"], **values.get("sms", {})}
        load(**merged)


def test_the_report_reads_well() -> None:
    """A report names the file, the path, the value, the limit and the fix."""
    with pytest.raises(SettingsError) as caught:
        load(sms={"number": "+13035550100", "answerSeconds": 1})

    assert str(caught.value) == (
        "1 mistake in Pulumi.test.yaml\n\n"
        "dialtone:sms.answerSeconds: 1: must be greater than or equal to 5. "
        "A text is answered within this time of its claim.\n"
        "    config:\n"
        "      dialtone:sms:\n"
        "        answerSeconds: 45"
    )


@pytest.mark.parametrize(
    ("values", "path", "says"),
    [
        ({}, "sms.number", "needs your number"),
        ({"sms": {"enabled": False}}, "sms.enabled", "reaches nobody"),
        ({**NUMBER, "whatsapp": {"enabled": True}}, "whatsapp.sender", "needs your sender"),
        (
            {"sms": {"number": "+13035550100", "answerSeconds": 90}},
            "timing.recoverySeconds",
            "150 is too short after a crash",
        ),
        (
            {**NUMBER, "timing": {"sweepAfterSeconds": 60}},
            "timing.recoverySeconds",
            "after a lost wake-up",
        ),
        (
            {**NUMBER, "timing": {"listingEveryMinutes": 40}},
            "timing.listingLookbackMinutes",
            "has to overlap",
        ),
        (
            {**NUMBER, "timing": {"listingLookbackMinutes": 1440}, "retention": {"receiptDays": 1}},
            "retention.receiptDays",
            "has to outlive",
        ),
        ({**NUMBER, "models": ["gpt-5"]}, "models", "must be <provider>:<model>"),
        ({**NUMBER, "models": []}, "models", "at least 1 item"),
        ({**NUMBER, "models": ["openai:gpt-5"]}, "image.extras", "models need openai"),
        ({**NUMBER, "image": {"extras": ["opanai"]}}, "image.extras", "no such extra: opanai"),
        ({**NUMBER, "image": {"uri": "r/i:latest"}}, "image.uri", "not of the right form"),
        (
            {**NUMBER, "image": {"uri": f"r/i@sha256:{'a' * 64}", "repository": "r/i"}},
            "image",
            "nothing is built",
        ),
        ({**NUMBER, "api": {"domain": "a.example"}}, "api.certificateArn", "needs its certificate"),
        ({**NUMBER, "api": {"zoneId": "Z1"}}, "api.domain", "is for a domain"),
        ({**NUMBER, "publicUrl": "http://a.example"}, "publicUrl", "must begin with https"),
        ({**NUMBER, "publicUrl": "https://a.example/"}, "publicUrl", "not of the right form"),
        ({**NUMBER, "alarms": {"email": "nobody"}}, "alarms.email", "not of the right form"),
        ({**NUMBER, "sms": "yes"}, "sms", "valid dictionary"),
        ({**NUMBER, "logLevel": "LOUD"}, "logLevel", "not of the right form"),
        (
            {**NUMBER, "assistant": {"systemPrompt": "x" * 2000}},
            "assistant.systemPrompt",
            "come to 2002 bytes",
        ),
        ({**NUMBER, "texts": {"apology": "x" * 2000}}, "texts", "has room for 1800"),
        # Lambda's filter would drop metrics, and alarms would hear nothing.
        ({**NUMBER, "logLevel": "WARN"}, "logLevel", "not of the right form"),
    ],
)
def test_contradictions(values: dict[str, Any], path: str, says: str) -> None:
    """What does not go together is named where it can be mended."""
    found = mistakes(**values)

    assert says in found[path]


@pytest.mark.parametrize(
    ("region", "model", "mended"),
    [
        ("eu-central-1", "us.amazon.nova-lite-v1:0", "eu.amazon.nova-lite-v1:0"),
        ("us-east-1", "eu.amazon.nova-lite-v1:0", "us.amazon.nova-lite-v1:0"),
        ("us-gov-west-1", "us.amazon.nova-lite-v1:0", "us-gov.amazon.nova-lite-v1:0"),
        ("sa-east-1", "us.amazon.nova-lite-v1:0", "bedrock:amazon.nova-lite-v1:0"),
    ],
)
def test_a_profile_of_another_continent(region: str, model: str, mended: str) -> None:
    """A stack that no text would be answered from is refused, with what to write."""
    found = mistakes(**NUMBER, region=region, models=[f"bedrock:{model}"])["models"]

    assert f"{model} cannot be called from {region}" in found
    assert mended in found


@pytest.mark.parametrize(
    ("region", "model"),
    [
        ("us-east-1", "us.amazon.nova-lite-v1:0"),
        ("eu-central-1", "eu.amazon.nova-lite-v1:0"),
        ("ap-northeast-1", "jp.anthropic.claude-v1:0"),
        ("ap-northeast-1", "global.anthropic.claude-v1:0"),
        ("sa-east-1", "amazon.nova-lite-v1:0"),
        ("sa-east-1", "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"),
    ],
)
def test_a_model_that_may_be_here(region: str, model: str) -> None:
    """Profiles of the area, of everywhere, and models by themselves are left to the account."""
    chain = [f"bedrock:{model}"]

    assert load(**NUMBER, region=region, models=chain).models == chain


def test_the_project_file_is_generated() -> None:
    """``Pulumi.yaml`` says what the settings say; ``python -m settings --write`` mends it."""
    current = PROJECT_FILE.read_text()

    assert current == rendered(StackSettings, current), "run python -m settings --write"
    assert main(StackSettings, []) == 0


def test_the_project_files_defaults_are_the_settings_defaults() -> None:
    """What Pulumi fills in from the project file changes nothing."""
    declared = yaml.safe_load(PROJECT_FILE.read_text())["config"]
    filled = {key.removeprefix("dialtone:"): one["default"] for key, one in declared.items()}

    assert load(**{**filled, **NUMBER}) == load(**NUMBER)


def test_the_drift_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project file that is behind is an error until it is written."""
    stale = tmp_path / "Pulumi.yaml"
    stale.write_text(PROJECT_FILE.read_text().replace("default: true", "default: false", 1))
    monkeypatch.setattr("stack.settings_file.PROJECT_FILE", stale)

    assert main(StackSettings, []) == 1
    assert main(StackSettings, ["--write"]) == 0
    assert main(StackSettings, []) == 0


def _sections(model: type[BaseModel]) -> list[type[BaseModel]]:
    found = [model]
    for field in model.model_fields.values():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found += _sections(field.annotation)
    return found


@pytest.mark.parametrize("section", _sections(StackSettings), ids=lambda one: one.__name__)
def test_every_setting_is_described_with_its_unit(section: type[BaseModel]) -> None:
    """Each setting has a sentence and a default; a number's name says what it counts."""
    units = re.compile(
        r"(seconds|minutes|days|megabytes|messages|tokens|concurrency|per_shard|per_second|burst"
        r"|per_day|per_month|turns|confidence)$"
    )
    for name, field in section.model_fields.items():
        assert (field.description or "").endswith((".", "!")), name
        assert not field.is_required(), name
        if field.annotation in (int, float):
            assert units.search(name), f"{name} names no unit"
