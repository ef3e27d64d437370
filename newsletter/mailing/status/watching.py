"""One mailing as it is at this moment: where everybody is, how fast it goes, what it waits for."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from newsletter.mailing.control import approval, quiet, standing
from newsletter.mailing.control.standing import Standing
from newsletter.mailing.ledger.books import Summary, read_summary
from newsletter.mailing.ledger.told import Told, read_told
from newsletter.mailing.limits.buckets import Buckets
from newsletter.mailing.limits.trouble import Trouble
from newsletter.providers import Pace
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.store.schema import accounts, batches, mailings

_WINDOW: Final = timedelta(minutes=2)
"""How far back the speed is measured: longer than one call to a slow provider."""


@dataclass(frozen=True, slots=True)
class Waits:
    """What keeps it from going on, and until when; without a time, until somebody acts."""

    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """What is known of a mailing's senders where it is looked at, beside the database."""

    account: str = ""
    """Of its provider; empty where its key is not at hand."""
    pace: Pace = field(default_factory=Pace)
    has_worker: bool = False
    """A worker is alive."""


_NOTHING: Final = Around()


@dataclass(frozen=True, slots=True)
class View:
    """One mailing at one moment."""

    summary: Summary
    standing: Standing
    told: Told | None
    speed: float
    """People per second, over the last minutes."""
    waits: Waits | None

    @property
    def is_over(self) -> bool:
        """Tell whether nothing of it will be handed over any more."""
        return self.summary.accounts.finished

    @property
    def settled(self) -> int:
        """How many are not left to be handed over."""
        return self.summary.accounts.audience - self.summary.accounts.open

    @property
    def left(self) -> timedelta | None:
        """How long it takes at this speed; None when it does not move."""
        if not self.speed:
            return None
        return timedelta(seconds=self.summary.accounts.open / self.speed)


def view(
    store: Store,
    mailing_id: int,
    *,
    settings: Settings,
    now: datetime,
    around: Around = _NOTHING,
    with_told: bool = True,
) -> View:
    """Look at a mailing, in one moment of the database; raises InputError for a wrong number."""
    with store.read() as connection:
        summary = read_summary(connection, mailing_id)
        stands = standing.read(connection, mailing_id)
        accepted = summary.accounts.accepted
        speed = _speed(connection, mailing_id, now)
        return View(
            summary,
            stands,
            read_told(connection, mailing_id, accepted) if with_told else None,
            speed,
            _Look(connection, stands, settings, now, around).waits(is_moving=bool(speed)),
        )


def _speed(connection: Connection, mailing_id: int, now: datetime) -> float:
    """Count who was in the calls that ended lately; a batch keeps when its call ended."""
    since = now - _WINDOW
    people, first = connection.execute(
        select(func.sum(batches.c.last - batches.c.first + 1), func.min(batches.c.handed_at)).where(
            batches.c.mailing_id == mailing_id,
            batches.c.state == "done",
            batches.c.lease_until.between(since, now),
        )
    ).one()
    if not people or first is None:
        return 0
    seconds: float = (now - max(first, since)).total_seconds()
    return int(people) / max(seconds, 1)


@dataclass(frozen=True, slots=True)
class _Look:
    """Finds what keeps a mailing from going on."""

    connection: Connection
    stands: Standing
    settings: Settings
    now: datetime
    around: Around

    def waits(self, *, is_moving: bool) -> Waits | None:
        if self.stands.finished or self.stands.words(self.settings.time_zone, self.now):
            return None  # it says so itself
        row = self.connection.execute(select(mailings).where(mailings.c.id == self.stands.id)).one()
        if found := self._rules(row) or self._account():
            return found
        if is_moving or _is_at_work(self.connection, self.stands.id, self.now):
            return None
        return (
            self._pace()
            or _batches(self.connection, self.stands.id, self.now)
            or Waits(_WORKER if self.around.has_worker else _nobody(row))
        )

    def _rules(self, row: Any) -> Waits | None:  # noqa: ANN401 - a row
        zone = self.settings.time_zone
        end = quiet.ends(self.settings.sending.windows, zone, self.now)
        if end and not self.stands.despite_quiet:
            return Waits("quiet hours", end)
        doubt = approval.doubt(
            self.connection, row.issue, row.digest, sender=row.planned_by, settings=self.settings
        )
        return Waits(doubt) if doubt else None

    def _account(self) -> Waits | None:
        """Tell when the account is left alone; without its name, when all that there are rest."""
        own = self.around.account
        names = [own] if own else list(self.connection.scalars(select(accounts.c.account)))
        looks = (Trouble(name, self.stands.id).look(self.connection, self.now) for name in names)
        rests = [hold for hold in looks if hold and hold.until]
        if not rests or len(rests) < len(names):
            return None
        first = min(rests, key=lambda hold: hold.until or self.now)
        return Waits(first.reason or _ASKED, first.until)

    def _pace(self) -> Waits | None:
        zone = ZoneInfo(self.settings.time_zone)
        paced = Buckets(self.around.account, self.around.pace, zone).look(self.connection, self.now)
        return Waits(paced.reason, paced.until) if paced else None


_ASKED: Final = "the provider asked to wait"
_WORKER: Final = "a worker takes it up within a minute; if not, its own output says why"


def _nobody(row: Any) -> str:  # noqa: ANN401 - a row
    worker = "newsletter worker"
    act = worker if row.sequence else f"newsletter send {row.issue}, or {worker}"
    return f"nobody sends it at this moment: {act}"


def _is_at_work(connection: Connection, mailing_id: int, now: datetime) -> bool:
    at_work = select(func.count()).where(
        batches.c.mailing_id == mailing_id,
        batches.c.state == "handing_over",
        batches.c.owner != "",
        batches.c.lease_until > now,
    )
    return bool(connection.scalar(at_work))


def _batches(connection: Connection, mailing_id: int, now: datetime) -> Waits | None:
    """Tell what the next batch waits for."""
    open_ = batches.c.mailing_id == mailing_id
    left = batches.c.state.in_(("planned", "handing_over"))
    ready = select(func.count()).where(open_, left, func.coalesce(batches.c.not_before, now) <= now)
    if connection.scalar(ready):
        return None
    query = select(batches.c.not_before, batches.c.reason).where(open_, left)
    row = connection.execute(query.order_by(batches.c.not_before).limit(1)).first()
    return Waits(row.reason or _ASKED, row.not_before) if row else None
