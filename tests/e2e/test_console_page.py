"""The page in headless Chromium: a person texts from it and sees what the stack made of it."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from local.config import LocalConfig
from local.stack import LocalStack

SLOW_MILLISECONDS = 30_000


def text(page: Page, person: str, body: str) -> None:
    """Type a text on somebody's phone and send it."""
    box = page.get_by_role("textbox", name=f"Text as {person}")
    box.fill(body)
    box.press("Enter")


def test_a_newcomer_texts_and_is_remembered(page: Page, tmp_path: Path) -> None:
    """Text from the page; the reply remembers, is ticked as delivered, and shows in every panel."""
    ada = page.locator('article[aria-label="Ada\'s phone"]')
    text(page, "Ada", "My name is Ada.")
    expect(ada.locator(".bubble.theirs .body").last).to_contain_text(
        "Nice to meet you, Ada!", timeout=SLOW_MILLISECONDS
    )
    expect(ada.locator(".bubble.mine .fate").last).to_contain_text("accepted in")
    expect(ada.locator(".bubble.theirs .fate").last).to_contain_text("delivered ✓✓")
    text(page, "Ada", "What is my name?")
    expect(ada.locator(".bubble.theirs .body").last).to_have_text(
        "Your name is Ada.", timeout=SLOW_MILLISECONDS
    )
    _see_turn(page)
    _see_memory(page)
    _see_logs(page)
    page.get_by_role("tab", name="Turns").click()
    page.screenshot(path=str(tmp_path / "console.png"))


def _see_turn(page: Page) -> None:
    """The newest turn, its outcome and its stages, each with a duration."""
    turn = page.locator("#panel-turns article.turn").first
    expect(turn).to_contain_text("Ada")
    expect(turn).to_contain_text("Your name is Ada.")
    expect(turn.locator(".chip").first).to_have_text("answered")
    expect(turn.locator(".chip").nth(1)).to_have_text("delivered")
    stages = turn.locator(".waterfall .stage").all_inner_texts()
    assert {"wait", "load", "model", "commit", "send"} <= set(stages)
    for duration in turn.locator(".waterfall .milliseconds").all_inner_texts():
        assert re.fullmatch(r"\d+ ms|\d+(\.\d+)? s", duration)


def _see_memory(page: Page) -> None:
    """The messages as remembered, and one of them as it rests in the table."""
    page.get_by_role("tab", name="Memory").click()
    person = page.locator("#panel-memory article.person", has_text="Ada").first
    expect(person.locator("section:not(.call) .words").last).to_have_text("Your name is Ada.")
    expect(person.locator(".role").last).to_have_text("dialtone")
    expect(person).not_to_contain_text("undefined")
    row = person.locator(".rows details").last
    row.locator("summary").click()
    expect(row.locator("pre")).to_contain_text('"content": "format 1, 45 bytes"')


def _see_logs(page: Page) -> None:
    """The functions' lines, the newest in sight; the filter leaves one function's."""
    page.get_by_role("tab", name="Logs").click()
    expect(page.locator(".line").last).to_be_in_viewport()
    expect(page.locator(".line .function", has_text="webhook").first).to_be_visible()
    page.get_by_role("button", name="responder", exact=True).click()
    expect(page.locator(".line .function", has_text="responder").first).to_be_visible()
    expect(page.locator(".line .function", has_text="webhook")).to_have_count(0)


def test_whatsapp_is_another_thread_of_the_same_phone(page: Page) -> None:
    """Switched to WhatsApp, the phone texts there and its answer comes there."""
    ben = page.locator('article[aria-label="Ben\'s phone"]')
    ben.get_by_role("button", name="WhatsApp").click()
    text(page, "Ben", "hello from WhatsApp")
    expect(ben.locator(".bubble.theirs .body")).to_contain_text(
        "hello from WhatsApp", timeout=SLOW_MILLISECONDS
    )
    ben.get_by_role("button", name="SMS").click()
    expect(ben.locator(".bubble")).to_have_count(0)


def test_a_stopped_turn_says_no_more_than_that(page: Page) -> None:
    """After STOP nothing is sent: the turn has no delivery, no tokens and no stages to show."""
    for body in ("STOP", "anybody there?"):
        text(page, "Ben", body)
        expect(page.locator(".bubble.mine .fate").last).to_contain_text("accepted in")
    turn = page.locator("#panel-turns article.turn").first
    expect(turn.locator(".chip")).to_have_text(["stopped"], timeout=SLOW_MILLISECONDS)
    expect(turn).not_to_contain_text("tokens")
    expect(turn.locator(".waterfall")).to_have_count(0)
    text(page, "Ben", "START")


def test_a_fault_is_switched_on_and_seen(page: Page, stack: LocalStack) -> None:
    """A switch on the page makes the carrier fail, and the page says that a fault is on."""
    page.get_by_role("tab", name="Faults").click()
    switch = page.get_by_role("switch", name="undelivered")
    switch.check()
    expect(page.locator("#faults-on")).to_have_text("1 fault on")
    text(page, "Ben", "will this arrive?")
    ben = page.locator('article[aria-label="Ben\'s phone"]')
    expect(ben.locator(".bubble.theirs .fate").last).to_contain_text(
        "undelivered (30005)", timeout=SLOW_MILLISECONDS
    )
    switch.uncheck()
    expect(page.locator("#faults-on")).to_be_hidden()
    assert stack.carrier.faults.active() == set()


def test_the_page_fits_a_phone_and_the_dark(browser: Browser, console: str, tmp_path: Path) -> None:
    """On a narrow dark screen nothing overflows sideways, and tabs work by keyboard."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = context.new_page()
    page.goto(console)
    expect(page.locator("#pulse")).to_have_text("live", timeout=SLOW_MILLISECONDS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red, green, blue = (int(part) for part in re.findall(r"\d+", ground)[:3])
    assert max(red, green, blue) < 60
    page.get_by_role("tab", name="Call", exact=True).focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Memory")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tab", name="Memory")).to_be_focused()
    page.screenshot(path=str(tmp_path / "console-phone.png"), full_page=True)
    context.close()


def test_a_restart_is_noticed_and_remembered(browser: Browser, tmp_path: Path) -> None:
    """After a stop the page says so; after the next start it shows what was said before."""
    config = LocalConfig(port=0, state=tmp_path / "state", schedules=False)
    context = browser.new_context()
    page = context.new_page()
    with LocalStack(config) as first:
        port = int(first.public_url.rpartition(":")[2])
        page.goto(first.url)
        expect(page.locator("#pulse")).to_have_text("live", timeout=SLOW_MILLISECONDS)
        text(page, "Ada", "My name is Ada.")
        expect(page.locator(".bubble.theirs .fate")).to_contain_text(
            "delivered", timeout=SLOW_MILLISECONDS
        )
    expect(page.locator("#pulse")).not_to_have_text("live", timeout=SLOW_MILLISECONDS)
    again = LocalConfig(port=port, state=tmp_path / "state", schedules=False)
    with LocalStack(again):
        expect(page.locator("#pulse")).to_have_text("live", timeout=SLOW_MILLISECONDS)
        text(page, "Ada", "What is my name?")
        expect(page.locator(".bubble.theirs .body").last).to_have_text(
            "Your name is Ada.", timeout=SLOW_MILLISECONDS
        )
    context.close()
