"""The guard of the local stack's ports: whom it admits, and what it says to the others."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import botocore.session
import httpx
import pytest
from fastapi import FastAPI, Request

from local.background import Background
from local.emulator import presenting
from local.guard import TOKEN_HEADER, Guard, GuardedApp, NotAdmittedError
from local.wire import GONE, admitted, read_body, response

TOKEN, NARROW = "0123456789abcdef" * 2, "fedcba9876543210" * 2
GUARD = Guard(TOKEN, narrow={NARROW: ("/model/",)}, own_credentials={"/signed/": "signature"})
HOST, SIGNED = ("host", "127.0.0.1:8080"), ("signature", "")
OPEN = (TOKEN_HEADER.lower(), TOKEN)
VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


@pytest.mark.parametrize(
    ("path", "headers", "admitted_path"),
    [
        ("/a/b?c=1", [HOST, OPEN], "/a/b?c=1"),
        (f"/{TOKEN}/a/b?c=1", [HOST], "/a/b?c=1"),
        (f"/{TOKEN}", [HOST], ""),
        ("/", [HOST, ("user-agent", f"Boto3/1.4 md/x app/{TOKEN} cfg/y")], "/"),
        ("/", [("host", "localhost:1"), OPEN], "/"),
        ("/", [("host", "[::1]:1"), OPEN], "/"),
        ("/", [("host", "LOCALHOST"), OPEN], "/"),
        ("/", [HOST, OPEN, ("origin", "http://127.0.0.1:8080")], "/"),
        ("/model/x", [HOST, ("user-agent", f"app/{NARROW}")], "/model/x"),
        (f"/{NARROW}/model/x", [HOST], "/model/x"),
        ("/signed/x", [HOST, SIGNED], "/signed/x"),
        ("/a..b/...", [HOST, OPEN], "/a..b/..."),
    ],
)
def test_our_own_clients_are_admitted(
    path: str, headers: list[tuple[str, str]], admitted_path: str
) -> None:
    """By a header, an application id or the path; what carries credentials of its own, without."""
    assert GUARD.admit(path, headers) == admitted_path


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", [HOST]),
        ("/", [OPEN]),
        ("/", [HOST, HOST, OPEN]),
        ("/", [("host", "rebound.example:8080"), OPEN]),
        ("/", [("host", "127.0.0.1.example"), OPEN]),
        ("/", [("host", "127.0.0.1@example"), OPEN]),
        ("/", [("host", "evil@127.0.0.1"), OPEN]),
        ("/", [("host", "127.0.0.1/evil"), OPEN]),
        ("/", [("host", "127.0.0.1#x"), OPEN]),
        ("/", [("host", "127.0.0.1:"), OPEN]),
        ("/", [("host", "0.0.0.0:8080"), OPEN]),
        ("/", [("host", "[::1"), OPEN]),
        ("/", [("host", ""), OPEN]),
        ("/", [HOST, OPEN, ("origin", "null")]),
        ("/", [HOST, OPEN, ("origin", "")]),
        ("/", [HOST, OPEN, ("origin", "http://127.0.0.1:9999")]),
        ("/", [HOST, OPEN, ("origin", "http://localhost:8080")]),
        ("/", [HOST, OPEN, ("origin", "https://127.0.0.1:8080")]),
        ("/", [HOST, OPEN, ("origin", "https://elsewhere.example")]),
        ("/", [HOST, (TOKEN_HEADER.lower(), TOKEN[:-1])]),
        ("/", [HOST, (TOKEN_HEADER.lower(), "")]),
        ("/", [HOST, (TOKEN_HEADER.lower(), "é")]),
        ("/", [HOST, ("user-agent", TOKEN)]),
        ("/", [HOST, ("cookie", f"token={TOKEN}")]),
        ("/", [HOST, ("authorization", "AWS4-HMAC-SHA256 Credential=test/1/us-east-1/s3/x")]),
        (f"/?token={TOKEN}", [HOST]),
        (f"/a/{TOKEN}", [HOST]),
        (f"//{TOKEN}/a", [HOST]),
        ("/other", [HOST, ("user-agent", f"app/{NARROW}")]),
        (f"/{NARROW}/other", [HOST]),
        (f"/{NARROW}", [HOST]),
        ("/model/../other", [HOST, ("user-agent", f"app/{NARROW}")]),
        ("/signed/x", [HOST]),
        ("/signed", [HOST, SIGNED]),
        ("/other", [HOST, SIGNED]),
        ("/signed/../other", [HOST, SIGNED]),
        ("/signed/%2e%2e/other", [HOST, SIGNED]),
        ("/signed/%252E%252e/other", [HOST, SIGNED]),
        ("/signed/..%2fother", [HOST, SIGNED]),
        ("/signed/..%5cother", [HOST, SIGNED]),
        ("/signed/..", [HOST, SIGNED]),
        ("/signed/x", [HOST, SIGNED, ("origin", "https://elsewhere.example")]),
        ("/signed/x", [("host", "rebound.example"), SIGNED]),
        ("http://127.0.0.1:8080/", [HOST]),
        ("*", [HOST]),
        ("", [HOST]),
    ],
)
def test_all_others_are_refused(path: str, headers: list[tuple[str, str]]) -> None:
    """No token, a wrong or a narrow one, another name, another origin, a way around."""
    with pytest.raises(NotAdmittedError):
        GUARD.admit(path, headers)


@pytest.mark.parametrize("odd", ["", "0" * 31, "0" * 33, "G" * 32, "0" * 32 + "\n"])
def test_a_guard_wants_a_token(odd: str) -> None:
    """An empty one, as of a file that a full disk cut, would open every door."""
    with pytest.raises(ValueError, match="tokens"):
        Guard(odd)
    with pytest.raises(ValueError, match="tokens"):
        Guard(TOKEN, narrow={odd: ("/",)})


@pytest.fixture
def served(serve: Callable[[Any], str]) -> str:
    """An application behind the guard that tells what it was asked."""
    app = FastAPI()

    @app.api_route("/{path:path}", methods=list(VERBS))
    async def tell(request: Request) -> dict[str, Any]:
        return {
            "path": request.url.path,
            "raw": request.scope["raw_path"].decode(),
            "query": request.url.query,
            "headers": dict(request.headers),
        }

    return serve(GuardedApp(app, GUARD))


def test_an_application_sees_no_token(served: str) -> None:
    """Neither in a header nor in the path, which stays as it was sent."""
    answers = [
        httpx.get(f"{served}/a%20b/c?d=e", headers={TOKEN_HEADER: TOKEN}),
        httpx.get(f"{served}/{TOKEN}/a%20b/c?d=e"),
    ]
    for answer in answers:
        assert TOKEN not in answer.text
        told = answer.json()
        assert (told["path"], told["raw"], told["query"]) == ("/a b/c", "/a%20b/c", "d=e")


def test_the_bare_token_leads_to_the_root(served: str) -> None:
    """The page's address without its last slash would break the page's relative addresses."""
    answer = httpx.get(f"{served}/{TOKEN}")
    assert (answer.status_code, answer.headers["location"]) == (308, f"/{TOKEN}/")
    assert httpx.get(f"{served}/{TOKEN}", follow_redirects=True).json()["path"] == "/"
    assert httpx.post(f"{served}/{TOKEN}").json()["path"] == "/"


def ask(url: str, verb: str, headers: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
    """Send a request as it is, however odd."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request(verb, "/", b"x" * 100, headers)
    answer = connection.getresponse()
    told = answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()}
    connection.close()
    return told


