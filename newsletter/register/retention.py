"""Deleting what is no longer needed (GDPR art. 5(1)(e)), by [retention] of newsletter.toml.

In slices, each a transaction of its own, so that nobody who leaves has to wait. What is chosen does
not depend on what was deleted before it: a dry run counts exactly what a run would take.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    exists,
    func,
    not_,
    or_,
    select,
    true,
    tuple_,
)

from newsletter.register import audit as log
from newsletter.register import erasing, whose
from newsletter.register import told as telling
from newsletter.register.subscriptions import State
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.store.schema import (
    attempts,
    audit,
    consents,
    events,
    farewells,
    replies,
    requests,
    subscribers,
    subscriptions,
    suppressions,
    sync_calls,
    sync_marks,
    sync_rows,
    told,
)

_SLICE: Final = 500
_PEOPLE: Final = 50
"""People erased in one transaction: each takes rows of many tables along."""

_RowKey = tuple[Any, ...]

_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)
_UNFINISHED: Final = "pull"
"""The mark of a sync under way: rows without it, or with an old one, are of a sync given up."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What was, or would be, deleted."""

    dry_run: bool
    rows: Mapping[str, int]
    """What it is → how many."""
    waiting_elsewhere: int
    """Erased addresses that a service beside us has not been told of for a month."""


def run(
    store: Store,
    *,
    settings: Settings,
    keys: Sequence[str],
    by: str,
    now: datetime,
    dry_run: bool = False,
) -> Swept:
    """Delete what is due and write a line about it into the audit log; or count it (`dry_run`).

    May be stopped at any time and run again.
    """
    rules = _rules(settings, now)
    if dry_run:
        with store.read() as connection:
            rows = {rule.title: _count(connection, rule) for rule in rules}
            return Swept(dry_run, rows, _waiting(connection, settings, now))
    due = _Due(store, settings, keys, by, now)
    rows = {rule.title: due.delete(rule) for rule in rules}
    with store.begin() as connection:
        log.note(connection, "retention", by=by, now=now, deleted=rows)
        waiting = _waiting(connection, settings, now)
    store.fold_log()
    return Swept(dry_run, rows, waiting)


def months_before(now: datetime, months: int) -> datetime:
    """Go back whole months; a day that a month lacks becomes its last one."""
    years, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    for day in range(now.day, now.day - 4, -1):
        try:
            return now.replace(year=years, month=month + 1, day=day)
        except ValueError:
            continue
    raise AssertionError("no month has fewer than 28 days")


@dataclass(frozen=True, slots=True)
class _Rule:
    title: str
    table: Table
    due: ColumnElement[bool]
    take: Callable[["_Due", Connection, list[Any]], None] | None = None
    """How to delete some rows by their keys, where that is more than deleting rows."""
    slice: int = _SLICE


@dataclass(frozen=True, slots=True)
class _Due:
    store: Store
    settings: Settings
    keys: Sequence[str]
    by: str
    now: datetime

    def delete(self, rule: _Rule) -> int:
        """Delete everything that is due by one rule, slice by slice; give how many rows."""
        total, after = 0, None
        while found := self._find(rule, after):
            total += self._take(rule, found)
            after = found[-1]
        return total

    def _find(self, rule: _Rule, after: _RowKey | None) -> list[_RowKey]:
        """Look for the next rows without keeping anybody from writing."""
        columns = rule.table.primary_key.columns
        query = select(*columns).where(rule.due).order_by(*columns).limit(rule.slice)
        if after is not None:
            query = query.where(tuple_(*columns) > tuple_(*after))
        with self.store.read() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def _take(self, rule: _Rule, found: list[_RowKey]) -> int:
        """Delete those of them that are still due."""
        columns = rule.table.primary_key.columns
        query = select(*columns).where(tuple_(*columns).in_(found), rule.due)
        with self.store.begin() as connection:
            due = [tuple(row) for row in connection.execute(query)]
            if due and rule.take is not None:
                rule.take(self, connection, [row[0] for row in due])
            elif due:
                connection.execute(delete(rule.table).where(tuple_(*columns).in_(due)))
        return len(due)

    def forget(self, connection: Connection, ids: list[int]) -> None:
        """Delete people who never confirmed, as if they had never been there."""
        for table in (subscriptions, requests, told):
            connection.execute(delete(table).where(table.c.subscriber_id.in_(ids)))
        connection.execute(delete(subscribers).where(subscribers.c.id.in_(ids)))

    def erase(self, connection: Connection, ids: list[int]) -> None:
        """Erase people who have left all lists; a keyed hash keeps them from being put back."""
        erasing.wipe(
            connection,
            whose.among(connection, ids),
            "left",
            settings=self.settings,
            by=self.by,
            now=self.now,
            keys=self.keys,
        )


