"""Headings make an outline that can be listened to (standards C03; WCAG 1.3.1, 2.4.6)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from newsletter.checks import markdown
from newsletter.checks.parts import markdown_texts
from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Level, Place
from newsletter.issue.blocks import Block, Columns, Heading
from newsletter.issue.condition import variants
from newsletter.issue.document import Document
from newsletter.issue.source import Path

_IN_TEXT: Final = 3
"""The level of every heading inside a text."""
_TITLE: Final = 2
"""The level of a block's title, where the block does not say."""


@dataclass(frozen=True, slots=True)
class _Heading:
    level: int
    place: Place


@rule("NL401", Level.ERROR, "an issue has one heading of level 1, its title, and begins with it")
def one_title(matter: Matter) -> Iterator[Remark]:
    """Look for the title in every variant."""
    for headings in _outlines(matter.document):
        titles = [heading for heading in headings if heading.level == 1]
        if not titles:
            yield Remark(
                matter.document.key_place(("blocks",)),
                "some or all readers get an issue without a title (a heading of level 1)",
                "begin with '- heading: …', without a condition",
            )
        for other in titles[1:]:
            yield Remark(
                other.place,
                "a second heading of level 1; an issue has one title",
                "give it level: 2, or leave the level out",
            )


@rule("NL402", Level.ERROR, "headings skip no level")
def no_skipped_level(matter: Matter) -> Iterator[Remark]:
    """Look at each heading and the one before it, in every variant."""
    for headings in _outlines(matter.document):
        last = 1
        for heading in headings:
            if heading.level > last + 1:
                yield Remark(
                    heading.place,
                    f"a heading of level {heading.level} follows one of level {last}",
                    f"use level {last + 1} here",
                )
            last = heading.level


@rule("NL403", Level.WARNING, "headings inside a text are of level 3, written ###")
def written_as_level_three(matter: Matter) -> Iterator[Remark]:
    """Look for # and ## in texts, which do not make bigger headings."""
    for path, text in markdown_texts(matter.document):
        for heading in markdown.headings(text):
            if heading.level != _IN_TEXT:
                yield Remark(
                    matter.document.place(path, heading.offset),
                    f"'{'#' * heading.level}' looks the same as '###' inside a text",
                    "write ###, or make it a block of its own: '- heading: …'",
                )


def _outlines(document: Document) -> Iterator[list[_Heading]]:
    """Give the headings of every variant in order, titles of blocks among them."""
    texts = [(path, text) for path, text in markdown_texts(document) if "#" in text]
    for variant in variants(document.issue.conditions):
        headings: list[_Heading] = []
        for path, block in document.issue.walk(variant):
            if not isinstance(block, Columns):
                headings += _headings(document, path, block, texts)
        yield headings


def _headings(
    document: Document, path: Path, block: Block, texts: list[tuple[Path, str]]
) -> Iterator[_Heading]:
    if isinstance(block, Heading):
        yield _Heading(block.level, document.place((*path, "text")))
    elif getattr(block, "title", None):
        yield _Heading(getattr(block, "level", _TITLE), document.place((*path, "title")))
    for below, text in texts:
        if below[: len(path)] == path:
            for heading in markdown.headings(text):
                yield _Heading(_IN_TEXT, document.place(below, heading.offset))
