"""Sealed content opens where it belongs, and nowhere else."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from conversation import observability
from conversation.codec import (
    CodecError,
    Form,
    Role,
    SealBrokenError,
    binding,
    seal_to,
    suite,
)
from conversation.outcomes import Outcome
from conversation.sealing import Seals, new_seed
from tests.services.hpke_by_hand import (
    AES_128_GCM,
    AES_256_GCM,
    decapsulate,
    open_base,
    schedule,
)
from tests.services.sealed_items import (
    GENERATION,
    HOME,
    MESSAGE,
    PERSON,
    SEED,
    both_forms,
    opened,
    sealer,
)

Place = tuple[str, str, str, str, dict[str, Any]]
# RFC 9180, appendix A.1.1: base mode, X25519, HKDF-SHA256, AES-128-GCM, first message.
RFC = {
    "info": "4f6465206f6e2061204772656369616e2055726e",
    "encapsulated": "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
    "private": "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
    "public": "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d",
    "shared": "fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc",
    "key": "4531685d41d65f03dc48f6b8302c05b0",
    "nonce": "56d890e5accaaf011cff4b7d",
    "aad": "436f756e742d30",
    "plain": "4265617574792069732074727574682c20747275746820626561757479",
    "sealed": "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a9"
    "6d8770ac83d07bea87e13c512a",
}


@pytest.fixture
def seals() -> Seals:
    """A conversation's key."""
    return Seals(PERSON, GENERATION, SEED)


@given(text=st.text(max_size=300))
def test_what_is_sealed_opens_again(text: str) -> None:
    """Any text comes back as it was, from either form; what UTF-8 cannot say becomes `?`."""
    seals = Seals(PERSON, GENERATION, SEED)
    kept = text.encode("utf-8", "replace").decode()
    for sealed in both_forms(seals, text):
        assert opened(seals, sealed) == kept


def test_a_sealed_text_shows_nothing_but_its_length(seals: Seals) -> None:
    """Format byte, ciphertext and 28 or 48 bytes more; sealed twice it is never the same."""
    words = "meet me at the harbour"
    for number, form in enumerate((Form.SYMMETRIC, Form.PUBLIC)):
        first, again = (both_forms(seals, words)[number][0]["content"] for _ in range(2))
        assert first[0] == form
        assert len(first) == 1 + len(words) + (28, 48)[number]
        assert first != again
        assert not any(part in first for part in (b"meet", b"harbour", SEED, words.encode()))


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"sk": "message#000000000002"},
        {"sk": "inbox#02"},
        {"conversation": "person#02"},
        {"generation": "b" * 32},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_swapped_content_does_not_open(seals: Seals, elsewhere: dict[str, str]) -> None:
    """In another item, conversation or generation it is broken, under the same seed too."""
    other = Seals(
        elsewhere.get("conversation", PERSON), elsewhere.get("generation", GENERATION), SEED
    )
    changes = {"sk": elsewhere["sk"]} if "sk" in elsewhere else {}
    for sealed in both_forms(seals):
        with pytest.raises(SealBrokenError):
            opened(other, sealed, **changes)


def test_the_key_alone_opens_nothing_bound_elsewhere(seals: Seals) -> None:
    """Item, role and generation are data of the cipher, not only of how the key was derived."""
    for sealed in both_forms(seals):
        moved = Seals(PERSON, GENERATION, SEED)
        moved.generation = "b" * 32
        with pytest.raises(SealBrokenError):
            opened(moved, sealed)
        moved.generation, moved.conversation = GENERATION, "person#02"
        with pytest.raises(SealBrokenError):
            opened(moved, sealed)


def test_another_seed_opens_nothing(seals: Seals) -> None:
    """A foreign key of the same conversation and generation finds everything broken."""
    foreign = Seals(PERSON, GENERATION, new_seed())
    for sealed in both_forms(seals):
        with pytest.raises(SealBrokenError):
            opened(foreign, sealed)


def test_cut_content_does_not_open(seals: Seals) -> None:
    """Whatever is cut off, nothing but a named error comes back."""
    for sealed in both_forms(seals):
        whole = sealed[0]["content"]
        for length in range(len(whole)):
            with pytest.raises(CodecError):
                opened(seals, sealed, content=whole[:length])


def test_altered_content_does_not_open(seals: Seals) -> None:
    """Not one bit can be changed, nor a byte added."""
    for sealed in both_forms(seals):
        whole = sealed[0]["content"]
        for place, bit in itertools.product(range(len(whole)), (0x01, 0x80)):
            altered = bytearray(whole)
            altered[place] ^= bit
            with pytest.raises(CodecError):
                opened(seals, sealed, content=bytes(altered))
        with pytest.raises(SealBrokenError):
            opened(seals, sealed, content=whole + b"x")


