"""Making a report: everything is counted in one moment of the database."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import reduce
from typing import Any

from sqlalchemy import Connection, select

from newsletter.errors import InputError, StoreError, near
from newsletter.mailing.ledger.books import Accounts, read_accounts, span
from newsletter.mailing.ledger.told import Told, read_told
from newsletter.mailing.trials.arms import arms
from newsletter.mailing.trials.experiments import Experiment
from newsletter.reporting import cells, leaving, timeline, troubles
from newsletter.reporting.figures import Group, Report, Trial
from newsletter.reporting.folding import folded
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.store.schema import mailings


def of_mailing(store: Store, mailing_id: int, *, settings: Settings, now: datetime) -> Report:
    """Report one mailing; raises InputError when there is none of that number."""
    with store.read() as connection:
        query = select(mailings).where(mailings.c.id == mailing_id)
        found = connection.execute(query).all()
        if not found:
            raise InputError(f"no mailing {mailing_id}", hint="see them all: newsletter status")
        return _make(connection, found, settings, now)


def number_of(store: Store, named: str) -> int:
    """Read a mailing's number, or find that of an issue's only mailing; raises InputError."""
    if named.isdecimal():
        return int(named)
    with store.read() as connection:
        query = select(mailings.c.id).where(mailings.c.issue == named).order_by(mailings.c.id)
        found: list[int] = list(connection.execute(query).scalars())
        known = connection.execute(select(mailings.c.issue).distinct()).scalars().all()
    if not found:
        hint = near(named, known) if known else "see what was mailed: newsletter status"
        raise InputError(f"no mailing of {named!r}", hint=hint)
    if len(found) > 1:
        listed = ", ".join(map(str, found))
        raise InputError(
            f"{named} was mailed {len(found)} times: {listed}",
            hint=f"newsletter report {found[-1]}; all together: newsletter report --issue {named}",
        )
    return found[0]


def of_issue(store: Store, issue: str, *, settings: Settings, now: datetime) -> Report:
    """Report all mailings of an issue together; raises InputError when there is none."""
    with store.read() as connection:
        query = select(mailings).where(mailings.c.issue == issue).order_by(mailings.c.id)
        found = connection.execute(query).all()
        if not found:
            raise InputError(
                f"no mailing of {issue!r}", hint="see what was mailed: newsletter status"
            )
        return _make(connection, found, settings, now)


def _make(
    connection: Connection,
    found: Sequence[Any],
    settings: Settings,
    now: datetime,
) -> Report:
    numbers = [row.id for row in found]
    lists = list(dict.fromkeys(name for row in found for name in row.lists))
    each = [read_accounts(connection, number) for number in numbers]
    spans = [span(connection, number) for number in numbers]
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    counted = cells.read(connection, numbers, first, last)
    accounts, told = _sum(each), _told(connection, numbers, each)
    check(accounts, told, cells.grouped(counted, lambda _: "all"))
    issue = found[0].issue
    return Report(
        issue=issue,
        mailings=numbers,
        provider=", ".join(dict.fromkeys(row.provider for row in found)),
        lists=lists,
        made_at=now,
        accounts=accounts,
        told=told,
        excluded=cells.reasons(counted),
        refused=troubles.refusals(connection, numbers, first, last),
        timeline=timeline.read(connection, numbers, settings.time_zone),
        domains=folded(cells.grouped(counted, lambda cell: cell.domain)),
        by_list=folded(cells.grouped(counted, lambda cell: cell.list_id)),
        editions=folded(cells.grouped(counted, _edition)),
        bounces=troubles.bounces(connection, numbers, first, last),
        trials=[trial for row in found if (trial := _trial(connection, row))],
        leaving=leaving.read(connection, numbers, issue=issue, lists=lists, now=now),
    )


def check(accounts: Accounts, told: Told, groups: Sequence[Group]) -> None:
    """Raise StoreError unless what was counted for the tables is what the accounts say."""
    counted = reduce(lambda one, other: one + other, groups, Group())
    expected = Group(
        audience=accounts.audience,
        accepted=accounts.accepted,
        excluded=accounts.excluded,
        refused=accounts.refused,
        unknown=accounts.unknown,
        open=accounts.open,
        **asdict(told),
    )
    if counted != expected:
        raise StoreError(
            "the figures of the report do not balance with the accounts",
            hint="this is a fault of the tool or of somebody who wrote into the database: tell us",
        )


def _edition(cell: cells.Cell) -> str:
    return f"{cell.language} {cell.variant}".strip()


def _sum(each: Sequence[Accounts]) -> Accounts:
    return Accounts(**{name: sum(asdict(one)[name] for one in each) for name in asdict(each[0])})


def _told(connection: Connection, numbers: Sequence[int], each: Sequence[Accounts]) -> Told:
    found = [
        asdict(read_told(connection, number, accounts.accepted))
        for number, accounts in zip(numbers, each, strict=True)
    ]
    return Told(**{name: sum(one[name] for one in found) for name in found[0]})


def _trial(connection: Connection, row: Any) -> Trial | None:  # noqa: ANN401 - a row
    if row.experiment is None:
        return None
    experiment = Experiment.load(row.experiment)
    counted = arms(connection, row.id, experiment.arms)
    return Trial(row.id, experiment.winner, counted)
