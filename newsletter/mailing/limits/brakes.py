"""The brake: a mailing that bounces, or that people call spam, stops by itself (rule B06).

Counted are those whom the provider accepted since somebody last let the brake go. What a filter
refuses (a policy bounce, rule B03) is no sign of a bad register, and never counts.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from newsletter.mailing.control.holds import BRAKE, Hold
from newsletter.mailing.control.stopping import stop
from newsletter.settings.brakes import Brakes
from newsletter.store.schema import deliveries, events, mailings, results

_EVERY: Final = timedelta(seconds=5)
"""How often one run looks, at most."""
_OVERLAP: Final = 1000
"""Events that are read once more: one of a lower number may be committed later, and a bounce may be
told before the acceptance is written down."""

_IS_HARD: Final = and_(events.c.kind.in_(("bounced", "rejected")), events.c.bounce == "hard")
_IS_SPAM: Final = events.c.kind == "complained"


class Brake:
    """Looks at what became of one mailing; not shared between threads."""

    def __init__(self, mailing_id: int, rules: Brakes) -> None:
        self._mailing: Final = mailing_id
        self._rules: Final = rules
        self._looked: datetime | None = None
        self._since: datetime | None = None
        self._read = 0
        """The last event that was looked at."""
        self._accepted = 0
        """There are at least so many."""
        self._hard: Final[set[int]] = set()
        self._spam: Final[set[int]] = set()

    def look(self, connection: Connection, now: datetime) -> Hold | None:
        """Stop the mailing where too much went wrong; cheap where nothing did."""
        if self._looked is not None and timedelta(0) <= now - self._looked < _EVERY:
            return None
        self._looked = now
        first, last = self._range(connection)
        self._begin_anew(connection)
        self._read_events(connection, first, last)
        if not self._verdict(max(self._accepted, self._rules.after)):
            return None
        self._accepted = self._count_accepted(connection, first, last)
        reason = self._verdict(self._accepted)
        if not reason or self._accepted < self._rules.after:
            return None
        stop(connection, self._mailing, reason, by=BRAKE, now=now)
        return Hold(f"paused by {BRAKE}: {reason}")

    def _range(self, connection: Connection) -> tuple[int, int]:
        bounds = [
            connection.scalar(
                select(bound(deliveries.c.id)).where(deliveries.c.mailing_id == self._mailing)
            )
            for bound in (func.min, func.max)
        ]
        return bounds[0] or 0, bounds[1] or 0

    def _begin_anew(self, connection: Connection) -> None:
        """Forget all where somebody let the brake go meanwhile."""
        query = select(mailings.c.brake_from).where(mailings.c.id == self._mailing)
        since = connection.scalar(query)
        if since != self._since:
            self._since, self._read, self._accepted = since, 0, 0
            self._hard.clear()
            self._spam.clear()

    def _read_events(self, connection: Connection, first: int, last: int) -> None:
        newest = connection.scalar(select(func.max(events.c.id))) or 0
        if newest == self._read:
            return
        found = connection.execute(
            select(events.c.delivery_id, events.c.kind)
            .join(results, results.c.delivery_id == events.c.delivery_id)
            .where(
                events.c.id > self._read - _OVERLAP,
                events.c.delivery_id.between(first, last),
                or_(_IS_HARD, _IS_SPAM),
                *self._counts(),
            )
        )
        for delivery, kind in found:
            (self._spam if kind == "complained" else self._hard).add(delivery)
        self._read = newest

    def _count_accepted(self, connection: Connection, first: int, last: int) -> int:
        within = results.c.delivery_id.between(first, last)
        query = select(func.count()).select_from(results).where(within, *self._counts())
        return connection.scalar(query) or 0

    def _counts(self) -> list[ColumnElement[bool]]:
        accepted = results.c.state == "accepted"
        return [accepted, results.c.recorded_at >= self._since] if self._since else [accepted]

    def _verdict(self, accepted: int) -> str:
        """Say what is too much among so many; empty when nothing is."""
        rules = self._rules
        for bad, limit, words in (
            (len(self._hard), rules.hard_bounces, "bounced for good"),
            (len(self._spam), rules.complaints, "were called spam"),
        ):
            if limit and bad * 100 >= limit * accepted:
                share = bad * 100 / max(accepted, 1)
                said = f"{share:.1f} %; the limit is {limit:g} %"
                return f"{bad:,} of {accepted:,} mails {words} ({said})"
        return ""
