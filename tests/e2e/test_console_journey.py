"""The page in headless Chromium: all that a newcomer can try with calls, end to end."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from local.scripted_model import Step
from local.stack import LocalStack
from tests.e2e.test_console_call import dial, hears, listens, say

PATIENCE_MILLISECONDS = 40_000
STORY = "Once upon a time there was a telephone that nobody answered. " * 8


@pytest.fixture
def caller(page: Page, stack: LocalStack) -> Iterator[Locator]:
    """The phone to call with; afterwards nobody is on the line and nothing is slow."""
    yield page.get_by_role("article", name="Phone to call with")
    stack.phone.hang_up_all()
    stack.model.reset()


def lit(page: Page, block: str) -> None:
    """Wait until the call is in a block."""
    expect(page.locator(f'[data-block="{block}"]')).to_have_attribute(
        "aria-current", "step", timeout=PATIENCE_MILLISECONDS
    )


def texted(page: Page, name: str, words: str, *, times: int = 1) -> None:
    """Wait for a text that says so."""
    phone = page.get_by_role("article", name=f"{name}'s phone")
    said = phone.locator(".bubble.theirs", has_text=words)
    expect(said).to_have_count(times, timeout=PATIENCE_MILLISECONDS)


def text(page: Page, name: str, words: str) -> None:
    """Send a text from a person's phone."""
    box = page.get_by_role("textbox", name=f"Text as {name}")
    box.fill(words)
    box.press("Enter")


@pytest.mark.timeout(180)
def test_a_newcomer_tries_everything(page: Page, caller: Locator, stack: LocalStack) -> None:
    """Talks, interrupts, has a late answer texted, keeps the call, asks for it, and for a human."""
    page.get_by_role("button", name="Call as Ben").click()
    dial(caller, "Ben, +1 303 555 0122")
    lit(page, "talk")
    say(caller, "My boat is the Swallow.")
    hears(caller, "your boat is the Swallow")
    listens(caller)
    stack.model.script(Step(text=STORY))
    say(caller, "Tell me a story.")
    hears(caller, "Once upon a time")
    expect(caller.get_by_placeholder("Type to interrupt")).to_be_visible()
    _ask_too_much(page, caller)
    caller.get_by_role("button", name="Hang up").click()
    # Whatever wakes the conversation later than the offer is due brings it, as the late text may.
    expect(caller.locator(".over")).to_contain_text(
        re.compile("a text to Ben offers to keep this call|Ben was texted")
    )
    _keep(page, caller, stack)
    _ask_for_a_human(page, caller)


def _ask_too_much(page: Page, caller: Locator) -> None:
    """Over the story: a question whose answer is late, and comes as a text."""
    slow = page.get_by_role("switch", name="The model is slow")
    slow.check()
    expect(page.get_by_role("button", name="1 fault on")).to_be_visible()
    say(caller, "What is my boat?")
    expect(caller.locator(".caption.cut .body")).to_contain_text(["Once upon a time"])
    expect(caller.locator(".caption.filler").last).to_be_visible()
    hears(caller, "Shall I text you the answer?")
    slow.uncheck()
    expect(page.locator("#faults-on")).to_be_hidden()
    listens(caller)
    say(caller, "yes")
    hears(caller, "I will text you the answer")
    texted(page, "Ben", "Your boat is the Swallow.")


def _keep(page: Page, caller: Locator, stack: LocalStack) -> None:
    """The text that offers to keep the call, KEEP, and a text that asks what was said."""
    phone = page.get_by_role("article", name="Ben's phone")
    offer = phone.locator(".bubble.theirs", has_text="Reply KEEP")
    for _ in range(30):
        stack.invoke("sweep", {})
        if offer.count():
            break
        page.wait_for_timeout(500)
    texted(page, "Ben", "Reply KEEP")
    expect(caller.locator(".over")).to_contain_text("Ben was texted: reply KEEP")
    text(page, "Ben", "KEEP")
    texted(page, "Ben", "I will remember our call.")
    expect(caller.locator(".over")).to_contain_text("Kept: ask about this call by text")
    text(page, "Ben", "What is my boat?")
    texted(page, "Ben", "Your boat is the Swallow.", times=2)


