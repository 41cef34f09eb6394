"""How content rests in an item: one format byte, then ciphertext. The only codec there is.

Format 1 is AES-256-GCM under the conversation's key: nonce (12 bytes), ciphertext, tag (16).
Format 2 is HPKE (RFC 9180, base mode, X25519 / HKDF-SHA256 / AES-256-GCM) to the conversation's
public key: encapsulated key (32 bytes), ciphertext, tag. Whoever seals by it cannot open it again,
and it authenticates nobody. So each role of content has one form, and is read in no other.

Either way the content is bound to where it rests: the item's full key, the content's role, the key
generation, and the attributes in clear that steer how the content is used. Owns roles, formats and
binding, and no key: `conversation.sealing` makes those.
"""

from __future__ import annotations

import enum
import json
import os
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12
SEALED_BYTES = 1 + _NONCE_BYTES + 16
"""By how much sealing with the symmetric key makes content longer."""

_DOMAIN = b"dialtone content 1"
_LENGTH_BYTES = 4


class CodecError(Exception):
    """The content cannot be read: absent, of an unknown role or format, or not decodable."""


class SealBrokenError(CodecError):
    """The content is not what was sealed here: swapped, cut, replayed, altered or foreign."""


class Form(enum.IntEnum):
    """The format byte."""

    SYMMETRIC = 0x01
    PUBLIC = 0x02


_MESSAGE: Final = ("expires_at", "form", "kind", "turn")


class Role(enum.Enum):
    """What sealed content is.

    Only what a function without the seed has to seal is in the public form: a waiting text and its
    reply address. All else is sealed by whoever may unwrap the seed.

    Attributes:
        label: Its name, as it is bound; `value` takes an enumeration ten times as long.
        form: The one form that its writers seal in, and readers take.
        attributes: The item's attributes in clear that are bound to it.
    """

    HUMAN = "human", Form.SYMMETRIC, _MESSAGE
    AI = "ai", Form.SYMMETRIC, _MESSAGE
    SYSTEM = "system", Form.SYMMETRIC, _MESSAGE
    TOOL = "tool", Form.SYMMETRIC, _MESSAGE
    SUMMARY = "summary", Form.SYMMETRIC, ("expires_at", "version")
    TEXT = "text", Form.PUBLIC, ("keeps", "route", "sid")
    TEXT_REPLY_TO = "text reply_to", Form.PUBLIC, ("route", "sid")
    HELD = "held", Form.SYMMETRIC, ("expires_at", "route", "sid")
    HELD_REPLY_TO = "held reply_to", Form.SYMMETRIC, ("expires_at", "route", "sid")
    KEEP = "keep", Form.SYMMETRIC, ("started_at",)
    CALL_REPLY_TO = "call reply_to", Form.SYMMETRIC, ("route", "started_at")
    TURN_REPLY_TO = "turn reply_to", Form.SYMMETRIC, ("route",)
    TURN_HEARD = "turn heard", Form.SYMMETRIC, ("outcome", "route")

    label: str
    form: Form
    attributes: tuple[str, ...]

    def __new__(cls, label: str, form: Form, attributes: tuple[str, ...]) -> Self:
        """Name a role by its label alone, as items do."""
        role = object.__new__(cls)
        role._value_ = role.label = label
        role.form = form
        role.attributes = tuple(sorted(attributes))
        return role

    @classmethod
    def of_message(cls, label: Any) -> Role:
        """The role of a message, by the `role` of its item.

        Raises:
            CodecError: No message has such a role.
        """
        found = _MESSAGE_ROLES.get(label) if isinstance(label, str) else None
        if found is None:
            raise CodecError("no role of a message")
        return found


_MESSAGE_ROLES: Final = {
    str(role.value): role for role in (Role.HUMAN, Role.AI, Role.SYSTEM, Role.TOOL)
}


