"""Cutting a planned batch in two: the first part leaves now, the rest waits for its turn."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, insert, select, update

from newsletter.store.schema import batches, results


def cut(connection: Connection, batch: Any, before: int) -> Any:  # noqa: ANN401 - rows
    """Let a planned batch end before a delivery, the others become one of their own; give it anew.

    Nobody is in both and nobody in none. No key stands for a planned batch, so none is broken.
    """
    if batch.state != "planned" or not batch.first < before <= batch.last:
        raise ValueError(f"no place to cut batch {batch.id}: {before}")
    ours = batches.c.id == batch.id
    connection.execute(update(batches).where(ours).values(last=before - 1))
    shared = ("mailing_id", "edition", "state", "attempt", "lease_until", "not_before", "reason")
    rest = {name: getattr(batch, name) for name in shared}
    connection.execute(insert(batches).values(**rest, first=before, last=batch.last))
    return connection.execute(select(batches).where(ours)).one()


def still_planned(connection: Connection, first: int, last: int, members: Collection[int]) -> int:
    """Count whoever of a claim that has ended is planned again; it held what is in the range."""
    pieces = connection.execute(
        select(batches.c.first, batches.c.last).where(
            batches.c.state == "planned",
            batches.c.first >= first,
            batches.c.last <= last,
        )
    ).all()
    within = results.c.delivery_id.between(first, last)
    settled = set(connection.scalars(select(results.c.delivery_id).where(within)))
    open_ = [number for number in members if number not in settled]
    return sum(any(start <= number <= end for start, end in pieces) for number in open_)
