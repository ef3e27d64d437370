"""Token buckets of a provider's account: one pace for all runs on all machines.

Mails are taken out in the transaction that claims a batch. What a second and a minute allow flows
in all the time, up to one second's and one minute's worth; a batch larger than that may go when the
bucket is full, and leaves a debt that is waited for, so that the rate is exact in the long run. The
day's is a counter that is never overdrawn, and begins anew at local midnight: a batch of more than
what is left of it is cut in two by whoever claims it, and so is one whose debt would last too long.

Clocks of several machines may differ a little, and one may be set back: what seems to have been
written in the future lets nothing flow in, and nobody waits for longer than a fresh debt.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Final

from sqlalchemy import Connection, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite

from newsletter.mailing.control.holds import Hold
from newsletter.mailing.limits import warming
from newsletter.providers import Pace
from newsletter.store.schema import accounts, buckets

_SKEW: Final = timedelta(minutes=5)
"""How far the machines' clocks may be apart; what is further ahead was written by a wrong one."""
_DAY: Final = timedelta(days=1)
_LONGEST_DEBT: Final = timedelta(minutes=10)
_GRAIN: Final = timedelta(milliseconds=1)
"""Rounds waits up, so that the bucket is full enough when they end."""


@dataclass(frozen=True, slots=True)
class _Level:
    """What is in a bucket at a moment, and from when on more flows in."""

    mails: float
    since: datetime


@dataclass(frozen=True, slots=True)
class _Rate:
    span: str
    size: int
    seconds: int

    def at(self, row: Any, now: datetime) -> _Level:  # noqa: ANN401 - a row
        since = row.changed_at if row.changed_at <= now + _SKEW else now
        gone = max((now - since).total_seconds(), 0.0)
        return _Level(
            min(float(self.size), row.level + gone * self.size / self.seconds), max(since, now)
        )

    def wait(self, level: _Level, mails: int, now: datetime) -> datetime | None:
        """Tell until when to wait before so many may leave; None: not at all."""
        lacking = min(mails, self.size) - level.mails
        if lacking <= 1e-6:  # noqa: PLR2004 - of a mail: what floats lose
            return None
        return (
            max(level.since, now) + timedelta(seconds=lacking * self.seconds / self.size) + _GRAIN
        )

    def most(self) -> int:
        """Give how many may leave at once."""
        return max(self.size, int(self.size * (_LONGEST_DEBT / timedelta(seconds=self.seconds))))

    def words(self) -> str:
        return f"the account's pace is {self.size:,} a {self.span}"


