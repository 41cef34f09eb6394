"""No foreign word steers an operator's terminal, whichever command prints it."""

from __future__ import annotations

import ast
import base64
import itertools
import json
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage
from typer.main import get_command

from cli import problems, screen
from cli.app import app, main
from cli.dossier_page import as_markdown
from cli.safe_console import SafeConsole
from cli.target import Target
from conversation.items import to_item
from conversation.outcomes import DeliveryState
from conversation.persons import address_hash
from local.demo_person import Person
from local.function_logs import FunctionLogs
from tests.cli.langchain_program import Program
from tests.cli.played_account import PlayedAccount
from tests.cli.terminal import ATTACK, ATTACKS, SEEN, Terminal, assert_harmless

ROOT = Path(__file__).resolve().parent.parent.parent
KEY = b"k" * 32
NUMBER = "+13035550111"
Command = tuple[str, ...]
_numbers = itertools.count()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal."""
    return Terminal(monkeypatch)


@pytest.fixture
def shown(terminal: Terminal, dialtone: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command as the shell does, and return what the terminal was sent."""

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["dialtone", *arguments])
        return terminal.run(main)

    return run


def _trace(stack: Any) -> Iterator[Command]:
    """A turn whose words, model, errors and ids are somebody else's."""
    turn = stack.turn(
        stack.ada,
        messages=[0, 7],
        model=ATTACK,
        carrier_sids=[ATTACK],
        delivery_error=ATTACK,
        model_attempts=[{"model": ATTACK, "error": ATTACK, "ms": 1}],
        stages={ATTACK: 5},
    )
    stack.message(stack.ada, 7, "ai", f"first line\n{ATTACK}")
    yield ("trace", turn.id, "--conversation", stack.ada, "--reveal")
    yield ("trace", turn.id, "--conversation", stack.ada, "--reveal", "--json")


def _export(stack: Any) -> Iterator[Command]:
    """A person whose words, names of things and counters are odd."""
    person = _known(stack)
    stack.turn(stack.ada, model=ATTACK)
    stack.message(stack.ada, 7, "human", f"first\n{ATTACK}\u2028> forged")
    stack.text(stack.ada, ATTACK)
    _put(stack, "people", stack.ada, f"consent#{ATTACK}", by=ATTACK)
    yield ("export", "--person", person, "--format", "markdown")
    yield ("export", "--person", person)


def _forget(stack: Any) -> Iterator[Command]:
    person = _known(stack)
    _put(stack, "people", stack.ada, f"conversation#{ATTACK}", created_at=1)
    yield ("forget", "--person", person, "--dry-run")


def _status(stack: Any) -> Iterator[Command]:
    stack.set_aside(f"person#{ATTACK}", "hello")
    stack.turn(f"person#{ATTACK}", delivery=DeliveryState.FAILED, delivery_error=ATTACK)
    yield ("status",)
    yield ("status", "--json")


def _redrive(stack: Any) -> Iterator[Command]:
    stack.set_aside(f"person#{ATTACK}", "hello")
    yield ("redrive", "--dry-run")


def _import_history(stack: Any) -> Iterator[Command]:
    program = Program(stack.emulator, f"Odd{next(_numbers)}")
    program.say("whoever", HumanMessage(ATTACK))
    name = f"s{ATTACK}"
    program.put(SessionId={"S": name}, History={"L": [{"S": ATTACK}, {"S": "{}"}]})
    _known(stack)
    yield ("import-history", program.table, "--dry-run")


def _secrets_check(stack: Any) -> Iterator[Command]:
    value = {"shared_keys": {ATTACK: "x"}, "address_key": base64.b64encode(KEY).decode()}
    _put_secret(stack, value)
    yield ("secrets", "check")
    yield ("secrets", "check", "--json")


def _rekey(_stack: Any) -> Iterator[Command]:
    yield ("rekey", f"person#{ATTACK}", "--dry-run")


def _nothing_stored(*command: str) -> Callable[[Any], Iterator[Command]]:
    """A command that prints nothing but its arguments: they are tried of every command."""
    return lambda _stack: iter([(*command, "--stack", f"x{ATTACK}")])


