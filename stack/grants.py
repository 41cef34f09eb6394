"""What functions may be allowed to do with items, and what keys are wrapped for."""

GET, PUT, UPDATE, DELETE, CHECK, QUERY = (
    f"dynamodb:{action}"
    for action in ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem", "Query")
)
EVERY_ITEM_ACTION = [GET, PUT, UPDATE, DELETE, CHECK, QUERY]
# The encryption context that conversations' keys are wrapped under.
SEALED_FOR = "conversation"