def _rules(settings: Settings, now: datetime) -> tuple[_Rule, ...]:
    kept = settings.retention
    unconfirmed = now - timedelta(days=settings.subscribe.confirm_days)
    left = months_before(now, kept.left_months)
    old_replies = now - timedelta(days=kept.replies_days)
    return (
        _Rule("links that have expired", requests, _over(now, kept.expired_days)),
        _Rule(
            "subscriptions that nobody confirmed",
            subscriptions,
            _unconfirmed(subscriptions.c, unconfirmed, now),
        ),
        _Rule("people who never confirmed", subscribers, _strangers(unconfirmed, now), _Due.forget),
        _Rule("counts of forms sent in", attempts, attempts.c.made_at <= now - _DAY),
        _Rule(
            "what providers told",
            events,
            events.c.recorded_at <= months_before(now, kept.events_months),
        ),
        _Rule("their own words for it", told, told.c.taken_at <= now - telling.KEPT),
        _Rule("mails of the service", replies, replies.c.queued_at <= old_replies),
        _Rule("lines of the audit log", audit, audit.c.at <= months_before(now, kept.audit_months)),
        _Rule("suppressions that ran out", suppressions, suppressions.c.expires_at <= now),
        _Rule("counts of calls of a sync", sync_calls, sync_calls.c.called_at <= now - _DAY),
        _Rule("syncs given up", sync_marks, _given_up(settings, now)),
        _Rule("what a sync given up had read", sync_rows, _left_over(settings, now)),
        _Rule("erased addresses that no service is told of", farewells, _untellable(settings)),
        _Rule("people who left all lists", subscribers, _gone(left, now), _Due.erase, _PEOPLE),
    )


def _over(now: datetime, days: int) -> ColumnElement[bool]:
    """Say that a link has expired; one that was not used can be renewed some days longer (D04)."""
    unused = and_(requests.c.used_at.is_(None), requests.c.expires_at > now - timedelta(days=days))
    return and_(requests.c.expires_at <= now, not_(unused))


def _asking(now: datetime) -> ColumnElement[bool]:
    """Say that a subscriber has something to confirm that is still open."""
    theirs = or_(
        requests.c.subscriber_id == subscribers.c.id,
        requests.c.address_key == subscribers.c.address_key,
    )
    return exists().where(theirs, requests.c.used_at.is_(None), requests.c.expires_at > now)


def _unconfirmed(
    subscription: Any,  # noqa: ANN401 - the table's columns, or those of an alias
    before: datetime,
    now: datetime,
) -> ColumnElement[bool]:
    """Say that a subscription has waited for its owner's word too long."""
    asking = exists().where(subscribers.c.id == subscription.subscriber_id, _asking(now))
    return and_(
        subscription.state == State.PENDING, subscription.changed_at <= before, not_(asking)
    )


def _strangers(before: datetime, now: datetime) -> ColumnElement[bool]:
    """Say that somebody is in the register without ever having agreed to anything."""
    theirs = subscriptions.alias()
    stays = exists().where(
        theirs.c.subscriber_id == subscribers.c.id, not_(_unconfirmed(theirs.c, before, now))
    )
    agreed = exists().where(consents.c.subscriber_id == subscribers.c.id)
    return and_(subscribers.c.created_at <= before, not_(stays), not_(agreed), not_(_asking(now)))


def _gone(before: datetime, now: datetime) -> ColumnElement[bool]:
    """Say that somebody has left all lists, or their address failed, and long ago."""
    theirs = subscriptions.alias()
    here = theirs.c.subscriber_id == subscribers.c.id
    over = and_(theirs.c.state.in_((State.LEFT, State.CLEANED)), theirs.c.changed_at <= before)
    stays = exists().where(here, not_(over), theirs.c.state != State.PENDING)
    return and_(exists().where(here, over), not_(stays), not_(_asking(now)))


def _given_up(settings: Settings, now: datetime) -> ColumnElement[bool]:
    if settings.creamailer is None:
        return true()
    return and_(sync_marks.c.name == _UNFINISHED, sync_marks.c.changed_at <= now - _WEEK)


def _left_over(settings: Settings, now: datetime) -> ColumnElement[bool]:
    if settings.creamailer is None:
        return true()
    under_way = exists().where(
        sync_marks.c.account == sync_rows.c.account,
        sync_marks.c.name == _UNFINISHED,
        sync_marks.c.changed_at > now - _WEEK,
    )
    return not_(under_way)


def _untellable(settings: Settings) -> ColumnElement[bool]:
    """Say that nobody is to be told: there is no such service, or the person is back."""
    if settings.creamailer is None:
        return true()
    return farewells.c.address_key.in_(select(subscribers.c.address_key))


def _count(connection: Connection, rule: _Rule) -> int:
    query = select(func.count()).select_from(rule.table).where(rule.due)
    return connection.execute(query).scalar_one()


def _waiting(connection: Connection, settings: Settings, now: datetime) -> int:
    if settings.creamailer is None:
        return 0
    late = months_before(now, 1)
    return sum(item.erased_at <= late for item in erasing.pending_elsewhere(connection))
