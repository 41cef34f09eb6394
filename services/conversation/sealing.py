"""The keys of one conversation: a random seed, and what is derived of it.

The seed rests in `keys`, wrapped by KMS. Whoever has only the public half (the webhook) makes a
`Sealer`; whoever may have KMS unwrap the seed makes `Seals`, which open too. Both know their
conversation and generation, so that nothing can be sealed for one and stored with another.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from conversation import codec, observability
from conversation.codec import CodecError, Form, Role
from conversation.items import Item

T = TypeVar("T")
SEED_BYTES = 32
_KEY_BYTES = 32


class Sealer:
    """The public half of a conversation's key: it seals and cannot open.

    Args:
        conversation: Whose key; the partition that everything sealed with it rests in.
        generation: The key's generation.
        public_key: Its 32 bytes.
    """

    def __init__(self, conversation: str, generation: str, public_key: bytes) -> None:
        self.conversation = conversation
        self.generation = generation
        self._public_key = X25519PublicKey.from_public_bytes(public_key)

    def seal(self, text: str, item: Item, role: Role) -> bytes:
        """Seal a text for an item, in this role there.

        Args:
            text: The text.
            item: The item that will hold it, with its sort key and all that the role is bound to.
            role: One whose form is the public one.

        Raises:
            CodecError: The role is one that only the seed seals.
        """
        if role.form is not Form.PUBLIC:
            raise CodecError(f"{role.value} is not sealed by the public half")
        return codec.seal_to(text, self._public_key, _bound(self, item, role))


class Seals:
    """A conversation's key, unwrapped: it seals and opens.

    Args:
        conversation: Whose key; the partition that everything sealed with it rests in.
        generation: The key's generation.
        seed: The key's seed, 32 random bytes.
    """

    def __init__(self, conversation: str, generation: str, seed: bytes) -> None:
        self.conversation = conversation
        self.generation = generation
        self._key = AESGCM(_derive(seed, "symmetric", conversation, generation))
        private = _derive(seed, "x25519", conversation, generation)
        self._private_key = X25519PrivateKey.from_private_bytes(private)

    @property
    def public_key(self) -> bytes:
        """The 32 bytes of the public half."""
        return self._private_key.public_key().public_bytes_raw()

    def seal(self, text: str, item: Item, role: Role) -> bytes:
        """Seal a text for an item, in the form of its role; see `Sealer.seal`."""
        bound = _bound(self, item, role)
        if role.form is Form.PUBLIC:
            return codec.seal_to(text, self._private_key.public_key(), bound)
        return codec.seal(text, self._key, bound)

    def open(self, item: Item, name: str, role: Role) -> str:
        """Open what an item holds in an attribute.

        Raises:
            CodecError: It cannot be read; counted, as the next is.
            SealBrokenError: It was not sealed for this item, role, conversation and generation, in
                the role's form and beside the attributes that the role is bound to.
        """
        return self.read(item, name, role, str)

    def read(self, item: Item, name: str, role: Role, decode: Callable[[str], T]) -> T:
        """Open what an item holds, and decode it: the one place where sealed content becomes data.

        Args:
            item: The item, or as much of it as has the sort key, the attribute and what is bound.
            name: The attribute.
            role: What it holds.
            decode: Makes a value of the text. Whatever it raises, the content is unreadable.

        Raises:
            CodecError: As `open`; or it does not decode, which is counted too.
        """
        try:
            bound = _bound(self, item, role)
            text = codec.unseal(item.get(name), role.form, self._key, self._private_key, bound)
            return _decoded(text, decode)
        except CodecError:
            note_broken(self.conversation, str(item.get("sk")))
            raise


def new_seed() -> bytes:
    """A seed: everything else is derived of it, and it never leaves KMS unwrapped but in memory."""
    return secrets.token_bytes(SEED_BYTES)


def note_broken(conversation: str, sk: str) -> None:
    """Count and log an item that is not what was sealed there: which it is, never its bytes."""
    observability.count("SealBroken")
    observability.logger().error("seal broken", extra={"conversation": conversation, "item": sk})


def _bound(of: Sealer | Seals, item: Item, role: Role) -> bytes:
    place = codec.binding(of.conversation, item.get("sk", ""), role.label, of.generation)
    return place + codec.beside(item, role.attributes)


def _decoded(text: str, decode: Callable[[str], T]) -> T:
    try:
        return decode(text)
    except CodecError:
        raise
    except Exception:  # noqa: BLE001  any shape of content, too deep a nesting included
        # Not its cause: that may quote the content.
        raise CodecError("the content is not what its role says") from None


def _derive(seed: bytes, purpose: str, conversation: str, generation: str) -> bytes:
    """One key of a seed: apart by purpose, and of no use with another `keys` item."""
    info = codec.binding(conversation, "keys", purpose, generation)
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info).derive(seed)
