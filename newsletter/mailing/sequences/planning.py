"""Sequences: each step is planned for those whose time has come, by small mailings of its issue.

They are mailings like any other: frozen, screened again at the hand-over, once per person and
issue. `mailings.sequence` says which step each is of: "NAME/ISSUE".
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, func, select

from newsletter import register
from newsletter.errors import FindingsError, InputError, StoreError
from newsletter.issue import sequence as files
from newsletter.issue.edition import Editions
from newsletter.mailing.control.schedule import said
from newsletter.mailing.ledger.books import STATES, Accounts
from newsletter.mailing.planning.plan import plan
from newsletter.mailing.sequences.due import Turn
from newsletter.register import audience
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.store.schema import batches, deliveries, mailings, results


@dataclass(frozen=True, slots=True)
class StepState:
    """How far a step is."""

    sequence: str
    number: int
    """From 1."""
    issue: str
    accounts: Accounts
    """Of all mailings of the step together."""
    due: int
    """To be planned now."""
    waiting: int
    """Whose time is yet to come; for a later step only those who had the one before it."""
    next_at: datetime | None
    """When the first of these falls due."""


@dataclass(frozen=True, slots=True)
class Sum:
    """All mailings of one step together."""

    sequence: str
    """NAME/ISSUE."""
    mailings: int
    last_planned_at: datetime
    accounts: Accounts

    def words(self, zone: str) -> str:
        """Say in one line how many had the step."""
        now = self.accounts
        counts = {
            "had it": now.accepted,
            "under way": now.open,
            "unknown": now.unknown,
            "refused": now.refused,
            "excluded": now.excluded,
        }
        said_of = ", ".join(f"{number:,} {what}" for what, number in counts.items() if number)
        mailings_ = f"{self.mailings:,} mailing{'' if self.mailings == 1 else 's'}"
        last = said(self.last_planned_at, zone)
        return f"sequence {self.sequence}: {said_of or 'nobody'}; {mailings_}, the last on {last}"


@dataclass(frozen=True, slots=True)
class Planner:
    """What planning needs to know beside who is due."""

    store: Store
    settings: Settings
    provider_name: str
    batch_size: int
    keys: Sequence[str]
    by: str
    prepare: Callable[[str, int], Editions]
    """Makes the editions of a step, by the sequence's name and the step's index; asked only when
    somebody is due. Raises FindingsError or InputError when they must not be sent."""
    tell: Callable[[str, FindingsError | InputError], None]
    """Hears of a step that cannot be planned; the others go on."""

    def plan_due(self, sequences: Mapping[str, files.Sequence], now: datetime) -> list[int]:
        """Plan mailings for everybody who is due now, and give their numbers."""
        made = []
        for name, sequence in sequences.items():
            for index, step in enumerate(sequence.steps):
                try:
                    number = self._plan(name, sequence, index, now)
                except (FindingsError, InputError) as error:
                    self.tell(f"{name}/{step.issue}", error)
                    continue
                if number is not None:
                    made.append(number)
        return made

    def _plan(self, name: str, sequence: files.Sequence, index: int, now: datetime) -> int | None:
        turn = Turn(sequence, index, ZoneInfo(self.settings.time_zone))
        among = turn.among(now)
        with self.store.read() as connection:
            if not any(due(connection, sequence, among, keys=self.keys, now=now)):
                return None
        return plan(
            self.store,
            self.prepare(name, index),
            lists=[sequence.list_id],
            condition=sequence.where,
            provider_name=self.provider_name,
            batch_size=self.batch_size,
            settings=self.settings,
            by=self.by,
            now=now,
            keys=self.keys,
            among=among,
            sequence=f"{name}/{turn.issue}",
        )


def due(
    connection: Connection,
    sequence: files.Sequence,
    among: ColumnElement[bool],
    *,
    keys: Sequence[str],
    now: datetime,
) -> Iterator[int]:
    """Count, page by page, whom a step would be mailed to; no page when nobody is due."""
    for people in audience.pages(
        connection, lists=[sequence.list_id], condition=sequence.where, now=now, among=among
    ):
        asked = [(person.subscriber_id, person.list_id, person.address) for person in people]
        yield len(people) - len(register.screen(connection, asked, keys=keys, now=now))


def overview(
    store: Store,
    sequences: Mapping[str, files.Sequence],
    *,
    settings: Settings,
    keys: Sequence[str],
    now: datetime,
) -> list[StepState]:
    """Say of every step who had it, who is due, and when the next person is."""
    known = {item.sequence: item.accounts for item in sums(store)}
    zone = ZoneInfo(settings.time_zone)
    found = []
    with store.read() as connection:
        for name, sequence in sequences.items():
            for index, step in enumerate(sequence.steps):
                turn = Turn(sequence, index, zone)
                among = turn.among(now)
                to_come = [at for _, at in turn.waiting(connection, now) if at > now]
                found.append(
                    StepState(
                        sequence=name,
                        number=index + 1,
                        issue=step.issue,
                        accounts=known.get(f"{name}/{step.issue}", _NONE),
                        due=sum(due(connection, sequence, among, keys=keys, now=now)),
                        waiting=len(to_come),
                        next_at=min(to_come, default=None),
                    )
                )
    return found


def sums(store: Store) -> list[Sum]:
    """Add up the mailings of each step; raises StoreError when the accounts do not balance."""
    of_step = mailings.c.sequence != ""
    whole = (
        select(
            mailings.c.sequence,
            func.count(),
            func.sum(mailings.c.audience),
            func.max(mailings.c.planned_at),
        )
        .where(of_step)
        .group_by(mailings.c.sequence)
        .order_by(mailings.c.sequence)
    )
    with store.read() as connection:
        counts: dict[tuple[str, str], int] = {}
        for sequence, state, number in _states(connection, of_step):
            counts[sequence, state] = counts.get((sequence, state), 0) + number
        return [
            Sum(name, number, last, _balanced(name, int(audience_), counts))
            for name, number, audience_, last in connection.execute(whole)
        ]


def unfinished(store: Store) -> list[tuple[int, str]]:
    """List mailings of sequences that have something to hand over, with their providers."""
    query = (
        select(mailings.c.id, mailings.c.provider)
        .join(batches, batches.c.mailing_id == mailings.c.id)
        .where(mailings.c.sequence != "", batches.c.state.in_(("planned", "handing_over")))
        .distinct()
        .order_by(mailings.c.id)
    )
    with store.read() as connection:
        return [(row.id, row.provider) for row in connection.execute(query)]


_NONE = Accounts(0, 0, 0, 0, 0, 0, 0)


def _states(connection: Connection, of_step: ColumnElement[bool]) -> list[tuple[str, str, int]]:
    settled = (
        select(mailings.c.sequence, results.c.state, func.count())
        .join(deliveries, deliveries.c.mailing_id == mailings.c.id)
        .join(results, results.c.delivery_id == deliveries.c.id)
        .where(of_step)
        .group_by(mailings.c.sequence, results.c.state)
    )
    with_result = (
        select(func.count())
        .where(results.c.delivery_id.between(batches.c.first, batches.c.last))
        .correlate(batches)
        .scalar_subquery()
    )
    open_ = (
        select(
            mailings.c.sequence,
            batches.c.state,
            func.sum(batches.c.last - batches.c.first + 1 - with_result),
        )
        .join(batches, batches.c.mailing_id == mailings.c.id)
        .where(of_step, batches.c.state != "done")
        .group_by(mailings.c.sequence, batches.c.state)
    )
    return [
        (sequence, state, int(number))
        for query in (settled, open_)
        for sequence, state, number in connection.execute(query)
    ]


def _balanced(name: str, whole: int, counts: Mapping[tuple[str, str], int]) -> Accounts:
    found = Accounts(audience=whole, **{state: counts.get((name, state), 0) for state in STATES})
    if difference := found.balance():
        raise StoreError(
            f"the accounts of sequence {name} do not balance: {difference:+} of {whole}",
            hint="newsletter db check names the mailing; send nothing before that is mended",
        )
    return found
