"""The page in headless Chromium: a person calls from it, talks, cuts in, presses keys, hangs up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from local.scripted_model import Step
from local.stack import LocalStack

SLOW_MILLISECONDS = 30_000
STORY = "Once upon a time there was a telephone that nobody answered. " * 8


@pytest.fixture
def caller(page: Page, stack: LocalStack) -> Iterator[Locator]:
    """The phone to call with; afterwards nobody is on the line and no script is left."""
    yield page.get_by_role("article", name="Phone to call with")
    stack.phone.hang_up_all()
    stack.phone.switches.open = True
    stack.model.reset()


def dial(caller: Locator, who: str = "Ada, +1 303 555 0111") -> None:
    """Call, and wait for the greeting."""
    caller.get_by_label("Who calls").select_option(who)
    caller.get_by_role("button", name="Call", exact=True).click()
    expect(caller.locator(".caption.theirs .body").first).to_contain_text("I am your assistant")


def listens(caller: Locator) -> None:
    """Wait until it is one's turn to talk."""
    expect(caller.locator(".state")).to_have_text("listening", timeout=SLOW_MILLISECONDS)


def say(caller: Locator, words: str) -> None:
    """Type words and say them."""
    box = caller.get_by_role("textbox", name="Say in the call")
    box.press_sequentially(words)
    box.press("Enter")
    expect(caller.locator(".caption.mine .body").last).to_have_text(
        words, timeout=SLOW_MILLISECONDS
    )


def hears(caller: Locator, words: str) -> None:
    """Wait for the captions of what dialtone says."""
    expect(caller.locator(".caption.theirs:not(.filler) .body").last).to_contain_text(
        words, timeout=SLOW_MILLISECONDS
    )


def test_a_newcomer_calls_and_every_panel_shows_it(
    page: Page, caller: Locator, stack: LocalStack, tmp_path: Path
) -> None:
    """Greeting, answer, an interruption, a key, hanging up: heard, lit, timed and remembered."""
    dial(caller)
    expect(page.get_by_role("tab", name="Call", exact=True)).to_have_attribute(
        "aria-selected", "true"
    )
    talk = page.locator('[data-block="talk"]')
    expect(talk).to_have_attribute("aria-current", "step")
    say(caller, "My name is Ada.")
    expect(caller.locator(".caption.cut .by")).to_have_text("dialtone, cut short")
    hears(caller, "Nice to meet you, Ada!")
    listens(caller)
    stack.model.script(Step(text=STORY))
    say(caller, "Tell me a story.")
    hears(caller, "Once upon a time")
    caller.get_by_role("button", name="Interrupt").click()
    listens(caller)
    expect(caller.locator(".caption.theirs .by").last).to_have_text("dialtone, cut short")
    caller.get_by_role("button", name="Keypad").click()
    caller.get_by_role("button", name="5 J K L").click()
    expect(caller.locator(".caption.keys .body")).to_have_text("5", timeout=SLOW_MILLISECONDS)
    page.screenshot(path=str(tmp_path / "call.png"))
    caller.get_by_role("button", name="Hang up").click()
    expect(caller.locator(".state")).to_have_text("call ended")
    _see_the_line(page)
    _see_the_call_remembered(page)
    caller.get_by_role("button", name="New call").click()
    expect(caller.get_by_role("button", name="Call", exact=True)).to_be_visible()


def _see_the_line(page: Page) -> None:
    """The blocks passed are lit, the ways taken too; the function's time is told."""
    passed = page.locator(".block.passed h4").all_inner_texts()
    assert passed == ["logging", "voice", "locale", "talk"]
    assert page.locator('[data-block="locale"] .way.taken').inner_text() == "→ talk"
    assert page.locator('.block[aria-current="step"]').count() == 0
    kinds = set(page.locator(".on-the-line .chip").all_inner_texts())
    assert {"block", "said", "heard", "keys", "hook", "interrupted", "hung up"} <= kinds
    hooks = page.locator(".on-the-line .line", has_text="hook")
    expect(hooks.first.locator(".note")).to_contain_text("ms")


def _see_the_call_remembered(page: Page) -> None:
    """The call is a turn and a conversation of Ada's own, by the time that it began."""
    page.get_by_role("tab", name="Turns").click()
    turns = page.locator("#panel-turns article.turn", has_text="My name is Ada.")
    turn = turns.filter(has_text="Call at")
    expect(turn).to_have_count(1, timeout=SLOW_MILLISECONDS)
    expect(turn.locator("h3")).to_have_text("Ada")
    expect(turn.locator(".chip")).to_have_text(["answered", "spoken"])
    expect(turn).to_contain_text("by voice")
    page.get_by_role("tab", name="Memory").click()
    call = page.locator("#panel-memory section.call").first
    expect(call.locator("h4")).to_contain_text("KEEP")
    expect(call.locator(".words").first).to_have_text("My name is Ada.")


def test_errors_and_closing_hours_light_their_own_branches(
    page: Page, caller: Locator, stack: LocalStack
) -> None:
    """Outside the hours the call goes by `closed`; an error branch shows once it is taken."""
    page.get_by_role("tab", name="Call", exact=True).click()
    page.get_by_role("switch", name="Open").uncheck()
    dial(caller, "Number withheld")
    say(caller, "agent")
    closed = page.locator('[data-block="closed"]')
    expect(closed).to_have_class("block now passed", timeout=SLOW_MILLISECONDS)
    expect(page.locator('[data-block="hours"] .way.taken')).to_have_text("closed → closed")
    assert stack.phone.switches.open is False
    assert page.locator('[data-block="no-human"]').is_hidden()
    page.get_by_role("button", name="Show error branches").click()
    expect(page.locator('[data-block="no-human"]')).to_be_visible()
    caller.get_by_role("button", name="Hang up").click()
    expect(caller.locator(".state")).to_have_text("call ended")
    page.get_by_role("switch", name="Open").check()


def test_a_page_that_is_reloaded_is_still_on_the_line(page: Page, caller: Locator) -> None:
    """The call goes on where it is, with all its captions."""
    dial(caller, "Ben, +1 303 555 0122")
    page.reload()
    expect(caller.locator(".caption.theirs .body").first).to_contain_text("I am your assistant")
    expect(caller.locator("h2")).to_have_text("Ben")
    caller.get_by_role("button", name="Hang up").click()
    expect(caller.locator(".remark").last).to_have_text("you hung up")


def test_a_call_fits_a_small_dark_screen(
    browser: Browser, console: str, stack: LocalStack, tmp_path: Path
) -> None:
    """By keyboard alone a wrong number is refused in words, and the right one is called."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = context.new_page()
    page.goto(console)
    caller = page.get_by_role("article", name="Phone to call with")
    number = caller.get_by_role("textbox", name="Number to call")
    ours = number.input_value()
    number.fill("+1 303 555 0999")
    number.press("Enter")
    expect(caller.locator(".error")).to_have_text(
        "+13035550999 cannot be called: nobody answers there."
    )
    number.fill(ours)
    number.press("Enter")
    expect(caller.get_by_role("textbox", name="Say in the call")).to_be_focused()
    caller.get_by_role("button", name="Keypad").press("Enter")
    caller.get_by_role("button", name="1", exact=True).press("7")
    expect(caller.locator(".caption.keys .body")).to_have_text("7", timeout=SLOW_MILLISECONDS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.screenshot(path=str(tmp_path / "call-small.png"), full_page=True)
    caller.get_by_role("button", name="Hang up").press("Enter")
    expect(caller.get_by_role("button", name="New call")).to_be_focused()
    context.close()
    assert stack.phone.calls[-1].ended
