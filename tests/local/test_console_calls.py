"""Calls through the console's API: dialling, being on the line, following, and bad input."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from components.contact_flow import WORDS, CallFlowArgs, SpokenLocale, call_flow
from local.carrier import Carrier
from local.console.app import create_app
from local.console.flow_drawing import drawing
from local.phone import Call
from tests.local.console_stack import ADA, StandIn
from tests.local.phones import ALIAS, NUMBER, Hook, declared, phone, talk

PATIENCE_SECONDS = 10.0
URL = "/console/api/calls"


@pytest.fixture
def stack() -> Iterator[StandIn]:
    """A stack whose number is answered by the smallest flow."""
    carrier = Carrier()
    standing = StandIn(carrier, phone=phone(Hook(), talk()))
    yield standing
    standing.phone.hang_up_all()
    carrier.close()


@pytest.fixture
def client(stack: StandIn) -> TestClient:
    """A caller on this machine."""
    return TestClient(create_app(stack), base_url="http://127.0.0.1:8080")


def dialled(stack: StandIn, client: TestClient, caller: str | None = ADA) -> Call:
    """A call from the page."""
    answer = client.post(URL, json={"caller": caller, "number": NUMBER})
    assert answer.status_code == 201, answer.text
    return stack.phone.find(answer.json()["id"])


def test_a_call_from_the_page_goes_its_whole_way(stack: StandIn, client: TestClient) -> None:
    """Dialled, interrupted, spoken to and hung up: each shows in the call's events."""
    call = dialled(stack, client)
    call.wait_for("speaking", PATIENCE_SECONDS)
    assert client.post(f"{URL}/{call.id}/interrupt").json() == {"cut": True}
    call.wait_for("listening", PATIENCE_SECONDS)
    assert client.post(f"{URL}/{call.id}/say", json={"text": " hello "}).status_code == 202
    call.wait_until(lambda c: "You said hello." in c.spoken, PATIENCE_SECONDS)
    assert client.post(f"{URL}/{call.id}/hang-up").status_code == 204
    call.wait_for("ended", PATIENCE_SECONDS)
    shown = client.get(f"{URL}/{call.id}").json()
    assert (shown["name"], shown["ended"], shown["state"]) == ("Ada", True, "ended")
    kinds = [event["kind"] for event in shown["events"]]
    assert {"block", "said", "interrupted", "heard", "hook", "state", "hung up"} <= set(kinds)
    later = client.get(f"{URL}/{call.id}", params={"after": 3}).json()["events"]
    assert [event["seq"] for event in later] == list(range(4, len(kinds) + 1))


def test_a_call_takes_the_time_that_people_take(stack: StandIn, client: TestClient) -> None:
    """The greeting is still being spoken when nobody cuts it short, and keys are heard."""
    call = dialled(stack, client, None)
    call.wait_for("speaking", PATIENCE_SECONDS)
    time.sleep(0.3)
    assert call.state == "speaking"
    client.post(f"{URL}/{call.id}/press", json={"keys": "1"})
    call.wait_until(lambda c: any(e.kind == "keys" for e in c.events), PATIENCE_SECONDS)
    assert client.get(f"{URL}/{call.id}").json()["name"] == "Number withheld"


def test_who_types_is_not_silent(stack: StandIn, client: TestClient) -> None:
    """Beginning to talk cuts in, and counts as talking until the words are there."""
    stack.phone = phone(Hook(), talk(**{"x-amz-lex:audio:start-timeout-ms:*:*": "300"}))
    call = dialled(stack, client)
    call.wait_for("speaking", PATIENCE_SECONDS)
    assert client.post(f"{URL}/{call.id}/talking").status_code == 204
    call.wait_for("listening", PATIENCE_SECONDS)
    time.sleep(0.6)
    assert not [event for event in call.events if event.kind == "silence"]
    client.post(f"{URL}/{call.id}/say", json={"text": "here I am"})
    call.wait_until(lambda c: "You said here I am." in c.spoken, PATIENCE_SECONDS)
    call.wait_until(lambda c: any(e.kind == "silence" for e in c.events), PATIENCE_SECONDS)


