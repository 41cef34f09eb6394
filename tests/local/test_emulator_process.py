"""The emulator's own process: what it runs, what it keeps, and what it says it could not keep."""

from __future__ import annotations

import io
import os
import signal
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from local.emulator import Emulator
from local.guard import TOKEN_HEADER

KEY = "sk-A-DEVELOPERS-OWN"


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Emulator]:
    """An emulator that remembers, and stops with the test."""
    emulator = Emulator(tmp_path / "state", unsaved_secrets=["models"])
    emulator.start()
    yield emulator
    emulator.stop()


def role_of(emulator: Emulator) -> str:
    """A role that functions may take."""
    trust = '{"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, '
    trust += '"Action": "sts:AssumeRole"}], "Version": "2012-10-17"}'
    made = emulator.client("iam").create_role(RoleName="uploaded", AssumeRolePolicyDocument=trust)
    return str(made["Role"]["Arn"])


@pytest.mark.parametrize("runtime", ["python3.13", "nodejs22.x", "provided.al2023"])
def test_uploaded_code_is_not_run(kept: Emulator, tmp_path: Path, runtime: str) -> None:
    """Not even for the account's root: a function runs where its own address says, or nowhere."""
    ran = tmp_path / "ran"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("h.py", f"open({str(ran)!r}, 'w')\ndef run(e, c):\n    return 1\n")
        archive.writestr("h.js", f"require('fs').writeFileSync({str(ran)!r}, ''); exports.run = 1;")
        bootstrap = zipfile.ZipInfo("bootstrap")
        bootstrap.external_attr = 0o755 << 16
        archive.writestr(bootstrap, f"#!/bin/sh\ntouch {ran}\n")
    client = kept.client("lambda")
    client.create_function(
        FunctionName="uploaded",
        Runtime=runtime,
        Role=role_of(kept),
        Handler="h.run",
        Code={"ZipFile": packed.getvalue()},
    )
    try:
        answer = client.invoke(FunctionName="uploaded", Payload=b"{}")
    except ClientError:
        answer = {"FunctionError": "refused"}
    assert answer.get("FunctionError")
    assert not ran.exists()


@pytest.mark.parametrize("service", ["ecs", "codebuild", "stepfunctions", "ec2", "cloudformation"])
def test_services_that_nobody_uses_are_off(kept: Emulator, service: str) -> None:
    """Some of them run what they are given."""
    calls = {
        "ecs": "list_clusters",
        "codebuild": "list_projects",
        "stepfunctions": "list_state_machines",
        "ec2": "describe_instances",
        "cloudformation": "list_stacks",
    }
    # Those of the query protocol cannot read the emulator's JSON.
    with pytest.raises((ClientError, ResponseParserError)):
        getattr(kept.client(service), calls[service])()


def on_disk(emulator: Emulator, words: str) -> list[str]:
    """The files that hold some words."""
    files = [path for path in emulator.state.rglob("*") if path.is_file()]
    return [path.name for path in files if words.encode() in path.read_bytes()]


def test_a_secret_that_is_not_kept_never_reaches_the_disk(kept: Emulator) -> None:
    """Neither its value nor one of before; other secrets are kept, for their owner alone."""
    secrets = kept.client("secretsmanager")
    secrets.create_secret(Name="models", SecretString="before")
    secrets.put_secret_value(SecretId="models", SecretString=KEY)
    secrets.create_secret(Name="carrier", SecretString="the carrier's token")
    kept.stop()
    assert kept.saved
    assert on_disk(kept, KEY) == on_disk(kept, "before") == []
    assert on_disk(kept, "the carrier's token") == ["secretsmanager.json"]
    files = [path for path in (kept.state / "emulator").rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    kept.start()
    assert not kept.lost
    names = {found["Name"] for found in kept.client("secretsmanager").list_secrets()["SecretList"]}
    assert names == {"carrier"}


def test_a_killed_parent_leaves_no_key_on_the_disk(kept: Emulator) -> None:
    """The emulator saves by itself when its parent is gone, and keeps out what is to stay out."""
    kept.client("secretsmanager").create_secret(Name="models", SecretString=KEY)
    process = kept._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()  # what the parent's death does
    assert process.wait(30) == 0
    assert on_disk(kept, KEY) == []


def test_a_key_that_an_earlier_version_saved_goes_before_anything_else(tmp_path: Path) -> None:
    """However this run ends: the file is cleaned before it is read."""
    earlier = Emulator(tmp_path / "state")
    earlier.start()
    earlier.client("secretsmanager").create_secret(Name="models", SecretString=KEY)
    earlier.client("secretsmanager").create_secret(Name="carrier", SecretString="token")
    earlier.stop()
    assert on_disk(earlier, KEY)
    today = Emulator(tmp_path / "state", unsaved_secrets=["models"])
    today.start()
    try:
        assert on_disk(today, KEY) == []
        found = today.client("secretsmanager").list_secrets()["SecretList"]
        assert [one["Name"] for one in found] == ["carrier"]
    finally:
        os.kill(today.pid, signal.SIGKILL)
        today.stop()
    assert on_disk(today, KEY) == []


def test_what_could_not_be_written_is_known(kept: Emulator) -> None:
    """A disk that takes nothing more: the stop says so, and so does the next start."""
    kept.client("dynamodb").list_tables()
    kept.client("kms").create_key()
    (kept.state / "emulator" / "kms.json.tmp").mkdir()  # where its file is written first
    kept.stop()
    assert not kept.saved
    kept.start()
    assert kept.lost


def test_a_killed_emulator_is_known_at_the_next_start(kept: Emulator) -> None:
    """What is there is as the killed run found it, and that is said once."""
    kept.client("kms").create_key()
    kept.stop()
    kept.start()
    assert not kept.lost
    os.kill(kept.pid, signal.SIGKILL)
    kept.stop()
    assert not kept.saved
    kept.start()
    assert kept.lost
    kept.stop()
    kept.start()
    assert not kept.lost


def test_its_token_opens_it_and_is_inherited_by_nothing(kept: Emulator) -> None:
    """The process drops the variable that told it, so that nothing it starts is told too."""
    answer = httpx.get(f"{kept.url}/_ministack/health", headers={TOKEN_HEADER: kept.token})
    assert answer.json()["auth"] == "enabled"
    assert httpx.get(f"{kept.keyed_url}/_ministack/health").status_code == 200
    assert httpx.get(f"{kept.url}/_ministack/health").status_code == 403
