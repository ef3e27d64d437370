"""`newsletter pause`: hand nothing of a mailing over until somebody resumes it."""

from typing import Annotated

import typer

from newsletter.cli.controlling import ReasonOption, told
from newsletter.cli.output import JSONOption, WorkspaceOption, say, show_json, whoami


def pause(
    mailing_id: Annotated[int, typer.Argument(metavar="MAILING", help="A mailing's number.")],
    reason: ReasonOption = "",
    workspace: WorkspaceOption = None,
    # So that a script may say the same to pause, resume and cancel; here is nothing to ask.
    _yes: Annotated[bool, typer.Option("--yes", "-y", hidden=True)] = False,
    as_json: JSONOption = False,
) -> None:
    """Pause a mailing: every run on every machine stops before its next hand-over.

    Calls that are under way come to their end. Nothing is lost by it: newsletter resume.

    Example: newsletter pause 3 --reason "wrong link in the first article"
    """
    from newsletter import mailing
    from newsletter.cli.opening import opened_store

    with opened_store(workspace) as (opened, store, now):
        done = mailing.pause(store, mailing_id, by=whoami(), now=now, reason=reason)
        data = told(store, done)
    if as_json:
        show_json(data)
        return
    say(f"mailing {mailing_id} is {done.words(opened.settings.time_zone, now)}")
    say(f"{data['open']:,} not handed over yet; to go on: newsletter resume {mailing_id}")
