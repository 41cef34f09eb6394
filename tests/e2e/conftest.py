"""One local stack for the end-to-end tests, with short times, and a phone per test.

The stack is what ``make local`` starts, the scheduler apart: a test runs the sweep itself, when it
is due. Every test texts from a number of its own, so that they share the stack and nothing else.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from conversation.items import Item, from_item, to_item
from conversation.keys import Keys
from conversation.messages import open_message
from conversation.persons import address_hash, person_key
from conversation.tables import Tables
from conversation.texts import Texts
from conversation.vault import Vault
from local.carrier import Message
from local.carrier.message import WHATSAPP
from local.config import OUR_NUMBER, OUR_VOICE_NUMBER, LocalConfig
from local.stack import LocalStack
from tests.e2e.callers import Caller, warm_up

FIRST_MODEL, SECOND_MODEL = "dialtone.scripted-v1", "dialtone.second-v1"
# A turn's function lives settle cap + answer + send + 5 = 16 s here, instead of 65.
SHORT_TIMES = {
    "sms": {"answerSeconds": 9, "settleSeconds": 0.4, "settleCapSeconds": 1},
    "timing": {
        "clockSkewSeconds": 1,
        "leaseSlackSeconds": 0,
        "listingEveryMinutes": 1,
        "sendTimeoutSeconds": 1,
        "sweepAfterSeconds": 1,
    },
    "voice": {"answerSeconds": 7, "keepAfterSeconds": 5},
}
REPLY_SECONDS = 25.0
RECOVERY_SECONDS = 45.0
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SLOW_MILLISECONDS = 30_000
INTRODUCTION = f"{Texts().introduction}\n\n"
_numbers = itertools.count(5_552_000)


def next_second() -> None:
    """Wait until the carrier's clock, which shows whole seconds, has moved on."""
    time.sleep(1 - time.time() % 1)


def address_key_of(stack: LocalStack) -> bytes:
    """The key under which a stack hashes addresses."""
    secret = stack.aws("secretsmanager").get_secret_value(
        SecretId=stack.outputs["carrierSecretArn"]
    )
    return base64.b64decode(json.loads(secret["SecretString"])["address_key"])


@dataclass
class Phone:
    """Somebody's phone, and what the stack holds about them."""

    stack: LocalStack
    number: str

    def text(self, body: str, *, whatsapp: bool = False, **form: str) -> str:
        """Send a text; returns its sid."""
        prefix = WHATSAPP if whatsapp else ""
        carrier = self.stack.carrier
        return carrier.text(f"{prefix}{self.number}", f"{prefix}{OUR_NUMBER}", body, **form)

    def replies(self, *, whatsapp: bool = False) -> list[Message]:
        """What dialtone has sent here, oldest first."""
        return self.stack.carrier.sent_to(f"{WHATSAPP if whatsapp else ''}{self.number}")

    def hear(
        self, count: int = 1, *, whatsapp: bool = False, timeout: float = REPLY_SECONDS
    ) -> list[str]:
        """Wait for ``count`` replies in all; returns every reply, less the introduction."""
        address = f"{WHATSAPP if whatsapp else ''}{self.number}"
        try:
            replies = self.stack.carrier.wait_reply(address, count, timeout)
            return [reply.body.removeprefix(INTRODUCTION) for reply in replies]
        except TimeoutError as error:
            wrong = [line for line in self.stack.logs() if "ERROR" in line or "Traceback" in line]
            raise AssertionError(
                "\n".join([str(error), "the functions' errors:", *wrong])
            ) from error

    def meet(self) -> str:
        """Exchange a first text, so that the stack knows this person; returns the conversation."""
        self.text("hello")
        self.hear()
        self.wait(lambda: not self.meta().get("open_turn"), "the first turn to close")
        return self.conversation

    @property
    def conversation(self) -> str:
        """Name of this person's conversation; empty while nobody knows them."""
        key = address_key_of(self.stack)
        wanted = {"pk": f"address#{address_hash(self.number, key)}", "sk": "person"}
        found = self.stack.aws("dynamodb").get_item(
            TableName=self.stack.outputs["peopleTable"], Key=to_item(wanted), ConsistentRead=True
        )
        return person_key(from_item(found["Item"])["person"]) if "Item" in found else ""

    def items(self, prefix: str, table: str = "conversationsTable") -> list[Item]:
        """This person's items whose sort key begins so."""
        conversation = self.conversation
        if not conversation:
            return []
        found = self.stack.aws("dynamodb").query(
            TableName=self.stack.outputs[table],
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues=to_item({":pk": conversation, ":sk": prefix}),
            ConsistentRead=True,
        )
        return [from_item(item) for item in found["Items"]]

    def meta(self) -> Item:
        """The conversation's ``meta``; empty when there is none."""
        return next(iter(self.items("meta")), {})

    def remembered(self) -> list[tuple[str, str]]:
        """Role and words of every message."""
        keys = self.keys()
        return [
            (
                item["role"],
                open_message(item, keys.seals(item["pk"], item["generation"])).text,
            )
            for item in self.items("message#")
        ]

    def keys(self) -> Keys:
        """The conversations' keys, with the administrator's right to them."""
        outputs = self.stack.outputs
        tables = Tables(
            self.stack.aws("dynamodb"),
            outputs["peopleTable"],
            outputs["conversationsTable"],
            outputs["keysTable"],
            vault=Vault(lambda: self.stack.aws("kms"), outputs["keyArn"]),
        )
        return Keys(tables)

    def turns(self) -> list[Item]:
        """The turns, oldest first."""
        return self.items("turn#")

    def wait(self, met: Callable[[], Any], what: str, timeout: float = RECOVERY_SECONDS) -> None:
        """Wait until something is so, with the sweep running as it would."""
        until, swept = time.monotonic() + timeout, time.monotonic()
        while not met():
            assert time.monotonic() < until, f"waited {timeout} s for {what}"
            if time.monotonic() - swept > 5:
                self.stack.invoke("sweep", {})
                swept = time.monotonic()
            time.sleep(0.1)


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """The stack, started once."""
    config = LocalConfig(
        port=0,
        persist=False,
        schedules=False,
        models=(f"bedrock:{FIRST_MODEL}", f"bedrock:{SECOND_MODEL}"),
        overrides=SHORT_TIMES,
    )
    with LocalStack(config) as stack:
        # A worker's first turn imports its model: not what any test is about.
        Phone(stack, f"+1303{next(_numbers)}").meet()
        warm = stack.phone.dial(None, OUR_VOICE_NUMBER)
        warm.exchange("hello")
        warm.hang_up()
        yield stack


