"""`dialtone trace`: a turn's life, without its words unless they are asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import Result

from conversation.ids import turn_reference
from conversation.outcomes import Outcome
from conversation.persons import call_key
from tests.cli import calls
from tests.cli.calls import CONTACT

Dialtone = Callable[..., Result]
SID = "SM" + "ab" * 16
WORDS = ("where is my cat", "on the roof", "+13035550111")


@pytest.mark.parametrize("by", ["id", "reference", "sid", "conversation"])
def test_a_turn_is_found_by_each_of_its_names(dialtone: Dialtone, stack: Any, by: str) -> None:
    """Id, callback reference and the carrier's id of the reply lead to the same turn."""
    turn = stack.turn(stack.ada, carrier_sids=[SID])
    stack.turn(stack.ben)
    names = {
        "id": [turn.id],
        "reference": [turn_reference(stack.ada, turn.id)],
        "sid": [SID],
        "conversation": [turn.id, "--conversation", stack.ada],
    }

    answer = dialtone("trace", *names[by], "--json")

    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)["turn"]["id"] == turn.id


def test_it_shows_stages_attempts_and_delivery(dialtone: Dialtone, stack: Any) -> None:
    """Everything that is no text is there: times, models, carrier ids, pointers."""
    turn = stack.turn(stack.ada, carrier_sids=[SID], resent=1)

    shown = dialtone("trace", turn.id).stdout

    for said in ("answered", "delivered", SID, "1.5 s", "820 ms", "throttled", "resent", "human"):
        assert said in shown


def test_words_and_numbers_are_shown_only_when_asked(dialtone: Dialtone, stack: Any) -> None:
    """Neither the table nor the JSON holds text or a number without --reveal; with it, both do."""
    turn = stack.turn(stack.ada)

    for options in ((), ("--json",)):
        hidden = dialtone("trace", turn.id, *options).output
        revealed = dialtone("trace", turn.id, "--reveal", *options).output

        assert not [words for words in WORDS if words in hidden]
        assert [words for words in WORDS if words in revealed] == list(WORDS)


def test_revealed_words_are_printed_as_they_are(dialtone: Dialtone, stack: Any) -> None:
    """Words that look like markup are words."""
    turn = stack.turn(stack.ada)
    stack.message(stack.ada, 1, "ai", "[red]stop[/red] [/] here")

    assert "[red]stop[/red] [/] here" in dialtone("trace", turn.id, "--reveal").stdout


def test_a_turn_before_its_commit_is_shown_as_open(dialtone: Dialtone, stack: Any) -> None:
    """A turn that was claimed and not committed has no record yet, but is found."""
    opened = stack.open_turn(stack.ada, age_seconds=5)

    answer = dialtone("trace", opened)

    assert answer.exit_code == 0, answer.output
    assert "claimed" in answer.stdout
    assert "still open" in answer.stdout


def test_expired_messages_do_not_hide_the_turn(dialtone: Dialtone, stack: Any) -> None:
    """A turn outlives its messages when retention says so."""
    turn = stack.turn(stack.ada, messages=[7])

    answer = dialtone("trace", turn.id, "--reveal", "--json")

    assert json.loads(answer.stdout)["messages"] == []


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("01JABCDEFGHJKMNPQRSTVWXYZ5", "no turn 01JABCDEFGHJKMNPQRSTVWXYZ5"),
        ("SM" + "0" * 32, "no turn SM"),
        ("person~01JABCDEFGHJKMNPQRSTVWXYZ0.01JABCDEFGHJKMNPQRSTVWXYZ5", "has no turn"),
        ("hello", "is no turn"),
    ],
)
def test_what_is_not_there_is_said_with_the_next_step(
    dialtone: Dialtone, stack: Any, wanted: str, said: str
) -> None:
    """A turn that cannot be found is an error with advice, not an empty page."""
    answer = dialtone("trace", wanted)

    assert answer.exit_code == 2
    assert said in answer.stderr
    assert "next:" in answer.stderr


@pytest.mark.parametrize("proved", [False, True])
@pytest.mark.parametrize("by", ["id", "reference", "conversation"])
def test_a_turn_of_a_call_is_found(
    dialtone: Dialtone, stack: Any, by: str, *, proved: bool
) -> None:
    """In the call's conversation, or in the person's, whose number was proved."""
    conversation = stack.ada if proved else call_key(CONTACT)
    turn = calls.spoken(stack, 1, conversation=conversation)
    names = {
        "id": [turn.id],
        "reference": [turn_reference(conversation, turn.id)],
        "conversation": [turn.id, "--conversation", conversation],
    }

    answer = dialtone("trace", *names[by], "--json")

    assert answer.exit_code == 0, answer.output
    shown = json.loads(answer.stdout)
    assert (shown["conversation"], shown["turn"]["delivery"]) == (conversation, "spoken")
    assert "heard" not in shown["turn"]


@pytest.mark.parametrize("name", [CONTACT, f"call#{CONTACT}", f"call~{CONTACT}"])
def test_a_whole_call_is_shown(dialtone: Dialtone, stack: Any, name: str) -> None:
    """Whose it is, its turns in order, what is held, and when it will be offered."""
    calls.spoken(stack, 2, outcome=Outcome.APOLOGISED)
    calls.spoken(stack, 1)
    calls.hold(stack, f"{CONTACT}-0003", "where is my cat")
    calls.end(stack)
    calls.belongs(stack, stack.ada)

    shown = json.loads(dialtone("trace", name, "--json").stdout)
    page = dialtone("trace", name).stdout

    assert [one["id"][-4:] for one in shown["turns"]] == ["0001", "0002"]
    assert (shown["person"], shown["held"]) == (stack.ada, 1)
    assert shown["offer_due_at"] > 0
    assert shown["offered_at"] is None
    for said in (f"call {CONTACT} of {stack.ada}", "apologised", "offer due at", "held for a yes"):
        assert said in page
    assert not [words for words in WORDS if words in page]


def test_a_call_that_was_offered_and_proved_is_shown(dialtone: Dialtone, stack: Any) -> None:
    """A proved caller's turns are the person's, and found all the same."""
    calls.spoken(stack, 1, conversation=stack.ada)
    calls.offer(stack, stack.ada)

    page = dialtone("trace", CONTACT).stdout

    assert f"of {stack.ada}" in page
    assert "proved" in page
    assert "offered at" in page


def test_a_call_of_nobody_known_is_said_to_be(dialtone: Dialtone, stack: Any) -> None:
    """A hidden number has no person."""
    calls.spoken(stack, 1)

    assert "of nobody known" in dialtone("trace", CONTACT).stdout


def test_a_call_that_is_not_there_is_explained(dialtone: Dialtone, stack: Any) -> None:
    """The next step is said."""
    calls.spoken(stack, 1)

    answer = dialtone("trace", CONTACT.replace("1", "9"))

    assert answer.exit_code == 2
    assert "no call 99999999" in answer.stderr


def test_a_route_is_shown_short(dialtone: Dialtone, stack: Any) -> None:
    """Two hashes fill a screen and tell nobody anything; --json has them whole."""
    route = "ab12cd34ef56ab12#" + "9f" * 32
    turn = stack.turn(stack.ada, route=route)

    assert "ab12cd34…#9f9f9f9f…" in dialtone("trace", turn.id).stdout
    assert json.loads(dialtone("trace", turn.id, "--json").stdout)["turn"]["route"] == route
