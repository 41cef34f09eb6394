"""``python -m local`` as a person meets it: started, refused, stopped, killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from local import launcher
from local.config import ROOT, LocalConfig
from local.emulator import Emulator
from local.launcher import MissingKeyError, app, forget, model_keys
from local.provisioner.dynamic import ProviderHost

SECONDS = 60
PROGRAM = Path(__file__).with_name("small_program") / "__main__.py"
# Runs the launcher on a folder and a program of the test's own.
RUN = """
import dataclasses, pathlib, sys
from local import launcher
made = launcher.LocalConfig
state, program = map(pathlib.Path, sys.argv[1:3])
launcher.LocalConfig = lambda **given: made(
    state=state, program=program, task_root=program.parent / "services", **given
)
sys.argv[1:3] = []
launcher.main()
"""


def wait_until(met: Callable[[], Any], what: str) -> None:
    """Poll until something is so."""
    deadline = time.monotonic() + SECONDS
    while not met():
        assert time.monotonic() < deadline, f"waited {SECONDS} s for {what}"
        time.sleep(0.05)


def descendants(of: int) -> set[int]:
    """Process ids below one, from /proc."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    found: set[int] = set()
    while more := {pid for pid, parent in parents.items() if parent in found | {of}} - found:
        found |= more
    return found


def running(pids: set[int]) -> set[int]:
    """Those that still run; a zombie does not."""
    alive = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            alive.add(pid)
    return alive


class Launched:
    """A launcher in a process of its own."""

    def __init__(self, state: Path, *arguments: str, **environment: str) -> None:
        self.state = state
        command = [sys.executable, "-c", RUN, str(state), str(PROGRAM), *arguments]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "COLUMNS": "200", **environment},
            start_new_session=True,
        )

    @property
    def known(self) -> dict[str, Any]:
        """What the launcher tells the command line."""
        found: dict[str, Any] = json.loads((self.state / "stack.json").read_text())
        return found

    def wait_ready(self) -> None:
        """Wait until it is up, with a worker running."""
        wait_until(self._is_known, "the stack to be up")
        wait_until(
            lambda: httpx.get(f"{self.known['url']}/_local/health").json()["ready"], "readiness"
        )

    def _is_known(self) -> bool:
        assert self.process.poll() is None, self.process.communicate()
        file = self.state / "stack.json"
        return file.is_file() and self.known["pid"] == self.process.pid

    def end(self, number: signal.Signals) -> str:
        """Send a signal and return everything it printed."""
        self.process.send_signal(number)
        printed, _ = self.process.communicate(timeout=SECONDS)
        return printed.decode()


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., Launched]]:
    """Start launchers on the test's folder; what a test leaves running is killed."""
    started: list[Launched] = []

    def start(*arguments: str, **environment: str) -> Launched:
        started.append(Launched(tmp_path / "state", *arguments, **environment))
        return started[-1]

    yield start
    for launched in started:
        if launched.process.poll() is None:
            launched.process.kill()
        launched.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything(launch: Callable[..., Launched], number: signal.Signals) -> None:
    """Ctrl-C and a plain kill end the launcher with success and leave no process."""
    launched = launch("--port", "0")
    launched.wait_ready()
    below = descendants(launched.process.pid)
    assert len(below) >= 2, "an emulator and a worker"
    printed = launched.end(number)
    assert launched.process.returncode == 0, printed
    assert "nothing is left running" in printed
    assert running(below) == set()
    assert not (launched.state / "stack.json").exists()


def test_a_killed_launcher_takes_everything_with_it(launch: Callable[..., Launched]) -> None:
    """Even SIGKILL leaves no process behind, and what was stored is there at the next start."""
    launched = launch("--port", "0")
    launched.wait_ready()
    answer = httpx.post(f"{launched.known['url']}/webhooks/keep", content="kept")
    assert answer.status_code == 200, answer.text
    below = descendants(launched.process.pid)
    launched.end(signal.SIGKILL)
    wait_until(lambda: not running(below), "the children to notice")
    again = launch("--port", "0")
    again.wait_ready()
    result = httpx.post(f"{again.known['url']}/_local/invoke/keep", json={"read": "kept"}).json()
    assert result["payload"]["found"] == "kept"
    again.end(signal.SIGTERM)


def test_a_signal_during_the_start_stops_it(launch: Callable[..., Launched]) -> None:
    """A start is given up between two steps, cleanly."""
    launched = launch("--port", "0")
    pid = launched.process.pid
    wait_until(lambda: bool(descendants(pid)), "the emulator")
    below = descendants(launched.process.pid)
    launched.end(signal.SIGINT)
    assert launched.process.returncode in (launcher.STOPPED_EARLY, 0)
    assert running(below) == set()


def test_ctrl_c_reaches_no_child_before_the_launcher_does(emulator: Emulator) -> None:
    """A terminal signals a whole process group, and every child has one of its own."""
    with ProviderHost(emulator.url, emulator.token) as providers:
        assert os.getpgid(providers._process.pid) != os.getpgid(0)
    assert os.getpgid(emulator.pid) != os.getpgid(0)


