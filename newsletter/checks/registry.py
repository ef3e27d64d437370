"""How rules are made and found: one function per rule, marked by `@rule`.

A rule is a function from what is looked at to remarks. It stands in any module of this package,
which `newsletter.checks.check` finds by itself.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from newsletter.errors import Finding, Level, Place
from newsletter.issue.document import Document
from newsletter.issue.edition import Edition
from newsletter.settings import Settings


@dataclass(frozen=True, slots=True)
class Matter:
    """What a rule looks at: an issue with its file, the editions made of it, and the settings."""

    document: Document
    editions: tuple[Edition, ...]
    settings: Settings


@dataclass(frozen=True, slots=True)
class Remark:
    """What a rule says about one place."""

    place: Place
    message: str
    hint: str = ""


Check = Callable[[Matter], Iterator[Remark]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its stable code, how serious a breach is, what it demands, and who looks."""

    code: str
    level: Level
    demand: str
    check: Check

    def findings(self, matter: Matter) -> Iterator[Finding]:
        """Look, and give a finding per remark."""
        for remark in self.check(matter):
            yield Finding(self.code, self.level, remark.place, remark.message, remark.hint)


RULES: Final[dict[str, Rule]] = {}
"""Every rule by its code; filled while the package's modules are imported."""


def rule(code: str, level: Level, demand: str) -> Callable[[Check], Check]:
    """Mark a function as the rule `code`; raises ValueError when the code is taken."""

    def register(check: Check) -> Check:
        if code in RULES:
            raise ValueError(f"rule {code} is there twice")
        RULES[code] = Rule(code, level, demand, check)
        return check

    return register
