"""A started stack from outside: its front door, its own administration, and its use in tests."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from local.config import OUR_NUMBER, LocalConfig
from local.faults import parse_faults
from local.function_host import UnknownFunctionError
from local.guard import is_token
from local.phone import NumberError
from local.running import FunctionFailedError
from local.stack import LOST, LocalStack
from local.state_folder import StateDamagedError, remembered_token, state_lock
from tests.listeners import listeners

FOLDER = Path(__file__).with_name("small_program")
PERSON = "+13035550111"


def small(state: Path, **more: Any) -> LocalConfig:
    """How the small program runs."""
    program, root = FOLDER / "__main__.py", FOLDER / "services"
    return LocalConfig(port=0, state=state, program=program, task_root=root, **more)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The small program, started once; its warm-up is not waited for."""
    with LocalStack(small(tmp_path_factory.mktemp("small"), persist=False)) as running:
        yield running


def post(stack: LocalStack, body: str, **headers: str) -> httpx.Response:
    """Send a webhook."""
    return httpx.post(f"{stack.url}/webhooks/keep", content=body, headers=headers)


def test_a_webhook_carries_who_forwarded_it(stack: LocalStack) -> None:
    """Status, headers and body of the handler come back; it saw the forwarding headers."""
    answer = post(stack, "headers", **{"X-Twilio-Signature": "abc"})
    assert answer.status_code == 203
    assert answer.headers["x-own"] == "1"
    seen = {name.lower(): value for name, value in answer.json().items()}
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "http"
    assert f":{seen['x-forwarded-port']}" in stack.url
    assert seen["x-amzn-trace-id"].startswith("Root=1-")
    assert seen["x-twilio-signature"] == "abc"


def test_nothing_listens_beyond_loopback(stack: LocalStack) -> None:
    """Front door, AWS and the emulator behind it: this machine alone reaches them."""
    listening = listeners(os.getpid())
    assert len(listening) > 3, stack.url
    assert [one for one in listening if not one.is_loopback] == []


def test_an_answer_has_one_date(stack: LocalStack) -> None:
    """The gateway's own date is not sent beside the front door's."""
    answer = post(stack, "headers")
    assert len(answer.headers.get_list("date")) == 1
    assert len(answer.headers.get_list("server")) == 1


def test_a_stack_without_calls_has_a_phone_without_numbers(stack: LocalStack) -> None:
    """Nobody answers, and whoever dials is told so."""
    assert stack.phone.numbers == []
    with pytest.raises(NumberError, match="nobody answers"):
        stack.phone.dial("+13035550001", "+13035550100")


def test_a_handlers_error_is_never_shown_to_the_caller(stack: LocalStack) -> None:
    """The gateway's generic answer, and the real reason in the function's log."""
    answer = post(stack, "fail")
    assert answer.status_code == 502
    assert answer.json() == {"message": "Internal server error"}
    assert any("a secret of the handler" in line for line in stack.logs("keep"))


def test_a_function_is_invoked_by_its_short_name(stack: LocalStack) -> None:
    """Its answer comes back; its error is raised with its shape; an unknown name is refused."""
    post(stack, "by name")
    assert stack.invoke("keep", {"read": "by name"}) == {"found": "by name"}
    with pytest.raises(FunctionFailedError) as failed:
        stack.invoke("keep", {"body": "fail"})
    assert failed.value.payload["errorType"] == "LookupError"
    with pytest.raises(UnknownFunctionError, match="dialtone-local-keep"):
        stack.invoke("nobody", {})


def test_a_role_is_what_the_program_gave_it(stack: LocalStack) -> None:
    """A client under the function's role may read its table and no more."""
    client = stack.client_as("keep", "dynamodb")
    client.get_item(TableName=stack.outputs["table"], Key={"pk": {"S": "x"}})
    with pytest.raises(ClientError, match="AccessDenied"):
        client.scan(TableName=stack.outputs["table"])


def test_faults_are_set_and_taken_back_from_outside(stack: LocalStack) -> None:
    """A rule that strikes, a rule that is refused, and none left in the end."""
    faults = f"{stack.url}/_local/faults"
    rule = {"action": "conflict", "function": "keep", "operation": "PutItem"}
    assert httpx.post(faults, json=rule).status_code == 201
    assert post(stack, "struck").status_code == 502
    assert httpx.get(faults).json()[0]["hits"] > 0
    assert httpx.post(faults, json={"action": "explode"}).status_code == 400
    assert httpx.delete(faults).status_code == 204
    assert stack.faults.rules == []
    assert post(stack, "mended").status_code == 200