def test_a_long_call_is_told_in_parts(stack: StandIn, client: TestClient) -> None:
    """One answer has five hundred events at most; the rest is asked for by number."""
    hook = Hook()
    hook.go_on.clear()
    stack.phone = phone(hook, talk())
    call = dialled(stack, client)
    call.say("hello")
    call.wait_for("thinking", PATIENCE_SECONDS)
    for _ in range(600):
        call.say("are you there?")
    first = client.get(f"{URL}/{call.id}").json()["events"]
    assert len(first) == 500
    rest = client.get(f"{URL}/{call.id}", params={"after": first[-1]["seq"]}).json()["events"]
    assert rest[0]["seq"] == 501
    assert [event["words"] for event in first + rest].count("are you there?") == 600
    hook.go_on.set()


def test_the_stream_tells_all_and_ends_with_the_call(
    stack: StandIn, client: TestClient, serve: Callable[[Any], str]
) -> None:
    """Every event comes once and in order, then how the call stands; after it the stream ends."""
    url = serve(create_app(stack))
    call = dialled(stack, client)
    call.wait_for("speaking", PATIENCE_SECONDS)
    ids, last = [], {}
    with httpx.stream("GET", f"{url}{URL}/{call.id}/events", timeout=10) as stream:
        for line in stream.iter_lines():
            if line.startswith("id: "):
                ids.append(int(line.removeprefix("id: ")))
            if line.startswith('data: {"id"'):
                last = json.loads(line.removeprefix("data: "))
                call.hang_up()
    assert ids == list(range(1, len(call.events) + 1))
    assert last["ended"] is True
    headers = {"Last-Event-ID": str(ids[-2])}
    rest = httpx.get(f"{url}{URL}/{call.id}/events", headers=headers, timeout=10).text
    assert f"id: {ids[-1]}\n" in rest
    assert f"id: {ids[-2]}\n" not in rest


def test_a_stopping_stack_ends_the_stream_of_a_call(
    stack: StandIn, client: TestClient, serve: Callable[[Any], str]
) -> None:
    """A call that nobody ends does not hold up the stop."""
    url = serve(create_app(stack))
    call = dialled(stack, client)
    stack.carrier.stopping.set()
    assert httpx.get(f"{url}{URL}/{call.id}/events", timeout=5).status_code == 200


def test_switches_are_the_phones(stack: StandIn, client: TestClient) -> None:
    """Hours, queue and agent are switched one by one, and the state shows them."""
    for switches in ({"open": False}, {"queue_full": True}, {"agent_answers": False}):
        assert client.put(f"{URL}/switches", json=switches).status_code == 204
    shown = client.get("/console/api/state").json()["calls"]
    assert shown["switches"] == {"open": False, "queue_full": True, "agent_answers": False}
    assert stack.phone.switches.open is False
    assert shown["numbers"] == [NUMBER]


@pytest.mark.parametrize(
    ("path", "body", "refusal"),
    [
        ("", {"caller": "+13035559999", "number": NUMBER}, (422, "no such phone on this page")),
        ("", {"caller": ADA, "number": "+13035550999"}, (404, "cannot be called")),
        ("", {"caller": ADA}, (422, "number: Field required")),
        ("/none/say", {"text": "hello"}, (404, "no such call")),
        ("/none/press", {"keys": "12"}, (404, "no such call")),
        ("/{id}/press", {"keys": "12a"}, (422, "keys: ")),
        ("/{id}/press", {"keys": ""}, (422, "keys: ")),
        ("/{id}/say", {"text": "  "}, (422, "nothing in that to be said")),
        ("/{id}/say", {"text": "x" * 6_001}, (422, "text: ")),
        ("/{id}/say", {"text": "x", "confidence": 2}, (422, "confidence: ")),
        ("", {"caller": ADA, "number": NUMBER}, (409, "on the phone already")),
    ],
)
def test_bad_input_is_refused_with_a_sentence(
    stack: StandIn, client: TestClient, path: str, body: dict[str, Any], refusal: tuple[int, str]
) -> None:
    """Strangers, numbers that nobody answers, no words, other keys, a second call: each is told."""
    status, says = refusal
    call = dialled(stack, client) if "{id}" in path or status == 409 else None
    answer = client.post(f"{URL}{path}".format(id=call and call.id), json=body)
    assert (answer.status_code, type(answer.json()["detail"])) == (status, str)
    assert says in answer.json()["detail"]


