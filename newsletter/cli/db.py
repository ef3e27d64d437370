"""`newsletter db …`: the database itself: bring it up to date, copy it, check it, bring it back."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.drawing import bar
from newsletter.cli.output import (
    JSONOption,
    WorkspaceOption,
    YesOption,
    agreed,
    count,
    plain,
    say,
    show,
    show_json,
    whoami,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.store import Store, backups
    from newsletter.workspace import Workspace

app = typer.Typer(
    help="Bring the database up to date, copy it, check it, bring a copy back.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def upgrade(
    workspace: WorkspaceOption = None,
    backup: Annotated[
        bool, typer.Option(help="Copy the database first (SQLite), beside itself.")
    ] = True,
    as_json: JSONOption = False,
) -> None:
    """Bring the database's tables up to this version of the tool.

    Example: newsletter db upgrade
    """
    from newsletter import workspace as workspaces
    from newsletter.store import Store, backups, version_of

    opened = workspaces.find(workspace)
    opened.keys()  # made before the register is, so that one without the other means a loss
    url = opened.database_url
    before = version_of(url)
    copy = None
    if before and backup and url.startswith("sqlite:"):
        copy = _beside(backups.file_of(url), "upgrade")
        with bar("copying") as progress:
            backups.make(url, copy, progress=progress)
    Store.open(url, upgrade=True).close()
    after = version_of(url)
    if as_json:
        show_json({"before": before, "after": after, "backup": str(copy) if copy else None})
    elif before == after:
        show(f"up to date already: {after}")
    else:
        show(
            f"{before or 'nothing'} → {after}"
            + (f"; the copy from before is {copy}" if copy else "")
        )


@app.command()
def backup(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Default: beside it, with the time.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JSONOption = False,
) -> None:
    """Copy the database into a file while it is in use, and check the copy.

    The copy holds personal data, and not the keys: keep both, apart from each other.

    Example: newsletter db backup /srv/copies/register-monday.sqlite3
    """
    from newsletter import workspace as workspaces
    from newsletter.store import backups

    opened = workspaces.find(workspace)
    target = file or _beside(backups.file_of(opened.database_url), "backup")
    with bar("copying") as progress:
        made = backups.make(opened.database_url, target, progress=progress)
    if as_json:
        show_json(plain(made))
        return
    show(f"{made.file}: {_described(made)}, read back and whole")
    say("the keys are not in it: keep a copy of .newsletter/keys (or NEWSLETTER_KEYS) elsewhere")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A copy made by `newsletter db backup`.")],
    workspace: WorkspaceOption = None,
    yes: YesOption = False,
    as_json: JSONOption = False,
) -> None:
    """Put a copy in the place of the database; the one that was there is set aside, not deleted.

    Stop `newsletter serve` and every sending first. What was open becomes unknown: nobody knows
    what was mailed after the copy was made. Who left, was suppressed or erased since then stays
    away, as long as the database that makes way can be read; what else happened is not in it.

    Example: newsletter db restore /srv/copies/register-monday.sqlite3
    """
    from zoneinfo import ZoneInfo

    from newsletter import workspace as workspaces
    from newsletter.store import backups
    from newsletter.store.migrations import HEAD

    opened = workspaces.find(workspace)
    url = opened.database_url
    found = backups.inspect(file)
    made_at = datetime.fromtimestamp(file.stat().st_mtime, ZoneInfo(opened.settings.time_zone))
    say(f"{file}: {_described(found)}, from {made_at:%Y-%m-%d %H:%M}")
    say("whoever subscribed, and whatever was mailed, after that will not be in the database")
    if not agreed("put it in the place of the database?", yes=yes):
        say("nothing was changed")
        return
    done = backups.restore(url, file, now=datetime.now(UTC))
    gone = done.carried.gone
    erased = _erase_again(opened, gone) if gone and found.version == HEAD else 0
    if as_json:
        told = {**plain(done.carried), "erased_again": erased}
        aside = str(done.aside) if done.aside else None
        show_json({"restored": str(file), "aside": aside, "carried": told})
        return
    show("restored" + (f"; the former database is {done.aside}" if done.aside else ""))
    _tell_carried(done, erased)
    say("next: newsletter db check")


@app.command()
def check(workspace: WorkspaceOption = None, as_json: JSONOption = False) -> None:
    """Check that the database is whole, every subscription proven, and that all accounts balance.

    Exit code 1 when something is wrong.

    Example: newsletter db check
    """
    from newsletter import mailing
    from newsletter.cli.opening import opened_store
    from newsletter.register import told

    with opened_store(workspace) as (_, store, now):
        faults = mailing.check(store, now=now)
        with store.read() as connection:
            # Of a damaged database the faults are all that can be told.
            unknown = [] if faults else told.unknown(connection)
    if as_json:
        show_json(
            {
                "faults": [plain(fault) for fault in faults],
                "unknown_events": [plain(kind) for kind in unknown],
            }
        )
    for kind in () if as_json else unknown:
        what = f"{kind.source} told of a kind of event that this version does not know"
        name, times = kind.name or "(no name)", count(kind.times, "time")
        show(f"note: {what}: {name}, {times}, kept for a month")
    for fault in () if as_json else faults:
        show(f"{fault.subject}: {fault.message}")
        if fault.hint:
            show(f"  hint: {fault.hint}")
    if faults:
        raise typer.Exit(1)
    if not as_json:
        show("all is well: pages, references, tables, proof, clock, accounts")


@app.command(name="copy")
def copy_(
    to: Annotated[
        str, typer.Option("--to", metavar="URL", help="postgresql://USER@HOST/NAME, or a new file.")
    ],
    workspace: WorkspaceOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look, and change nothing.")] = False,
    yes: YesOption = False,
    as_json: JSONOption = False,
) -> None:
    """Move everything into another, empty database, and prove that nothing is missing.

    All tables go over, are read back, and must have the same rows and checksums on both sides;
    else the target stays empty. Mails leave from the target from then on: this database says that
    it was moved. Stop `newsletter serve` and every sending first. PostgreSQL takes a password from
    PGPASSWORD or ~/.pgpass, which is better than in the URL.

    Example: newsletter db copy --to postgresql://newsletter@db.example.org/newsletter
    """
    from newsletter import workspace as workspaces
    from newsletter.cli import moving

    opened = workspaces.find(workspace)
    moving.run(
        opened.database_url,
        to,
        zone=opened.settings.time_zone,
        dry_run=dry_run,
        yes=yes,
        as_json=as_json,
    )


@app.command()
def adopt(
    workspace: WorkspaceOption = None, yes: YesOption = False, as_json: JSONOption = False
) -> None:
    """Let mails leave from this database, which was copied or moved here.

    A copy knows the people and the open mailings of the original, and not what that has mailed
    since: if both mail, people get everything twice. So a database that lies elsewhere than before
    mails nothing until it is adopted.

    Example: newsletter db adopt
    """
    from newsletter import mailing
    from newsletter.cli.opening import opened_store
    from newsletter.store import home

    with opened_store(workspace, moved=True) as (_, store, now):
        if reason := home.trouble(store):
            say(f"{reason}.")
            for line in _warned(store):
                say(line)
            if not agreed("no other copy of this database mails any more?", yes=yes):
                say("nothing was changed")
                return
            mailing.adopt(store, by=whoami(), now=now)
    if as_json:
        show_json({"adopted": bool(reason)})
        return
    show("adopted: mails leave from here" if reason else "mails leave from here already")


def _warned(store: "Store") -> "Iterator[str]":
    """Say what goes wrong if the other copy mails, or has mailed since."""
    from newsletter import mailing

    yield "From now on mails leave from here. Stop the other one first, also its newsletter serve."
    if open_ := [item for item in mailing.mailings(store) if not item.accounts.finished]:
        numbers = ", ".join(str(item.id) for item in reversed(open_))
        yield f"Not finished here: mailing {numbers}. Whoever got it from there since this copy was"
        yield "made gets it again: then bring the newest copy (db backup there, db restore here),"
        yield "or give it up: newsletter cancel MAILING."


def _erase_again(opened: "Workspace", gone: "Sequence[int]") -> int:
    """Erase whoever was erased after the copy was made; tell how many they are."""
    from newsletter import register
    from newsletter.store import Store

    with Store.open(opened.database_url) as store:
        return register.erase_again(
            store,
            gone,
            settings=opened.settings,
            by=whoami(),
            now=datetime.now(UTC),
            keys=opened.keys(),
        )


def _tell_carried(done: "backups.Restored", erased: int) -> None:
    carried = done.carried
    if not carried.complete:
        say(
            "the database before could not be compared with it: whoever left, was suppressed or "
            "erased after the copy was made counts as subscribed again: see to them before sending"
        )
        return
    if carried.subscriptions or carried.suppressions or erased:
        say(
            f"carried over: {count(carried.subscriptions, 'subscription')} left or paused, "
            f"{count(carried.suppressions, 'suppression')}; erased again: {erased:,}"
        )
    if carried.issues:
        say(
            f"mailed after the copy was made, and not to be sent again: {', '.join(carried.issues)}"
        )


def _beside(file: Path, why: str) -> Path:
    return file.with_name(f"{file.stem}-{why}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}{file.suffix}")


def _described(found: "backups.Backup") -> str:
    megabytes = found.size / 1_000_000
    return f"{count(found.subscribers, 'subscriber')}, {megabytes:,.1f} MB"
