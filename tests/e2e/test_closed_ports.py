"""Every port of the local stack, as another page and another process of this machine meet it."""

from __future__ import annotations

import http.client
import json
import os
import stat
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from local.stack import LocalStack
from tests.listeners import listeners

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
# What is worth asking for, on whichever port it is.
PATHS = (
    "/",
    "/_ministack/health",
    "/_ministack/reset",
    "/_ministack/config",
    "/_localstack/health",
    "/2015-03-31/functions",
    "/2015-03-31/functions/dialtone-local-responder/invocations",
    "/2018-06-01/runtime/invocation/next",
    "/invoke",
    "/_local/health",
    "/_local/logs",
    "/_local/faults",
    "/_local/invoke/responder",
    "/console/api/state",
    "/console/page/app.js",
    "/console/api/texts",
    "/bedrock/model/dialtone.scripted-v1/converse",
    "/carrier/",
    "/carrier/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json",
    "/webhooks/twilio/messages",
    "/webhooks/twilio/status/x.y",
    "/webhooks/../_local/health",
    "/webhooks/%2e%2e/_local/health",
    "/webhooks/../../../../../_ministack/reset",
    "/webhooks/..%2f..%2f..%2f..%2f_ministack/reset",
    "/carrier/../_local/health",
)
SIGNED = (
    "AWS4-HMAC-SHA256 Credential={}/20260101/us-east-1/{}/aws4_request, "
    "SignedHeaders=host, Signature=00"
)
# As a page sends it without a preflight, as a program sends it, and as the account's root.
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"Content-Type": "text/plain", "Origin": "https://elsewhere.example"},
    {"Origin": "null", "Access-Control-Request-Method": "PUT"},
    {"Host": "rebound.example:8080"},
    {
        "Authorization": SIGNED.format("test", "dynamodb"),
        "X-Amz-Target": "DynamoDB_20120810.ListTables",
        "Content-Type": "application/x-amz-json-1.0",
    },
    {
        "Authorization": SIGNED.format("000000000000", "secretsmanager"),
        "X-Amz-Target": "secretsmanager.ListSecrets",
        "Content-Type": "application/x-amz-json-1.1",
    },
    {"Authorization": "Basic QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjp4"},
    {"User-Agent": "app/test", "X-Dialtone-Token": "test", "Cookie": "token=test"},
    {"X-Twilio-Signature": "x", "Content-Type": "application/x-www-form-urlencoded"},
)
# A webhook does not check what it cannot read: its 400 tells nothing either.
REFUSED = {400, 401, 403}


def ports() -> set[int]:
    """The ports of this process and of all that it started, the tests' own emulators included."""
    return {listener.port for listener in listeners(os.getpid())}


def ask(port: int, verb: str, path: str, headers: dict[str, str]) -> tuple[int, bytes, list[str]]:
    """Send one request exactly as it is; returns status, body and the names of headers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.putrequest(verb, path, skip_host="Host" in headers)
        for name, value in {**headers, "Content-Length": "2"}.items():
            connection.putheader(name, value)
        connection.endheaders(b"{}")
        answer = connection.getresponse()
        return answer.status, answer.read(), [name.lower() for name, _ in answer.getheaders()]
    except ConnectionError:  # cut before the body was read
        return 403, b"", []
    finally:
        connection.close()


def kept(stack: LocalStack) -> dict[str, Any]:
    """What an attack would change: what is stored, in force, asked of the model and sent."""
    return {
        "tables": sorted(stack.aws("dynamodb").list_tables()["TableNames"]),
        "functions": len(stack.aws("lambda").list_functions()["Functions"]),
        "secrets": len(stack.aws("secretsmanager").list_secrets()["SecretList"]),
        "faults": list(stack.faults.rules),
        "model calls": len(stack.model.calls),
        "texts": len(stack.carrier.messages()),
        "calls": len(stack.phone.calls),
    }


def test_no_port_answers_another_process(stack: LocalStack) -> None:
    """Every verb on every path of every port, as anybody and as the root: refused, unread."""
    before, opened = kept(stack), ports()
    assert len(opened) > 5
    answered = []
    for port in opened:
        for headers in HEADERS:
            for path in PATHS:
                # All verbs where nothing special is asked for; else those that do most harm.
                verbs = VERBS if headers in HEADERS[:2] else ("GET", "POST", "DELETE")
                for verb in verbs:
                    status, body, names = ask(port, verb, path, headers)
                    readable = [name for name in names if name.startswith("access-control-")]
                    if status not in REFUSED or readable or b"dialtone-local" in body:
                        answered.append((port, verb, path, headers, status, body[:80]))
    assert answered == [], "\n".join(map(str, answered))
    assert kept(stack) == before


@pytest.fixture
def foreign_page() -> Iterator[str]:
    """A page of another origin on this machine: nothing stops it but the guard."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>elsewhere</title>")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


