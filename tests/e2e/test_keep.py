"""KEEP on the local stack: a call joins the memory of who holds the phone, and of nobody else."""

from __future__ import annotations

import re
from functools import partial

from conversation.texts import Texts
from local.phone import Call
from local.scripted_model import Step, slow
from tests.e2e.callers import Caller
from tests.e2e.test_forget import due, forget

TEXTS = Texts()
OFFER = re.escape(TEXTS.after_call).replace(r"\{time\}", r"\d\d:\d\d UTC")
NOTES = "A telephone call of theirs on"


def talks(caller: Caller, *words: str) -> Call:
    """A call in which these are said and answered."""
    call = caller.dial()
    for one in words:
        call.exchange(one)
    return call


def noted(caller: Caller) -> list[str]:
    """The notes of calls in the person's memory."""
    return [words for role, words in caller.phone.remembered() if role == "system"]


def test_a_call_that_is_kept_can_be_asked_about(caller: Caller) -> None:
    """One text offers it, KEEP has it noted, and the model then knows what was said."""
    caller.phone.meet()
    call = talks(caller, "my boat is the Swallow", "my harbour is Bergen")
    assert "Swallow" not in caller.replied("what is my boat?")
    assert re.fullmatch(OFFER, caller.offers(call))
    assert noted(caller) == []
    assert caller.replied("Keep, please!") == TEXTS.kept
    (notes,) = noted(caller)
    assert notes.startswith(NOTES)
    assert {"Swallow", "Bergen"} <= set(re.findall(r"\w+", notes))
    assert caller.replied("what is my boat?") == "Your boat is the Swallow."
    assert "Bergen" in caller.stack.model.calls[-1].system
    assert "Bergen" not in str(caller.stack.model.calls[-1].messages)


def test_a_whole_long_call_is_kept(caller: Caller) -> None:
    """What was said first is known afterwards, though it had left the window."""
    call = talks(caller, "my boat is the Swallow", *[f"my number {n} is {n}" for n in range(14)])
    caller.offers(call)
    caller.replied("KEEP")
    (asked,) = [one for one in caller.stack.model.calls if "keep the notes" in one.system]
    material = " ".join(asked.texts)
    assert "Swallow" in material
    assert [n for n in range(14) if f"my number {n} is" not in material] == []
    assert caller.replied("what is my boat?") == "Your boat is the Swallow."


def test_keep_twice_is_one_note(caller: Caller) -> None:
    """The second hears that it is done, and the memory has the call once."""
    caller.offers(talks(caller, "my boat is the Swallow"))
    assert caller.replied("KEEP") == TEXTS.kept
    assert caller.replied("keep it") == TEXTS.kept_already
    assert len(noted(caller)) == 1


def test_without_keep_nothing_is_known(caller: Caller) -> None:
    """Silence keeps nothing; and without any offer the word is conversation."""
    assert TEXTS.kept not in caller.replied("KEEP")
    caller.offers(talks(caller, "my boat is the Swallow"))
    assert "Swallow" not in caller.replied("what is my boat?")
    assert noted(caller) == []


def test_keep_waits_for_a_model(caller: Caller) -> None:
    """While none writes notes the offer stands, and the next KEEP is kept."""
    caller.offers(talks(caller, "my boat is the Swallow"))
    caller.stack.model.always(Step(error="ModelErrorException"))
    assert caller.replied("KEEP") == TEXTS.keep_later
    caller.stack.model.always(None)
    assert caller.replied("KEEP") == TEXTS.kept
    assert len(noted(caller)) == 1


def test_stop_before_the_offer_wins(caller: Caller) -> None:
    """Who opted out during the call is told of it neither then nor later."""
    caller.phone.meet()
    call = talks(caller, "my boat is the Swallow")
    caller.phone.text("STOP")
    caller.phone.wait(
        lambda: [it for it in caller.phone.items("consent#", "peopleTable") if "state" in it],
        "the number to opt out",
    )
    sent = len(caller.phone.replies())
    call.hang_up()
    caller.phone.wait(lambda: caller.items(call, "after-call"), "the call to be noted")
    caller.over(call)
    caller.phone.wait(lambda: not caller.items(call, "after-call"), "the note to go")
    assert len(caller.phone.replies()) == sent
    assert caller.phone.items("keep#", "peopleTable") == []


def test_forget_takes_kept_and_unkept_calls_and_what_is_held(caller: Caller) -> None:
    """Words, notes, offers, held words: all is gone, and a KEEP after it finds nothing."""
    caller.phone.meet()
    kept = talks(caller, "my boat is the Swallow")
    caller.offers(kept)
    assert caller.replied("KEEP") == TEXTS.kept
    unkept = talks(caller, "my harbour is Bergen")
    caller.offers(unkept)
    caller.stack.model.script(slow(9), slow(9))
    held = talks(caller, "my question is a long one")
    assert caller.items(held, "inbox#")
    forget(caller.phone)
    for call in (kept, unkept, held):
        due(caller.stack, caller.items(call, "forget#"))
    caller.stack.invoke("sweep", {})
    for call in (kept, unkept, held):
        caller.phone.wait(partial(_is_gone, caller, call), "the call to go")
        assert caller.phone.keys().find(f"call#{call.id}") is None
    assert "generation" not in str(caller.phone.items("keep#", "peopleTable"))
    assert [one.body for one in caller.phone.replies() if "You called" in one.body] == []
    held.exchange("yes")
    assert caller.phone.items("receipt#call#", "peopleTable") == []
    answer = caller.replied("KEEP")
    assert TEXTS.kept not in answer
    assert TEXTS.kept_already not in answer
    assert "Swallow" not in caller.replied("what is my boat?")


def _is_gone(caller: Caller, call: Call) -> bool:
    """Whether a call is forgotten; what is to be looked at later is due now."""
    due(caller.stack, caller.items(call, "forget#"))
    return [item["sk"] for first in "afimst" for item in caller.items(call, first)] == ["meta"]
