"""Plays Amazon Connect: runs a contact flow, block by block, until it ends or the caller does.

Owns the way from block to block; what a block does is ``local.phone.blocks``.
"""

from __future__ import annotations

from local.phone.blocks import BLOCKS, BlockError
from local.phone.contact import Contact
from local.phone.flow_document import Block, FlowDocument

MOST_BLOCKS = 1000  # Of one call: a flow that goes round in circles would never let go.


def run_flow(flow: FlowDocument, contact: Contact) -> None:
    """Take a call through a flow.

    Raises:
        HungUpError: The caller is gone.
    """
    at: str | None = flow.start
    for _ in range(MOST_BLOCKS):
        if at is None:
            return
        block = flow.blocks[at]
        contact.line.enter(block.id, block.type)
        at = _step(contact, block)
    contact.line.record("error", f"{MOST_BLOCKS} blocks and no end: Connect lets go")


def _step(contact: Contact, block: Block) -> str | None:
    try:
        return BLOCKS[block.type](contact, block)
    except BlockError as error:
        target = block.on(*error.kinds)
        note = f"on to {target}" if target else "no branch for it: the line goes dead"
        contact.line.record("error", str(error), note=note)
        return target
