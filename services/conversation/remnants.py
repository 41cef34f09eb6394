"""What `people` holds of a forgotten conversation beside its receipts: offers and proofs of calls.

Neither says a word of what was said. An offer goes with the call that it was made for, the proofs
of a caller with the person's own conversation; so that nothing is left that a late KEEP, or a call
that is still on, could take up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from conversation.clocks import MILLISECONDS
from conversation.forgotten import Forgotten
from conversation.items import Item
from conversation.persons import contact_of, keep_sk, owner_of, person_key, person_of, proof_sk
from conversation.tables import ConditionFailedError, Tables, delete

_MOST: Final = 100


def erase_remnants(tables: Tables, forgotten: Forgotten, erase: Callable[[str], bool]) -> bool:
    """Delete them, a proof once the carrier's copy of its code is gone.

    Args:
        tables: The tables.
        forgotten: What is forgotten.
        erase: Deletes a copy of the carrier's by its id; False when that cannot be done yet.

    Returns:
        Whether nothing is left to do.
    """
    conversation = forgotten.conversation
    contact, person = contact_of(conversation), person_of(conversation)
    if contact is not None:
        caller = owner_of(tables, conversation)
        if caller is not None:
            seen = {"generation": forgotten.generation}
            _delete(tables, person_key(caller), keep_sk(contact), seen)
        return True
    if person is None:
        return True
    proofs = tables.query(tables.people, person_key(person), proof_sk(""), limit=_MOST)
    old = [one for one in proofs if one["issued_at"] * MILLISECONDS <= forgotten.begun_at]
    gone = [_erase_proof(tables, one, erase) for one in old]
    return all(gone) and len(proofs) < _MOST


def _erase_proof(tables: Tables, proof: Item, erase: Callable[[str], bool]) -> bool:
    sid = proof.get("sid")
    if sid is not None and not erase(sid):
        return False
    _delete(tables, proof["pk"], proof["sk"], {"issued_at": proof["issued_at"]})
    return True


def _delete(tables: Tables, pk: str, sk: str, seen: Item) -> None:
    """Delete an item if it is still the one that was meant."""
    ((name, value),) = seen.items()
    action = delete(tables.people, pk, sk, condition=f"#{name} = :seen", values={":seen": value})
    try:
        tables.write(action)
    except ConditionFailedError:
        return
