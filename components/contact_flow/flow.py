"""A contact flow as a whole.

Owns the document. Shape: ``flow-language-example`` below
https://docs.aws.amazon.com/connect/latest/APIReference/flow-language.html
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.contact_flow.block import Block
from components.contact_flow.reference import VERSION


@dataclass(frozen=True)
class Flow:
    """Blocks by slug, and which is the first."""

    start: str
    blocks: Mapping[str, Block]

    def document(self) -> dict[str, Any]:
        """The flow as the flow language writes it, in plain values."""
        return {
            "Version": VERSION,
            "StartAction": self.start,
            "Metadata": {},
            "Actions": [block.action(slug) for slug, block in self.blocks.items()],
        }

    def content(self) -> str:
        """The document as text, the same for the same flow: what ``ContactFlow.content`` takes."""
        return json.dumps(
            self.document(), ensure_ascii=False, separators=(",", ":"), sort_keys=True
        )
