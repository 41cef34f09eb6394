"""The console's API over a stand-in stack: what it shows and what it changes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from conversation.persons import address_hash
from local.carrier import Carrier, Fault, Pace
from local.config import OUR_NUMBER, ROOT
from local.console.app import create_app
from tests.local.console_stack import ADA, CALL_ITEMS, ITEMS, KEY, Line, StandIn

PAGE = ROOT / "local" / "console" / "page"


@pytest.fixture
def stack() -> Iterator[StandIn]:
    """A stand-in whose number has no webhook."""
    carrier = Carrier(pace=Pace(0.01, 0.01))
    carrier.add_number(OUR_NUMBER)
    yield StandIn(carrier)
    carrier.close()


@pytest.fixture
def client(stack: StandIn) -> TestClient:
    """A caller on this machine."""
    return TestClient(create_app(stack), base_url="http://127.0.0.1:8080")


def test_the_page_and_its_parts_are_served(client: TestClient) -> None:
    """Every file that the page names is there, and the page may load nothing from elsewhere."""
    page = client.get("/")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "http://" not in page.text
    assert "https://" not in page.text
    for name in (
        "app.js",
        "phone.js",
        "turns.js",
        "memory.js",
        "logs.js",
        "faults.js",
        "dom.js",
        "call.js",
    ):
        answer = client.get(f"/console/page/{name}")
        assert answer.headers["content-type"].startswith("text/javascript")
    assert client.get("/console/page/style.css").headers["content-type"].startswith("text/css")
    assert client.get("/console/page/..%2fapp.py").status_code == 404


def test_the_state_shows_what_is_remembered(client: TestClient) -> None:
    """Persons have names, opened words, and their items as stored; altered content stays closed."""
    state = client.get("/console/api/state").json()
    [person] = state["memory"]["persons"]
    assert (person["name"], person["id"], person["receipts"]) == ("Ada", "01", 1)
    assert [m["content"] for m in person["messages"]] == ["hello é", None]
    assert person["messages"][0]["stored"]["content"] == "format 1, 36 bytes"
    assert person["turns"][0]["stages"] == {"model": 40}
    assert person["meta"]["sequence"] == 2
    assert person["consent"][0]["state"] == "in"
    assert state["setting"]["functions"] == ["responder", "webhook"]


def test_a_call_stands_with_its_person(stack: StandIn, client: TestClient) -> None:
    """What was said, what is held and whether it will be kept; calls of nobody stand apart."""
    stack.items = {
        "people": [*ITEMS["people"], {"pk": "person#01", "sk": "keep#c-1", "started_at": 900}],
        "conversations": [*ITEMS["conversations"], *CALL_ITEMS],
    }
    memory = client.get("/console/api/state").json()["memory"]
    [call] = memory["persons"][0]["calls"]
    assert (call["id"], call["started_at"], call["keep"]["sk"]) == ("c-1", 900, "keep#c-1")
    assert [message["content"] for message in call["messages"]] == ["from the phone"]
    assert [(item["held"], item["text"]) for item in call["inbox"]] == [(True, '{"text":"late"}')]
    assert call["after_call"]["due_at"] == 9_000
    assert [other["id"] for other in memory["calls"]] == ["c-2"]
    assert memory["calls"][0]["started_at"] == 1_000


def test_whoever_has_no_name_is_told_by_their_number(stack: StandIn, client: TestClient) -> None:
    """Somebody who is no contact is named by the end of the number that they texted from."""
    stranger = {**ITEMS["people"][0], "pk": f"address#{address_hash('+13035550987', KEY)}"}
    stack.items = {"people": [stranger], "conversations": []}
    assert _names(client) == [""]
    stack.carrier.text("+13035550987", OUR_NUMBER, "hi")
    until = time.monotonic() + 10
    while _names(client) == [""] and time.monotonic() < until:
        time.sleep(0.1)
    assert _names(client) == ["Number ending 0987"]


def _names(client: TestClient) -> list[str]:
    state = client.get("/console/api/state").json()
    return [person["name"] for person in state["memory"]["persons"]]


def test_a_missing_table_is_said(stack: StandIn, client: TestClient) -> None:
    """While the tables are not there the page says so and everything else works."""
    del stack.outputs["peopleTable"]
    state = client.get("/console/api/state").json()
    assert state["memory"]["problem"] == "KeyError"
    assert state["faults"]


def test_a_text_from_the_page_is_a_text(stack: StandIn, client: TestClient) -> None:
    """A text goes through the carrier, on the channel chosen, and shows in the state."""
    body = {"person": ADA, "channel": "whatsapp", "body": "hi"}
    answer = client.post("/console/api/texts", json=body)
    assert answer.status_code == 202
    message = stack.carrier.message(answer.json()["sid"])
    assert message is not None
    assert (message.from_, message.to) == (f"whatsapp:{ADA}", f"whatsapp:{OUR_NUMBER}")
    [text] = client.get("/console/api/state").json()["texts"]
    assert (text["person"], text["channel"], text["body"]) == (ADA, "whatsapp", "hi")


@pytest.mark.parametrize(
    "body",
    [
        {"person": "+13035559999", "body": "hi"},
        {"person": ADA, "body": ""},
        {"person": ADA, "body": "hi", "channel": "pigeon"},
        {"person": ADA, "body": "x" * 20_001},
    ],
)
def test_a_wrong_text_is_refused(client: TestClient, body: dict[str, str]) -> None:
    """Strangers' phones, empty and endless texts and other channels are refused."""
    assert client.post("/console/api/texts", json=body).status_code == 422


