"""`newsletter resume`: let a mailing go on."""

from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.controlling import ReasonOption, told
from newsletter.cli.output import (
    JSONOption,
    WorkspaceOption,
    YesOption,
    agreed,
    count,
    say,
    show_json,
    whoami,
)

if TYPE_CHECKING:
    from newsletter.mailing import Standing


def resume(
    mailing_id: Annotated[int, typer.Argument(metavar="MAILING", help="A mailing's number.")],
    reason: ReasonOption = "",
    workspace: WorkspaceOption = None,
    yes: YesOption = False,
    as_json: JSONOption = False,
) -> None:
    """Let a mailing go on that was paused, stopped by itself, or missed its time.

    It goes out by whoever runs: newsletter send ISSUE, or newsletter worker.

    Example: newsletter resume 3
    """
    from newsletter import mailing
    from newsletter.cli.opening import opened_store

    with opened_store(workspace) as (opened, store, now):
        zone = opened.settings.time_zone
        found = mailing.standing_of(store, mailing_id)
        if held := found.words(zone, now):
            say(f"mailing {mailing_id} is {held}")
            people = count(told(store, found)["open"], "person", "people")
            if not agreed(f"let it go on to {people}?", yes=yes):
                say("nothing was changed")
                return
        done = mailing.resume(store, mailing_id, by=whoami(), now=now, reason=reason)
        data = told(store, done)
    if as_json:
        show_json(data)
        return
    say(_next(done, done.words(zone, now)))


def _next(done: "Standing", held: str) -> str:
    if held:
        return f"mailing {done.id} is {held}"
    return f"mailing {done.id} goes on by whoever runs: newsletter send {done.issue}"
