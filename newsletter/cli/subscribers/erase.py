"""`newsletter subscribers erase`."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import typer

from newsletter.cli.output import (
    JSONOption,
    WorkspaceOption,
    YesOption,
    agreed,
    plain,
    say,
    show,
    show_json,
    whoami,
)
from newsletter.cli.subscribers.options import AddressArgument

if TYPE_CHECKING:
    from newsletter.register import Erased


def erase(
    address: AddressArgument,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be erased, change nothing.")
    ] = False,
    workspace: WorkspaceOption = None,
    yes: YesOption = False,
    as_json: JSONOption = False,
) -> None:
    """Erase everything that is known of somebody, because they asked for it.

    What stays is a keyed hash, so that no import or sync brings them back; they themselves can, by
    subscribing anew. Backups, the provider's own logs and files in outbox/ are not reached.

    Example: newsletter subscribers erase aino@example.com
    """
    from newsletter import register
    from newsletter.cli.opening import opened_store

    with opened_store(workspace) as (opened, store, now):
        erasing = partial(
            register.erase,
            store,
            address,
            settings=opened.settings,
            by=whoami(),
            now=now,
            keys=opened.keys(),
        )
        found = erasing(dry_run=True)
        if not dry_run:
            if not as_json:
                _tell(found, say)
            if not agreed("erase all of this for good?", yes=yes):
                say("nothing was changed")
                return
            found = erasing()
    if as_json:
        show_json({**plain(found), "dry_run": dry_run})
        return
    if dry_run:
        show("dry run: nothing was changed")
        _tell(found, show)
    else:
        show("erased")
        if found.passing_on:
            say("Creamailer must be told as well: newsletter subscribers sync creamailer")


_WORDS: Final = {
    "subscriptions": "lists that they are or were on",
    "consents": "consents, with the proof",
    "results": "answers of the provider (emptied: mailings are counted from them)",
    "deliveries": "issues mailed to them (emptied: mailings are counted from them)",
    "events": "events that providers told",
    "told": "their own words for it",
    "requests": "things asked for with their address",
    "replies": "mails of the service to them",
    "sync_rows": "entries read from another service",
    "subscribers": "the person: address, names, language, fields",
}


def _tell(found: "Erased", tell: Callable[[str], None]) -> None:
    for name, number in found.rows.items():
        if number:
            tell(f"  {number:>6,} {_WORDS[name]}")
    if not any(found.rows.values()):
        tell("  nothing is left of them but the hash that keeps them from being mailed")