def test_a_benchmark_reads_what_was_spent(stack: LocalStack) -> None:
    """Counts start at nothing, and write units are there when asked for."""
    usage = f"{stack.url}/_local/usage"
    httpx.put(f"{usage}/write-units/on")
    httpx.delete(usage)
    post(stack, "spent")
    httpx.put(f"{usage}/write-units/off")
    (row,) = httpx.get(usage).json()
    assert (row["function"], row["operation"], row["requests"], row["write_units"]) == (
        *("dialtone-local-keep", "PutItem", 1, 1.0),
    )


def test_the_command_lines_faults_reach_their_parts(stack: LocalStack) -> None:
    """Model, carrier and AWS proxy each get theirs; an empty set takes them back."""
    stack.inject(parse_faults("slow=3s,throttle=0.5,duplicate,crash"))
    assert stack.model.faults.slow_seconds == 3
    assert stack.model.faults.throttle_probability == 0.5
    assert "duplicate" in {str(fault) for fault in stack.carrier.faults.active()}
    assert len(stack.faults.rules) == 2
    stack.faults.clear()
    stack.inject(parse_faults(""))
    assert stack.carrier.faults.active() == set()


def test_a_restart_remembers_and_a_failed_start_leaves_nothing(tmp_path: Path) -> None:
    """Items are there again; a program that fails ends the emulator it was given."""
    with LocalStack(small(tmp_path / "state")) as first:
        post(first, "remember me")
    with LocalStack(small(tmp_path / "state")) as second:
        assert second.invoke("keep", {"read": "remember me"}) == {"found": "remember me"}
    broken = tmp_path / "__main__.py"
    broken.write_text("raise LookupError('broken')\n")
    failing = LocalStack(LocalConfig(port=0, state=tmp_path / "other", program=broken))
    with pytest.raises(Exception, match="broken"):
        failing.start()
    assert not failing.emulator.alive


def test_after_a_crash_the_carrier_knows_no_more_than_the_tables(tmp_path: Path) -> None:
    """Else texts whose receipts are lost would be listed, and answered a second time."""
    config = small(tmp_path / "state")
    with LocalStack(config) as first:
        first.carrier.text(PERSON, OUR_NUMBER, "kept")
    with LocalStack(config) as second:
        second.carrier.text(PERSON, OUR_NUMBER, "lost")
        second.carrier.book.flush()
        os.kill(second.emulator.pid, signal.SIGKILL)
    with LocalStack(config) as third:
        assert [message.body for message in third.carrier.messages()] == ["kept"]
        assert LOST in third.notes
    with LocalStack(config) as fourth:
        assert LOST not in fourth.notes


@pytest.mark.parametrize("cut", ["", "0123", "G" * 32])
def test_a_token_that_was_cut_is_made_anew(tmp_path: Path, cut: str) -> None:
    """A full disk leaves an empty file, and an empty token would open the front door."""
    (tmp_path / "token").write_text(cut)
    token = remembered_token(tmp_path)
    assert is_token(token)
    assert remembered_token(tmp_path) == token


@pytest.mark.parametrize("name", ["carrier.json", "provisioned.json"])
def test_a_damaged_file_is_named_with_the_way_out(tmp_path: Path, name: str) -> None:
    """Where power was lost: which file it is, and what starts anew."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / name).write_text('{"numbers"')
    with pytest.raises(StateDamagedError, match=rf"{name} cannot be read.*--reset"):
        LocalStack(small(tmp_path / "state")).start()


def test_what_was_readable_by_others_is_closed(tmp_path: Path) -> None:
    """A state folder of an earlier version is made its owner's alone; links lead where they did."""
    state, outside = tmp_path / "state", tmp_path / "outside"
    (state / "emulator").mkdir(parents=True)
    old = state / "emulator" / "kms.json"
    old.write_text("{}")
    outside.write_text("")
    (state / "link").symlink_to(outside)
    for path, mode in ((state, 0o755), (old.parent, 0o775), (old, 0o664), (outside, 0o644)):
        path.chmod(mode)
    with state_lock(state):
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (state, old.parent, old, outside)]
    assert modes == [0o700, 0o700, 0o600, 0o644]
