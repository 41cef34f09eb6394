"""The keys of one conversation: a random seed, and what is derived of it.

The seed rests in `keys`, wrapped by KMS. Whoever has only the public half (the webhook) makes a
`Sealer`; whoever may have KMS unwrap the seed makes `Seals`, which open too. Both know their
conversation and generation, so that nothing can be sealed for one and stored with another.
"""

from __future__ import annotations

import secrets

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from conversation import codec, observability

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

    def seal(self, text: str, *, sk: str, role: str) -> bytes:
        """Seal a text for the item of this sort key, in this role there."""
        return codec.seal_to(text, self._public_key, _bound(self, sk, role))


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

    def seal(self, text: str, *, sk: str, role: str) -> bytes:
        """Seal a text for the item of this sort key, in this role there."""
        return codec.seal(text, self._key, _bound(self, sk, role))

    def open(self, data: bytes, *, sk: str, role: str) -> str:
        """Open what an item of this sort key holds in this role.

        Raises:
            CodecError: It cannot be read; counted, as the next is.
            SealBrokenError: It was not sealed for this item, role, conversation and generation.
        """
        bound = _bound(self, sk, role)
        try:
            return codec.unseal(data, self._key, self._private_key, bound)
        except codec.CodecError:
            note_broken(self.conversation, sk)
            raise


def new_seed() -> bytes:
    """A seed: everything else is derived of it, and it never leaves KMS unwrapped but in memory."""
    return secrets.token_bytes(SEED_BYTES)


def note_broken(conversation: str, sk: str) -> None:
    """Count and log an item that is not what was sealed there: which it is, never its bytes."""
    observability.count("SealBroken")
    observability.logger().error("seal broken", extra={"conversation": conversation, "item": sk})


def _bound(of: Sealer | Seals, sk: str, role: str) -> bytes:
    return codec.binding(of.conversation, sk, role, of.generation)


def _derive(seed: bytes, purpose: str, conversation: str, generation: str) -> bytes:
    """One key of a seed: apart by purpose, and of no use with another `keys` item."""
    info = codec.binding(conversation, "keys", purpose, generation)
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info).derive(seed)