ATTACK = """
async ([ports, paths, verbs]) => {
  const read = [];
  const headers = {
    "X-Amz-Target": "DynamoDB_20120810.ListTables",
    "Content-Type": "application/json",
    "Authorization": "AWS4-HMAC-SHA256 Credential=test/1/us-east-1/dynamodb/aws4_request",
  };
  const attempt = async (url, options) => {
    try {
      const answer = await fetch(url, options);
      if (answer.type !== "opaque") read.push([url, options.method, answer.status]);
    } catch { /* refused, or not to be read */ }
  };
  const framed = (url) => new Promise((done) => {
    const frame = document.createElement("iframe");
    frame.onload = () => {
      try { read.push([url, frame.contentDocument.title]); } catch { /* not to be read */ }
      done();
    };
    frame.onerror = done;
    frame.src = url;
    document.body.append(frame);
    setTimeout(done, 3000);
  });
  const loaded = (url) => new Promise((done) => {
    const script = document.createElement("script");
    script.onload = () => { read.push([url, "script"]); done(); };
    script.onerror = done;
    script.src = url;
    document.body.append(script);
  });
  const socket = (url) => new Promise((done) => {
    const opened = new WebSocket(url.replace("http", "ws"));
    opened.onopen = () => { read.push([url, "socket"]); done(); };
    opened.onerror = done;
  });
  for (const port of ports) {
    const base = `http://127.0.0.1:${port}`;
    for (const path of paths) {
      for (const method of verbs) {
        const body = method === "GET" ? undefined : '{"Records":[],"action":"throttle"}';
        await attempt(base + path, { method, body, mode: "cors" });
        await attempt(base + path, { method, body, mode: "cors", headers });
        if (["GET", "POST"].includes(method)) {
          await attempt(base + path, { method, body, mode: "no-cors" });
        }
      }
    }
    await loaded(`${base}/console/page/app.js`);
    await socket(`${base}/`);
    await framed(`${base}/`);
  }
  return read;
}
"""


def test_no_port_answers_a_page_of_another_origin(
    stack: LocalStack, browser: Browser, foreign_page: str
) -> None:
    """Fetches with and without CORS, scripts, sockets and frames in a real browser: nothing."""
    before, opened = (
        kept(stack),
        sorted(ports() - {int(foreign_page.rstrip("/").rpartition(":")[2])}),
    )
    page = browser.new_page()
    page.goto(foreign_page)
    paths = [path for path in PATHS if ".." not in path]
    read = page.evaluate(ATTACK, [opened, paths, ["GET", "POST", "PUT", "DELETE"]])
    page.close()
    assert read == []
    assert kept(stack) == before


def test_a_foreign_page_with_the_token_is_refused(
    stack: LocalStack, browser: Browser, foreign_page: str
) -> None:
    """Should the address of the page become known, another origin still does nothing with it."""
    before = kept(stack)
    page = browser.new_page()
    page.goto(foreign_page)
    url = f"{stack.url}/_local/faults"
    page.evaluate(
        "url => fetch(url, {method: 'POST', mode: 'no-cors', body: '{\"action\": \"throttle\"}'})",
        url,
    )
    page.close()
    assert kept(stack) == before


def test_a_function_opens_no_other_door(stack: LocalStack) -> None:
    """A function's token is for the model and for AWS under its role: no page, no emulator."""
    worker = stack.function_host.workers("responder")[0]
    environment = Path(f"/proc/{worker.pid}/environ").read_bytes().decode().split("\0")
    token = dict(line.partition("=")[::2] for line in environment if line)["AWS_SDK_UA_APP_ID"]
    assert token not in (stack.token, stack.emulator.token)
    assert stack.token not in "".join(environment)
    assert stack.emulator.token not in "".join(environment)
    headers = {"User-Agent": f"app/{token}", "X-Dialtone-Token": token}
    door = int(stack.public_url.rpartition(":")[2])
    for port, path in (
        (door, "/_local/health"),
        (door, "/console/api/state"),
        (door, "/bedrock/../_local/health"),
        (stack.emulator.port, "/"),
        (stack.function_host.port, "/invoke"),
    ):
        assert ask(port, "POST", path, headers)[0] == 403, path
    for key in ("test", "000000000000", "AKIANOBODY"):
        signed = {"Authorization": SIGNED.format(key, "secretsmanager")}
        target = {"X-Amz-Target": "secretsmanager.ListSecrets"}
        assert ask(stack.proxy.port, "POST", "/", headers | signed | target)[0] == 403, key
    own = {"Authorization": SIGNED.format(worker.access_key, "dynamodb")}
    for path in ("/_ministack/reset", "/_ministack/health", "/health"):
        assert ask(stack.proxy.port, "POST", path, headers | own)[0] == 403, path


def test_what_is_kept_is_its_owners_alone(stack: LocalStack) -> None:
    """No file or folder of the state can be read, written or entered by anybody else."""
    state = stack.config.state
    found = [state, *state.rglob("*")]
    assert len(found) > 10
    open_to_others = [
        str(path.relative_to(state)) for path in found if stat.S_IMODE(path.lstat().st_mode) & 0o077
    ]
    assert open_to_others == []


def test_the_commands_file_names_what_opens_the_emulator(stack: LocalStack) -> None:
    """The command line gets in by `stack.json`, which its owner alone can read."""
    file = stack.config.state / "stack.json"
    known = json.loads(file.read_text())
    assert known["endpoint_token"] == stack.emulator.token
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
