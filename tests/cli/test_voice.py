"""`dialtone voice`: old versions of the bot go, and never one that somebody needs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from cli.target import Target
from tests.cli.played_account import ALIAS, MADE, PlayedAccount, RefusedError

Voice = Callable[..., Result]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> PlayedAccount:
    """A bot with twelve versions; calls go to the seventh."""
    made = PlayedAccount("prod", {"Actions": []})
    made.versions = ["DRAFT", *map(str, range(1, 13))]
    monkeypatch.setattr(Target, "client", lambda _target, service: made.client(service))
    monkeypatch.chdir(tmp_path)
    return made


@pytest.fixture
def voice() -> Voice:
    """Run a command on the stack's bot."""

    def run(*arguments: str, text: str | None = None) -> Result:
        return CliRunner().invoke(app, ["voice", *arguments, "--stack", "prod"], input=text)

    return run


def deleted(account: PlayedAccount) -> list[str]:
    """The versions that Lex was asked to delete, in this order."""
    name = "lexv2-models.DeleteBotVersion"
    asked = [request for called, request in account.calls if called == name]
    assert all(request["skipResourceInUseCheck"] is False for request in asked)
    return [request["botVersion"] for request in asked]


def test_old_versions_go_the_oldest_first(voice: Voice, account: PlayedAccount) -> None:
    """The five newest stay, the one in use stays, the draft stays."""
    answer = voice("prune", "--yes")

    assert answer.exit_code == 0, answer.output
    assert deleted(account) == ["1", "2", "3", "4", "5", "6"]
    assert account.versions == ["DRAFT", "7", "8", "9", "10", "11", "12"]
    assert "deleted: 6 (1, 2, 3, 4, 5, 6)" in answer.stdout


def test_every_alias_holds_its_version(voice: Voice, account: PlayedAccount) -> None:
    """Also one that is none of ours."""
    account.test_alias["botVersion"] = "2"

    voice("prune", "--yes")

    assert deleted(account) == ["1", "3", "4", "5", "6"]


@pytest.mark.parametrize("where", ["stack file", "option"])
def test_a_pinned_version_stays(voice: Voice, account: PlayedAccount, where: str) -> None:
    """What the stack file pins may not be deployed yet, and the operator may want another."""
    account.alias["botVersion"] = "12"
    pinned = "config:\n  dialtone:voice:\n    botVersion: 3\n"
    if where == "stack file":
        Path("Pulumi.prod.yaml").write_text(pinned)
    also = ["--also", "3"] if where == "option" else []

    voice("prune", "--yes", *also)

    assert deleted(account) == ["1", "2", "4", "5", "6", "7"]


@pytest.mark.parametrize(
    "content", ["config: [", "config:\n  dialtone:voice:\n    botVersion: newest\n"]
)
@pytest.mark.usefixtures("account")
def test_a_stack_file_that_cannot_be_understood_stops_it(voice: Voice, content: str) -> None:
    """Nothing is deleted on a guess."""
    Path("Pulumi.prod.yaml").write_text(content)

    answer = voice("prune", "--yes")

    assert answer.exit_code == 2
    assert "Pulumi.prod.yaml" in answer.stderr


def test_keep_says_how_many_of_the_newest_stay(voice: Voice, account: PlayedAccount) -> None:
    """At least one: the newest belongs to the program."""
    assert voice("prune", "--keep", "0", "--yes").exit_code == 2
    voice("prune", "--keep", "1", "--yes")

    assert account.versions == ["DRAFT", "7", "12"]


@pytest.mark.parametrize("how", ["--dry-run", "no"])
def test_nothing_goes_unasked(voice: Voice, account: PlayedAccount, how: str) -> None:
    """A dry run and a no show what would go, and leave it."""
    answer = voice("prune", "--dry-run") if how == "--dry-run" else voice("prune", text="n\n")

    assert "prune would delete it" in answer.stdout
    assert "in use by live" in answer.stdout
    assert deleted(account) == []


def test_with_nothing_old_nothing_is_asked(voice: Voice, account: PlayedAccount) -> None:
    """Few versions: every one stays."""
    account.versions = ["DRAFT", "6", "7"]

    answer = voice("prune")

    assert answer.exit_code == 0
    assert "nothing to delete" in answer.stdout


