"""A contact flow as a whole, and what a page shows of it.

Owns the document. Shape: ``flow-language-example`` below
https://docs.aws.amazon.com/connect/latest/APIReference/flow-language.html
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.contact_flow.block import Block
from components.contact_flow.reference import VERSION, ActionType

_LABEL_CHARACTERS = 60
# What is worth a line of a page, by type: the parameter that tells blocks of a type apart.
_TELLING = {
    ActionType.MESSAGE: "Text",
    ActionType.INPUT: "Text",
    ActionType.LEX: "Text",
    ActionType.COMPARE: "ComparisonValue",
    ActionType.LOOP: "LoopCount",
    ActionType.LOGGING: "FlowLoggingBehavior",
    ActionType.SET_VOICE: "TextToSpeechVoice",
    ActionType.SET_DATA: "LanguageCode",
}


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


@dataclass(frozen=True)
class Described:
    """A line of a page about a flow."""

    slug: str
    kind: str
    label: str


def describe(document: Mapping[str, Any]) -> list[Described]:
    """What a page shows of each block, in the order of the document.

    Args:
        document: A flow that ``problems`` has nothing against.
    """
    described = []
    for action in document["Actions"]:
        telling = _TELLING.get(action["Type"])
        label = str(action["Parameters"].get(telling, "")) if telling else ""
        if len(label) > _LABEL_CHARACTERS:
            label = f"{label[: _LABEL_CHARACTERS - 1].rstrip()}…"
        described.append(Described(action["Identifier"], action["Type"], label))
    return described