@pytest.mark.parametrize("verb", VERBS)
def test_a_refusal_says_how_to_get_in_and_no_page_can_read_it(served: str, verb: str) -> None:
    """Every verb, a preflight too: 403, no CORS header, and the connection ends."""
    headers = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": verb}
    status, body, answered = ask(served, verb, headers)
    assert status == 403
    assert verb == "HEAD" or b"`make local`" in body
    assert answered["connection"] == "close"
    assert [name for name in answered if name.startswith("access-control")] == []


def test_a_web_socket_is_refused() -> None:
    """What is no HTTP request is closed without a word of the application."""
    sent: list[dict[str, Any]] = []

    async def never(*_: object) -> Any:
        raise AssertionError("the application was reached")

    async def send(message: Any) -> None:
        sent.append(dict(message))

    scope = {"type": "websocket", "path": "/", "headers": [(b"host", b"127.0.0.1")]}
    asyncio.run(GuardedApp(never, GUARD)(scope, never, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


@pytest.fixture
def wire() -> Iterator[str]:
    """A listener of the function host's kind, behind the guard."""
    background = Background("wire")

    async def tell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async for head in admitted(reader, writer, GUARD):
                await read_body(reader, head)
                writer.write(response(200, json.dumps([head.method, head.target]).encode()))
                await writer.drain()
        except GONE:
            pass
        finally:
            writer.close()

    async def listen() -> asyncio.Server:
        return await asyncio.start_server(tell, "127.0.0.1", 0)

    server = background.run(listen())
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def close() -> None:
        server.close()

    background.run(close())
    background.close()


@pytest.mark.parametrize("verb", VERBS)
def test_a_listener_of_our_own_refuses_as_well(wire: str, verb: str) -> None:
    """The guard stands before the first handler of each kind of server."""
    status, _, answered = ask(wire, verb, {})
    assert (status, answered["connection"]) == (403, "close")
    assert httpx.post(f"{wire}/{TOKEN}/a/b", content=b"x").json() == ["POST", "/a/b"]


@pytest.mark.parametrize(
    "line", [b"GET\r\n\r\n", b"GET  \r\n\r\n", b"\r\n\r\n", b"\x00 \xff /\r\n\r\n"]
)
def test_what_is_no_request_is_refused(wire: str, line: bytes) -> None:
    """A start line without its parts."""

    async def send() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(wire).port)
        writer.write(line)
        answer = await reader.read()
        writer.close()
        return answer

    assert asyncio.run(send()).startswith(b"HTTP/1.1 403 ")


def test_an_aws_sdk_presents_its_application_id(served: str) -> None:
    """The way in which functions present their token: an SDK's setting, so no code knows of it."""
    client: Any = botocore.session.Session().create_client(
        "sts",
        endpoint_url=served,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=presenting(TOKEN, retries={"total_max_attempts": 1}),
    )
    answers: list[int] = []
    client.meta.events.register(
        "after-call.sts.GetCallerIdentity",
        lambda http_response, **_: answers.append(http_response.status_code),
    )
    with pytest.raises(Exception, match=r"parse|Unable"):
        client.get_caller_identity()
    assert 403 not in answers