@pytest.mark.parametrize(
    "content", [b"", b"\x00hello", b"\x03" + bytes(60), b"\xff", "text", None, 7, ["x"], {"a": 1}]
)
def test_what_is_not_sealed_is_not_read(seals: Seals, content: Any) -> None:
    """Plain text, formats nobody knows, and what is not even bytes, are refused by name."""
    for sealed in both_forms(seals):
        with pytest.raises(CodecError):
            opened(seals, sealed, content=content)


def test_what_does_not_open_is_counted(
    seals: Seals, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each is counted, and logged with the item's name alone."""
    counted: list[str] = []
    monkeypatch.setattr(observability, "count", lambda name, value=1: counted.append(name))
    for content in (b"\x00a secret", seals.seal("a secret", {"sk": "x"}, Role.AI)):
        with pytest.raises(CodecError):
            seals.open({**MESSAGE, "content": content}, "content", Role.HUMAN)
    assert counted == ["SealBroken", "SealBroken"]
    assert "a secret" not in caplog.text


def test_the_public_half_cannot_open(seals: Seals) -> None:
    """A sealer holds no key that opens, and has no way to ask for one."""
    half = sealer(seals)
    assert not hasattr(half, "open")
    assert {type(value).__name__ for value in vars(half).values()} == {"str", "X25519PublicKey"}


def test_nothing_is_bound_to_nothing() -> None:
    """A part that is missing is an error, not an empty part."""
    for missing in range(4):
        parts = [PERSON, "sk", "role", GENERATION]
        parts[missing] = ""
        with pytest.raises(CodecError):
            binding(parts[0], parts[1], parts[2], parts[3])


PART = st.text(min_size=1, max_size=6)
VALUE = st.one_of(
    st.none(), st.integers(), st.booleans(), st.text(max_size=6), st.binary(max_size=3)
)
PLACE = st.tuples(PART, PART, PART, PART, st.dictionaries(PART, VALUE, max_size=3))


@given(one=PLACE, other=PLACE)
def test_two_places_are_never_one(one: Place, other: Place) -> None:
    """However the parts are cut, two different places have two different bindings."""
    same = (*one[:4], _without_none(one[4])) == (*other[:4], _without_none(other[4]))
    assert (binding(*one) == binding(*other)) == same
    assert binding("a", "b#c", "r", "g") != binding("a#b", "c", "r", "g")
    assert binding("a", "bc", "r", "g") != binding("ab", "c", "r", "g")
    assert binding("a", "b", "r", "g", {"n": 1}) != binding("a", "b", "r", "g", {"n": "1"})
    assert binding("a", "b", "r", "g", {"n": True}) != binding("a", "b", "r", "g", {"n": 1})
    told = {"n": Outcome.OFFERED.value}
    assert binding("a", "b", "r", "g", {"n": Outcome.OFFERED}) == binding("a", "b", "r", "g", told)


def _without_none(attributes: dict[str, Any]) -> dict[str, tuple[str, Any]]:
    return {k: (type(v).__name__, v) for k, v in attributes.items() if v is not None}


def test_the_derived_keys_are_those_of_before() -> None:
    """The derivation never changes: what a release sealed, the next one opens."""
    seals = Seals(PERSON, GENERATION, SEED)
    assert seals.public_key.hex() == (
        "b660eba4eaeeac88b1e25ffece6d0d11427c73cc137e8e26fa080f9bcc4d7e3c"
    )
    sealed = bytes.fromhex("01fa952e9853c10dba30c666480a8eea9cc5df5888ba8c68975557b0ce5a435f967d")
    assert seals.open({**HOME, "content": sealed}, "content", Role.HUMAN) == "hello"


def test_hpke_by_hand_is_the_standards() -> None:
    """What judges the library reproduces the vector of RFC 9180, A.1.1."""
    given = {name: bytes.fromhex(value) for name, value in RFC.items()}
    private = X25519PrivateKey.from_private_bytes(given["private"])
    shared = decapsulate(private, given["encapsulated"])
    assert private.public_key().public_bytes_raw() == given["public"]
    assert shared == given["shared"]
    assert schedule(AES_128_GCM, shared, given["info"]) == (given["key"], given["nonce"])
    sealed = given["encapsulated"] + given["sealed"]
    assert open_base(AES_128_GCM, private, sealed, given["info"], given["aad"]) == given["plain"]


def test_the_public_form_is_hpke() -> None:
    """Any HPKE opens it: X25519, HKDF-SHA256, AES-256-GCM, the binding as info, nothing more."""
    private = X25519PrivateKey.generate()
    bound = binding(PERSON, HOME["sk"], "human", GENERATION)
    sealed = seal_to("hello é", private.public_key(), bound)
    assert open_base(AES_256_GCM, private, sealed[1:], bound, b"") == "hello é".encode()
    assert suite().decrypt(sealed[1:], private, info=bound) == "hello é".encode()
