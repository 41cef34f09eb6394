"""What content is, and what it stands beside: read in one form, and beside nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conversation import observability
from conversation.codec import CodecError, Form, Role, SealBrokenError, binding, seal, seal_to
from conversation.items import Item
from conversation.sealing import Seals
from tests.services.sealed_items import (
    GENERATION,
    MESSAGE,
    PERSON,
    SEED,
    both_forms,
    opened,
    sealer,
)


@pytest.fixture
def seals() -> Seals:
    """A conversation's key."""
    return Seals(PERSON, GENERATION, SEED)


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_each_role_has_one_form(seals: Seals, role: Role) -> None:
    """Whatever was sealed in the other form does not open, however well it is bound."""
    item: Item = {"sk": "somewhere", **dict.fromkeys(role.attributes, "given")}
    bound = binding(PERSON, "somewhere", role.value, GENERATION, item_of(role, item))
    symmetric = seal("forged", seals._key, bound)
    public = seal_to("forged", seals._private_key.public_key(), bound)
    right, wrong = (symmetric, public) if role.form is Form.SYMMETRIC else (public, symmetric)
    assert seals.open({**item, "content": right}, "content", role) == "forged"
    with pytest.raises(SealBrokenError):
        seals.open({**item, "content": wrong}, "content", role)


def item_of(role: Role, item: Item) -> Item:
    """The attributes of an item that a role is bound to."""
    return {name: item.get(name) for name in role.attributes}


def test_only_what_the_webhook_seals_is_public() -> None:
    """A text that waits and its address; the public half seals in no other role."""
    public = {role for role in Role if role.form is Form.PUBLIC}
    assert public == {Role.TEXT, Role.TEXT_REPLY_TO}
    half = sealer(Seals(PERSON, GENERATION, SEED))
    for role in set(Role) - public:
        with pytest.raises(CodecError):
            half.seal("forged", {"sk": "somewhere"}, role)


def test_what_each_role_is_bound_to() -> None:
    """Of a message what says whose it is and how it is shown; of an address its route."""
    message = ("expires_at", "form", "kind", "turn")
    assert {role.value: role.attributes for role in Role} == {
        **dict.fromkeys(("human", "ai", "system", "tool"), message),
        "summary": ("expires_at", "version"),
        "text": ("keeps", "route", "sid"),
        "text reply_to": ("route", "sid"),
        "held": ("expires_at", "route", "sid"),
        "held reply_to": ("expires_at", "route", "sid"),
        "keep": ("started_at",),
        "call reply_to": ("route", "started_at"),
        "turn reply_to": ("route",),
        "turn heard": ("outcome", "route"),
    }


@pytest.mark.parametrize("label", ["robot", "", "text", "summary", None, 1, b"ai", ["ai"]])
def test_an_unknown_role_is_an_error(label: Any) -> None:
    """Neither a label that nobody knows nor one that is not of a message."""
    with pytest.raises(CodecError):
        Role.of_message(label)


def test_content_of_another_role_does_not_open(seals: Seals) -> None:
    """What the person said is not read as what we said, nor an address as words."""
    for (item, role), other in zip(both_forms(seals), (Role.AI, Role.TEXT_REPLY_TO), strict=True):
        assert role.form is other.form
        with pytest.raises(SealBrokenError):
            seals.open(item, "content", other)


ODD: list[Any] = [
    None,
    "",
    "another",
    0,
    1,
    2**70,
    -1,
    1.5,
    True,
    b"bytes",
    ["list"],
    {"a": {"b": []}},
    {"s"},
]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_attributes_that_steer_are_bound(seals: Seals, odd: Any) -> None:
    """Another value, of whatever type, or none: the content beside it does not open."""
    for item, role in both_forms(seals):
        for name in role.attributes:
            if item.get(name) == odd and type(item.get(name)) is type(odd):
                continue
            with pytest.raises(SealBrokenError):
                opened(seals, (item, role), **{name: odd})


def test_bytes_that_are_no_text_are_not_read(seals: Seals) -> None:
    """Sealed by the right key, for the right place; the error quotes nothing of them."""
    item, role = both_forms(seals)[0]
    bound = binding(PERSON, item["sk"], role.value, GENERATION, item_of(role, item))
    content = bytes((Form.SYMMETRIC,)) + bytes(12) + seals._key.encrypt(bytes(12), b"\xffA", bound)
    with pytest.raises(CodecError) as error:
        seals.open({**item, "content": content}, "content", role)
    assert error.value.__cause__ is None


def test_what_does_not_decode_is_not_read(seals: Seals, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a decoder raises, too deep a nesting included, is one error, and is counted."""
    counted: list[str] = []
    monkeypatch.setattr(observability, "count", lambda name, value=1: counted.append(name))
    deep = "[" * 200_000
    for text, decode in (("x", json.loads), (deep, json.loads), ("[]", _text_of), ("1", _text_of)):
        item = {**MESSAGE, "content": seals.seal(text, MESSAGE, Role.HUMAN)}
        with pytest.raises(CodecError):
            seals.read(item, "content", Role.HUMAN, decode)
    assert counted == ["SealBroken"] * 4


def _text_of(content: str) -> str:
    text: str = json.loads(content)["text"]
    return text