def binding(
    pk: str, sk: str, role: str, generation: str, attributes: Mapping[str, Any] | None = None
) -> bytes:
    """What content is bound to, so encoded that no two different bindings are equal.

    Args:
        pk: The item's partition key.
        sk: The item's sort key.
        role: What the content is.
        generation: The conversation's key generation.
        attributes: What else of the item it is bound to, by name; None is the same as absent.

    Raises:
        CodecError: A part is missing.
    """
    if not (pk and sk and role and generation):
        raise CodecError("content needs its item, role and generation")
    before, after = _around(pk, role, generation)
    return before + _sized(sk) + after + beside(attributes or {}, sorted(attributes or ()))


def beside(item: Mapping[str, Any], names: Sequence[str]) -> bytes:
    """The end of a binding: the attributes of an item, so encoded as `binding` says.

    Args:
        item: The item; None is the same as absent.
        names: Which attributes, in the order of their names.
    """
    found = ""
    for name in names:  # written out: it runs for each content of each turn
        value = item.get(name)
        if value is None:
            continue
        if isinstance(value, str):  # an enumeration's member is read back as its text
            found += f"{name}={len(value)}:s{str.__str__(value)}"
        elif type(value) is int:
            found += f"{name}=:n{value};"
        else:  # only of an altered item, whatever its type
            other = json.dumps(value, sort_keys=True, default=repr)
            found += f"{name}={len(other)}:j{other}"
    return found.encode("utf-8", "surrogatepass")


@lru_cache(maxsize=1024)
def _around(pk: str, role: str, generation: str) -> tuple[bytes, bytes]:
    """The parts of a binding before and after the sort key: the same again and again."""
    return _DOMAIN + _sized(pk), _sized(role) + _sized(generation)


def _sized(part: str) -> bytes:
    encoded = part.encode("utf-8", "surrogatepass")
    return len(encoded).to_bytes(_LENGTH_BYTES, "big") + encoded


def seal(text: str, key: AESGCM, bound: bytes) -> bytes:
    """Seal with the conversation's symmetric key (format 1).

    A lone surrogate, which UTF-8 has no bytes for, becomes `?`. Nonces are random: one key may
    seal 2^32 contents before a repeat is likelier than one in 2^32 (NIST SP 800-38D, 8.3).
    """
    nonce = os.urandom(_NONCE_BYTES)
    return bytes((Form.SYMMETRIC,)) + nonce + key.encrypt(nonce, _bytes(text), bound)


def seal_to(text: str, public_key: X25519PublicKey, bound: bytes) -> bytes:
    """Seal to the conversation's public key (format 2): only the holder of its seed can open it."""
    sealed: bytes = suite().encrypt(_bytes(text), public_key, info=bound)
    return bytes((Form.PUBLIC,)) + sealed


def unseal(data: Any, form: Form, key: AESGCM, private_key: X25519PrivateKey, bound: bytes) -> str:
    """Open content of one form, and of no other.

    Args:
        data: What the item holds; anything at all.
        form: The form of its role.
        key: The conversation's symmetric key.
        private_key: The private half of the other.
        bound: Where it rests.

    Raises:
        CodecError: It is no sealed content, or no text.
        SealBrokenError: It is not what was sealed for this binding by this key, in this form.
    """
    if not isinstance(data, bytes) or not data:
        raise CodecError("there is no sealed content")
    if data[0] != form:
        raise SealBrokenError(f"format {data[0]:#04x} where {form:#04x} is sealed")
    rest = data[1:]
    try:
        if form is Form.SYMMETRIC:
            opened = key.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], bound)
        else:
            opened = suite().decrypt(rest, private_key, info=bound)
    except (InvalidTag, ValueError) as error:
        # `ValueError` is a nonce or an encapsulated key that was cut.
        raise SealBrokenError("the content does not belong here") from error
    try:
        text: str = opened.decode("utf-8")
    except UnicodeDecodeError:  # not its cause: that quotes the content
        raise CodecError("the content is no text") from None
    return text


@cache
def suite() -> Any:
    """The HPKE suite of format 2."""
    return hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