def _ask_for_a_human(page: Page, caller: Locator) -> None:
    """A second call is handed over, block by block, and heard to the end."""
    caller.get_by_role("button", name="New call").click()
    dial(caller, "Ben, +1 303 555 0122")
    say(caller, "agent")
    lit(page, "hand-over")
    expect(page.locator('[data-block="hours"] .way.taken')).to_have_text("open → queue")
    expect(caller.locator(".caption.agent .body")).to_contain_text("speaking to a person")
    expect(caller.locator(".state")).to_have_text("with a person", timeout=PATIENCE_MILLISECONDS)
    say(caller, "My boat leaks.")
    caller.get_by_role("button", name="Hang up").click()
    expect(caller.locator(".remark").last).to_have_text("you hung up")
    expect(caller.locator(".hint")).to_be_hidden()


EARS_AND_VOICE = """
window.SpeechRecognition = window.webkitSpeechRecognition = class {
  start() { window.ears = this; document.body.dataset.ears = "open"; }
  stop() { window.ears = null; document.body.dataset.ears = "closed"; }
};
const voice = { name: "Own", lang: "en-US", localService: true };
const away = { name: "Away", lang: "en-US", localService: false };
window.SpeechSynthesisUtterance = class { constructor(words) { this.words = words; } };
Object.defineProperty(window, "speechSynthesis", { value: {
  getVoices: () => [away, voice],
  speak: (one) => { document.body.dataset.spoken = `${one.voice.name}: ${one.words}`; },
  cancel: () => {},
} });
"""
HEARD = """(words) => {
  window.ears.onspeechstart();
  const result = Object.assign([{ transcript: words, confidence: 0.8 }], { isFinal: true });
  window.ears.onresult({ resultIndex: 0, results: [result] });
}"""


def test_a_browser_with_ears_and_a_voice_can_be_talked_to(
    browser: Browser, console: str, stack: LocalStack
) -> None:
    """Both are off at first; the page says that audio leaves the machine, and no word does."""
    context = browser.new_context()
    context.add_init_script(EARS_AND_VOICE)
    page = context.new_page()
    page.goto(console)
    caller = page.get_by_role("article", name="Phone to call with")
    dial(caller)
    caller.get_by_text("Talk and listen for real").click()
    own = caller.locator(".own-voice")
    expect(own).to_contain_text("it then leaves this machine")
    expect(own).to_contain_text("By a voice that is on this machine.")
    expect(page.locator("body:not([data-ears]):not([data-spoken])")).to_be_visible()
    listens(caller)
    caller.get_by_role("switch", name="Hear it read aloud").check()
    caller.get_by_role("switch", name="Talk with your microphone").check()
    expect(page.locator('[data-ears="open"]')).to_be_visible()
    page.evaluate(HEARD, "My kite is red.")
    expect(caller.locator(".caption.mine .body").last).to_have_text("My kite is red.")
    hears(caller, "your kite is red")
    expect(page.locator("body")).to_have_attribute(
        "data-spoken", "Own: I will remember that your kite is red."
    )
    heard = [event for event in stack.phone.calls[-1].events if event.kind == "heard"]
    assert heard[-1].note == "confidence 0.8"
    page.locator('[data-ears="open"]').wait_for()
    page.evaluate("window.ears.onerror({ error: 'not-allowed' })")
    expect(caller.get_by_role("switch", name="Talk with your microphone")).not_to_be_checked()
    expect(own).to_contain_text("The browser gave no microphone.")
    caller.get_by_role("button", name="Hang up").click()
    expect(caller.locator(".state")).to_have_text("call ended")
    expect(page.locator('[data-ears="closed"]')).to_be_visible()
    context.close()
