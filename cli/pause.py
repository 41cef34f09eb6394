"""`dialtone pause` and `dialtone resume`: stop the models within seconds, without a deploy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli import options
from cli.ages import show_age
from cli.problems import reporting
from cli.screen import remarks, results

if TYPE_CHECKING:
    from cli.target import Target


@reporting
@options.of_a_stack
def pause(place: options.Place) -> None:
    """Stop calling models, within seconds and without a deploy.

    What arrives meanwhile is accepted and kept, STOP and START count as ever, and answers that
    were already made are sent. Nobody is answered until `dialtone resume`.

    For example:

        dialtone pause --stack prod
    """
    target = place.open()
    _throw(target, paused=True)
    remarks().print(f"next: dialtone resume {target.arguments}")


@reporting
@options.of_a_stack
def resume(place: options.Place) -> None:
    """Call models again, and answer what waited.

    The sweep wakes the conversations that waited, `timing.resumePerSecond` a second, the longest
    waiting of each shard first. `dialtone status` shows how many are left.

    For example:

        dialtone resume --stack prod
    """
    target = place.open()
    _throw(target, paused=False)
    remarks().print(f"next: dialtone status --no-scan {target.arguments}")


def _throw(target: Target, *, paused: bool) -> None:
    import time

    from conversation.stack_usage import FRESH_SECONDS
    from conversation.switch import Switch

    switch = Switch(target.tables)
    before = switch.read()
    after = switch.throw(paused=paused)
    state = "paused" if paused else "running"
    if before == after:
        lasted = f", for {show_age(time.time() - after.at / 1000)}" if after.at else ""
        results().print(f"stack {target.stack} is {state} already{lasted}; nothing was done")
        return
    results().print(f"stack {target.stack} is {state}; every worker knows in {FRESH_SECONDS:.0f} s")
