"""`dialtone export`: everything stored about a person, for that person."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli import options
from cli.problems import CommandError, reporting
from cli.screen import remarks, show_text, to_json


class Format(StrEnum):
    """How it is written."""

    JSON = "json"
    MARKDOWN = "markdown"


@reporting
@options.of_a_stack
def export(
    place: options.Place,
    *,
    number: options.Number = None,
    person: options.PersonId = None,
    form: Annotated[
        Format, typer.Option("--format", help="json: every item; markdown: for people to read.")
    ] = Format.JSON,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A new file, readable by you alone; else stdout."),
    ] = None,
) -> None:
    """Write down everything that is stored about a person: words, turns, consent, counters.

    Opened with the stack's key, which your credentials must be allowed to use. Hand it to the
    person over a way that you trust, and delete your copy: FORGET does not reach it.

    For example:

        dialtone export --number +13035550111 --stack prod --format markdown --output ada.md
    """
    from cli.dossier import gather
    from cli.dossier_page import as_markdown
    from cli.people import find_subject
    from conversation.keys import KeyUnavailableError

    target = place.open()
    subject = find_subject(target, number, person)
    try:
        with remarks().status("reading"):
            told = gather(target, subject)
    except KeyUnavailableError as error:
        raise CommandError(
            f"KMS does not give the stack's key: {error}",
            "see that it is enabled and that you may use it (kms:Decrypt)",
        ) from None
    text = as_markdown(told) if form is Format.MARKDOWN else to_json(told, indent=2)
    if output is None:
        show_text(text)
        return
    try:
        output.touch(mode=0o600, exist_ok=False)
        output.write_text(text + "\n", "utf-8")
    except FileExistsError:
        raise CommandError(f"{output} exists", "name a new file") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CommandError(f"{output} cannot be written: {reason}", "name another file") from None
    remarks().print(f"written: {output}")
