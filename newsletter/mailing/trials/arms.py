"""How each subject of a trial did, and whether that can be told from chance."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, distinct, func, or_, select

from newsletter.issue.edition import Edition
from newsletter.mailing.trials.intervals import Interval, wilson
from newsletter.store.schema import batches, consents, deliveries, editions, events, results

KINDS: Final = ("delivered", "bounced", "complained")
_OWN_WAYS: Final = ("one_click", "page", "mail", "preferences")
"""How people themselves leave; a provider's own link comes as an event."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One subject, and what came of it among those whom the provider took over."""

    name: str
    subjects: tuple[str, ...]
    """In each language, personal fields as their fallbacks."""
    handed_over: int
    unknown: int
    """Perhaps handed over; counted nowhere else."""
    delivered: int
    bounced: int
    complained: int
    unsubscribed: int
    """Left the list themselves after the hand-over; who leaves by chance does so in every arm."""

    def interval(self, outcome: str) -> Interval:
        """Say where the share of one outcome lies, by the name of its count."""
        return wilson(getattr(self, outcome), self.handed_over)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which subject is to go to the rest."""

    arm: str
    told: bool
    """Whether it is better by more than chance; else the first one stands."""
    reason: str


def arms(
    connection: Connection, mailing_id: int, digests: Mapping[str, Collection[str]]
) -> list[Arm]:
    """Count what came of each arm of a mailing; `digests` are its editions, by arm."""
    by_edition = {digest: arm for arm, own in digests.items() for digest in own}
    counts = {name: dict.fromkeys((*_COUNTED, "unknown"), 0) for name in digests}
    for digest, outcome, number in _outcomes(connection, mailing_id):
        if digest in by_edition:
            counts[by_edition[digest]][outcome] += number
    subjects = _subjects(connection, list(by_edition))
    return [
        Arm(name, tuple(subjects[digest] for digest in digests[name]), **counts[name])
        for name in digests
    ]


_COUNTED: Final = ("handed_over", *KINDS, "unsubscribed")


def verdict(found: Sequence[Arm], by: str) -> Verdict:
    """Choose the arm with the fewest "unsubscribes" or "complaints"; the first if none is apart.

    Apart is one whose interval overlaps with no other's. That asks more than 95 % of each pair,
    which makes up for looking at up to six pairs.
    """
    outcome = {"unsubscribes": "unsubscribed", "complaints": "complained"}[by]
    best = min(found, key=lambda arm: getattr(arm, outcome) / (arm.handed_over or 1))
    others = [arm for arm in found if arm is not best]
    own = best.interval(outcome)
    if any(own.overlaps(arm.interval(outcome)) for arm in others):
        first = found[0].name
        return Verdict(first, told=False, reason=f"no difference can be told, so {first} stands")
    second = min(others, key=lambda arm: arm.interval(outcome).low)
    against = f"{own}, against {second.interval(outcome)} of {second.name}"
    return Verdict(best.name, told=True, reason=f"{best.name} has the fewest {by}: {against}")


def last_handed(connection: Connection, mailing_id: int) -> datetime | None:
    """Find when the last batch of a mailing was handed over."""
    query = select(func.max(batches.c.handed_at)).where(batches.c.mailing_id == mailing_id)
    found: datetime | None = connection.execute(query).scalar()
    return found


def _outcomes(connection: Connection, mailing_id: int) -> Iterator[tuple[str, str, int]]:
    """Give (edition, outcome, people), whoever has an outcome twice once."""
    taken = and_(
        results.c.delivery_id.between(batches.c.first, batches.c.last),
        results.c.state == "accepted",
    )
    base = select(batches.c.edition).where(batches.c.mailing_id == mailing_id)
    accepted = base.add_columns(func.count()).join(results, taken).group_by(batches.c.edition)
    for digest, number in connection.execute(accepted):
        yield digest, "handed_over", number
    told = (
        base.join(results, taken)
        .join(events, and_(events.c.delivery_id == results.c.delivery_id, events.c.kind.in_(KINDS)))
        .add_columns(events.c.kind, func.count(distinct(results.c.delivery_id)))
        .group_by(batches.c.edition, events.c.kind)
    )
    for digest, kind, number in connection.execute(told):
        yield digest, kind, number
    left = (
        base.join(results, taken)
        .join(deliveries, deliveries.c.id == results.c.delivery_id)
        .join(consents, _has_left())
        .add_columns(func.count(distinct(results.c.delivery_id)))
        .group_by(batches.c.edition)
    )
    for digest, number in connection.execute(left):
        yield digest, "unsubscribed", number
    for digest, number in connection.execute(_doubtful(mailing_id)):
        yield digest, "unknown", number


def _has_left() -> ColumnElement[bool]:
    return and_(
        consents.c.subscriber_id == deliveries.c.subscriber_id,
        consents.c.list_id == deliveries.c.list_id,
        consents.c.act == "withdrawn",
        consents.c.recorded_at >= batches.c.handed_at,
        or_(
            consents.c.method.in_(_OWN_WAYS),
            and_(consents.c.method == "event", consents.c.source.like("%: unsubscribed")),
        ),
    )


def _doubtful(mailing_id: int) -> Any:  # noqa: ANN401 - a query
    """Count those without a result in batches of which nobody knows what became."""
    return (
        select(batches.c.edition, func.count())
        .join(deliveries, deliveries.c.id.between(batches.c.first, batches.c.last))
        .outerjoin(results, results.c.delivery_id == deliveries.c.id)
        .where(
            batches.c.mailing_id == mailing_id,
            batches.c.state == "unknown",
            results.c.delivery_id.is_(None),
        )
        .group_by(batches.c.edition)
    )


def _subjects(connection: Connection, digests: Sequence[str]) -> dict[str, str]:
    query = select(editions.c.digest, editions.c.content).where(editions.c.digest.in_(digests))
    return {
        digest: Edition.load(content).subject.fill({})
        for digest, content in connection.execute(query)
    }