def test_a_models_key_is_gone_with_the_stack(launch: Callable[..., Launched]) -> None:
    """It is neither on the disk after a stop nor offered to a later run without a model."""
    secret = "sk-A-DEVELOPERS-OWN"
    launched = launch("--port", "0", "--model", "openai:small", OPENAI_API_KEY=secret)
    launched.wait_ready()
    launched.end(signal.SIGTERM)
    files = [path for path in launched.state.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert [path for path in files if secret.encode() in path.read_bytes()] == []
    assert [path for path in files if path.stat().st_mode & 0o077] == []


def test_what_is_not_saved_is_said(launch: Callable[..., Launched]) -> None:
    """A stop that could not write ends with 1 and names the log; the next start says it too."""
    launched = launch("--port", "0")
    launched.wait_ready()
    (launched.state / "emulator" / "dynamodb.json.tmp").mkdir()
    printed = launched.end(signal.SIGTERM)
    assert launched.process.returncode == launcher.NOT_SAVED
    assert "not saved" in printed
    assert "emulator.log" in printed
    again = launch("--port", "0")
    again.wait_ready()
    assert "what was said in it is lost" in again.end(signal.SIGTERM)


def test_the_pages_address_stays_and_opens_the_page(launch: Callable[..., Launched]) -> None:
    """It is printed with its token, which a restart keeps and `--reset` replaces."""
    urls = []
    for arguments in ((), (), ("--reset",)):
        launched = launch("--port", "0", *arguments)
        launched.wait_ready()
        urls.append(launched.known["url"])
        assert httpx.get(f"{urls[-1]}/").status_code == 200
        assert httpx.get(urls[-1].rpartition("/")[0]).status_code == 403
        assert f"{urls[-1]}/" in launched.end(signal.SIGTERM)
    tokens = [url.rpartition("/")[2] for url in urls]
    assert tokens[0] == tokens[1] != tokens[2]


def test_a_taken_port_is_said_clearly(launch: Callable[..., Launched]) -> None:
    """Who finds the port taken reads which one, and what to do."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        launched = launch("--port", str(port))
        printed, _ = launched.process.communicate(timeout=SECONDS)
    assert launched.process.returncode == launcher.CANNOT_START
    assert f"port {port} is taken" in printed.decode()
    assert "--port 8090" in printed.decode()
    assert "Traceback" not in printed.decode()


def test_two_stacks_do_not_share_a_folder(launch: Callable[..., Launched]) -> None:
    """A second stack on the same folder is refused, and the first goes on."""
    first = launch("--port", "0")
    first.wait_ready()
    second = launch("--port", "0")
    printed, _ = second.process.communicate(timeout=SECONDS)
    assert second.process.returncode == launcher.CANNOT_START
    assert "another local stack runs" in printed.decode()
    assert httpx.get(f"{first.known['url']}/_local/health").status_code == 200
    first.end(signal.SIGTERM)


def test_the_command_line_is_told_where_everything_is(launch: Callable[..., Launched]) -> None:
    """``stack.json`` has the address, the emulator, its key and token and the outputs."""
    launched = launch("--port", "0")
    launched.wait_ready()
    known = launched.known
    assert set(known) == {
        *("access_key_id", "endpoint", "endpoint_token", "outputs", "pid", "region"),
        *("secret_access_key", "url"),
    }
    assert known["outputs"]["table"] == "dialtone-local-kept"
    launched.end(signal.SIGTERM)


def test_reset_forgets_everything_but_the_lock(tmp_path: Path) -> None:
    """Whatever a stack remembers goes; the lock stays with whoever holds it."""
    (tmp_path / "emulator").mkdir()
    (tmp_path / "emulator" / "dynamodb.json").write_text("{}")
    (tmp_path / "provisioned.json").write_text("{}")
    (tmp_path / "lock").touch()
    forget(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["lock"]


def test_a_models_key_is_copied_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the keys of the providers asked for are taken from the environment."""
    monkeypatch.setenv("OPENAI_API_KEY", "one")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "two")
    assert model_keys(["openai:small", "bedrock:any"]) == {"openai_api_key": "one"}


@pytest.mark.parametrize("model", ["openai:small", "nobody:small", "small"])
def test_a_model_that_cannot_work_is_refused(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing key and an unknown provider are mistakes of the command line."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(MissingKeyError, match="--model"):
        model_keys([model])


def test_help_says_what_it_can_do() -> None:
    """The options are there, each with a sentence."""
    printed = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).output
    for option in ("--port", "--reset", "--fault", "--demo", "--model"):
        assert option in printed


def test_a_port_that_cannot_be_is_refused() -> None:
    """A number that is no port is a mistake of the command line."""
    result = CliRunner().invoke(app, ["--port", "99999"], env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert "65535" in result.output


def test_an_unknown_fault_is_refused_with_the_known_ones() -> None:
    """A misspelt fault starts nothing and lists what there is."""
    result = CliRunner().invoke(app, ["--fault", "slwo=2s"], env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert "throttle=0.2" in result.output


def test_the_defaults_are_those_of_make_local() -> None:
    """Out of the box: port 8080, remembered, the scripted model."""
    config = LocalConfig()
    assert (config.port, config.persist) == (8080, True)
    assert config.models == ("bedrock:dialtone.scripted-v1",)