def _of_calls(*command: str) -> Callable[[Any], Iterator[Command]]:
    return lambda _stack: iter([(*command, "--stack", "prod")])


SCENES: dict[str, Callable[[Any], Iterator[Command]]] = {
    "trace": _trace,
    "export": _export,
    "forget": _forget,
    "status": _status,
    "redrive": _redrive,
    "rekey": _rekey,
    "import-history": _import_history,
    "secrets check": _secrets_check,
    "secrets set": lambda _stack: iter([("secrets", "set", ATTACK)]),
    "pause": _nothing_stored("pause"),
    "resume": _nothing_stored("resume"),
    "completion": lambda _stack: iter([("completion", ATTACK)]),
    "doctor privacy": _nothing_stored("doctor", "privacy"),
    "doctor voice": _of_calls("doctor", "voice"),
    "voice versions": _of_calls("voice", "versions"),
    "voice prune": _of_calls("voice", "prune", "--dry-run", "--keep", "1"),
}
"""For each command, foreign words put where it finds them, and how it is called."""


def _commands() -> list[str]:
    """Every command there is."""
    found = []
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined] # a group
        below = getattr(command, "commands", None)
        found += [f"{name} {one}" for one in below] if below else [name]
    return found


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """AWS answers the commands of calls with odd names, states and reasons."""
    if SCENES[request.node.callspec.params["command"]].__qualname__.startswith("_of_calls"):
        made = PlayedAccount("prod", {"Actions": []})
        made.bot = {**made.bot, "botStatus": ATTACK, "failureReasons": [ATTACK]}
        made.locales = {"en_US": ATTACK}
        made.instance["InstanceStatus"] = ATTACK
        made.answers["lexv2-models.ListBotVersions"] = lambda _request: {
            "botVersionSummaries": [
                {"botVersion": number, "botStatus": ATTACK} for number in ("2", "3")
            ]
        }
        monkeypatch.setattr(Target, "client", lambda _target, service: made.client(service))


@pytest.mark.parametrize("command", _commands())
@pytest.mark.usefixtures("account")
def test_foreign_words_are_shown_and_not_obeyed(command: str, stack: Any, shown: Any) -> None:
    """Whatever a command finds stored or is answered is printed as escapes."""
    for arguments in SCENES[command](stack):
        sent = shown(*arguments)

        assert_harmless(sent)
        assert SEEN in sent


@pytest.mark.parametrize("command", _commands())
def test_arguments_are_quoted_without_being_obeyed(command: str, shown: Any) -> None:
    """A script may pass anything on, and a message about it quotes it."""
    for extra in (f"--{ATTACK}", ATTACK, f"--stack={ATTACK}"):
        assert_harmless(shown(*command.split(), extra, ATTACK, ATTACK))


