"""What most commands begin with: the workspace, its database, and what time it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import workspace as workspaces

if TYPE_CHECKING:
    from newsletter.store import Store
    from newsletter.workspace import Workspace


@contextmanager
def opened_store(folder: Path | None) -> "Iterator[tuple[Workspace, Store, datetime]]":
    """Open the workspace and its database; both are closed at the end."""
    from newsletter.store import Store

    workspace = workspaces.find(folder)
    workspace.keys()  # made before the register is, so that one without the other means a loss
    with Store.open(workspace.database_url) as store:
        yield workspace, store, datetime.now(UTC)
