"""The numbered versions of a stack's bot, which of them may go, and letting them go.

Every change of the bot leaves the version before it behind, so that there is something to roll
back to; Lex keeps a hundred.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from cli.problems import CommandError
from cli.voice_line import DRAFT, Line, listed

_IN_USE = {"ConflictException", "PreconditionFailedException", "ResourceInUseException"}
_GONE = {"ResourceNotFoundException"}


@dataclass(frozen=True)
class Version:
    """One version, and why it stays; `kept` is empty for one that may go."""

    number: int
    created: datetime | None
    status: str
    aliases: tuple[str, ...]
    kept: str

    def as_json(self) -> dict[str, Any]:
        """The version as plain data."""
        created = self.created.astimezone(UTC).isoformat() if self.created else None
        return {
            "version": self.number,
            "created": created,
            "status": self.status,
            "aliases": list(self.aliases),
            "kept": self.kept or None,
        }


class Ending(enum.Enum):
    """How an attempt to delete a version ended."""

    DELETED = "deleted"
    IN_USE = "in use by now"
    GONE = "gone already"


def find_versions(line: Line, *, newest: int, pinned: frozenset[int]) -> list[Version]:
    """Every numbered version, the newest first.

    Args:
        line: The stack's line.
        newest: How many of the newest stay whatever becomes of them.
        pinned: Versions that stay because the stack file or the caller names them.

    Raises:
        MissingError: The stack has no bot.
    """
    found = [
        one
        for one in listed(line.lex, "list_bot_versions", "botVersionSummaries", botId=line.bot_id)
        if one["botVersion"] != DRAFT
    ]
    found.sort(key=lambda one: int(one["botVersion"]), reverse=True)
    used = _used(line)
    versions = []
    for place, one in enumerate(found):
        number, status = int(one["botVersion"]), one.get("botStatus", "")
        aliases = tuple(used.get(number, ()))
        kept = _reason(aliases, pinned=number in pinned, newest=place < newest, status=status)
        versions.append(Version(number, one.get("creationDateTime"), status, aliases, kept))
    return versions


def _used(line: Line) -> dict[int, list[str]]:
    used: dict[int, list[str]] = {}
    for alias in line.aliases:
        version = alias.get("botVersion", DRAFT)
        if version != DRAFT:
            used.setdefault(int(version), []).append(alias["botAliasName"])
    return used


def _reason(aliases: Sequence[str], *, pinned: bool, newest: bool, status: str) -> str:
    if aliases:
        return f"in use by {', '.join(aliases)}"
    if pinned:
        return "pinned"
    if newest:
        return "among the newest"
    return "going already" if status == "Deleting" else ""


def delete(line: Line, versions: Sequence[Version]) -> Iterator[tuple[Version, Ending]]:
    """Delete versions, the oldest first; whoever is stopped begins again where this ended.

    Lex itself refuses to delete what an alias means, so one that moved meanwhile loses nothing.

    Raises:
        ClientError: Lex refused for another reason.
    """
    for version in sorted(versions, key=lambda one: one.number):
        yield version, _delete(line, version)


def _delete(line: Line, version: Version) -> Ending:
    try:
        line.lex.delete_bot_version(
            botId=line.bot_id, botVersion=str(version.number), skipResourceInUseCheck=False
        )
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        if code in _IN_USE:
            return Ending.IN_USE
        if code in _GONE:
            return Ending.GONE
        raise
    return Ending.DELETED


def pinned_version(line: Line, folder: Callable[[], Path] = Path.cwd) -> int | None:
    """The version that the stack file beside the caller pins, if there is such a file.

    Raises:
        CommandError: The file pins something that is no version.
    """
    path = folder() / f"Pulumi.{line.target.stack}.yaml"
    if not path.is_file():
        return None
    import yaml

    try:
        told = (yaml.safe_load(path.read_text("utf-8")) or {}).get("config", {})
    except (yaml.YAMLError, AttributeError) as error:
        raise CommandError(f"{path.name} cannot be read: {error}", "mend it first") from None
    pinned = (told.get("dialtone:voice") or {}).get("botVersion")
    if pinned is None:
        return None
    if not str(pinned).isdecimal():
        raise CommandError(
            f"{path.name} pins voice.botVersion: {pinned!r}", "a version is a number, such as 7"
        )
    return int(pinned)