def test_a_mistake_of_ours_is_told_without_being_obeyed(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A traceback quotes what an exception says."""

    def broken() -> None:
        raise RuntimeError(ATTACK)

    monkeypatch.setattr("cli.app.app", broken)
    sent = terminal.run(main)

    assert_harmless(sent)
    assert SEEN in sent


def test_problems_are_told_without_being_obeyed(terminal: Terminal) -> None:
    """What AWS or a file says of itself stands in the message."""

    @problems.reporting
    def command() -> None:
        raise problems.CommandError(f"{ATTACK}\nforged", f"{ATTACK}\nforged")

    sent = terminal.run(lambda: _ends(command))

    assert_harmless(sent)
    assert "\nforged" not in sent


def test_numbers_of_the_carrier_are_shown_and_not_obeyed(
    stack: Any, shown: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the carrier says of the account is as foreign as a text."""
    from cli import carrier_account

    told = carrier_account.Account(ATTACK, [carrier_account.Number(ATTACK, ATTACK)])
    monkeypatch.setattr(carrier_account, "read_account", lambda *_: told)
    _put_secret(stack, {"account_sid": "AC" + "0" * 32, "auth_token": "0" * 32})

    sent = shown("secrets", "check", "--live")

    assert_harmless(sent)
    assert SEEN in sent


def test_an_exported_file_is_safe_to_show(stack: Any, dialtone: Any, tmp_path: Path) -> None:
    """It is for an editor, or for `cat`."""
    for *arguments, _ in ((*found, "") for found in _export(stack)):
        file = tmp_path / f"{len(arguments)}.txt"
        answer = dialtone(*arguments, "--output", str(file))
        assert answer.exit_code == 0, answer.output

        assert_harmless(file.read_text("utf-8"))


def test_a_report_of_an_import_is_safe_to_show(stack: Any, dialtone: Any, tmp_path: Path) -> None:
    """It names sessions as they are called, in JSON."""
    (arguments,) = _import_history(stack)
    file = tmp_path / "report.jsonl"

    dialtone(*arguments, "--report", str(file))

    assert_harmless(file.read_text("utf-8"))
    names = [json.loads(line)["session"] for line in file.read_text("utf-8").splitlines()]
    assert {json.loads(name)["SessionId"] for name in names} == {f"s{ATTACK}", "whoever"}


def test_a_page_has_no_line_that_somebody_forged() -> None:
    """Words stay inside their quotation, facts on their line."""
    item = {"sk": "message#1", "role": "human", "created_at": 0, "content": "a\u2028# b\r\nc\x85d"}
    page = as_markdown({"conversations": {"x": [item]}, "persons": {"p": [{"sk": "a\n# b"}]}})

    assert page.splitlines()[-6:-3] == ["> a\\u2028# b", "> c\\x85d", ""]
    assert "- `a\\n# b`" in page


def test_the_demos_transcript_is_not_obeyed(terminal: Terminal) -> None:
    """`make local ARGS=--demo` prints what a model says."""

    def tell() -> None:
        person = Person(MagicMock(), SafeConsole(), NUMBER, 1)
        person.show(ATTACK, f"one\n{ATTACK}", "green", ATTACK)
        person.note(ATTACK)

    sent = terminal.run(tell)

    assert_harmless(sent)
    assert SEEN in sent


def test_the_launcher_complains_without_being_obeyed(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why the stack does not start may be the end of a log."""
    from local import launcher

    def complain() -> None:
        monkeypatch.setattr(launcher, "err", SafeConsole(stderr=True))
        monkeypatch.setattr(launcher, "out", SafeConsole())
        launcher._complain("failed", f"the log:\n{ATTACK}")
        launcher._show_ready("http://127.0.0.1:1/", [ATTACK])
        monkeypatch.setattr(sys, "argv", ["local", "--fault", ATTACK])
        launcher.main()

    def mistype() -> None:
        monkeypatch.setattr(sys, "argv", ["local", f"--{ATTACK}"])
        launcher.main()

    assert_harmless(terminal.run(mistype))
    sent = terminal.run(complain)

    assert_harmless(sent)
    assert "the log:\r\n" in sent


def test_the_launchers_own_mistakes_are_told_without_being_obeyed(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it did not expect, an emulator's log and all."""
    from local import launcher

    def broken(**_settings: Any) -> None:
        raise RuntimeError(ATTACK)

    monkeypatch.setattr(launcher, "app", broken)
    sent = terminal.run(launcher.main)

    assert_harmless(sent)
    assert SEEN in sent


def test_a_line_stays_one_line(terminal: Terminal) -> None:
    """A line break in an id or a name must not look like a finding of ours."""

    def tell() -> None:
        console = SafeConsole()
        console.print("of a\nforged")
        console.print(screen.line("of a\nforged"))
        listed = screen.table("of a\nforged", "what")
        listed.add_row("of a\nforged")
        console.print(listed)

    assert "\nforged" not in terminal.run(tell)


def test_a_log_file_of_the_laptop_is_safe_to_show(tmp_path: Path) -> None:
    """What a function prints is kept as it is for the console, and escaped in its file."""
    logs = FunctionLogs(tmp_path)
    logs.write("worker", "", json.dumps({"said": ATTACK}, ensure_ascii=False))
    logs.close()

    text = (tmp_path / "worker.log").read_text("utf-8")
    assert_harmless(text)
    assert json.loads(text) == {"said": ATTACK}
    assert json.loads(logs.lines()[0].text) == {"said": ATTACK}


@given(st.text() | st.sampled_from(sorted(ATTACKS.values())))
def test_everything_that_is_not_shown_is_escaped(text: str) -> None:
    """Any text; letters, marks, signs and spaces of all scripts stay as they are."""
    for keep in ("", screen.LAYOUT):
        for one in screen.visible(text, keep):
            category = unicodedata.category(one)
            shown = category[0] != "C" and category not in {"Zl", "Zp"}
            assert one in keep or shown or one in "\u200c\u200d", one
    assert json.loads(screen.to_json(text)) == json.loads(json.dumps(text))


@pytest.mark.parametrize("text", ["\u0645\u06cc\u200c\u062e\u0648", "👩\u200d👧", "क्\u200dष"])
def test_what_joins_is_shown_where_it_joins(text: str) -> None:
    """A spelling of Persian and Hindi, and a family; where nothing is joined it only hides."""
    assert screen.visible(text) == text
    for joiner in "\u200c\u200d":
        for odd in (joiner, f"a{joiner}b", f"{joiner}ш", f"ш{joiner}", f"ш{joiner}\u202eш"):
            assert joiner not in screen.visible(odd), ascii(odd)


@pytest.mark.parametrize(
    "text", ["Grüße, Ελλάδα", "日本語\u3000です", "שלום", "हिन्दी", "🙂 ❤️ ½ €\xa0"]
)
def test_words_of_every_script_are_shown_as_they_are(text: str) -> None:
    """Only what steers or hides is escaped."""
    assert screen.visible(text) == text
    assert json.loads(screen.to_json(text)) == text
    assert text in screen.to_json(text)


@pytest.mark.parametrize("attack", [*ATTACKS.values(), "\ud800", "\U000e01ef"])
def test_the_console_is_the_last_to_look(attack: str, terminal: Terminal) -> None:
    """Also an object of rich's that nobody escaped before."""
    from rich.markup import render
    from rich.panel import Panel
    from rich.text import Text

    def tell() -> None:
        console = SafeConsole()
        console.print(Text(attack), Panel(Text(attack), title=Text(attack)))
        console.print(attack, {"a": attack})
        with console.status(attack):
            pass

    assert render("[b]x[/b]").plain == "x", "markup would have been read"
    sent = terminal.run(tell)
    assert_harmless(sent)


PRINTING = {"print", "echo", "secho", "Console", "Text", "write_stdout"}
_ALLOWED = {
    "cli/screen.py": {"print", "Text"},
    "local/launcher.py": {"Text"},  # of what `line` and `words` made
}


@pytest.mark.parametrize("folder", ["cli", "local"])
def test_nothing_prints_but_through_the_screen(folder: str) -> None:
    """A module that had a console or an echo of its own would print words raw."""
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / folder).rglob("*.py")
        for name in _calls(path)
        if name in PRINTING - _ALLOWED.get(str(path.relative_to(ROOT)), set())
    }
    assert found == set()


