"""What goes through ``aws-native``, against the schemas that AWS checks it with."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.cloudformation import SETTINGS, main, rendered, template

ROOT = Path(__file__).resolve().parents[2]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the linter as ``make lint-cloudformation`` does."""
    linter = Path(sys.executable).with_name("cfn-lint")
    files = [str(file) for file in sorted(folder.glob("*.json"))]
    return subprocess.run(
        [str(linter), "--regions", "us-east-1", "--", *files],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def sound() -> dict[str, Any]:
    """The template of a stack with everything."""
    return template(SETTINGS["everything"])


def test_every_template_is_what_the_schemas_allow(tmp_path: Path) -> None:
    """Each of the settings gives the four resources, and the linter has nothing against them."""
    main(tmp_path)

    for name in SETTINGS:
        made = json.loads((tmp_path / f"{name}.json").read_text())["Resources"]
        assert sorted(one["Type"] for one in made.values()) == [
            "AWS::Connect::IntegrationAssociation",
            "AWS::Lex::Bot",
            "AWS::Lex::BotAlias",
            "AWS::Lex::BotVersion",
        ], name
    linted = lint(tmp_path)
    assert linted.returncode == 0, linted.stdout


def test_settings_make_a_difference(sound: dict[str, Any]) -> None:
    """What is judged is what the settings ask for: languages, people, and words in the wait."""
    locales = sound["Resources"]["VoiceBot"]["Properties"]["BotLocales"]

    assert [one["LocaleId"] for one in locales] == ["en_US", "es_US"]
    assert {intent["Name"] for intent in locales[0]["Intents"]} == {
        *("Goodbye", "Agent", "Help", "FallbackIntent"),
    }
    assert "FulfillmentUpdatesSpecification" in json.dumps(locales)


PLANTED: list[tuple[tuple[str | int, ...], Any, str]] = [
    (("VoiceBot", "BotLocale"), [], "'BotLocale' was unexpected"),
    (("VoiceBot", "IdleSessionTTLInSeconds"), 5, "5 is less than"),
    (("VoiceBot", "BotLocales", 0, "VoiceSettings", "Engine"), "loud", "'loud' is not one of"),
    (("VoiceBot", "BotLocales", 0, "NluConfidenceThreshold"), 2, "2 is greater than"),
    (("VoiceAssociation", "IntegrationType"), "LEX", "'LEX' is not one of"),
    (("VoiceAlias", "BotAliasName"), "a b", "'a b' does not match"),
]


def test_planted_mistakes_are_found(sound: dict[str, Any], tmp_path: Path) -> None:
    """A misspelt property and values that no schema allows do not pass, each by itself."""
    for number, (path, value, _) in enumerate(PLANTED):
        planted = copy.deepcopy(sound)
        resource, *between, last = path
        place = planted["Resources"][resource]["Properties"]
        for part in between:
            place = place[part]
        place[last] = value
        (tmp_path / f"{number}.json").write_text(json.dumps(planted))

    linted = lint(tmp_path)

    assert linted.returncode != 0
    entries = linted.stdout.strip().split("\n\n")
    for number, (path, _, says) in enumerate(PLANTED):
        found = [one for one in entries if f"/{number}.json:" in one]
        assert any(says in one for one in found), (path, found)


def test_names_are_cloudformations() -> None:
    """Nested names begin with a capital, and those that are spelt otherwise are known."""
    given = {"botLocales": [{"localeId": "a"}], "idleSessionTtlInSeconds": 300.0, "none": None}

    assert rendered(given) == {"BotLocales": [{"LocaleId": "a"}], "IdleSessionTTLInSeconds": 300}


def test_make_lint_judges_them() -> None:
    """The templates are part of what a commit is checked for."""
    makefile = (ROOT / "Makefile").read_text()

    line = next(one for one in makefile.splitlines() if one.startswith("lint: "))
    assert "lint-cloudformation" in line
    assert "-m local.cloudformation" in makefile