@pytest.mark.parametrize("code", ["ConflictException", "PreconditionFailedException"])
def test_an_alias_that_moves_meanwhile_keeps_its_version(
    voice: Voice, account: PlayedAccount, code: str
) -> None:
    """Somebody rolls back while we prune: Lex refuses, the rest goes on."""

    def moving(request: dict[str, Any]) -> dict[str, Any]:
        if request["botVersion"] == "3":
            raise RefusedError(code)
        account.versions.remove(request["botVersion"])
        return {"botVersion": request["botVersion"]}

    account.answers["lexv2-models.DeleteBotVersion"] = moving

    answer = voice("prune", "--yes")

    assert answer.exit_code == 0, answer.output
    assert "deleted: 5 (1, 2, 4, 5, 6)" in answer.stdout
    assert "in use by now: 1 (3)" in answer.stdout


def test_two_who_prune_at_once_do_not_hinder_each_other(
    voice: Voice, account: PlayedAccount
) -> None:
    """A version that the other has deleted is gone already."""
    remove = account._lexv2models_deletebotversion

    def other_first(request: dict[str, Any]) -> dict[str, Any]:
        if request["botVersion"] == "2":
            account.versions.remove("2")
        return remove(request)

    account.answers["lexv2-models.DeleteBotVersion"] = other_first

    assert "gone already: 1 (2)" in voice("prune", "--yes").stdout


def test_after_an_interruption_it_goes_on_where_it_stopped(
    voice: Voice, account: PlayedAccount
) -> None:
    """What was done is said, and the next run does the rest."""
    remove = account._lexv2models_deletebotversion

    def tired(request: dict[str, Any]) -> dict[str, Any]:
        if request["botVersion"] == "4":
            raise RefusedError("AccessDeniedException")
        return remove(request)

    account.answers["lexv2-models.DeleteBotVersion"] = tired
    stopped = voice("prune", "--yes")
    account.answers.clear()

    assert stopped.exit_code == 2
    assert "deleted: 3 (1, 2, 3)" in stopped.stdout
    assert "deleted: 3 (4, 5, 6)" in voice("prune", "--yes").stdout


def test_a_version_that_is_going_is_left_alone(voice: Voice, account: PlayedAccount) -> None:
    """Lex takes its time to delete one."""

    def listing(_request: dict[str, Any]) -> dict[str, Any]:
        states = [("1", "Deleting"), *((str(one), "Available") for one in range(2, 9))]
        made = {"creationDateTime": MADE}
        every = [{"botVersion": one, "botStatus": state, **made} for one, state in states]
        return {"botVersionSummaries": every}

    account.answers["lexv2-models.ListBotVersions"] = listing
    voice("prune", "--yes", "--keep", "5")

    assert deleted(account) == ["2", "3"]


def test_versions_are_listed_with_why_they_stay(voice: Voice, account: PlayedAccount) -> None:
    """Newest first, for people and for scripts."""
    assert account.alias["botVersion"] == "7"
    shown = json.loads(voice("versions", "--json").stdout)

    assert [one["version"] for one in shown] == list(range(12, 0, -1))
    assert [one["aliases"] for one in shown if one["version"] == 7] == [["live"]]
    assert [one["version"] for one in shown if one["kept"] is None] == [6, 5, 4, 3, 2, 1]
    assert shown[0]["created"] == "2026-11-01T12:00:00+00:00"
    assert "2026-11-01 12:00" in voice("versions").stdout


def test_a_stack_without_a_bot_is_explained(voice: Voice, account: PlayedAccount) -> None:
    """Nothing to prune, and what makes a bot."""
    account.bot.clear()

    answer = voice("versions")

    assert answer.exit_code == 2
    assert "voice.enabled" in answer.stderr


def test_on_this_machine_there_are_no_versions(stack_file: Path) -> None:
    """The emulator has no Lex; the next step is to name a stack."""
    command = ["voice", "prune", "--stack", "local", "--stack-file", str(stack_file)]
    answer = CliRunner().invoke(app, command)

    assert answer.exit_code == 2
    assert "the emulator has no Amazon Lex" in answer.stderr
    assert ALIAS not in answer.output
