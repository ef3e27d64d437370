"""What was sent: the issues that everybody may read, and which edition stands at an address.

An issue's address is its name and language. It shows the newest edition that was sent, so that a
correction reaches who comes later, and it never goes away: the ledger keeps every mailing. An issue
is listed (archive, feed, sitemap) when one of its mailings went to a list that is public; another
one can be read by whoever has its address, which is in the mail. So can a step of a sequence, which
is no news to those who read the archive.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, exists, func, select, text

from newsletter.issue.edition import Edition
from newsletter.store.schema import batches, editions, mailings

_BEGUN: Final = ("handing_over", "done", "unknown")


@dataclass(frozen=True, slots=True)
class Copy:
    """One language of an issue, as everybody may read it."""

    issue: str
    language: str
    digest: str
    """Of the edition that its address shows."""
    published_at: datetime
    """When the language was first mailed."""
    updated_at: datetime
    """When this edition was first mailed."""

    @property
    def path(self) -> str:
        """The copy's address below the site's."""
        return f"/issues/{self.issue}/{self.language}"


@dataclass(frozen=True, slots=True)
class Published:
    """One issue, in each of its languages."""

    issue: str
    published_at: datetime
    copies: tuple[Copy, ...]
    """By language."""


@dataclass(frozen=True, slots=True)
class Found:
    """What stands at the address of an issue."""

    edition: Edition
    copies: tuple[Copy, ...]
    """The issue in all its languages."""
    listed: bool
    """Whether it went to a public list."""


@dataclass(frozen=True, slots=True)
class _Mailing:
    id: int
    issue: str
    public: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class _Part:
    """An edition in a mailing."""

    mailing: _Mailing
    digest: str
    language: str
    variant: str


def find(
    connection: Connection,
    issue: str,
    language: str,
    variant: str = "",
    *,
    public: Collection[str],
) -> Found | None:
    """Find what an address shows; without a variant, the one that an archive would show.

    `public` names the lists that are. Mailings to them come before any other.
    """
    parts = _parts(connection, _mailings(connection, public, issue))
    parts += _steps(connection, issue)
    if listed := any(part.mailing.public for part in parts):
        parts = [part for part in parts if part.mailing.public] + parts
    copies = _copies(part for part in parts if part.mailing.public or not listed)
    fitting = [part for part in parts if part.language == language]
    if variant:
        fitting = [part for part in fitting if part.variant == variant]
    if not fitting:
        return None
    shown = _shown(fitting).digest
    return Found(load(connection, [shown])[shown], copies, listed)


def published(connection: Connection, *, public: Collection[str]) -> list[Published]:
    """List all issues that went to a public list, the one that was first mailed last in front."""
    return _published(connection, _listed(connection, public))


def page(
    connection: Connection, *, public: Collection[str], start: int, count: int
) -> tuple[list[Published], int]:
    """List some of them, and tell how many there are in all."""
    mailed = _listed(connection, public)
    wanted = _names(mailed)[start : start + count]
    some = [mailing for mailing in mailed if mailing.issue in wanted]
    return _published(connection, some), len(_names(mailed))


def load(connection: Connection, digests: Collection[str]) -> dict[str, Edition]:
    """Read editions by their digests."""
    query = select(editions.c.digest, editions.c.content).where(editions.c.digest.in_(digests))
    return {digest: Edition.load(content) for digest, content in connection.execute(query)}


def title(edition: Edition) -> str:
    """Give the subject as everybody may read it: each personal field says its fallback."""
    return " ".join(edition.subject.fill({}).split())


def _listed(connection: Connection, public: Collection[str]) -> list[_Mailing]:
    return [mailing for mailing in _mailings(connection, public) if mailing.public]


def _mailings(
    connection: Connection, public: Collection[str], issue: str | None = None
) -> list[_Mailing]:
    """Read the mailings whose sending has begun, newest first; the lists are a few words each."""
    begun = exists().where(
        batches.c.mailing_id == mailings.c.id,
        batches.c.state.in_(_BEGUN),
    )
    query = select(mailings.c.id, mailings.c.issue, mailings.c.lists, mailings.c.planned_at).where(
        begun, mailings.c.sequence == ""
    )
    if issue is not None:
        query = query.where(mailings.c.issue == issue)
    rows = connection.execute(query.order_by(mailings.c.planned_at.desc(), mailings.c.id.desc()))
    return [
        _Mailing(row.id, row.issue, not set(public).isdisjoint(row.lists), row.planned_at)
        for row in rows
    ]


def _parts(connection: Connection, mailed: Sequence[_Mailing]) -> list[_Part]:
    """Read which editions the mailings sent, those of the newest mailing in front."""
    sent = (
        select(batches.c.mailing_id, batches.c.edition)
        .where(batches.c.mailing_id.in_([mailing.id for mailing in mailed]))
        .distinct()
        .subquery()
    )
    query = (
        select(sent.c.mailing_id, editions.c.digest, editions.c.language, editions.c.variant)
        .join(editions, editions.c.digest == sent.c.edition)
        .order_by(editions.c.language, editions.c.variant, editions.c.digest)
    )
    by_mailing: dict[int, list[_Part]] = {mailing.id: [] for mailing in mailed}
    known = {mailing.id: mailing for mailing in mailed}
    for number, digest, language, variant in connection.execute(query):
        by_mailing[number].append(_Part(known[number], digest, language, variant))
    return [part for parts in by_mailing.values() for part in parts]


def _steps(connection: Connection, issue: str) -> list[_Part]:
    """Read which editions went out as a step of a sequence, each once: its mailings are many."""
    query = (
        select(
            func.max(mailings.c.id).label("last"),
            func.min(mailings.c.planned_at),
            editions.c.digest,
            editions.c.language,
            editions.c.variant,
        )
        .join(batches, batches.c.mailing_id == mailings.c.id)
        .join(editions, editions.c.digest == batches.c.edition)
        .where(mailings.c.issue == issue, mailings.c.sequence != "", batches.c.state.in_(_BEGUN))
        .group_by(editions.c.digest, editions.c.language, editions.c.variant)
        .order_by(text("last DESC"), editions.c.digest)
    )
    return [
        _Part(_Mailing(number, issue, public=False, at=at), digest, language, variant)
        for number, at, digest, language, variant in connection.execute(query)
    ]


def _published(connection: Connection, mailed: Sequence[_Mailing]) -> list[Published]:
    by_issue: dict[str, list[_Part]] = {name: [] for name in _names(mailed)}
    for part in _parts(connection, mailed):
        by_issue[part.mailing.issue].append(part)
    first = _first_days(mailed)
    return [Published(name, first[name], _copies(parts)) for name, parts in by_issue.items()]


def _names(mailed: Iterable[_Mailing]) -> list[str]:
    """Name the issues, newest first, by their first mailing: to mail the rest makes none new."""
    first = _first_days(mailed)
    return sorted(sorted(first), key=lambda name: first[name], reverse=True)


def _first_days(mailed: Iterable[_Mailing]) -> Mapping[str, datetime]:
    first: dict[str, datetime] = {}
    for mailing in mailed:
        first[mailing.issue] = min(mailing.at, first.get(mailing.issue, mailing.at))
    return first


def _copies(parts: Iterable[_Part]) -> tuple[Copy, ...]:
    """Choose for each language what its address shows."""
    by_language: dict[str, list[_Part]] = {}
    for part in parts:
        by_language.setdefault(part.language, []).append(part)
    return tuple(
        Copy(
            issue=shown.mailing.issue,
            language=language,
            digest=shown.digest,
            published_at=min(part.mailing.at for part in fitting),
            updated_at=min(part.mailing.at for part in fitting if part.digest == shown.digest),
        )
        for language, fitting in sorted(by_language.items())
        for shown in [_shown(fitting)]
    )


def _shown(parts: Sequence[_Part]) -> _Part:
    """Of one language's parts, the best in front, choose: the fewest conditional blocks, newest.

    A variant is a text of one digit per condition; only those with the conditions of the newest
    mailing count.
    """
    alike = [part for part in parts if len(part.variant) == len(parts[0].variant)]
    return min(alike, key=lambda part: part.variant)
