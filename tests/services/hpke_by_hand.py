"""RFC 9180 in base mode, written out from the standard, to judge a library's by."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEM, KDF = b"\x00\x20", b"\x00\x01"  # DHKEM(X25519, HKDF-SHA256), HKDF-SHA256
AES_128_GCM, AES_256_GCM = b"\x00\x01", b"\x00\x02"
KEY_BYTES = {AES_128_GCM: 16, AES_256_GCM: 32}
ENCAPSULATED_BYTES = 32


def open_base(
    aead: bytes, private_key: X25519PrivateKey, sealed: bytes, info: bytes, aad: bytes
) -> bytes:
    """Open what was sealed first in its context: encapsulated key, ciphertext, tag."""
    encapsulated, ciphertext = sealed[:ENCAPSULATED_BYTES], sealed[ENCAPSULATED_BYTES:]
    key, nonce = schedule(aead, decapsulate(private_key, encapsulated), info)
    return AESGCM(key).decrypt(nonce, ciphertext, aad)


def decapsulate(private_key: X25519PrivateKey, encapsulated: bytes) -> bytes:
    """The shared secret (section 4.1)."""
    shared = private_key.exchange(X25519PublicKey.from_public_bytes(encapsulated))
    context = encapsulated + private_key.public_key().public_bytes_raw()
    suite = b"KEM" + KEM
    return _expand(suite, _extract(suite, b"", b"eae_prk", shared), b"shared_secret", context, 32)


def schedule(aead: bytes, shared_secret: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Key and base nonce (section 5.1)."""
    suite = b"HPKE" + KEM + KDF + aead
    hashes = [_extract(suite, b"", b"psk_id_hash", b""), _extract(suite, b"", b"info_hash", info)]
    context = b"\x00" + b"".join(hashes)
    secret = _extract(suite, shared_secret, b"secret", b"")
    key = _expand(suite, secret, b"key", context, KEY_BYTES[aead])
    return key, _expand(suite, secret, b"base_nonce", context, 12)


def _extract(suite: bytes, salt: bytes, label: bytes, secret: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + secret, hashlib.sha256)


def _expand(suite: bytes, secret: bytes, label: bytes, info: bytes, length: int) -> bytes:
    info = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    made, block = b"", b""
    for number in range(1, -(-length // 32) + 1):
        block = hmac.digest(secret, block + info + bytes((number,)), hashlib.sha256)
        made += block
    return made[:length]
