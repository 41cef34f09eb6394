"""TwilioNumber's provider in Pulumi's own host of dynamic providers, in a process of its own.

What unit tests cannot show: the reference in the state loads there, a secret without a value is
found out over HTTP, and a preview's unknown values pass through.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from google.protobuf import struct_pb2  # type: ignore[import-untyped]  # no stubs in the lock
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime.proto import provider_pb2

from components.twilio_provider import TwilioNumberProvider
from tests.components.dynamic_host import dynamic_host

pytestmark = pytest.mark.registers_nothing

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
PB: Any = provider_pb2


class NoValue(BaseHTTPRequestHandler):
    """Secrets Manager, asked for a secret that was declared and never written."""

    def do_POST(self) -> None:
        """Answer that there is no value."""
        body = b'{"__type": "ResourceNotFoundException", "message": "no AWSCURRENT"}'
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(400)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def aws_url() -> Iterator[str]:
    """An AWS that knows no secret's value."""
    server = HTTPServer(("127.0.0.1", 0), NoValue)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def host(aws_url: str) -> Iterator[Any]:
    """Pulumi's host of dynamic providers, which finds AWS here."""
    environment = {
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "PULUMI_PROJECT": "dialtone",
    }
    with dynamic_host(environment) as started:
        yield started


def bag(**values: str) -> struct_pb2.Struct:
    """Inputs as the engine sends them."""
    properties = struct_pb2.Struct()
    properties.update(
        {
            "number": "+13035550100",
            "sms_url": "https://a.example#rc=3",
            "sms_fallback_url": "https://a.example",
            "status_callback": "",
            "secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:carrier-AbCdEf",
            "messaging_service_sid": "",
            "api_url": "",
            "__provider": serialize_provider(TwilioNumberProvider()),
            **values,
        }
    )
    return properties


def test_lives_through_a_deployment_without_a_secret(host: Any) -> None:
    """Created pending, tried again at each update, refreshed and deleted without a value."""
    host.Configure(PB.ConfigureRequest(), timeout=30)
    assert not host.Check(PB.CheckRequest(news=bag()), timeout=30).failures
    made = host.Create(PB.CreateRequest(properties=bag()), timeout=30)
    assert (made.id, made.properties["status"]) == ("+13035550100", "pending")
    olds = made.properties

    planned = PB.DiffRequest(id=made.id, olds=olds, news=bag(sms_url=UNKNOWN))
    assert host.Diff(planned, timeout=30).changes == PB.DiffResponse.DIFF_SOME
    other = PB.DiffRequest(id=made.id, olds=olds, news=bag(number="+13035550199"))
    assert list(host.Diff(other, timeout=30).replaces) == ["number"]
    updated = host.Update(PB.UpdateRequest(id=made.id, olds=olds, news=bag()), timeout=30)
    assert updated.properties["status"] == "pending"
    read = host.Read(PB.ReadRequest(id=made.id, properties=updated.properties), timeout=30)
    assert read.id == made.id
    host.Delete(PB.DeleteRequest(id=made.id, properties=updated.properties), timeout=30)


def test_refuses_a_wrong_number_at_check(host: Any) -> None:
    """A number that is no number is refused at preview already."""
    host.Configure(PB.ConfigureRequest(), timeout=30)

    found = host.Check(PB.CheckRequest(news=bag(number="0155")), timeout=30)

    assert [one.property for one in found.failures] == ["number"]
