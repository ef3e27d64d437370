"""What `pause`, `resume` and `cancel` have in common."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli.output import plain

if TYPE_CHECKING:
    from newsletter.mailing import Standing
    from newsletter.store import Store

ReasonOption = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why; newsletter status shows it.")
]


def told(store: "Store", found: "Standing") -> dict[str, Any]:
    """Give a mailing and its accounts as plain data; `open` are those not handed over yet."""
    from newsletter import mailing

    accounts = mailing.accounts(store, found.id)
    left = accounts.planned + accounts.handing_over
    return {**plain(found), "accounts": plain(accounts), "open": left}
