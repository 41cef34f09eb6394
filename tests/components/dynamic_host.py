"""Pulumi's own host of dynamic providers, as the engine starts it in the project's folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from tests.components.programs import ROOT


@contextmanager
def dynamic_host(environment: Mapping[str, str]) -> Iterator[Any]:
    """Start it, and speak to it as the engine does.

    Args:
        environment: What it is told beside this process's own.
    """
    started = subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.dynamic", "127.0.0.1:1"],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    port = started.stdout.readline().strip()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)
    started.kill()
    started.wait()
    started.stdout.close()
