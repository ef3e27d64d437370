"""How rules are made and found: one function per rule, marked by `@rule`.

A rule is a function from what is looked at to remarks. It stands in any module of this package,
which `newsletter.checks.check` finds by itself.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from newsletter.checks import css
from newsletter.checks.cascade import LIGHT, Look, looks
from newsletter.checks.gmail import stripped
from newsletter.checks.headings import FoundHeading, outlines
from newsletter.checks.origin import origin
from newsletter.checks.page import Element, Page, page_of
from newsletter.checks.parts import FoundLink, links, markdown_texts
from newsletter.errors import Entry, Family, Finding, Level, Place
from newsletter.issue.document import Document
from newsletter.issue.edition import Edition
from newsletter.issue.source import Path
from newsletter.settings import Settings


@dataclass(frozen=True)
class Matter:
    """What a rule looks at: an issue with its file, the editions made of it, and the settings."""

    document: Document
    editions: tuple[Edition, ...]
    settings: Settings
    now: datetime | None = None
    """When it is looked at; without it, no rule asks what is over."""

    @cached_property
    def links(self) -> tuple[FoundLink, ...]:
        """Every link of the issue."""
        return tuple(links(self.document))

    @cached_property
    def texts(self) -> tuple[tuple[Path, str], ...]:
        """Every Markdown text of the issue, with its path."""
        return tuple(markdown_texts(self.document))

    @cached_property
    def outlines(self) -> tuple[tuple[FoundHeading, ...], ...]:
        """The headings of each variant, in order."""
        return tuple(outlines(self.document, self.texts))

    @cached_property
    def pages(self) -> tuple[Page, ...]:
        """The HTML of each edition, read once for all rules."""
        return tuple(map(page_of, self.editions))

    @cached_property
    def looks(self) -> tuple[Page, ...]:
        """Each page as it is, and as Gmail may leave it."""
        return (*self.pages, *map(stripped, self.pages))

    @cached_property
    def sheets(self) -> tuple[tuple[css.Sheet, ...], ...]:
        """The style sheets of each page."""
        return tuple(map(css.sheets, self.pages))

    @cached_property
    def plain(self) -> tuple[tuple[tuple[Element, Look], ...], ...]:
        """How the text of each page looks by its inline styles alone."""
        return tuple(tuple(looks(page, (), LIGHT)) for page in self.pages)

    def place(self, element: Element | None = None) -> Place:
        """Find the words of the issue that an element was made of; else its block, else the file.

        The file as a whole is where what a template or a setting does wrong belongs.
        """
        if element is None or element.block is None:
            return Place(self.document.name)
        return origin(self.document, ("blocks", element.block), element)


@dataclass(frozen=True, slots=True)
class Remark:
    """What a rule says about one place."""

    place: Place
    message: str
    hint: str = ""


Check = Callable[[Matter], Iterator[Remark]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its entry in the catalogue, and who looks."""

    entry: Entry
    check: Check
    whole: bool = False
    """Whether it tells what an issue lacks: nobody knows while parts of it cannot be read."""

    def findings(self, matter: Matter) -> Iterator[Finding]:
        """Look, and give a finding per remark."""
        if self.whole and not matter.document.whole:
            return
        for remark in self.check(matter):
            yield self.entry.finding(remark.place, remark.message, remark.hint)


RULES: Final[dict[str, Rule]] = {}
"""Every rule by its code; filled while the package's modules are imported."""


def rule(
    code: str,
    level: Level,
    family: Family,
    demand: str,
    *,
    why: str,
    hint: str,
    fixed: bool | None = None,
    whole: bool = False,
) -> Callable[[Check], Check]:
    """Mark a function as the rule `code`; raises ValueError when the code is taken.

    No setting and no comment can change what is `fixed`: what the law demands, unless said so.
    A rule that tells what is not there needs the `whole` issue.
    """
    kept = family is Family.LAW if fixed is None else fixed
    entry = Entry(code, level, family, demand, why, hint, fixed=kept)

    def register(check: Check) -> Check:
        if code in RULES:
            raise ValueError(f"rule {code} is there twice")
        RULES[code] = Rule(entry, check, whole)
        return check

    return register
