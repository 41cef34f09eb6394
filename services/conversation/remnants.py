"""What `people` holds of a forgotten conversation beside its receipts: offers and proofs of calls.

Neither says a word of what was said. An offer goes with the call that it was made for, the proofs
of a caller with the person's own conversation; so that nothing is left that a late KEEP, or a call
that is still on, could take up. They are emptied and left to expire: who forgets has no right to
delete in `people`, where a STOP is kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from conversation.clocks import MILLISECONDS, Clock
from conversation.forgotten import Forgotten
from conversation.items import Item
from conversation.persons import contact_of, keep_sk, owner_of, person_key, person_of, proof_sk
from conversation.tables import ConditionFailedError, Tables, update

_MOST: Final = 100
_OFFER: Final = ("generation", "started_at", "offered_at", "kept_at", "offered_to")
_PROOF: Final = ("issued_at", "digest", "proved_at", "sid")


def erase_remnants(
    tables: Tables, forgotten: Forgotten, erase: Callable[[str], bool], clock: Clock = time.time
) -> bool:
    """Empty them, a proof once the carrier's copy of its code is gone.

    Args:
        tables: The tables.
        forgotten: What is forgotten.
        erase: Deletes a copy of the carrier's by its id; False when that cannot be done yet.
        clock: Epoch seconds.

    Returns:
        Whether nothing is left to do.
    """
    contact, person = contact_of(forgotten.conversation), person_of(forgotten.conversation)
    if contact is not None and (caller := owner_of(tables, forgotten.conversation)):
        offer = {"pk": person_key(caller), "sk": keep_sk(contact)}
        offer["generation"] = forgotten.generation
        _empty(tables, offer, "generation", _OFFER, int(clock()))
    if person is None:
        return True
    gone, after = True, None
    while True:
        page = tables.query(
            tables.people, person_key(person), proof_sk(""), limit=_MOST, after=after
        )
        for proof in page:
            if proof.get("issued_at", forgotten.begun_at) * MILLISECONDS <= forgotten.begun_at:
                gone = _erase_proof(tables, proof, erase, int(clock())) and gone
        if len(page) < _MOST:
            return gone
        after = page[-1]["sk"]


def _erase_proof(tables: Tables, proof: Item, erase: Callable[[str], bool], now: int) -> bool:
    sid = proof.get("sid")
    if sid is not None and not erase(sid):
        return False
    _empty(tables, proof, "issued_at", _PROOF, now)
    return True


def _empty(tables: Tables, item: Item, seen: str, names: tuple[str, ...], now: int) -> None:
    """Take everything out of an item, if it is still the one that was meant."""
    action = update(
        tables.people,
        item["pk"],
        item["sk"],
        f"SET expires_at = :now REMOVE {', '.join(f'#{name}' for name in names)}",
        condition=f"#{seen} = :seen",
        values={":now": now, ":seen": item[seen]},
    )
    try:
        tables.write(action)
    except ConditionFailedError:
        return
