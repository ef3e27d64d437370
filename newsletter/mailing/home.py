"""A database that lies elsewhere than before is adopted: from now on mails leave from here."""

from datetime import datetime

from newsletter.register import audit
from newsletter.store import Store, home


def adopt(store: Store, *, by: str, now: datetime) -> None:
    """Let mails leave from this database; leaves a line in the audit log."""
    here = home.place(store)
    with store.begin() as connection:
        home.adopt(connection, here, by=by, now=now)
        audit.note(connection, "database adopted", by=by, now=now)
