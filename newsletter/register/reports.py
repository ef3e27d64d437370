"""What came of an import: every row counted once, what is wrong named by its place."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NoReturn

from newsletter.errors import Finding, FindingsError, Level, Place

MOST_FINDINGS: Final = 1000
"""Findings that a report lists; the others are only counted, so that memory does not grow."""

MOST_SHOWN: Final = 3
"""Rows that a dry run shows as they would be kept."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The outcome: rows = added + updated + already + kept out + ended + bad + waiting."""

    file: str
    dry_run: bool
    rows: int
    added: int
    """New on at least one of the lists."""
    updated: int
    """On all the lists before; empty names or fields were filled."""
    already: int
    """Nothing changed."""
    kept_out: Mapping[str, int]
    """By reason (left, cleaned, suppressed, unconfirmed): nothing of them was touched."""
    ended: Mapping[str, int]
    """By reason (left, bounced, complained): by the file's status gone, and now here as well."""
    bad: int
    waiting: int
    """Good rows that are not in, because the import was stopped."""
    differing: int
    """Rows, counted above as well, that say otherwise than the register, which was kept."""
    new: Mapping[str, int]
    """New subscriptions per list."""
    findings: tuple[Finding, ...]
    unlisted: int
    """Findings beyond those that are listed."""
    columns: Mapping[str, str]
    """What is read → the column that it is read from."""
    first: tuple[Mapping[str, str], ...]
    """In a dry run the first good rows as they would be kept."""

    def sentence(self) -> str:
        """Say what happened, for a person."""
        counts = {
            "added": self.added,
            "filled in": self.updated,
            "unchanged": self.already,
            **{f"kept out ({reason})": number for reason, number in self.kept_out.items()},
            **{f"recorded as {reason}": number for reason, number in self.ended.items()},
            "bad": self.bad,
            "not in yet": self.waiting,
        }
        said = ", ".join(f"{number} {what}" for what, number in counts.items() if number)
        return f"{self.rows} {'row' if self.rows == 1 else 'rows'}: {said}"

    def balance(self) -> bool:
        """Tell whether every row is accounted for."""
        one_by_one = (self.added, self.updated, self.already, self.bad, self.waiting)
        by_reason = (*self.kept_out.values(), *self.ended.values())
        return self.rows == sum(one_by_one) + sum(by_reason)


@dataclass(slots=True)
class Tally:
    """The counts of an import under way."""

    file: str
    dry_run: bool
    lists: tuple[str, ...]
    outcomes: Counter[str] = field(default_factory=Counter)
    kept_out: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    unlisted: int = 0
    waiting: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)
    first: list[Mapping[str, str]] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Tell whether anything came of it."""
        return bool(self.outcomes["added"] or self.outcomes["updated"] or self.ended)

    def find(self, finding: Finding) -> None:
        """List a finding, or only count it."""
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)
        else:
            self.unlisted += 1

    def report(self) -> ImportReport:
        """Sum up."""
        outcomes = self.outcomes
        return ImportReport(
            file=self.file,
            dry_run=self.dry_run,
            rows=outcomes["rows"],
            added=outcomes["added"],
            updated=outcomes["updated"],
            already=outcomes["already"],
            kept_out=dict(sorted(self.kept_out.items())),
            ended=dict(sorted(self.ended.items())),
            bad=outcomes["bad"],
            waiting=self.waiting,
            differing=outcomes["differing"],
            new={name: self.new[name] for name in self.lists},
            findings=tuple(sorted(self.findings, key=lambda finding: finding.place)),
            unlisted=self.unlisted,
            columns=dict(self.columns),
            first=tuple(self.first),
        )


def refuse(place: Place, message: str, hint: str = "") -> NoReturn:
    """Refuse a file for one fault."""
    raise FindingsError([Finding("import", Level.ERROR, place, message, hint)])
