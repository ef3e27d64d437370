"""Subjects that are tried: what the ledger remembers of it, and how it is decided.

The first mailing of the issue goes to a sample; it carries the seed, the shares and the editions of
each arm. Somebody, or the rule of the issue, chooses an arm. The next mailing of the issue, to the
rest, has that subject. Once per person and issue holds over both, as over all mailings.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Self

from sqlalchemy import Connection, exists, or_, select, update

from newsletter.errors import InputError
from newsletter.issue.condition import Condition
from newsletter.issue.durations import spoken
from newsletter.issue.edition import Editions
from newsletter.issue.trial import Trial
from newsletter.mailing.control import standing
from newsletter.mailing.control.stopping import TOOL
from newsletter.mailing.trials.arms import arms, last_handed, verdict
from newsletter.mailing.trials.draws import Sample
from newsletter.register import audit
from newsletter.store import Store
from newsletter.store.schema import batches, mailings

FEW: Final = 100
"""In an arm with fewer people hardly anything can be told."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """One trial of subjects, as the sample's mailing keeps it."""

    seed: str
    split: int
    """Per cent of those who were to be mailed."""
    arms: Mapping[str, tuple[str, ...]]
    """Arm → digests of its editions."""
    by: str
    """The rule, one of trial.RULES; empty: by hand."""
    after: timedelta
    winner: str = ""
    decided_by: str = ""
    """A login, or "tool" for the rule."""
    decided_at: datetime | None = None
    reason: str = ""

    @classmethod
    def begin(cls, editions: Editions, trial: Trial, seed: str = "") -> Self:
        """Make one that is yet to be mailed, by a fresh seed unless one is given."""
        digests = {
            arm: tuple(edition.digest for edition in editions if edition.arm == arm)
            for arm in trial.subjects
        }
        rule = trial.winner
        by, after = (rule.by, rule.after) if rule else ("", timedelta())
        return cls(seed or secrets.token_hex(8), trial.split, digests, by, after)

    @property
    def sample(self) -> Sample:
        """How its sample is drawn."""
        return Sample(self.seed, self.split, tuple(self.arms))

    @property
    def rule(self) -> str:
        """Say how it is decided."""
        if not self.by:
            return "which somebody chooses by hand: newsletter winner"
        after = f"{spoken(self.after)} after the last of these was handed over"
        return f"the one with the fewest {self.by} {after},"

    def dump(self) -> dict[str, Any]:
        """Write it for the database."""
        return {
            "seed": self.seed,
            "split": self.split,
            "arms": {arm: list(digests) for arm, digests in self.arms.items()},
            "by": self.by,
            "after": int(self.after.total_seconds()),
            "winner": self.winner,
            "decided_by": self.decided_by,
            "decided_at": self.decided_at.isoformat() if self.decided_at else None,
            "reason": self.reason,
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Read what `dump` wrote."""
        at = data["decided_at"]
        return cls(
            seed=data["seed"],
            split=data["split"],
            arms={arm: tuple(digests) for arm, digests in data["arms"].items()},
            by=data["by"],
            after=timedelta(seconds=data["after"]),
            winner=data["winner"],
            decided_by=data["decided_by"],
            decided_at=datetime.fromisoformat(at) if at else None,
            reason=data["reason"],
        )


@dataclass(frozen=True, slots=True)
class Tried:
    """A trial whose sample was mailed, or is about to be."""

    mailing_id: int
    issue: str
    lists: tuple[str, ...]
    condition: Condition
    planned_by: str
    experiment: Experiment
    finished: bool
    """Nothing of the sample is left to be handed over."""
    due_at: datetime | None
    """When its rule decides; None by hand, and while the sample is being handed over."""
    rest: int | None
    """The number of a later mailing of the issue: then nothing can be decided any more."""

    def is_due(self, now: datetime) -> bool:
        """Tell whether its rule is to decide now."""
        return not self.experiment.winner and self.due_at is not None and self.due_at <= now


def tried(connection: Connection, issue: str) -> Tried | None:
    """Find the trial of an issue; one that was cancelled before anybody got it is none."""
    begun = exists().where(
        batches.c.mailing_id == mailings.c.id,
        or_(batches.c.handed_at.is_not(None), batches.c.state == "planned"),
    )
    row = connection.execute(
        select(mailings)
        .where(mailings.c.issue == issue, mailings.c.experiment.is_not(None), begun)
        .order_by(mailings.c.id.desc())
        .limit(1)
    ).one_or_none()
    return _tried(connection, row) if row else None


def decide(
    store: Store, issue: str, arm: str, *, by: str, now: datetime, reason: str = ""
) -> Tried:
    """Choose the subject for the rest, and note it in the audit log.

    Raises InputError when there is nothing to decide, no such arm, or the rest is planned already.
    """
    with store.begin() as connection:
        found = tried(connection, issue)
        if found is None:
            raise InputError(
                f"no subjects of {issue!r} were tried",
                hint=f"write them into the issue, then: newsletter send {issue}",
            )
        if arm not in found.experiment.arms:
            known = ", ".join(found.experiment.arms)
            raise InputError(f"{issue} has no subject {arm!r}", hint=f"there are: {known}")
        if found.rest is not None:
            raise InputError(
                f"the rest of {issue} is in mailing {found.rest} already",
                hint=f"see where everybody is: newsletter status {found.rest}",
            )
        return _record(connection, found, arm, by=by, now=now, reason=reason)


def decide_due(store: Store, now: datetime, *, issue: str | None = None) -> list[Tried]:
    """Let the rules decide whose time has come, of all issues or one; give what they decided."""
    decided = []
    query = select(mailings.c.issue).where(mailings.c.experiment.is_not(None)).distinct()
    if issue is not None:
        query = query.where(mailings.c.issue == issue)
    with store.read() as connection:
        names = [
            name
            for name in connection.scalars(query).all()
            if (found := tried(connection, name)) and found.is_due(now)
        ]
    for name in names:
        with store.begin() as connection:
            found = tried(connection, name)
            if found is None or not found.is_due(now):
                continue  # somebody else was faster
            chosen = verdict(
                arms(connection, found.mailing_id, found.experiment.arms), found.experiment.by
            )
            decided.append(
                _record(connection, found, chosen.arm, by=TOOL, now=now, reason=chosen.reason)
            )
    return decided


def rests_due(store: Store, now: datetime) -> list[Tried]:
    """List the trials whose rule decides by now and whose rest is planned nowhere yet.

    Not those whose sample a person or a brake has stopped, or where a person has chosen: that
    person mails the rest.
    """
    query = select(mailings.c.issue).where(mailings.c.experiment.is_not(None)).distinct()
    with store.read() as connection:
        found = [tried(connection, name) for name in connection.scalars(query).all()]
        return [item for item in found if item and _goes_on(connection, item, now)]


def _goes_on(connection: Connection, found: Tried, now: datetime) -> bool:
    if found.rest is not None or found.due_at is None or found.due_at > now:
        return False
    if found.experiment.decided_by not in ("", TOOL):
        return False
    stands = standing.read(connection, found.mailing_id)
    return stands.state != "cancelled" and not stands.is_paused(now)


def _tried(connection: Connection, row: Any) -> Tried:  # noqa: ANN401 - a row
    experiment = Experiment.load(row.experiment)
    open_ = exists().where(
        batches.c.mailing_id == row.id, batches.c.state.in_(("planned", "handing_over"))
    )
    finished = not connection.execute(select(open_)).scalar()
    last = last_handed(connection, row.id)
    later = select(mailings.c.id).where(mailings.c.issue == row.issue, mailings.c.id > row.id)
    return Tried(
        mailing_id=row.id,
        issue=row.issue,
        lists=tuple(row.lists),
        condition={field: tuple(values) for field, values in row.condition.items()},
        planned_by=row.planned_by,
        experiment=experiment,
        finished=finished,
        due_at=last + experiment.after if experiment.by and finished and last else None,
        rest=connection.execute(later.order_by(mailings.c.id).limit(1)).scalar(),
    )


def _record(
    connection: Connection, found: Tried, arm: str, *, by: str, now: datetime, reason: str
) -> Tried:
    experiment = replace(found.experiment, winner=arm, decided_by=by, decided_at=now, reason=reason)
    connection.execute(
        update(mailings)
        .where(mailings.c.id == found.mailing_id)
        .values(experiment=experiment.dump())
    )
    audit.note(
        connection,
        "subject chosen",
        by=by,
        now=now,
        issue=found.issue,
        mailing=found.mailing_id,
        arm=arm,
        reason=reason,
    )
    return replace(found, experiment=experiment)