class Buckets:
    """The buckets of one account; `zone` says when its days begin."""

    def __init__(self, account: str, pace: Pace, zone: tzinfo) -> None:
        self._account: Final = account
        self._pace: Final = pace
        self._zone: Final = zone
        rates = (("second", pace.per_second, 1), ("minute", pace.per_minute, 60))
        self._rates: Final = [_Rate(span, size, secs) for span, size, secs in rates if size]
        self.count_days: Final = bool(pace.per_day or pace.warm_up)
        """Whether a day has a limit."""

    def take(
        self, connection: Connection, mails: int, now: datetime, *, again: bool = False
    ) -> int | Hold:
        """Take as many as may leave now of `mails`, at least one, or say until when to wait.

        `again`: a call is repeated, which cannot be cut, and which the day has counted already.
        Belongs into the transaction that claims them.
        """
        if not (self._rates or self.count_days):
            return mails
        rows = self._rows(connection, now)
        if again:
            return self._flow(connection, rows, mails, now) or mails
        granted = min([mails, *(rate.most() for rate in self._rates)])
        if self.count_days:
            today = self._today(connection, rows["day"], now)
            left = self._left(today)
            if left is not None and left <= 0:
                return Hold(self._words(today), warming.midnight(self._zone, now))
            granted = min(granted, granted if left is None else left)
        if hold := self._flow(connection, rows, granted, now):
            return hold
        if self.count_days:
            self._count(connection, rows["day"], today, granted, now)
        return granted

    def look(self, connection: Connection, now: datetime) -> Hold | None:
        """Tell until when not a single mail may leave, and why; takes nothing."""
        query = select(buckets).where(buckets.c.account == self._account)
        rows = {row.span: row for row in connection.execute(query)}
        if self.count_days and "day" in rows:
            today = self._today(connection, rows["day"], now)
            left = self._left(today)
            if left is not None and left <= 0:
                return Hold(self._words(today), warming.midnight(self._zone, now))
        rates = [rate for rate in self._rates if rate.span in rows]
        waits = {rate: rate.wait(rate.at(rows[rate.span], now), 1, now) or now for rate in rates}
        longest = max(rates, key=lambda rate: waits[rate], default=None)
        if longest is None or waits[longest] <= now:
            return None
        return Hold(longest.words(), waits[longest])

    def give_back(self, connection: Connection, mails: int, *, taken_at: datetime) -> None:
        """Return to the day what was taken on it and then certainly not mailed."""
        row = self._rows(connection, taken_at)["day"]
        if self._date(row.changed_at) == self._date(taken_at):
            self._write(connection, "day", min(row.level + mails, 0.0), row.changed_at)

    def _flow(
        self, connection: Connection, rows: Mapping[str, Any], mails: int, now: datetime
    ) -> Hold | None:
        """Take from what flows in, from every bucket or from none."""
        levels = {rate: rate.at(rows[rate.span], now) for rate in self._rates}
        waits = {rate: rate.wait(levels[rate], mails, now) for rate in self._rates}
        longest = max(self._rates, key=lambda rate: waits[rate] or now, default=None)
        until = waits[longest] if longest else None
        for rate, level in levels.items():
            # Also who waits notes that the clock was set back: nothing would ever flow in.
            if until is None or rows[rate.span].changed_at > now + _SKEW:
                taken = mails if until is None else 0
                self._write(connection, rate.span, level.mails - taken, level.since)
        return Hold(longest.words(), until) if longest and until else None

    def _today(self, connection: Connection, row: Any, now: datetime) -> warming.Today:  # noqa: ANN401 - a row
        query = select(accounts.c.warm_since).where(accounts.c.account == self._account)
        begun = connection.scalar(query)
        return warming.today(
            self._date(begun) if begun else None,
            self._date(row.changed_at),
            round(-row.level),
            self._date(now),
        )

    def _left(self, today: warming.Today) -> int | None:
        allowed = warming.quota(self._pace, today.step)
        return None if allowed is None else allowed - today.used

    def _words(self, today: warming.Today) -> str:
        warms = " of its warm-up" if today.step < len(self._pace.warm_up) else ""
        allowed = warming.quota(self._pace, today.step)
        return f"the account has had its {allowed:,} mails of today{warms}"

    def _count(
        self,
        connection: Connection,
        row: Any,  # noqa: ANN401 - a row
        today: warming.Today,
        mails: int,
        now: datetime,
    ) -> None:
        wrong = self._date(row.changed_at) > self._date(now) + _DAY
        at = now if wrong else max(row.changed_at, now)
        self._write(connection, "day", -float(today.used + mails), at)
        if today.step < len(self._pace.warm_up):
            self._warm(connection, warming.begun_at(today.step, self._zone, at))

    def _warm(self, connection: Connection, begun: datetime) -> None:
        values = {"account": self._account, "warm_since": begun}
        write = _insert(connection, accounts).values(values)
        changed = {"warm_since": begun}
        connection.execute(write.on_conflict_do_update(index_elements=["account"], set_=changed))

    def _rows(self, connection: Connection, now: datetime) -> Mapping[str, Any]:
        """Read the buckets and keep others out until the transaction ends; new ones are full."""
        query = select(buckets).where(buckets.c.account == self._account).order_by(buckets.c.span)
        rows = {row.span: row for row in connection.execute(query.with_for_update())}
        full = {rate.span: rate.size for rate in self._rates} | (
            {"day": 0} if self.count_days else {}
        )
        if missing := full.keys() - rows.keys():
            new = [
                {"account": self._account, "span": span, "level": full[span], "changed_at": now}
                for span in sorted(missing)
            ]
            connection.execute(_insert(connection, buckets).on_conflict_do_nothing(), new)
            rows = {row.span: row for row in connection.execute(query.with_for_update())}
        return rows

    def _write(self, connection: Connection, span: str, level: float, at: datetime) -> None:
        connection.execute(
            update(buckets)
            .where(buckets.c.account == self._account, buckets.c.span == span)
            .values(level=level, changed_at=at)
        )

    def _date(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()


def _insert(connection: Connection, table: Table) -> Any:  # noqa: ANN401 - either dialect's
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)
