"""Who is due for a step of a sequence: by when they joined, and when they had the step before.

A step falls due `after` joining the list, and no sooner after the step before was handed over than
the file has between the two: who got one late gets the others at the same distances. `at` moves it
to that time of the day on which it falls due. Somebody who could not be mailed when a step fell due
(a pause, an outage) gets it up to LATEST late; then not at all, nor what follows it: a welcome that
comes a month late, or from the middle, is worse than none.

Joined is when the last consent took effect. A leave that was taken back (`restored`) is none: the
old subscription goes on as if nothing had happened. So one who was imported, and undoes a leave,
has still not asked for a welcome.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, or_, select

from newsletter.issue.sequence import NOT_ASKED, Sequence
from newsletter.mailing.handing.cancelling import REASON as CANCELLED
from newsletter.register.subscriptions import mailable
from newsletter.store.schema import consents, deliveries, results, subscribers, subscriptions

LATEST: Final = timedelta(days=14)
"""How late a step may come."""
_DAY: Final = timedelta(days=1)
_TICK: Final = timedelta(microseconds=1)

_later = consents.alias("later")


@dataclass(frozen=True, slots=True)
class Timing:
    """When a step falls due after something; `at` is in the zone."""

    offset: timedelta
    at: time | None
    zone: ZoneInfo

    def due(self, began: datetime) -> datetime:
        """Say when it falls due for somebody whose clock began then."""
        if self.at is None:
            return began + self.offset
        day = (began + self.offset % _DAY).astimezone(self.zone).date()
        day += self.offset // _DAY * _DAY
        moment = datetime.combine(day, self.at, self.zone).astimezone(UTC)
        return max(moment, began)

    def reach(self, now: datetime) -> datetime:
        """Say until when a clock must have begun for the step to be due now."""
        if self.at is None:
            return now - self.offset
        today = now.astimezone(self.zone).date()
        over = datetime.combine(today, self.at, self.zone) <= now
        day = today + (_DAY if over else timedelta()) - self.offset // _DAY * _DAY
        midnight = datetime.combine(day, time(), self.zone).astimezone(UTC)
        return min(midnight - self.offset % _DAY - _TICK, now)


@dataclass(frozen=True, slots=True)
class Turn:
    """One step of one sequence, to be asked whose turn it is."""

    sequence: Sequence
    index: int
    zone: ZoneInfo

    @property
    def issue(self) -> str:
        """The step's issue."""
        return self.sequence.steps[self.index].issue

    @property
    def since_joining(self) -> Timing:
        """When it falls due after joining."""
        step = self.sequence.steps[self.index]
        return Timing(step.after, step.at, self.zone)

    @property
    def since_before(self) -> Timing:
        """When it falls due after the step before it was handed over."""
        step, before = self.sequence.steps[self.index], self.sequence.steps[self.index - 1]
        return Timing(step.after - before.after, step.at, self.zone)

    def due(self, joined: datetime, handed: datetime | None) -> datetime:
        """Say when it falls due for somebody; `handed` is None at the first step."""
        first = self.since_joining.due(joined)
        return first if handed is None else max(first, self.since_before.due(handed))

    def among(self, now: datetime) -> ColumnElement[bool]:
        """Say in SQL, on `subscribers`, that somebody is due now."""
        return subscribers.c.id.in_(self._query(now, consents.c.subscriber_id, only_due=True))

    def waiting(self, connection: Connection, now: datetime) -> Iterator[tuple[int, datetime]]:
        """Give everybody to whom the step is yet to come, and when; those who are due, too."""
        columns = [consents.c.subscriber_id, consents.c.recorded_at]
        if self.index:
            columns.append(results.c.recorded_at)
        for subscriber_id, joined, *handed in connection.execute(self._query(now, *columns)):
            yield subscriber_id, self.due(joined, handed[0] if handed else None)

    def _query(
        self, now: datetime, *columns: ColumnElement[Any], only_due: bool = False
    ) -> Select[Any]:
        source = consents.join(
            subscriptions,
            and_(
                subscriptions.c.subscriber_id == consents.c.subscriber_id,
                subscriptions.c.list_id == consents.c.list_id,
            ),
        )
        where = [*self._joined(now, only_due=only_due), mailable(now), ~self._had()]
        if self.index:
            before = self.sequence.steps[self.index - 1].issue
            mine = and_(
                deliveries.c.subscriber_id == consents.c.subscriber_id,
                deliveries.c.issue == before,
            )
            source = source.join(deliveries, mine).join(
                results, results.c.delivery_id == deliveries.c.id
            )
            where += self._followed(now, only_due=only_due)
        return select(*columns).select_from(source).where(*where)

    def _joined(self, now: datetime, *, only_due: bool) -> Iterator[ColumnElement[bool]]:
        """Look at the last consent: since when it counts, and how it was given."""
        starts = datetime.combine(self.sequence.starts, time(), self.zone).astimezone(UTC)
        # Each step may come late, which moves all that follow.
        oldest = self.since_joining.reach(now - LATEST * (self.index + 1))
        yield consents.c.list_id == self.sequence.list_id
        yield consents.c.act == "given"
        yield consents.c.recorded_at >= max(starts, oldest)
        if only_due:
            yield consents.c.recorded_at <= self.since_joining.reach(now)
        if left_out := [way for way in NOT_ASKED if way not in self.sequence.include]:
            yield consents.c.method.not_in(left_out)
        yield ~exists().where(
            _later.c.subscriber_id == consents.c.subscriber_id,
            _later.c.list_id == consents.c.list_id,
            _later.c.act == "given",
            _later.c.id > consents.c.id,
        )

    def _followed(self, now: datetime, *, only_due: bool) -> Iterator[ColumnElement[bool]]:
        """Look at the step before: it was handed over, long enough ago, and not too long."""
        yield results.c.state == "accepted"
        if only_due:
            yield results.c.recorded_at <= self.since_before.reach(now)
        late = now - LATEST
        yield or_(
            results.c.recorded_at > self.since_before.reach(late),
            consents.c.recorded_at > self.since_joining.reach(late),
        )

    def _had(self) -> ColumnElement[bool]:
        """Tell who has the issue, is about to get it, or is not to get it any more.

        Refused once, or cancelled by somebody, is enough: nothing is tried again each minute.
        """
        own, result = deliveries.alias("own"), results.alias("result")
        return exists(
            select(own.c.id)
            .select_from(own.outerjoin(result, result.c.delivery_id == own.c.id))
            .where(
                own.c.issue == self.issue,
                own.c.subscriber_id == consents.c.subscriber_id,
                or_(
                    result.c.state.is_(None),
                    result.c.state != "excluded",
                    result.c.reason == CANCELLED,
                ),
            )
            .correlate(consents)
        )
