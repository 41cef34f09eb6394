"""A `keys` item as it is read and written."""

from __future__ import annotations

from dataclasses import dataclass

from conversation.items import SCHEMA, Item
from conversation.sealing import Sealer


@dataclass(frozen=True)
class KeyRecord:
    """A conversation's `keys` item.

    Attributes:
        conversation: Whose key.
        generation: Its generation.
        public_key: The half that anybody may seal to, 32 bytes.
        wrapped_seed: The seed, as KMS wrapped it for this conversation.
        created_at: Epoch milliseconds.
    """

    conversation: str
    generation: str
    public_key: bytes
    wrapped_seed: bytes
    created_at: int

    @property
    def sealer(self) -> Sealer:
        """What seals to the public half; it cannot open."""
        return Sealer(self.conversation, self.generation, self.public_key)

    def item(self) -> Item:
        """As the table holds it."""
        kept = {name: value for name, value in self.__dict__.items() if name != "conversation"}
        return {"pk": self.conversation, "schema": SCHEMA, **kept}

    @classmethod
    def parse(cls, item: Item) -> KeyRecord:
        """Read it back."""
        names = ("generation", "public_key", "wrapped_seed", "created_at")
        return cls(item["pk"], **{name: item[name] for name in names})