@pytest.fixture(scope="session")
def make_phone(stack: LocalStack) -> Callable[[], Phone]:
    """Make phones of people whom the stack has never met."""
    return lambda: Phone(stack, f"+1303{next(_numbers)}")


@pytest.fixture
def fresh(stack: LocalStack) -> Iterator[None]:
    """A model that has not been asked yet; afterwards no fault and no script is left behind."""
    stack.model.reset()
    yield
    stack.faults.clear()
    stack.carrier.faults.clear()
    stack.model.reset()


@pytest.fixture
def new_phone(fresh: None, make_phone: Callable[[], Phone]) -> Callable[[], Phone]:
    """Make such phones for one test, which leaves no fault, script or call behind."""
    return make_phone


@pytest.fixture
def phone(new_phone: Callable[[], Phone]) -> Phone:
    """The phone of somebody new."""
    return new_phone()


@pytest.fixture(scope="session")
def answering(stack: LocalStack) -> None:
    """Every worker that answers callers is warm."""
    warm_up(stack)


@pytest.fixture
def caller(stack: LocalStack, answering: None, new_phone: Callable[[], Phone]) -> Iterator[Caller]:
    """Somebody new who calls; afterwards no call and no switch is left behind."""
    yield Caller(stack, new_phone())
    stack.phone.hang_up_all()
    stack.phone.faults.duplicate, stack.phone.faults.at_once = 0.0, False
    stack.phone.switches.open = True


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; without one the tests are skipped on a laptop and fail in CI.

    Closed with its module: while it is open, its event loop is the thread's.
    """
    if not Path(CHROMIUM).exists():
        reason = f"no Chromium at {CHROMIUM}: set CHROMIUM, or install Debian's chromium package"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def console(stack: LocalStack) -> str:
    """Address of the page; the stack is this session's."""
    return stack.url


@pytest.fixture
def page(browser: Browser, console: str) -> Iterator[Page]:
    """The page, loaded; what goes wrong in its console fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.set_default_timeout(SLOW_MILLISECONDS)
    page.goto(console)
    expect(page.locator("#pulse")).to_have_text("live", timeout=SLOW_MILLISECONDS)
    yield page
    context.close()
    assert wrong == []
