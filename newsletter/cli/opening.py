"""What most commands begin with: the workspace, its database, and what time it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from newsletter import workspace as workspaces
from newsletter.cli.output import say

if TYPE_CHECKING:
    from newsletter.store import Store
    from newsletter.workspace import Workspace


@contextmanager
def opened_store(
    folder: Path | None, *, moved: bool = False
) -> "Iterator[tuple[Workspace, Store, datetime]]":
    """Open the workspace and its database; both are closed at the end.

    Raises InputError for a database whose content was moved elsewhere, unless `moved` allows it:
    what is written into it would be forgotten.
    """
    from newsletter.store import Store, home

    workspace = workspaces.find(folder)
    workspace.keys()  # made before the register is, so that one without the other means a loss
    now = datetime.now(UTC)
    with Store.open(workspace.database_url) as store:
        if not moved:
            home.refuse_moved(store)
        _tell_wrong_clock(store, now, workspace.settings.time_zone)
        yield workspace, store, now


def _tell_wrong_clock(store: "Store", now: datetime, zone: str) -> None:
    """Warn when the register has an entry that is yet to come: limits and undo rely on time."""
    from newsletter.register import checking

    with store.read() as connection:
        newest = checking.newest(connection)
    if newest and checking.is_ahead(newest, now):
        here, entry = (f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" for at in (now, newest))
        say(
            f"warning: the clock says {here}, but the register has an "
            f"entry of {entry}; set the clock before you send"
        )
