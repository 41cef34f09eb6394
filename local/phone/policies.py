"""What the functions' resource policies say about Lex and Connect, read from the emulator."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from botocore.exceptions import ClientError


class Policies:
    """The policies as they were declared; what is allowed once is not asked again.

    Args:
        functions: Client of the Lambda API.
    """

    def __init__(self, functions: Any) -> None:
        self._functions = functions
        self._allowed: set[tuple[str, str, str]] = set()

    def allow(self, arn: str, principal: str, source: str) -> bool:
        """Say whether a service may invoke a function on behalf of ``source``.

        Args:
            arn: Of the function, with the qualifier that is invoked: a policy holds for one.
            principal: The service.
            source: ARN that the permission has to name.
        """
        asked = (arn, principal, source)
        if asked not in self._allowed and any(
            _allows(statement, principal, source) for statement in self._statements(arn)
        ):
            self._allowed.add(asked)
        return asked in self._allowed

    def _statements(self, arn: str) -> Iterator[Mapping[str, Any]]:
        name, _, qualifier = arn.rpartition(":function:")[2].partition(":")
        request = {"FunctionName": name} | ({"Qualifier": qualifier} if qualifier else {})
        try:
            policy = self._functions.get_policy(**request)["Policy"]
        except ClientError:  # No policy, or no such function: nobody may.
            return
        yield from json.loads(policy)["Statement"]


def _allows(statement: Mapping[str, Any], principal: str, source: str) -> bool:
    named = statement.get("Principal", {})
    service = named.get("Service") if isinstance(named, Mapping) else named
    if statement.get("Effect") != "Allow" or service != principal:
        return False
    sources = [
        value
        for operator, conditions in (statement.get("Condition") or {}).items()
        for key, value in conditions.items()
        if key.lower() == "aws:sourcearn" and operator in {"ArnLike", "ArnEquals", "StringLike"}
    ]
    return all(fnmatchcase(source, pattern) for pattern in sources)
