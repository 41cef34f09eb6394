"""The command as a whole: help, completion, start-up, and what is said when nothing can work."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.app import app

ROOT = Path(__file__).resolve().parent.parent.parent
Dialtone = Callable[..., Result]
COMMANDS = {
    "status": ("--fail-on", "--no-scan", "--since", "--json", "--stack", "--region"),
    "redrive": ("--dry-run", "--yes", "--conversation"),
    "import-history": ("TABLE", "--dry-run", "--session-key", "--report", "--append"),
    "trace": ("TURN", "--reveal", "--conversation"),
    "completion": ("bash", "--help"),
    "doctor privacy": ("--json",),
    "doctor voice": ("--outputs", "--json"),
    "voice prune": ("--keep", "--also", "--dry-run", "--yes"),
    "voice versions": ("--json",),
    "secrets set": ("--from-env", "--new-address-key", "auth_token"),
    "secrets check": ("--live",),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_the_options_and_shows_examples(command: str) -> None:
    """Every command's help lists what it takes and shows how it is typed."""
    answer = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "100"})

    assert answer.exit_code == 0
    for option in COMMANDS[command]:
        assert option in answer.output
    assert "For example:" in answer.output
    assert f"dialtone {command}" in answer.output


def test_the_help_lists_every_command() -> None:
    """Nobody has to know a command's name beforehand."""
    shown = CliRunner().invoke(app, ["--help"]).output

    for command in COMMANDS:
        assert command.split()[0] in shown


def test_help_does_not_wait_for_aws_or_the_services() -> None:
    """Help and completion import no AWS client, no service and no rich table."""
    code = (
        "import sys, cli.app; "
        "print(sorted({'botocore', 'conversation', 'messaging', 'httpx', 'rich.table'} "
        "& set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'services'}"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_is_printed_for_each_shell(shell: str) -> None:
    """The script names our command and the variable that asks for completions."""
    shown = CliRunner().invoke(app, ["completion", shell]).output

    assert "dialtone" in shown
    assert "_DIALTONE_COMPLETE" in shown


def test_the_shell_of_the_environment_is_taken() -> None:
    """Without an argument $SHELL decides, and an unknown shell is said."""
    runner = CliRunner()

    assert "compdef" in runner.invoke(app, ["completion"], env={"SHELL": "/usr/bin/zsh"}).output
    unknown = runner.invoke(app, ["completion"], env={"SHELL": "/bin/csh"})
    assert unknown.exit_code == 2
    assert "name it" in unknown.stderr


def test_the_version_is_the_packages() -> None:
    """--version prints one line."""
    assert CliRunner().invoke(app, ["--version"]).output.startswith("dialtone ")


def test_the_local_stack_is_found_by_its_file(stack_file: Path, local_stack: Any) -> None:
    """--stack local needs no AWS configuration: the file has endpoint, keys and queues."""
    local_stack.text(local_stack.ada, "hello")
    answer = CliRunner().invoke(app, ["status", "--json", "--stack-file", str(stack_file)])

    assert answer.exit_code == 0, answer.output
    shown = json.loads(answer.stdout)
    assert (shown["stack"], len(shown["waiting"])) == ("local", 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "not running"),
        ("{", "is no JSON"),
        (
            '{"endpoint": "http://127.0.0.1:1"}',
            "does not say its access_key_id, region, secret_access_key",
        ),
    ],
)
def test_a_local_stack_that_cannot_be_reached_is_explained(
    tmp_path: Path, content: str | None, said: str
) -> None:
    """No file, or a broken one: `make local` is the next step."""
    path = tmp_path / "stack.json"
    if content is not None:
        path.write_text(content)

    answer = CliRunner().invoke(app, ["status", "--stack-file", str(path)])

    assert answer.exit_code == 2
    assert said in answer.stderr
    assert "make local" in answer.stderr


def test_a_local_stack_that_went_away_is_explained(tmp_path: Path) -> None:
    """The file of a stack that was killed leads nowhere, and that is said."""
    path = tmp_path / "stack.json"
    told = {"endpoint": "http://127.0.0.1:1", "region": "us-east-1"}
    path.write_text(json.dumps({**told, "access_key_id": "a", "secret_access_key": "b"}))

    answer = CliRunner().invoke(app, ["status", "--no-scan", "--stack-file", str(path)])

    assert answer.exit_code == 2
    assert "cannot reach AWS" in answer.stderr
    assert "make local" in answer.stderr


def test_missing_credentials_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials the next step is to log in."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    answer = CliRunner().invoke(app, ["status", "--stack", "dev", "--region", "eu-west-1"])

    assert answer.exit_code == 2
    assert "no AWS credentials" in answer.stderr
    assert "aws sso login" in answer.stderr


@pytest.mark.parametrize("region", ["eu_west", "-", "a b"])
def test_a_region_that_is_none_is_explained(region: str) -> None:
    """Whatever AWS's client says of how it was called ends with a sentence and 2."""
    answer = CliRunner().invoke(app, ["status", "--stack", "dev", "--region", region])
    assert (answer.exit_code, "Traceback" in answer.output) == (2, False)
    assert region in answer.stderr


def test_a_missing_region_is_explained() -> None:
    """Without a region the option is named."""
    answer = CliRunner().invoke(app, ["status", "--stack", "dev"])

    assert answer.exit_code == 2
    assert "--region" in answer.stderr


@pytest.mark.parametrize("command", [["status"], ["redrive", "--yes"], ["secrets", "check"]])
def test_a_stack_that_is_not_there_is_explained(dialtone: Dialtone, command: list[str]) -> None:
    """A misspelt stack is answered with how to find the right one."""
    answer = dialtone(*command, "--stack", "nowhere")

    assert answer.exit_code == 2
    assert "next:" in answer.stderr
    assert "pulumi" in answer.stderr


def test_a_mistake_of_ours_is_not_dressed_up(
    dialtone: Dialtone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that no operator can act on stays an error with its traceback."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("cli.survey.survey", broken)

    assert isinstance(dialtone("status").exception, ZeroDivisionError)
