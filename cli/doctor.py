"""`dialtone doctor`: is there anything that would break a promise?"""

from __future__ import annotations

import typer

from cli import options
from cli.problems import reporting
from cli.screen import results, show_json, table


@reporting
def privacy(
    *,
    as_json: options.AsJson = False,
    stack: options.Stack = "local",
    region: options.Region = None,
    profile: options.Profile = None,
    stack_file: options.StackFile = None,
) -> None:
    """Look for what would undo FORGET, or keep words where nobody expects them.

    Copies of the keys (recovery, backups, exports, streams, replicas), logs of Bedrock and of the
    API that hold what was said, and logs that are kept for ever. The exit code is 1 when something
    is wrong, or could not be looked at.

    For example:

        dialtone doctor privacy --stack prod

        dialtone doctor privacy --stack prod --json
    """
    from rich.text import Text

    from cli.privacy import examine
    from cli.target import open_target

    target = open_target(stack, region, profile, stack_file)
    findings = examine(target)
    if as_json:
        show_json([finding.__dict__ for finding in findings])
    else:
        shown = table(f"privacy of {target.stack}", "what", "", "says")
        for finding in findings:
            mark = Text("ok", "green") if finding.ok else Text("wrong", "red")
            shown.add_row(finding.what, mark, Text(finding.says))
        results().print(shown)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)
