"""What was published: the editions of planned mailings, as everybody may read them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, Select, func, select

from newsletter.issue.edition import Edition
from newsletter.store.schema import batches, editions, mailings


@dataclass(frozen=True, slots=True)
class Published:
    """One issue in one language, as the list of issues shows it."""

    issue: str
    language: str
    variant: str
    title: str
    planned_at: datetime


def find(connection: Connection, issue: str, language: str, variant: str) -> Edition | None:
    """Find the newest edition of that name that a planned mailing sends; else None."""
    query = (
        _planned(issue)
        .where(editions.c.language == language, editions.c.variant == variant)
        .limit(1)
    )
    row = connection.execute(query).first()
    return _load(connection, row.digest) if row else None


def latest(connection: Connection, count: int) -> list[Published]:
    """List the issues that were planned last, newest first, each in all its languages."""
    planned_at = func.max(mailings.c.planned_at).label("planned_at")
    query = (
        select(mailings.c.issue, planned_at)
        .group_by(mailings.c.issue)
        .order_by(planned_at.desc(), mailings.c.issue)
        .limit(count)
    )
    return [
        Published(
            issue=issue,
            language=row.language,
            variant=row.variant,
            # A title for everybody: each personal field says its fallback.
            title=" ".join(_load(connection, row.digest).subject.fill({}).split()),
            planned_at=moment,
        )
        for issue, moment in connection.execute(query).all()
        for row in _one_per_language(connection.execute(_planned(issue)).all())
    ]


def _planned(issue: str) -> Select[tuple[str, str, str]]:
    """Select the editions of an issue that are in a mailing, newest first.

    It starts from the mailings of the issue, which an index finds; the batches of one mailing to
    a million people are a few thousand rows.
    """
    sent = (
        select(batches.c.edition)
        .join(mailings, mailings.c.id == batches.c.mailing_id)
        .where(mailings.c.issue == issue)
    )
    return (
        select(editions.c.digest, editions.c.language, editions.c.variant)
        .where(editions.c.digest.in_(sent), editions.c.issue == issue)
        .order_by(editions.c.created_at.desc(), editions.c.digest)
    )


def _one_per_language(
    rows: Iterable[Row[tuple[str, str, str]]],
) -> list[Row[tuple[str, str, str]]]:
    """Of each language keep the variant with the fewest conditional blocks, newest first."""
    chosen: dict[str, Row[tuple[str, str, str]]] = {}
    for row in rows:
        held = chosen.setdefault(row.language, row)
        if row.variant < held.variant:
            chosen[row.language] = row
    return [chosen[language] for language in sorted(chosen)]


def _load(connection: Connection, digest: str) -> Edition:
    query = select(editions.c.content).where(editions.c.digest == digest)
    return Edition.load(connection.execute(query).scalar_one())
