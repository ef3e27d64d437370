"""`newsletter retention`: delete what is no longer needed."""

from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.output import (
    JSONOption,
    WorkspaceOption,
    count,
    plain,
    say,
    show,
    show_json,
    whoami,
)

if TYPE_CHECKING:
    from newsletter.register.retention import Swept


def retention(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be deleted, change nothing.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JSONOption = False,
) -> None:
    """Delete what is no longer needed, as [retention] of newsletter.toml says.

    Run it every night, e.g. by cron or a systemd timer. It may be stopped at any time and run
    again; people who leave meanwhile need not wait for it. The audit log says what it deleted.

    Example: newsletter retention --dry-run
    """
    from newsletter.cli.opening import opened_store
    from newsletter.register.retention import run

    with opened_store(workspace) as (opened, store, now):
        swept = run(
            store,
            settings=opened.settings,
            keys=opened.keys(),
            by=whoami(),
            now=now,
            dry_run=dry_run,
        )
    if as_json:
        show_json(plain(swept))
    else:
        _show(swept)


def _show(swept: "Swept") -> None:
    if swept.dry_run:
        show("dry run: nothing was changed")
    for title, number in swept.rows.items():
        if number:
            show(f"  {number:>9,} {title}")
    if not any(swept.rows.values()):
        show("nothing was due")
    if swept.waiting_elsewhere:
        waiting = count(swept.waiting_elsewhere, "erased address", "erased addresses")
        say(
            f"warning: {waiting} wait to be passed on for more than a month: "
            "newsletter subscribers sync creamailer"
        )
