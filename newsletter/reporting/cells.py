"""The ledger counted once, into cells from which all tables of a report are summed up.

So the tables agree with each other, and with the accounts, which count in another way.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Subquery, case, func, literal, select

from newsletter.mailing.ledger.told import KINDS, rank
from newsletter.reporting.figures import Count, Group
from newsletter.reporting.folding import SMALLEST
from newsletter.store.schema import batches, deliveries, editions, events, results

_MOST_DOMAINS: Final = 15
_OPEN: Final = ("planned", "handing_over")


@dataclass(frozen=True, slots=True)
class Cell:
    """So many people who are the same in all of this."""

    list_id: str
    language: str
    variant: str
    domain: str
    """One of the largest; empty for all others."""
    state: str
    """As in mailing.books.STATES."""
    reason: str
    """Of an exclusion: a word of the tool's; empty for all else, since a server's words are no
    closed set."""
    told: str
    people: int


def read(connection: Connection, mailings: Sequence[int], first: int, last: int) -> list[Cell]:
    """Count all deliveries of mailings, which lie between `first` and `last`, maybe with others."""
    largest = _largest(connection, mailings, first, last)
    told = _told(first, last)
    state = func.coalesce(results.c.state, batches.c.state)
    accepted = results.c.state == "accepted"
    cell = (
        deliveries.c.list_id,
        batches.c.edition,
        case((_domain(connection).in_(largest), _domain(connection)), else_=literal("")),
        state,
        case((results.c.state == "excluded", results.c.reason), else_=literal("")),
        case((accepted, func.coalesce(told.c.told, "")), else_=literal("")),
    )
    named = [column.label(f"c{number}") for number, column in enumerate(cell)]
    # The range alone joins: with the mailing beside it, PostgreSQL would compare all with all.
    each = (
        select(*named)
        .select_from(batches)
        .join(deliveries, deliveries.c.id.between(batches.c.first, batches.c.last))
        .outerjoin(results, results.c.delivery_id == deliveries.c.id)
        .outerjoin(told, told.c.delivery_id == deliveries.c.id)
        .where(batches.c.mailing_id.in_(mailings))
        .subquery()
    )
    made = _editions(connection, mailings)
    query: Any = select(*each.c, func.count()).group_by(*each.c)
    found = []
    for list_id, edition, domain, state_, reason, told_, people in connection.execute(query):
        language, variant = made[edition]
        found.append(Cell(list_id, language, variant, domain, state_, reason, told_, people))
    return found


def grouped(cells: Sequence[Cell], name: Callable[[Cell], str]) -> list[Group]:
    """Sum cells up into groups by name, the largest first."""
    sums: dict[str, dict[str, int]] = {}
    for cell in cells:
        counts = sums.setdefault(name(cell), {})
        for part in _parts(cell):
            counts[part] = counts.get(part, 0) + cell.people
    groups = [Group(name=found, **counts) for found, counts in sums.items()]
    return sorted(groups, key=lambda group: (-group.audience, group.name))


def reasons(cells: Sequence[Cell]) -> list[Count]:
    """Count who was not to be mailed, by reason, the most frequent first."""
    sums: dict[str, int] = {}
    for cell in cells:
        if cell.state == "excluded":
            sums[cell.reason] = sums.get(cell.reason, 0) + cell.people
    found = [Count(name, people) for name, people in sums.items()]
    return sorted(found, key=lambda count: (-count.people, count.name))


def _parts(cell: Cell) -> Iterator[str]:
    yield "audience"
    yield "open" if cell.state in _OPEN else cell.state
    if cell.state == "accepted":
        yield cell.told or "silent"


def _told(first: int, last: int) -> Subquery:
    """Say of every delivery that anything was told of what it comes to."""
    return (
        select(events.c.delivery_id, rank().label("told"))
        .where(events.c.kind.in_(KINDS), events.c.delivery_id.between(first, last))
        .group_by(events.c.delivery_id)
        .subquery()
    )


def _largest(connection: Connection, mailings: Sequence[int], first: int, last: int) -> list[str]:
    """Name the largest domains, none of them of fewer people than may be told."""
    domain = _domain(connection).label("domain")
    each = (
        select(domain)
        .where(deliveries.c.id.between(first, last), deliveries.c.mailing_id.in_(mailings))
        .subquery()
    )
    query = (
        select(each.c.domain)
        .where(each.c.domain != "")
        .group_by(each.c.domain)
        .having(func.count() >= SMALLEST)
        .order_by(func.count().desc(), each.c.domain)
        .limit(_MOST_DOMAINS)
    )
    return list(connection.scalars(query))


def _domain(connection: Connection) -> ColumnElement[str]:
    """Cut the domain out of an address; of somebody who was erased there is none."""
    address = func.lower(deliveries.c.address)
    if connection.dialect.name == "sqlite":
        return func.substr(address, func.instr(address, "@") + 1)
    return func.substr(address, func.strpos(address, "@") + 1)


def _editions(connection: Connection, mailings: Sequence[int]) -> dict[str, tuple[str, str]]:
    used = select(batches.c.edition).where(batches.c.mailing_id.in_(mailings))
    query: Any = select(editions.c.digest, editions.c.language, editions.c.variant)
    return {
        digest: (language, variant)
        for digest, language, variant in connection.execute(
            query.where(editions.c.digest.in_(used))
        )
    }
