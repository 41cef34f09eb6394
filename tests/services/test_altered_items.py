"""Whatever stands in clear beside sealed content and is altered: nothing else is told to anybody.

`ATTRIBUTES` says of each attribute of each kind of item what holds it; a new attribute needs a row.
"""

from __future__ import annotations

import functools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation.texts import Texts
from tests.services.altered_scenes import (
    GONE,
    KINDS,
    NOTES,
    OTHER_ROUTE,
    Scene,
    Told,
    play,
    setting,
)
from tests.services.stage import PERSON

TEXTS = Texts()
SEALED, BOUND, CHECKED = "sealed", "bound", "checked"
SKIPPED = "another generation is skipped: who alters it loses the item"
SHOWN = "shown to the operator, and to nobody else"
WHEN = "says when to look, or until when"
ATTRIBUTES: dict[str, dict[str, str]] = {
    "message": {
        "role": BOUND,
        "content": SEALED,
        "generation": SKIPPED,
        "created_at": SHOWN,
        "expires_at": BOUND,
        "kind": BOUND,
        "form": BOUND,
        "turn": BOUND,
        "answered": SHOWN,
        "model": SHOWN,
        "input_tokens": SHOWN,
        "output_tokens": SHOWN,
    },
    "summary": {
        "role": "nobody reads it: the sort key says the same",
        "content": SEALED,
        "generation": SKIPPED,
        "version": BOUND,
        "created_at": SHOWN,
        "expires_at": BOUND,
    },
    "inbox": {
        "sid": BOUND,
        "text": SEALED,
        "reply_to": SEALED,
        "route": BOUND,
        "keeps": BOUND,
        "generation": SKIPPED,
        "received_at": "says how long it has waited",
        "held": "text and held words have roles of their own",
        "set_aside_at": "hides a text until `redrive`",
        "expires_at": "bound to held words; of a text it says until when",
        "pending_shard": WHEN,
        "pending_at": WHEN,
        "wakes": WHEN,
    },
    "after-call": {
        "generation": SKIPPED,
        "started_at": BOUND,
        "due_at": WHEN,
        "route": BOUND,
        "reply_to": SEALED,
        "pending_shard": WHEN,
        "pending_at": WHEN,
        "wakes": WHEN,
    },
    "turn": {
        "outcome": "bound to what a spoken turn heard; of a text's it is shown",
        "generation": SKIPPED,
        "route": BOUND,
        "reply_to": SEALED,
        "heard": SEALED,
        "messages": "checked: the message says which turn it is a reply of",
        "inbox": SHOWN,
        "attempts": SHOWN,
        "created_at": "since when the carrier is asked",
        "expires_at": WHEN,
        "delivery": "whether it was sent: who alters it has it not sent, or once more",
        "delivery_error": SHOWN,
        "carrier_sids": "which copies FORGET deletes at the carrier",
        "segments": SHOWN,
        "sending_at": "since when FORGET asks the carrier",
        "resent": "whether it is sent once more",
        "model": SHOWN,
        "input_tokens": SHOWN,
        "output_tokens": SHOWN,
        "stages": SHOWN,
        "model_attempts": SHOWN,
    },
    "keep": {
        "generation": SKIPPED,
        "started_at": BOUND,
        "offered_at": "which offer a KEEP means",
        "offered_to": SEALED,
        "kept_at": "whether it was kept: who alters it has it kept twice, or not",
        "expires_at": WHEN,
    },
}
OF_EACH = {"pk", "sk", "schema"}
KIND_OF = {
    "human message": "message",
    "human message in JSON": "message",
    "message of ours": "message",
    "summary": "summary",
    "waiting text": "inbox",
    "waiting text of who is out": "inbox",
    "held words": "inbox",
    "held words without a yes": "inbox",
    "note of a call": "after-call",
    "turn": "turn",
    "turn of who is out": "turn",
    "offer to keep": "keep",
}
LIKELY: dict[str, list[Any]] = {
    "role": ["system", "ai", "human", "tool", "robot"],
    "kind": ["notes", "apology", "notice", "answer", "other"],
    "form": ["langchain", "other"],
    "route": [OTHER_ROUTE, "", "x" * 2000],
    "keeps": ["call#other", "person#other", ""],
    "messages": [[0], [1], [2], [3], [], [99], ["x"]],
    "outcome": ["stopped", "refused", "offered"],
    "delivery": ["sending", "unknown", "delivered", "spoken"],
    "generation": ["0" * 32],
    "expires_at": [1, 2**31],
    "version": [1, 2, 7, -1],
    "started_at": [1],
    "sending_at": [1],
    "resent": [0, 1, 2],
    "sid": ["SMother"],
}
ODD: list[Any] = [
    *(GONE, None, "", "odd", 0, -1, 1, 2**70, 1.5, True, False),
    *(b"", b"\x01", b"\x02odd", ["odd"], [], {"odd": [{}]}, {"odd"}),
]
CASES = [(name, attribute) for name, kind in KIND_OF.items() for attribute in ATTRIBUTES[kind]]


