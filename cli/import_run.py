"""One pass over a source table: what was found or done, and the report of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.session

from cli.importing import Choices, Importer, Look, Unreadable, Verdict
from cli.langchain_table import Layout, Session, read_sessions
from cli.screen import to_json
from cli.stack_secrets import read_address_key
from cli.target import Target

_DIGITS = re.compile(r"\d{3,}")
_KEPT = 2


@dataclass
class Outcome:
    """What a pass over the table found or did."""

    others: int = 0
    messages: int = 0
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    unreadable: list[Unreadable] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def sessions(self) -> int:
        """How many sessions there were."""
        return self.verdicts.total()

    @property
    def to_import(self) -> int:
        """How many had something to bring."""
        return self.verdicts[Verdict.NEW]

    def add(self, session: Session, look: Look) -> None:
        """Count one session."""
        self.verdicts[look.verdict] += 1
        self.messages += look.messages
        self.unreadable += look.unreadable
        problems = [
            {"message": problem.position, "reason": problem.reason} for problem in look.unreadable
        ]
        self.lines.append(
            {
                "session": session.name,
                "verdict": look.verdict.name.lower(),
                "conversation": look.conversation,
                "messages": look.messages,
                "unreadable": problems,
            }
        )

    def mask(self, name: str) -> str:
        """A session's key as a screen may show it: of a long number only its last digits."""
        return _DIGITS.sub(lambda digits: "…" + digits[0][-_KEPT:], name)

    def write(self, path: Path) -> None:
        """Write the report, for its owner's eyes: it names sessions, perhaps by number."""
        path.touch(0o600)
        path.chmod(0o600)
        lines = (to_json(line) for line in self.lines)
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")


class Run:
    """Reads the source, once to look and once to bring.

    Raises:
        CommandError: The stack has no address key yet.
    """

    def __init__(
        self, target: Target, source: Any, layout: Layout, choices: Choices, only: str | None
    ) -> None:
        self._source = source
        self._layout = layout
        self._only = only
        self._importer = Importer(target.tables, layout, read_address_key(target), choices)

    def look(self) -> Outcome:
        """Say what `bring` would do; writes nothing."""
        return self._pass(self._importer.look, lambda: None)

    def bring(self, progress: Callable[[], None]) -> Outcome:
        """Bring everything that is not there yet."""
        return self._pass(self._importer.bring, progress)

    def _pass(self, work: Callable[[Session], Look], progress: Callable[[], None]) -> Outcome:
        outcome = Outcome()

        def other() -> None:
            outcome.others += 1

        for session in read_sessions(self._source, self._layout, self._only, other):
            outcome.add(session, work(session))
            progress()
        return outcome


def open_source(target: Target, region: str | None, profile: str | None) -> Any:
    """A DynamoDB client that reaches the source: the stack's own, unless told otherwise."""
    if region is None and profile is None:
        return target.client("dynamodb")
    session = botocore.session.Session(profile=profile)
    return session.create_client("dynamodb", region_name=region)
