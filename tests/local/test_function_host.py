"""The function host runs handlers as Lambda would: errors, time-outs, crashes, logs."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.local.handlers import SOURCE, Host

PROVIDED_BY_LAMBDA = {
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_FORMAT",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_TASK_ROOT",
    "TZ",
    "_HANDLER",
}
OF_THIS_MACHINE = {
    *("AWS_CONFIG_FILE", "AWS_EC2_METADATA_DISABLED", "AWS_ENDPOINT_URL"),
    *("AWS_SHARED_CREDENTIALS_FILE", "LANG", "LC_ALL", "LC_CTYPE", "PATH"),
    *("SSL_CERT_DIR", "SSL_CERT_FILE", "_X_AMZN_TRACE_ID"),
}


@pytest.fixture(params=["awslambdaric", "plain"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """A host with each of the two runtime loops."""
    if request.param == "awslambdaric":
        pytest.importorskip("awslambdaric", reason="no wheel for this machine")
    with Host(tmp_path, plain=request.param == "plain") as host:
        yield host


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Host]:
    """A host with our own runtime loop, which starts fastest."""
    with Host(tmp_path, plain=True, workers={"nap": 3}) as host:
        yield host


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def wait_until(met: Callable[[], bool], seconds: float = 20) -> None:
    """Poll until something is so."""
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_event_comes_back_as_the_handlers_answer(host: Host) -> None:
    """Unicode survives both ways, and the context carries the request id."""
    host.add("echo")
    result = host.invoke("echo", {"text": "héllo 🌍"})
    assert not result.error
    assert result.payload["event"] == {"text": "héllo 🌍"}
    assert result.payload["id"] == result.request_id


def test_an_error_has_its_type_and_message(host: Host) -> None:
    """A handler's exception is reported as Lambda reports it, and the worker goes on."""
    host.add("fail")
    result = host.invoke("fail")
    assert result.error
    assert result.payload["errorType"] == "LookupError"
    assert result.payload["errorMessage"] == "nothing of that name"
    assert result.payload["stackTrace"]


def test_a_worker_is_kept_for_the_next_event(host: Host) -> None:
    """What a module remembers stays, as in a warm environment."""
    host.add("count")
    assert [host.invoke("count").payload for _ in range(3)] == [1, 2, 3]


def test_a_crash_ends_the_event_and_not_the_function(host: Host) -> None:
    """A worker that exits fails its event at once; the next event gets a new worker."""
    host.add("crash")
    for _ in range(2):
        result = host.invoke("crash")
        assert result.error
        assert result.payload["errorType"] == "Runtime.ExitError"
        assert "exit status 3" in result.payload["errorMessage"]


def test_a_timeout_kills_the_worker_and_its_children(host: Host) -> None:
    """The event fails when its time is up, and nothing it started goes on."""
    host.add("hang", seconds=2)
    begun = time.monotonic()
    result = host.invoke("hang")
    assert result.payload["errorType"] == "Sandbox.Timedout"
    assert "timed out after 2.00 seconds" in result.payload["errorMessage"]
    assert time.monotonic() - begun < 8
    (line,) = [line for line in host.lines("hang") if line.startswith("child")]
    wait_until(lambda: gone(int(line.split()[1])))


def test_a_handler_that_cannot_be_imported_says_so(tmp_path: Path) -> None:
    """An error of the start belongs to the event that caused it; no worker is started for ever."""
    with Host(tmp_path, "import nothing_of_that_name\n", plain=True) as host:
        host.add("echo")
        for _ in range(2):
            result = host.invoke("echo")
            assert result.error
            assert "nothing_of_that_name" in json.dumps(result.payload)
        assert host.host.workers("echo") == []


def test_a_saved_source_runs_with_the_next_event(host: Host) -> None:
    """No restart of the stack: the old workers go, the new code answers."""
    host.add("count")
    assert host.invoke("count").payload == 1
    host.write("def count(event, context):\n    return 'new'\n")
    assert host.invoke("count").payload == "new"


