"""How text rests in an item: one format byte, then the content.

Format 0 is plain UTF-8. The item's key, the role and the key generation are part of the call
because a sealed format binds the content to them; callers need not change when it arrives.
"""

from __future__ import annotations

PLAIN = 0x00


class CodecError(Exception):
    """The content cannot be read: empty, of an unknown format, or not what the format says."""


def encode(text: str, *, item: str, role: str, generation: str) -> bytes:
    """Text as it is stored.

    Args:
        text: Any text; a lone surrogate, which UTF-8 has no bytes for, becomes `?`.
        item: The item's full key, `<pk>/<sk>`.
        role: What the content is: "human", "ai", "inbox", "reply_to", …
        generation: The conversation's key generation.

    Raises:
        CodecError: A part that the content will be bound to is missing.
    """
    _require_binding(item, role, generation)
    return bytes((PLAIN,)) + text.encode("utf-8", "replace")


def decode(data: bytes, *, item: str, role: str, generation: str) -> str:
    """Text as it was given to `encode`, with the same item, role and generation.

    Raises:
        CodecError: The content cannot be read.
    """
    _require_binding(item, role, generation)
    if not data:
        raise CodecError("the content is empty")
    if data[0] != PLAIN:
        raise CodecError(f"unknown content format {data[0]:#04x}")
    try:
        return data[1:].decode("utf-8")
    except UnicodeDecodeError as error:
        raise CodecError("the content is not UTF-8") from error


def _require_binding(item: str, role: str, generation: str) -> None:
    if not (item and role and generation):
        raise CodecError("content needs its item, role and generation")
