"""What came of an import: every row counted once, what is wrong named by its place."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from newsletter.errors import Finding

MOST_FINDINGS: Final = 1000
"""Findings that a report lists; the others are only counted, so that memory does not grow."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The outcome: rows = added + updated + already + kept out + bad."""

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
    """By reason (left, cleaned, suppressed): nothing of them was touched."""
    bad: int
    differing: int
    """Rows, counted above as well, that say otherwise than the register, which was kept."""
    new: Mapping[str, int]
    """New subscriptions per list."""
    findings: tuple[Finding, ...]
    unlisted: int
    """Findings beyond those that are listed."""

    def sentence(self) -> str:
        """Say what happened, for a person."""
        counts = {
            "added": self.added,
            "filled in": self.updated,
            "unchanged": self.already,
            **{f"kept out ({reason})": number for reason, number in self.kept_out.items()},
            "bad": self.bad,
        }
        said = ", ".join(f"{number} {what}" for what, number in counts.items() if number)
        return f"{self.rows} {'row' if self.rows == 1 else 'rows'}: {said}"

    def balance(self) -> bool:
        """Tell whether every row is accounted for."""
        sorted_out = self.added + self.updated + self.already + self.bad
        return self.rows == sorted_out + sum(self.kept_out.values())


@dataclass(slots=True)
class Tally:
    """The counts of an import under way."""

    file: str
    dry_run: bool
    lists: tuple[str, ...]
    outcomes: Counter[str] = field(default_factory=Counter)
    kept_out: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    unlisted: int = 0

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
            bad=outcomes["bad"],
            differing=outcomes["differing"],
            new={name: self.new[name] for name in self.lists},
            findings=tuple(sorted(self.findings, key=lambda finding: finding.place)),
            unlisted=self.unlisted,
        )
