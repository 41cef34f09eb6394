"""How content rests in an item: one format byte, then ciphertext. The only codec there is.

Format 1 is AES-256-GCM under the conversation's key: nonce (12 bytes), ciphertext, tag (16).
Format 2 is HPKE (RFC 9180, base mode, X25519 / HKDF-SHA256 / AES-256-GCM) to the conversation's
public key: encapsulated key (32 bytes), ciphertext, tag. Whoever seals by it cannot open it again.

Either way the content is bound to where it rests: the item's full key, the content's role and the
key generation. Owns formats and binding, and no key: `conversation.sealing` makes those.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SYMMETRIC = 0x01
PUBLIC = 0x02

_NONCE_BYTES = 12
SEALED_BYTES = 1 + _NONCE_BYTES + 16
"""By how much sealing with the symmetric key makes content longer."""

_DOMAIN = b"dialtone content 1"
_LENGTH_BYTES = 4


class CodecError(Exception):
    """The content cannot be read: empty, of an unknown format, or not what the format says."""


class SealBrokenError(CodecError):
    """The content is not what was sealed here: swapped, cut, replayed, altered or foreign."""


def binding(pk: str, sk: str, role: str, generation: str) -> bytes:
    """What content is bound to, so encoded that no two different bindings are equal.

    Args:
        pk: The item's partition key.
        sk: The item's sort key.
        role: What the content is: "human", "ai", "inbox", "reply_to", …
        generation: The conversation's key generation.

    Raises:
        CodecError: A part is missing.
    """
    parts = (pk, sk, role, generation)
    if not all(parts):
        raise CodecError("content needs its item, role and generation")
    sized = [part.encode("utf-8", "surrogatepass") for part in parts]
    return _DOMAIN + b"".join(len(one).to_bytes(_LENGTH_BYTES, "big") + one for one in sized)


def seal(text: str, key: AESGCM, bound: bytes) -> bytes:
    """Seal with the conversation's symmetric key (format 1).

    A lone surrogate, which UTF-8 has no bytes for, becomes `?`. Nonces are random: one key may
    seal 2^32 contents before a repeat is likelier than one in 2^32 (NIST SP 800-38D, 8.3).
    """
    nonce = os.urandom(_NONCE_BYTES)
    return bytes((SYMMETRIC,)) + nonce + key.encrypt(nonce, _bytes(text), bound)


def seal_to(text: str, public_key: X25519PublicKey, bound: bytes) -> bytes:
    """Seal to the conversation's public key (format 2): only the holder of its seed can open it."""
    sealed: bytes = suite().encrypt(_bytes(text), public_key, info=bound)
    return bytes((PUBLIC,)) + sealed


def unseal(data: bytes, key: AESGCM, private_key: X25519PrivateKey, bound: bytes) -> str:
    """Open content of either format.

    Raises:
        CodecError: The content is empty or of an unknown format.
        SealBrokenError: It is not what was sealed for this binding by this key.
    """
    if not data:
        raise CodecError("the content is empty")
    form, rest = data[0], data[1:]
    if form not in {SYMMETRIC, PUBLIC}:
        raise CodecError(f"unknown content format {form:#04x}")
    try:
        if form == SYMMETRIC:
            opened = key.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], bound)
        else:
            opened = suite().decrypt(rest, private_key, info=bound)
    except (InvalidTag, ValueError) as error:
        # `ValueError` is a nonce or an encapsulated key that was cut.
        raise SealBrokenError("the content does not belong here") from error
    return opened.decode("utf-8")


@cache
def suite() -> Any:
    """The HPKE suite of format 2."""
    return hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
