"""`dialtone doctor`: is there anything that would break a promise?"""

from __future__ import annotations

from typing import Annotated

import typer

from cli import options
from cli.problems import reporting
from cli.screen import remarks


@reporting
@options.of_a_stack
def privacy(
    place: options.Place,
    *,
    as_json: options.AsJson = False,
) -> None:
    """Look for what would undo FORGET, or keep words where nobody expects them.

    Copies of the keys (recovery, backups, exports, streams, replicas), logs of Bedrock, of the API
    and of calls that hold what was said, recordings, and logs that are kept for ever. The exit code
    is 1 when something is wrong, or could not be looked at.

    For example:

        dialtone doctor privacy --stack prod

        dialtone doctor privacy --stack prod --json
    """
    from cli.findings import present
    from cli.privacy import examine

    target = place.open()
    present(f"privacy of {target.stack}", examine(target), as_json=as_json)


@reporting
@options.of_a_stack
def voice(
    place: options.Place,
    *,
    outputs: Annotated[
        str | None,
        typer.Option(
            "--outputs",
            metavar="FILE",
            help="What `pulumi stack output --json` printed, or - for standard input: then what "
            "is there is held against what the stack declares.",
        ),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Check everything between the number that people call and the function that answers.

    The bot, its alias, locales and hook, who may invoke the function, the Connect instance, its
    association with the bot, the contact flow, the number, and the quotas. Each finding says what
    mends it. The exit code is 1 when something is wrong or could not be looked at, and 2 where
    there is nothing to ask: on this machine.

    For example:

        dialtone doctor voice --stack prod

        pulumi stack output --json --stack prod | dialtone doctor voice --stack prod --outputs -
    """
    from cli.findings import present
    from cli.voice_doctor import diagnose
    from cli.voice_line import find_line

    target = place.open()
    line = find_line(target, outputs)
    with remarks().status("asking AWS"):
        findings = diagnose(line)
    present(f"calls of {target.stack}", findings, as_json=as_json)
