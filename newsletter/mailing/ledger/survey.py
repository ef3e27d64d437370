"""Going through an audience once: who gets which edition, who must not, who has it already.

The forecast and the plan both come from here, so that what was shown before asking is what happens.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, case, or_, select

from newsletter import register
from newsletter.issue.condition import Condition
from newsletter.issue.edition import Edition, Editions
from newsletter.mailing.ledger.settling import HAS_IT, PROOF
from newsletter.register import audience
from newsletter.settings.register import LINK_FIELDS
from newsletter.store.schema import deliveries, events, results

_PAGE: Final = 1000
"""People looked at in one go; memory does not grow with the audience."""


class Verdict(StrEnum):
    """What a mailing does about one person."""

    MAIL = "mail"
    EXCLUDE = "exclude"
    MAILED = "mailed"
    """Has this issue, or may have it, or is about to get it: an issue goes once to a person."""
    LATER = "later"
    """Is not in the sample that this mailing goes to; a later one is for the rest."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What an edition asks of a person; worked out once, since an edition is large."""

    digest: str
    language: str
    variant: str
    fields: tuple[str, ...]
    required: tuple[str, ...]
    """Fields with a slot that has no fallback."""
    arm: str = ""

    @classmethod
    def of(cls, edition: Edition) -> "Needs":
        """Look through an edition's slots."""
        fields = tuple(sorted(edition.fields - LINK_FIELDS))
        required = edition.missing(dict.fromkeys(LINK_FIELDS, "known when it is handed over"))
        needed = tuple(sorted(required))
        return cls(edition.digest, edition.language, edition.variant, fields, needed, edition.arm)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One person of the audience and what becomes of them."""

    person: audience.Person
    verdict: Verdict
    round: int
    """How often before the issue was planned for them and nothing went out."""
    before: str
    """How the last round ended: excluded, refused, or nothing."""
    reason: str
    """Why they must not be mailed."""
    needs: Needs

    @property
    def missing(self) -> tuple[str, ...]:
        """Name the fields that the edition needs and this person lacks."""
        fields = self.person.fields
        return tuple(name for name in self.needs.required if not fields.get(name))

    @property
    def values(self) -> dict[str, str]:
        """Give the fields that the edition uses, and no others."""
        fields = self.person.fields
        return {name: fields.get(name, "") for name in self.needs.fields}


def survey(
    connection: Connection,
    editions: Editions,
    *,
    lists: Sequence[str],
    condition: Condition,
    keys: Sequence[str],
    now: datetime,
    among: ColumnElement[bool] | None = None,
) -> Iterator[Candidate]:
    """Give everybody in the audience once, in the order of the register.

    `among` leaves out subscribers for whom it does not hold.
    """
    # By identity: to hash an edition means to read all of its text.
    needs = {id(edition): Needs.of(edition) for edition in editions}
    for people in audience.pages(
        connection, lists=lists, condition=condition, now=now, size=_PAGE, among=among
    ):
        before = _before(connection, editions.issue, [person.subscriber_id for person in people])
        open_ = [person for person in people if not _has_it(before.get(person.subscriber_id))]
        reasons = register.screen(
            connection,
            [(person.subscriber_id, person.list_id, person.address) for person in open_],
            keys=keys,
            now=now,
        )
        for person in people:
            last = before.get(person.subscriber_id)
            reason = reasons.get(person.subscriber_id, "")
            yield Candidate(
                person=person,
                verdict=_verdict(last, reason),
                round=last[0] + 1 if last else 0,
                before=last[1] if last else "",
                reason=reason,
                needs=needs[id(editions.choose(person.language, person.fields))],
            )


_Last = tuple[int, str]
"""A person's last round of this issue, and its result; no result: planned, or unknown."""


def _before(connection: Connection, issue: str, people: Sequence[int]) -> dict[int, _Last]:
    """Look up the last round of each of these people."""
    rows = connection.execute(
        select(deliveries.c.subscriber_id, deliveries.c.round, _outcome())
        .outerjoin(results, results.c.delivery_id == deliveries.c.id)
        .where(deliveries.c.issue == issue, deliveries.c.subscriber_id.in_(people))
        .order_by(deliveries.c.subscriber_id, deliveries.c.round)
    )
    return {person: (round_, state or "") for person, round_, state in rows}


def _outcome() -> ColumnElement[str]:
    """Give a result, but for somebody of whom one was mistaken: they have it, an event says so."""
    proof = events.c.kind.in_(PROOF), events.c.delivery_id == deliveries.c.id
    mistaken = (
        results.c.state == "refused",
        results.c.settled_by != "",
        select(events.c.id).where(*proof).exists(),
    )
    known = results.c.reason == HAS_IT
    return case((or_(and_(*mistaken), known), "accepted"), else_=results.c.state)


def _has_it(last: _Last | None) -> bool:
    return last is not None and last[1] not in ("excluded", "refused")


def _verdict(last: _Last | None, reason: str) -> Verdict:
    if _has_it(last):
        return Verdict.MAILED
    return Verdict.EXCLUDE if reason else Verdict.MAIL
