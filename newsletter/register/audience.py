"""Whom a mailing goes to: its lists' subscriptions that are to be mailed, under its condition.

Read in pages by key, so that memory does not grow with the audience.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal,
    null,
    select,
)

from newsletter.issue import condition as conditions
from newsletter.issue.condition import Condition
from newsletter.register import addresses, suppressions
from newsletter.register.subscriptions import is_mailable, mailable
from newsletter.store.schema import subscribers, subscriptions

_SLICE: Final = 5000
_NAMES: Final = ("first_name", "last_name")
_AFTER: Final = bindparam("after", type_=subscribers.c.id.type)
"""The subscriber behind whom a page begins."""


@dataclass(frozen=True, slots=True)
class Person:
    """One recipient of a mailing, by the first of its lists that they subscribe to."""

    subscriber_id: int
    address: str
    language: str
    list_id: str
    fields: dict[str, str]
    """first_name, last_name, language and the workspace's own; an empty one is left out."""


def pages(
    connection: Connection,
    *,
    lists: Sequence[str],
    condition: Condition,
    now: datetime,
    after: int = 0,
    size: int = 1000,
    among: ColumnElement[bool] | None = None,
) -> Iterator[list[Person]]:
    """Give the audience page by page, by rising subscriber id, each person once.

    `among` is one more condition, on columns of `subscribers`.
    """
    query = _people(lists, condition, now).limit(size)
    if among is not None:
        query = query.where(among)
    while page := connection.execute(query, {_AFTER.key: after}).all():
        yield [_person(row, lists) for row in page]
        after = page[-1].id


def count(
    connection: Connection, *, lists: Sequence[str], condition: Condition, now: datetime
) -> int:
    """Count the audience."""
    people = _people(lists, condition, now).order_by(None).subquery()
    query = select(func.count()).select_from(people)
    return connection.execute(query, {_AFTER.key: 0}).scalar_one()


def screen(
    connection: Connection,
    deliveries: Sequence[tuple[int, str, str]],
    *,
    keys: Sequence[str],
    now: datetime,
    lists: Collection[str] | None = None,
) -> dict[int, str]:
    """Say who of these (subscriber id, list, address) may not be mailed now, and why.

    Reasons: removed, pending, paused, left, cleaned, suppressed, address changed; list closed for
    one that is not among `lists`, those that the settings declare.
    """
    refused: dict[int, str] = {}
    for start in range(0, len(deliveries), _SLICE):
        part = deliveries[start : start + _SLICE]
        refused |= _screen(connection, part, keys, now)
    if lists is not None:
        closed = {number: "list closed" for number, name, _ in deliveries if name not in lists}
        refused = closed | refused
    return refused


def _screen(
    connection: Connection,
    part: Sequence[tuple[int, str, str]],
    keys: Sequence[str],
    now: datetime,
) -> dict[int, str]:
    found = select(
        subscriptions.c.subscriber_id,
        subscriptions.c.list_id,
        subscriptions.c.state,
        subscriptions.c.paused_until,
        subscribers.c.address_key,
    ).join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
    query = found.where(subscriptions.c.subscriber_id.in_([item[0] for item in part]))
    known = {
        (row.subscriber_id, row.list_id): (
            None if is_mailable(row.state, row.paused_until, now) else row.state,
            row.address_key,
        )
        for row in connection.execute(query).all()  # one by one they cost twice as much
    }
    folded = {subscriber_id: addresses.key(address) for subscriber_id, _, address in part}
    suppressed = suppressions.among(connection, folded.values(), keys=keys, now=now)
    refused = {}
    for subscriber_id, list_id, _ in part:
        reason, address_key = known.get((subscriber_id, list_id), ("removed", ""))
        if folded[subscriber_id] in suppressed:
            refused[subscriber_id] = "suppressed"
        elif reason is not None:
            refused[subscriber_id] = reason
        elif address_key != folded[subscriber_id]:
            refused[subscriber_id] = "address changed"
    return refused


def _people(lists: Sequence[str], condition: Condition, now: datetime) -> Select[Any]:
    """Select each subscriber once, with the rank of the first list that has them active.

    Walks subscribers by id and looks their subscriptions up by primary key: a page costs the same
    wherever it starts, which a join sorted over several lists would not.
    """
    here = (
        subscriptions.c.subscriber_id == subscribers.c.id,
        subscriptions.c.list_id.in_(lists),
        mailable(now),
    )
    rank = select(func.min(_rank(lists))).where(*here).correlate(subscribers).scalar_subquery()
    # Said of both tables: PostgreSQL may merge them, and would begin the second one at its first
    # row for every page, which takes ten minutes for a million people.
    later = subscriptions.c.subscriber_id > _AFTER
    on_one = select(subscriptions.c.list_id).where(*here, later).correlate(subscribers).exists()
    columns = (subscribers.c[name] for name in ("id", "address", "language", *_NAMES))
    # As text: most people share theirs with others, and each text is read but once.
    fields = cast(subscribers.c.fields, Text)
    return (
        select(*columns, fields, rank.label("rank"))
        .where(on_one, subscribers.c.id > _AFTER, conditions.to_sql(condition, _column))
        .order_by(subscribers.c.id)
    )


def _rank(lists: Sequence[str]) -> ColumnElement[Any]:
    if not lists:
        return null()
    return case(
        {name: literal(rank) for rank, name in enumerate(lists)}, value=subscriptions.c.list_id
    )


def _column(field: str) -> ColumnElement[str]:
    """Give a field's value, NULL for an empty one: no value matches no condition."""
    if field in {"first_name", "last_name", "language"}:
        return func.nullif(subscribers.c[field], "", type_=String())
    return func.nullif(subscribers.c.fields[field].as_string(), "", type_=String())


def _person(row: Sequence[Any], lists: Sequence[str]) -> Person:
    number, address, language, first_name, last_name, fields, rank = row
    values = {"first_name": first_name} if first_name else {}
    if last_name:
        values["last_name"] = last_name
    values["language"] = language
    values.update(_filled(fields))
    return Person(number, address, language, lists[rank], values)


@lru_cache(maxsize=4096)
def _filled(fields: str) -> tuple[tuple[str, str], ...]:
    """Read a person's own fields, less the empty ones."""
    return tuple((name, value) for name, value in json.loads(fields).items() if value)