@functools.cache
def unaltered(name: str) -> Told:
    """What is told when nothing is altered."""
    return play(KINDS[name], lambda _item: None)


def nothing_else_is_told(name: str, told: Told) -> None:
    """Each text goes to the person, and says what it would have said, or that there was trouble.

    Each model is shown no message that it would not have been shown, in no other role.
    """
    usual = unaltered(name)
    trouble = {TEXTS.set_aside, TEXTS.keep_gone, TEXTS.kept_already, TEXTS.apology}
    expected = {words for _, words in usual.texts}
    if name == "offer to keep":
        expected.add("you said: KEEP")  # Without an offer that is a word like any other.
        trouble |= {"KEEP", "you said: KEEP"}
    if name.endswith("who is out"):
        assert told.texts == usual.texts == []
        assert told.shown == usual.shown
        return
    assert {to for to, _ in told.texts} <= {PERSON}
    assert {words for _, words in told.texts} <= expected | trouble
    known = {one for prompt in usual.shown for one in prompt}
    for prompt in told.shown:
        new = [one for one in prompt if one not in known and not without_notes(one, known)]
        assert not [one for one in new if one[1] not in trouble], (new, known)


def without_notes(one: tuple[str, str], known: set[tuple[str, str]]) -> bool:
    """Whether it is an instruction that would have had notes."""
    return one[0] == "system" and any(
        kind == "system" and words.startswith(one[1]) for kind, words in known
    )


@pytest.mark.parametrize("name", KIND_OF)
def test_every_attribute_has_a_row(name: str) -> None:
    """An item holds nothing that the table does not know."""
    item = KINDS[name].prepare(Scene())
    assert set(item) <= OF_EACH | set(ATTRIBUTES[KIND_OF[name]])


@pytest.mark.parametrize("name", KIND_OF)
def test_unaltered_all_is_told(name: str) -> None:
    """Else nothing would be missed when it is altered."""
    told = unaltered(name)
    silent = name.endswith("who is out") or name == "held words without a yes"
    assert bool(told.texts) != silent
    assert not {"SealBroken", "ForeignAddress"} & set(told.counted)
    if name == "summary":
        assert NOTES in told.shown[-1][0][1]


@pytest.mark.parametrize(("name", "attribute"), CASES, ids=str)
def test_nothing_else_is_told_to_anybody(name: str, attribute: str) -> None:
    """Each attribute, altered as an attacker or a fault would; and the conversation goes on."""
    for value in [*LIKELY.get(attribute, []), *ODD]:
        told = play(KINDS[name], setting(attribute, value))
        nothing_else_is_told(name, told)
        if "again" in str(unaltered(name).shown[-1:]):
            assert told.shown[-1][-1] == ("human", "again")


@pytest.mark.parametrize(
    ("name", "attribute", "value"),
    [
        ("human message", "role", "system"),
        ("human message", "kind", "notes"),
        ("human message", "form", "langchain"),
        ("human message", "expires_at", 2**31),
        ("message of ours", "turn", "another"),
        ("message of ours", "role", "human"),
        ("message of ours", "content", "text"),
        ("message of ours", "content", GONE),
        ("summary", "version", 7),
        ("summary", "expires_at", 2**31),
        ("summary", "content", ["odd"]),
        ("waiting text", "route", OTHER_ROUTE),
        ("waiting text", "sid", "SMother"),
        ("waiting text", "keeps", "call#other"),
        ("waiting text", "text", GONE),
        ("held words", "route", OTHER_ROUTE),
        ("held words", "expires_at", 2**31),
        ("held words without a yes", "held", GONE),
        ("note of a call", "route", OTHER_ROUTE),
        ("note of a call", "started_at", 1),
        ("note of a call", "due_at", GONE),
        ("turn", "route", OTHER_ROUTE),
        ("turn", "messages", [1]),
        ("turn", "messages", [2]),
        ("turn", "created_at", "odd"),
        ("offer to keep", "started_at", 1),
        ("offer to keep", "offered_to", b"\x01odd"),
    ],
)
def test_what_steers_is_bound_and_counted(name: str, attribute: str, value: Any) -> None:
    """An operator hears of it."""
    told = play(KINDS[name], setting(attribute, value))
    assert {"SealBroken", "ForeignAddress"} & set(told.counted)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**100), 2**100) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(case=st.sampled_from(CASES), value=VALUES)
def test_no_value_stops_a_conversation(case: tuple[str, str], value: Any) -> None:
    """Of whatever type, at each attribute of each kind: it comes to rest, and nothing is told."""
    name, attribute = case
    nothing_else_is_told(name, play(KINDS[name], setting(attribute, value)))