def _calls(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name):
                yield called.id
            elif isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
                is_printer = called.value.id in {"typer", "click", "rich"}
                yield called.attr if is_printer else ""
                written = ast.unparse(called)
                yield "write_stdout" if written in {"sys.stdout.write", "sys.stderr.write"} else ""


def _ends(command: Callable[[], object]) -> None:
    import typer

    with pytest.raises(typer.Exit):
        command()


def _known(stack: Any) -> str:
    """Ada, whom the stack knows by her number."""
    person = str(stack.ada.partition("#")[2])
    _put_secret(stack, {"address_key": base64.b64encode(KEY).decode()})
    _put(stack, "people", f"address#{address_hash(NUMBER, KEY)}", "person", person=person)
    _put(stack, "people", stack.ada, "usage#2026-01-01", turns=1)
    return person


def _put_secret(stack: Any, value: dict[str, Any]) -> None:
    stack.client("secretsmanager").put_secret_value(
        SecretId=f"dialtone-{stack.name}-carrier", SecretString=json.dumps(value)
    )


def _put(stack: Any, table: str, pk: str, sk: str, **more: Any) -> None:
    item = to_item({"pk": pk, "sk": sk, "schema": 1, **more})
    stack.tables.client.put_item(TableName=getattr(stack.tables, table), Item=item)
