"""Which attributes of an item hold sealed content, and in which role: for whoever shows items."""

from __future__ import annotations

from conversation.codec import CodecError, Role
from conversation.items import Item


def roles_in(item: Item) -> dict[str, Role]:
    """The role of each sealed attribute that an item of `conversations` can have, by name."""
    kind = str(item["sk"]).partition("#")[0]
    if kind == "message":
        try:
            return {"content": Role.of_message(item.get("role"))}
        except CodecError:
            return {}
    if kind == "inbox":
        held = "held" in item
        words = Role.HELD if held else Role.TEXT
        return {"text": words, "reply_to": Role.HELD_REPLY_TO if held else Role.TEXT_REPLY_TO}
    return _BY_KIND.get(kind, {})


_BY_KIND = {
    "after-call": {"reply_to": Role.CALL_REPLY_TO},
    "summary": {"content": Role.SUMMARY},
    "turn": {"reply_to": Role.TURN_REPLY_TO, "heard": Role.TURN_HEARD},
}
