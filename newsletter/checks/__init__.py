"""Rules over an issue and its editions. A new rule is one function marked by `@rule`."""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping

from newsletter.checks.registry import RULES, Matter, Rule
from newsletter.errors import Finding
from newsletter.issue.document import Document
from newsletter.issue.edition import Edition
from newsletter.settings import Settings


def rules() -> Mapping[str, Rule]:
    """Give every rule by its code, in order."""
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(module.name)
    return dict(sorted(RULES.items()))


def check(document: Document, editions: Iterable[Edition], settings: Settings) -> list[Finding]:
    """Check an issue and the editions made of it; findings come in the order of the file."""
    matter = Matter(document, tuple(editions), settings)
    found = dict.fromkeys(finding for rule in rules().values() for finding in rule.findings(matter))
    return sorted(found, key=lambda item: (item.place.line, item.place.column, item.rule))
