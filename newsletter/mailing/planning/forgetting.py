"""Whoever was erased while a mailing was drawn up must not come back by it.

A draft is made from one view of the register and written some time later; whoever was erased in
between was not in the ledger yet, so nothing could be taken out of it.
"""

from sqlalchemy import Connection, func, select, update

from newsletter.store.schema import audit, deliveries, subscribers


def last_erased(connection: Connection) -> int:
    """Give the number of the audit log's last line on somebody erased; 0 when there is none."""
    query = select(func.max(audit.c.id)).where(audit.c.act == "erased")
    return connection.execute(query).scalar() or 0


def forget_erased(connection: Connection, mailing_id: int, *, since: int) -> None:
    """Empty a new mailing's deliveries to people who were erased since that line was the last.

    The caller keeps others from erasing until its transaction ends.
    """
    if last_erased(connection) == since:
        return
    here = select(subscribers.c.id).where(subscribers.c.id == deliveries.c.subscriber_id)
    connection.execute(
        update(deliveries)
        .where(deliveries.c.mailing_id == mailing_id, ~here.exists())
        .values({"address": "", "values": {}})
    )
