"""A running stack's tables, opened with the account's own rights, as no function may."""

from __future__ import annotations

from conversation.tables import Tables
from conversation.vault import Vault
from local.stack import LocalStack


def tables_of(stack: LocalStack) -> Tables:
    """The tables and the keys to them."""
    outputs = stack.outputs
    names = (outputs["peopleTable"], outputs["conversationsTable"], outputs["keysTable"])
    vault = Vault(lambda: stack.aws("kms"), outputs["keyArn"])
    return Tables(stack.aws("dynamodb"), *names, vault=vault)
