"""What the finished mail uses and chosen mail clients lack, by the tests of caniemail.com.

Data of 2026-05-13 (MIT; caniemail.LICENSE): of 307 features 225 were last tested before 2023, so it
is a hint and no proof (standards K02). Only what the settings choose is looked at.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from newsletter.checks.page import Element, Page
from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Family, Level

_VALUES: Final = {
    "display": {"flex": "css-display-flex", "grid": "css-display-grid"},
}
_UNITS: Final = re.compile(r"(?<=\d)(rem|vh|vw|vmin|vmax|ch|ex)\b")
_FUNCTIONS: Final = re.compile(r"\b(linear-gradient|radial-gradient|calc|var|clamp|min|max|rgba)\(")
_CALLED: Final = {
    "calc": "css-unit-calc",
    "var": "css-variables",
    "clamp": "css-function-clamp",
    "min": "css-function-min",
    "max": "css-function-max",
}
_PLAINER: Final = (
    "css-at-media css-at-media-prefers-color-scheme css-border-collapse css-border-radius "
    "css-border-spacing css-box-sizing css-color-scheme css-cursor css-hyphens "
    "css-max-height css-max-width css-min-width css-opacity css-outline css-overflow "
    "css-overflow-wrap css-table-layout css-text-decoration-color "
    "css-text-decoration-skip-ink css-text-decoration-thickness css-text-underline-offset "
    "css-word-break css-word-spacing html-body html-dir html-div html-lang "
    "html-meta-color-scheme html-role html-style "
)
_HARMLESS: Final = frozenset(_PLAINER.split())
"""What looks plainer where it lacks, and costs no reader a word."""


@dataclass(frozen=True, slots=True)
class Lack:
    """A feature that some of the clients lack."""

    title: str
    tested: str
    clients: tuple[str, ...]


@cache
def _data() -> Mapping[str, Any]:
    file = resources.files("newsletter.checks") / "caniemail.json"
    found: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def families() -> Mapping[str, str]:
    """Give the mail clients that can be chosen, with their names."""
    found: Mapping[str, str] = _data()["families"]
    return found


def lack(feature: str, clients: tuple[str, ...]) -> Lack | None:
    """Say which of the clients lack a feature, as caniemail names it; None: none of them."""
    known = _data()["features"].get(feature)
    platforms = _data()["platforms"]
    if known is None:
        return None
    found = tuple(
        f"{families()[client]} ({', '.join(platforms.get(name, name) for name in lacking)})"
        for client in clients
        if (lacking := known["lack"].get(client))
    )
    return Lack(known["title"], known["tested"], found) if found else None


@rule(
    "NL491",
    Level.NOTE,
    Family.CLIENTS,
    "the mail uses nothing that the chosen mail clients lack",
    why="what a client does not know it leaves out, and its readers see another mail",
    hint="look at the mail in that client, or leave the feature out of the template",
)
def clients_know_it(matter: Matter) -> Iterator[Remark]:
    """Look at elements and styles; `clients` in [check] of newsletter.toml chooses."""
    chosen = matter.settings.check.clients
    if not chosen:
        return
    seen: set[str] = set()
    for page, sheets in zip(matter.pages, matter.sheets, strict=True):
        rules = (found.styles for sheet in sheets for found in sheet.rules)
        used = [*_used(page), *((None, name) for styles in rules for name in _styled(styles))]
        for element, feature in used:
            if feature in seen:
                continue
            seen.add(feature)
            if feature not in _HARMLESS and (found := lack(feature, chosen)):
                yield Remark(
                    matter.place(element),
                    f"{found.title} is not known to {'; '.join(found.clients)}, "
                    f"as of {found.tested[:4]}",
                )


def _used(page: Page) -> Iterator[tuple[Element | None, str]]:
    for element in page.elements:
        yield element, f"html-{element.tag}"
        for name in _styled(element.styles):
            yield element, name


def _styled(styles: Mapping[str, str]) -> Iterator[str]:
    for name, value in styles.items():
        yield f"css-{name}"
        if (special := _VALUES.get(name, {}).get(value)) is not None:
            yield special
        yield from (f"css-unit-{unit}" for unit in _UNITS.findall(value))
        yield from (_CALLED.get(called, f"css-{called}") for called in _FUNCTIONS.findall(value))
