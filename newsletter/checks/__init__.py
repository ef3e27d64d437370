"""Rules over an issue and its editions. A new rule is one function marked by `@rule`."""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Final

from newsletter.checks.registry import RULES, Matter, Rule
from newsletter.errors import Finding
from newsletter.issue.document import Document
from newsletter.issue.edition import Edition
from newsletter.settings import Settings

_MOST_FINDINGS: Final = 100
"""Of one rule: whoever has so many mends the cause first."""


def rules() -> Mapping[str, Rule]:
    """Give every rule by its code, in order."""
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(module.name)
    return dict(sorted(RULES.items()))


def check(
    document: Document,
    editions: Iterable[Edition],
    settings: Settings,
    *,
    now: datetime | None = None,
) -> list[Finding]:
    """Check an issue and the editions made of it; findings come in the order of the file.

    Without `now`, no rule asks what is over.
    """
    matter = Matter(document, tuple(editions), settings, now)
    found = dict.fromkeys(
        finding
        for rule in rules().values()
        for finding in islice(rule.findings(matter), _MOST_FINDINGS)
    )
    return sorted(found, key=lambda item: _order(item, document.name))


def _order(finding: Finding, name: str) -> tuple[bool, str, int, int, str]:
    """Order by place; the issue's own file comes before those of its snippets."""
    place = finding.place
    return place.file != name, place.file, place.line, place.column, finding.rule
