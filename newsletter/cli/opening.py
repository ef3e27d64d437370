"""What most commands begin with: the workspace, its database, and what time it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

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
        _tell_wrong_clock(store, now)
        yield workspace, store, now


def _tell_wrong_clock(store: "Store", now: datetime) -> None:
    """Warn when the register has an entry that is yet to come: limits and undo rely on time."""
    from newsletter.register import checking

    with store.read() as connection:
        newest = checking.newest(connection)
    if newest and checking.is_ahead(newest, now):
        say(
            f"warning: the clock says {now.astimezone():%Y-%m-%d %H:%M}, but the register has an "
            f"entry of {newest.astimezone():%Y-%m-%d %H:%M}; set the clock before you send"
        )
