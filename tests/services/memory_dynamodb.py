"""DynamoDB in memory, as far as our services use it: fast enough for a state machine.

Speaks botocore's request and response shapes, so that `Tables` itself is what is tested. What it
answers is compared with the emulator in test_memory_dynamodb.py.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from conversation.item_size import item_size
from conversation.items import from_attribute, to_attribute
from tests.services.dynamodb_index import query_pending
from tests.services.dynamodb_limits import check_actions, check_item, check_key, check_total

_TOKEN = re.compile(r"\s*(#?\w+(?:\.#?\w+)*|:\w+|<>|<=|>=|[=<>(),+-])")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
_MISSING = object()


class MemoryDynamoDB:
    """A botocore DynamoDB client over dictionaries.

    Attributes:
        tables: Table name → primary key → item as attribute values.
        written: Called before and after each write with "before" or "after" and the operation;
            what it raises ends the caller there, as a crash would.
    """

    def __init__(self) -> None:
        self.tables: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}
        self.written: Callable[[str, str], None] = lambda _when, _operation: None

    def get_item(self, **request: Any) -> dict[str, Any]:
        """Read an item."""
        check_key("GetItem", request["Key"])
        item = self._table(request).get(_key(request["Key"]))
        return {"Item": copy.deepcopy(item)} if item else {}

    def query(self, **request: Any) -> dict[str, Any]:
        """Query a table or the index of what is pending."""
        values = {k: from_attribute(v) for k, v in request["ExpressionAttributeValues"].items()}
        items = list(self._table(request).values())
        if request.get("IndexName"):
            return query_pending(items, values, request)
        pk, prefix = values[":pk"], values.get(":prefix", "")
        check_key("Query", {"pk": {"S": pk}})
        found = [
            item for item in items if item["pk"]["S"] == pk and item["sk"]["S"].startswith(prefix)
        ]
        found.sort(key=lambda item: item["sk"]["S"], reverse=not request["ScanIndexForward"])
        after = request.get("ExclusiveStartKey", {}).get("sk", {}).get("S")
        if after is not None:
            found = [item for item in found if item["sk"]["S"] > after]
        return {"Items": copy.deepcopy(found[: request["Limit"]])}

    def put_item(self, **request: Any) -> dict[str, Any]:
        """Put an item."""
        return self._single("put_item", {"Put": request})

    def update_item(self, **request: Any) -> dict[str, Any]:
        """Update an item."""
        return self._single("update_item", {"Update": request})

    def delete_item(self, **request: Any) -> dict[str, Any]:
        """Delete an item."""
        return self._single("delete_item", {"Delete": request})

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """Write all, or none and say why."""
        actions = request["TransactItems"]
        check_actions(actions, [_target(action) for action in actions])
        for action in actions:
            ((_kind, parts),) = action.items()
            check_item("TransactWriteItems", parts.get("Key") or parts["Item"])
        self.written("before", "transact_write_items")
        reasons = []
        for action in actions:
            ((_kind, parts),) = action.items()
            met = self._met(action)
            reasons.append({"Code": "None"} if self._holds(parts, met) else _reason(met))
        if any(reason["Code"] != "None" for reason in reasons):
            error: Any = {"Error": {"Code": "TransactionCanceledException"}}
            error["CancellationReasons"] = reasons
            raise ClientError(error, "TransactWriteItems")
        self._apply("TransactWriteItems", actions)
        self.written("after", "transact_write_items")
        return {}

    def items(self, table: str) -> list[dict[str, Any]]:
        """Every item of a table as plain Python, in key order."""
        stored = sorted(self.tables.get(table, {}).items())
        return [{k: from_attribute(v) for k, v in item.items()} for _, item in stored]

    def _single(self, operation: str, action: dict[str, Any]) -> dict[str, Any]:
        self.written("before", operation)
        ((_kind, parts),) = action.items()
        check_item(operation, parts.get("Key") or parts["Item"])
        met = self._met(action)
        if not self._holds(parts, met):
            failed: Any = {"Error": {"Code": "ConditionalCheckFailedException"}}
            if met:
                failed["Item"] = copy.deepcopy(met)
            raise ClientError(failed, operation)
        self._apply(operation, [action])
        self.written("after", operation)
        item = self._met(action)
        return {"Attributes": copy.deepcopy(item)} if item and "Update" in action else {}

    def _table(self, request: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
        return self.tables.setdefault(request["TableName"], {})

    def _met(self, action: dict[str, Any]) -> dict[str, Any] | None:
        ((_kind, parts),) = action.items()
        return self._table(parts).get(_key(parts.get("Key") or parts["Item"]))

    def _holds(self, parts: dict[str, Any], met: dict[str, Any] | None) -> bool:
        condition = parts.get("ConditionExpression")
        return not condition or _Condition(condition, parts, met or {}).holds()

    def _apply(self, operation: str, actions: list[dict[str, Any]]) -> None:
        """Write all, unless DynamoDB would refuse what comes out."""
        made = [self._made(action) for action in actions]
        for item in made:
            check_item(operation, item)
        # The larger of the two versions, so that a deletion counts too.
        met = [self._met(action) for action in actions]
        check_total(max(pair, key=item_size) for pair in zip(made, met, strict=True))
        for action, item in zip(actions, made, strict=True):
            ((_kind, parts),) = action.items()
            table, key = self._table(parts), _key(parts.get("Key") or parts["Item"])
            if item is None:
                table.pop(key, None)
            else:
                table[key] = item

    def _made(self, action: dict[str, Any]) -> dict[str, Any] | None:
        """The item that an action leaves behind."""
        ((kind, parts),) = action.items()
        if kind == "Put":
            return copy.deepcopy(dict(parts["Item"]))
        if kind == "Delete":
            return None
        met = self._met(action)
        if kind == "Update":
            item = copy.deepcopy(met or parts["Key"])
            _update(parts, item)
            return item
        return met


class _Condition:
    """Evaluates a condition expression: OR of AND of comparisons and functions."""

    def __init__(self, text: str, parts: dict[str, Any], item: dict[str, Any]) -> None:
        self._tokens = _tokens(text)
        self._parts = parts
        self._item = item

    def holds(self) -> bool:
        held = self._any()
        assert not self._tokens, f"condition not understood at {self._tokens}"
        return held

    def _any(self) -> bool:
        held = self._all()
        while self._tokens[:1] == ["OR"]:
            self._tokens.pop(0)
            held = self._all() or held
        return held

    def _all(self) -> bool:
        held = self._one()
        while self._tokens[:1] == ["AND"]:
            self._tokens.pop(0)
            held = self._one() and held
        return held

    def _one(self) -> bool:
        token = self._tokens.pop(0)
        if token == "(":
            held = self._any()
            assert self._tokens.pop(0) == ")"
            return held
        if token == "NOT":
            return not self._one()
        if token == "attribute_type":
            return self._is_of_type()
        if token in {"attribute_exists", "attribute_not_exists"}:
            assert self._tokens.pop(0) == "("
            found = _value(self._tokens.pop(0), self._parts, self._item) is not _MISSING
            assert self._tokens.pop(0) == ")"
            return found == (token == "attribute_exists")
        left = _value(token, self._parts, self._item)
        operator = self._tokens.pop(0)
        right = _value(self._tokens.pop(0), self._parts, self._item)
        if left is _MISSING or right is _MISSING:
            return operator == "<>" and left is not right
        return _COMPARE[operator](left, right)

    def _is_of_type(self) -> bool:
        path, kind = self._tokens[1], self._tokens[3]
        del self._tokens[:5]
        stored = self._item.get(_name(path, self._parts), {})
        return _value(kind, self._parts, self._item) in stored


def _update(parts: dict[str, Any], item: dict[str, Any]) -> None:
    clause = ""
    for word, rest in _clauses(parts["UpdateExpression"]):
        clause = word
        for assignment in rest:
            if clause == "REMOVE":
                item.pop(_name(assignment[0], parts), None)
            elif clause == "ADD":
                name = _name(assignment[0], parts)
                before = from_attribute(item.get(name, {"N": "0"}))
                item[name] = to_attribute(before + _value(assignment[1], parts, item))
            else:
                path, value = assignment[0], _assigned(assignment[2:], parts, item)
                _set(item, [_name(part, parts) for part in path.split(".")], value)


def _clauses(text: str) -> Iterator[tuple[str, list[list[str]]]]:
    words = _tokens(text)
    starts = [i for i, word in enumerate(words) if word in {"SET", "REMOVE", "ADD"}]
    for start, end in zip(starts, [*starts[1:], len(words)], strict=True):
        parts: list[list[str]] = [[]]
        depth = 0
        for word in words[start + 1 : end]:
            depth += (word == "(") - (word == ")")
            if word == "," and not depth:
                parts.append([])
            else:
                parts[-1].append(word)
        yield words[start], parts


def _assigned(words: list[str], parts: dict[str, Any], item: dict[str, Any]) -> Any:
    if words[0] == "if_not_exists":
        current = _value(words[2], parts, item)
        return _value(words[4], parts, item) if current is _MISSING else current
    value = _value(words[0], parts, item)
    if len(words) == 3:
        other = _value(words[2], parts, item)
        return value + other if words[1] == "+" else value - other
    return value


def _set(item: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        item = item[name]["M"]
    item[path[-1]] = to_attribute(value)


def _value(token: str, parts: dict[str, Any], item: dict[str, Any]) -> Any:
    if token.startswith(":"):
        return from_attribute(parts["ExpressionAttributeValues"][token])
    current: dict[str, Any] = {"M": item}
    for name in (_name(part, parts) for part in token.split(".")):
        if name not in current.get("M", {}):
            return _MISSING
        current = current["M"][name]
    return from_attribute(current)


def _name(token: str, parts: dict[str, Any]) -> str:
    return parts["ExpressionAttributeNames"][token] if token.startswith("#") else token


def _tokens(text: str) -> list[str]:
    found = _TOKEN.findall(text)
    assert "".join(found) == re.sub(r"\s", "", text), f"not understood: {text}"
    return found


def _target(action: dict[str, Any]) -> tuple[str, tuple[str, str]]:
    ((_kind, parts),) = action.items()
    return parts["TableName"], _key(parts.get("Key") or parts["Item"])


def _key(attributes: dict[str, Any]) -> tuple[str, str]:
    return attributes["pk"]["S"], attributes.get("sk", {"S": ""})["S"]


def _reason(met: dict[str, Any] | None) -> dict[str, Any]:
    return {"Code": "ConditionalCheckFailed", **({"Item": copy.deepcopy(met)} if met else {})}