def test_a_busy_worker_finishes_on_the_old_source(plain: Host) -> None:
    """A save does not cut short what is under way."""
    plain.add("nap")
    busy = plain._background.submit(plain.host.invoke("nap", {"seconds": 1}))
    wait_until(lambda: any(worker.current for worker in plain.host.workers("nap")))
    plain.write(SOURCE + "\n# saved\n")
    assert plain.invoke("nap", {"seconds": 0}).payload["started"] == {"seconds": 0}
    assert not busy.result(20).error


def test_workers_share_the_load_up_to_their_limit(plain: Host) -> None:
    """Three at once run side by side, and no fourth worker is started for the rest."""
    plain.add("nap")
    results = plain.invoke_all("nap", [{"seconds": 0.4}] * 9)
    assert not any(result.error for result in results)
    assert len(plain.host.workers("nap")) == 3


def test_the_environment_is_what_was_declared_and_what_lambda_adds(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the developer's environment reaches a function."""
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    host.add("environment", TABLE="people")
    names = set(host.invoke("environment").payload)
    assert {"TABLE"} | PROVIDED_BY_LAMBDA <= names
    assert names - {"TABLE"} - PROVIDED_BY_LAMBDA - OF_THIS_MACHINE == set()


def test_a_handler_imports_from_its_own_tree_only(host: Host) -> None:
    """The repository's other folders are as absent as they are in the image."""
    host.add("roots")
    found = host.invoke("roots", ["handlers", "components", "local", "settings", "faults"]).payload
    assert found == {
        **dict.fromkeys(["components", "local", "settings", "faults"], False),
        "handlers": True,
    }


def test_logs_are_kept_by_function_and_request(host: Host, tmp_path: Path) -> None:
    """Each line knows its request, stands in a file, and is framed as Lambda frames it."""
    host.add("echo")
    result = host.invoke("echo", "aloud")
    lines = host.logs.lines("echo")
    texts = [line.text for line in lines]
    assert f"START RequestId: {result.request_id} Version: $LATEST" in texts
    assert "heard aloud" in texts
    assert {line.request_id for line in lines if "heard" in line.text} == {result.request_id}
    assert any(text.startswith(f"REPORT RequestId: {result.request_id}") for text in texts)
    assert "heard aloud" in (tmp_path / "logs" / "test-echo.log").read_text()


def test_a_worker_is_replaced_before_its_credentials_end(plain: Host) -> None:
    """By the wall clock, which goes on while a laptop sleeps: it gets no further event."""
    plain.add("count")
    first = plain.invoke("count")
    assert first.payload == 1
    (worker,) = plain.host.workers("count")
    worker.credentials_until -= 3600
    assert plain.invoke("count").payload == 1
    assert worker.id not in {other.id for other in plain.host.workers("count")}


def test_a_worker_is_known_by_its_key_and_can_be_killed(plain: Host) -> None:
    """The proxy finds who signed a call, and ends it as a crash would."""
    plain.add("nap", seconds=30)
    plain.invoke("nap", {"seconds": 0})
    (worker,) = plain.host.workers("nap")
    assert plain.host.identify(worker.access_key) == ("test-nap", worker.id)
    assert plain.host.identify("AKIANOBODY") is None
    busy = plain._background.submit(plain.host.invoke("nap", {"seconds": 25}))
    wait_until(lambda: worker.current is not None)
    plain.host.kill(worker.id)
    result = busy.result(20)
    assert result.error
    assert "signal: 9" in result.payload["errorMessage"]


def test_stopping_leaves_no_worker(tmp_path: Path) -> None:
    """Every worker's process has ended when stop returns."""
    with Host(tmp_path, plain=True) as host:
        host.add("echo")
        pid = host.invoke("echo", 1).payload["pid"]
        assert os.path.exists(f"/proc/{pid}")  # noqa: PTH110 - the kernel's, not a file of ours
    assert gone(pid)
