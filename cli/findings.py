"""What a doctor's checks found, and how it is shown.

A check that may not ask is a finding too: nobody should read "all well" of what nobody looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import typer
from botocore.exceptions import ClientError, EndpointConnectionError

from cli.problems import CANNOT_TELL
from cli.screen import line, results, show_json, table


class Well(str):
    """A remark of a check that is nothing wrong."""

    __slots__ = ()


Check = Callable[[], Iterator[str]]
"""Yields what is wrong, and remarks as `Well`."""


class MissingError(Exception):
    """What a check builds on is not there; another check says so with what mends it."""


@dataclass(frozen=True)
class Finding:
    """What one check found; `ok` is None where there is nothing that could be asked."""

    what: str
    ok: bool | None
    says: str


def examine(what: str, check: Check) -> Finding:
    """Make one check."""
    try:
        told = list(check())
    except MissingError as error:
        return Finding(what, False, f"not looked at: {error}")
    except EndpointConnectionError as error:
        return Finding(what, False, f"not looked at: {error} Is the service in this region?")
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        return Finding(what, False, f"not looked at: {error.operation_name} answered {code}")
    wrong = [one for one in told if not isinstance(one, Well)]
    return Finding(what, not wrong, "; ".join(wrong or told) or "nothing wrong")


def present(title: str, findings: list[Finding], *, as_json: bool) -> None:
    """Show what was found.

    Raises:
        typer.Exit: With 1 when something is wrong, 2 when something could not be asked.
    """
    if as_json:
        show_json([finding.__dict__ for finding in findings])
    else:
        marks = {True: ("ok", "green"), False: ("wrong", "red"), None: ("-", "yellow")}
        shown = table(title, "what", "", "says")
        for finding in findings:
            shown.add_row(finding.what, line(marks[finding.ok]), finding.says)
        results().print(shown)
    if any(finding.ok is False for finding in findings):
        raise typer.Exit(1)
    if any(finding.ok is None for finding in findings):
        raise typer.Exit(CANNOT_TELL)
