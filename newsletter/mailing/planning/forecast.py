"""What `newsletter send` shows before it asks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from newsletter.issue.condition import Condition
from newsletter.issue.edition import Editions
from newsletter.mailing.ledger.survey import Candidate, Verdict
from newsletter.mailing.trials.draws import candidates
from newsletter.mailing.trials.experiments import Experiment
from newsletter.store import Store

SHOWN: Final = 10
"""How many people are named where a value is missing; all are counted."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A person who lacks values that their edition has no fallback for."""

    address: str
    name: str
    fields: tuple[str, ...]

    def __str__(self) -> str:
        who = f"{self.name} <{self.address}>" if self.name else self.address
        return f"{who} ({', '.join(self.fields)})"


@dataclass(frozen=True, slots=True)
class Forecast:
    """Whom a mailing would go to."""

    audience: int
    """Everybody whom the lists and the condition name."""
    by_edition: Mapping[tuple[str, str], int]
    """(language, variant) → how many will get it."""
    by_language_wanted: Mapping[str, int]
    """A language that the issue lacks → how many read it; they get the fallback."""
    excluded: Mapping[str, int]
    """Reason → how many must not be mailed."""
    mailed_before: int
    """How many have this issue already, or are in a mailing of it that is not finished."""
    refused_before: int
    """How many of those to be mailed the provider refused last time."""
    missing_count: int
    missing: tuple[Missing, ...]
    """The first of those whose values are missing; while there is one, nothing can be planned."""
    by_arm: Mapping[str, int] = field(default_factory=dict)
    """Where subjects are tried: arm → how many will get it."""
    later: int = 0
    """How many are not in the sample, and get the subject that wins."""

    @property
    def to_mail(self) -> int:
        """How many would be mailed."""
        return sum(self.by_edition.values())


def expect(
    store: Store,
    editions: Editions,
    *,
    lists: Sequence[str],
    condition: Condition,
    keys: Sequence[str],
    now: datetime,
    only_missing: bool = False,
    experiment: Experiment | None = None,
) -> Forecast:
    """Say whom a mailing would go to, changing nothing.

    `only_missing` leaves out whoever was in no mailing of the issue; with an `experiment`, only its
    sample is mailed.
    """
    verdicts: Counter[Verdict] = Counter()
    by_edition: Counter[tuple[str, str]] = Counter()
    by_arm: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    excluded: Counter[str] = Counter()
    refused = missing_count = 0
    missing: list[Missing] = []
    with store.read() as connection:
        for candidate in candidates(
            connection, editions, lists=lists, condition=condition, keys=keys, now=now,
            sample=experiment.sample if experiment else None,
        ):  # fmt: skip
            if only_missing and not candidate.round:
                continue
            verdicts[candidate.verdict] += 1
            if candidate.verdict is Verdict.EXCLUDE:
                excluded[candidate.reason] += 1
            elif candidate.verdict is Verdict.MAIL:
                by_edition[candidate.needs.language, candidate.needs.variant] += 1
                by_arm[candidate.needs.arm] += 1
                if candidate.person.language != candidate.needs.language:
                    wanted[candidate.person.language] += 1
                refused += candidate.before == "refused"
            if candidate.verdict in (Verdict.MAIL, Verdict.LATER) and candidate.missing:
                missing_count += 1
                note(missing, candidate)
    return Forecast(
        audience=verdicts.total(),
        by_edition=dict(by_edition),
        by_language_wanted=dict(wanted),
        excluded=dict(excluded),
        mailed_before=verdicts[Verdict.MAILED],
        refused_before=refused,
        missing_count=missing_count,
        missing=tuple(missing),
        by_arm={arm: mails for arm, mails in sorted(by_arm.items()) if arm},
        later=verdicts[Verdict.LATER],
    )


def note(missing: list[Missing], candidate: Candidate) -> None:
    """Keep the first people who lack a value."""
    if len(missing) < SHOWN:
        fields = candidate.person.fields
        names = (fields.get("first_name", ""), fields.get("last_name", ""))
        name = " ".join(part for part in names if part)
        missing.append(Missing(candidate.person.address, name, candidate.missing))