def test_faults_are_switched(stack: StandIn, client: TestClient) -> None:
    """The page turns the carrier's and the model's faults on and off."""
    for source, name in (("carrier", "duplicate"), ("model", "slow"), ("model", "throttle")):
        url = f"/console/api/faults/{source}/{name}"
        assert client.put(url, json={"on": True}).status_code == 204
    shown = client.get("/console/api/state").json()["faults"]
    assert {f["name"] for f in shown if f["on"]} == {"duplicate", "slow", "throttle"}
    assert stack.carrier.faults.active() == {Fault.DUPLICATE}
    assert client.put("/console/api/faults/model/slow", json={"on": False}).status_code == 204
    assert stack.model.faults.slow_seconds == 0
    assert client.put("/console/api/faults/model/nonsense", json={"on": True}).status_code == 404
    assert client.put("/console/api/faults/carrier/nonsense", json={"on": True}).status_code == 404


def test_logs_are_filtered(stack: StandIn, client: TestClient) -> None:
    """Logs of one function, after a line already seen."""
    stack.lines = [Line(1, "d-webhook", "one"), Line(2, "d-sweep", "two"), Line(3, "d-sweep", "3")]
    answer = client.get("/console/api/logs", params={"function": "sweep", "after": 2}).json()
    assert [line["text"] for line in answer] == ["3"]


def test_events_tell_each_part_once_and_then_changes(
    stack: StandIn, serve: Callable[[Any], str]
) -> None:
    """The stream begins with every part, then sends only the part that changed."""
    url, names = serve(create_app(stack)), []
    threading.Timer(0.7, lambda: stack.carrier.text(ADA, OUR_NUMBER, "news")).start()
    with httpx.stream("GET", f"{url}/console/api/events", timeout=10) as stream:
        for line in stream.iter_lines():
            if line.startswith("event:"):
                names.append(line.removeprefix("event: "))
            if line.startswith("data:") and len(names) == 6:
                assert json.loads(line.removeprefix("data: "))[0]["body"] == "news"
                break
    assert names == ["texts", "memory", "logs", "faults", "calls", "texts"]


def test_a_stopping_stack_ends_the_stream(stack: StandIn, serve: Callable[[Any], str]) -> None:
    """An open page does not hold up the stop."""
    url = serve(create_app(stack))
    threading.Timer(0.5, stack.carrier.stopping.set).start()
    with httpx.stream("GET", f"{url}/console/api/events", timeout=5) as stream:
        assert "event: texts" in list(stream.iter_lines())
