"""What the console needs of a running stack; ``LocalStack`` has it, and tests bring fakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from local.carrier import Carrier
from local.phone import Phone
from local.scripted_model import ScriptedModel


class LogLine(Protocol):
    """One line a function wrote; see ``local.function_logs.Line``."""

    @property
    def number(self) -> int:
        """Rises with each line of the stack."""

    @property
    def at(self) -> float:
        """Epoch seconds."""

    @property
    def function(self) -> str:
        """Physical name."""

    @property
    def text(self) -> str:
        """The line."""


class Stack(Protocol):
    """A running stack, as far as the console looks at it."""

    @property
    def carrier(self) -> Carrier:
        """The played carrier."""

    @property
    def phone(self) -> Phone:
        """Connect and Lex, played; it has no numbers while calls are off."""

    @property
    def model(self) -> ScriptedModel:
        """The scripted model."""

    @property
    def outputs(self) -> Mapping[str, Any]:
        """The program's outputs."""

    def aws(self, service: str) -> Any:
        """A boto3 client with the administrator's credentials."""

    def log_lines(self, function: str = "", *, after: int = 0) -> Sequence[LogLine]:
        """Kept lines of a function, or of all, after a number."""


@dataclass(frozen=True)
class Contact:
    """Somebody whose phone the page shows."""

    name: str
    number: str


CONTACTS = (Contact("Ada", "+13035550111"), Contact("Ben", "+13035550122"))