def test_a_call_that_is_over_hears_nothing(stack: StandIn, client: TestClient) -> None:
    """Words after the end are refused; hanging up again does no harm, and Ada may call again."""
    call = dialled(stack, client)
    for _ in range(2):
        assert client.post(f"{URL}/{call.id}/hang-up").status_code == 204
    call.wait_for("ended", PATIENCE_SECONDS)
    answer = client.post(f"{URL}/{call.id}/say", json={"text": "hello?"})
    assert (answer.status_code, answer.json()["detail"]) == (409, "that call is over")
    assert dialled(stack, client).id != call.id


def test_a_flow_is_drawn_nearest_first(stack: StandIn, client: TestClient) -> None:
    """Blocks come by distance; what only errors reach is marked, and so are the ways there."""
    stack.phone = phone(Hook(), declared(queue="queue", hours="hours"))
    blocks = client.get(f"{URL}/flow", params={"number": NUMBER}).json()
    by_id = {block["id"]: block for block in blocks}
    assert [b["id"] for b in blocks][:4] == ["logging", "voice", "locale", "talk"]
    assert [b["depth"] for b in blocks] == sorted(b["depth"] for b in blocks)
    assert by_id["talk"]["kind"] == "talks"
    assert by_id["talk"]["label"].startswith("Hello, what can I do")
    assert by_id["no-human"]["trouble"] is True
    assert by_id["hand-over"]["trouble"] is False
    assert {"to": "hang-up", "when": "goodbye", "error": False} in by_id["next"]["ways"]
    assert {"to": "trouble-times", "when": "otherwise", "error": False} in by_id["next"]["ways"]
    assert {"to": "busy", "when": "queue full", "error": True} in by_id["hand-over"]["ways"]
    assert by_id["hours"]["ways"][:2] == [
        {"to": "queue", "when": "open", "error": False},
        {"to": "closed", "when": "closed", "error": False},
    ]
    [failing] = [way for way in by_id["talk"]["ways"] if way["error"]]
    assert failing == {"to": "trouble-times", "when": "no input, error", "error": True}
    assert client.get(f"{URL}/flow", params={"number": "+1"}).status_code == 404


def test_a_flow_of_several_languages_shows_its_first() -> None:
    """A block that says what the caller's language set has that sentence of the first language."""
    locales = [SpokenLocale(locale_id=one, voice="Joanna") for one in ("en_US", "es_US")]
    flow = call_flow(CallFlowArgs(locales=locales, alias_arn=ALIAS))
    by_id = {block["id"]: block for block in drawing(flow.document())}
    assert by_id["talk"]["label"] == WORDS["en"].greeting
    assert by_id["words-es-US"]["kind"] == "notes"


def test_blocks_that_nothing_leads_to_are_not_drawn() -> None:
    """A drawing holds what a call can reach, and no way fails it that leads nowhere."""
    actions = [
        {"Identifier": "a", "Type": "Novel", "Transitions": {"NextAction": "gone"}},
        {"Identifier": "b", "Type": "Loop", "Parameters": {"LoopCount": "2"}},
    ]
    [only] = drawing({"StartAction": "a", "Actions": actions})
    assert (only["id"], only["kind"], only["label"]) == ("a", "Novel", "")
    assert drawing({}) == []
