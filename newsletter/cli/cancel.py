"""`newsletter cancel`: end a mailing for good."""

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
    show,
    show_json,
    whoami,
)

if TYPE_CHECKING:
    from newsletter.mailing import Accounts, Settled, Standing


def cancel(
    mailing_id: Annotated[int, typer.Argument(metavar="MAILING", help="A mailing's number.")],
    reason: ReasonOption = "",
    workspace: WorkspaceOption = None,
    yes: YesOption = False,
    as_json: JSONOption = False,
) -> None:
    """Cancel a mailing: nobody else gets it. This cannot be undone.

    Every run stops before its next hand-over. Whoever was not handed over yet is excluded, and may
    be mailed by a later send of the issue. Run it again if it was interrupted. Exit code 3 while a
    call is still under way somewhere.

    Example: newsletter cancel 3 --reason "the date is wrong"
    """
    from newsletter import mailing
    from newsletter.cli.opening import opened_store

    with opened_store(workspace) as (opened, store, now):
        found = mailing.standing_of(store, mailing_id)
        if not _agreed(found, mailing.accounts(store, mailing_id), yes=yes):
            say("nothing was changed")
            return
        with mailing.make_owner(store, opened.state / "runs") as owner:
            settled = mailing.cancel(
                store, mailing_id, owner=owner, by=whoami(), now=now, reason=reason
            )
        data = told(store, mailing.standing_of(store, mailing_id))
        accounts = mailing.accounts(store, mailing_id)
    if as_json:
        show_json(data)
    else:
        _show(accounts, settled, mailing_id, opened.settings.time_zone)
    if settled.under_way:
        raise typer.Exit(3)


def _agreed(found: "Standing", accounts: "Accounts", *, yes: bool) -> bool:
    if found.state == "cancelled" or found.finished:
        return True  # to settle what is left, or to be told that there is nothing to do
    left = count(accounts.planned, "person does", "people do")
    say(f"mailing {found.id}: {found.issue} → {', '.join(found.lists)}, by {found.provider}")
    say(f"  {accounts.accepted:,} of {accounts.audience:,} have it; {left} not get it then")
    if accounts.handing_over:
        say(f"  {accounts.handing_over:,} are with the provider at this moment")
    return agreed("cancel it? this cannot be undone", yes=yes)


def _show(accounts: "Accounts", settled: "Settled", number: int, zone: str) -> None:
    from newsletter.cli.accounts import lines
    from newsletter.mailing import said

    show(f"mailing {number} is cancelled")
    for line in lines(accounts):
        show(line)
    if settled.under_way and settled.until:
        calls = count(settled.under_way, "call")
        say(f"{calls} under way: its run records what comes of it, and settles the rest")
        say(f"if that run is gone: newsletter cancel {number} after {said(settled.until, zone)}")
