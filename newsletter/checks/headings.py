"""The headings that each variant of an issue has, in order, wherever they stand."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from newsletter.checks import markdown
from newsletter.errors import Place
from newsletter.issue.blocks import Block, Columns, Heading
from newsletter.issue.condition import variants
from newsletter.issue.document import Document
from newsletter.issue.source import Path

IN_TEXT: Final = 3
"""The level of every heading inside a text."""
_TITLE: Final = 2
"""The level of a block's title, where the block does not say."""


@dataclass(frozen=True, slots=True)
class FoundHeading:
    """A heading: its level as readers get it, and where it is written."""

    level: int
    place: Place
    in_text: bool = False
    """Written in Markdown, where all headings are of one level."""


def outlines(
    document: Document, texts: Iterable[tuple[Path, str]]
) -> Iterator[tuple[FoundHeading, ...]]:
    """Give the headings of every variant, titles of blocks and those in Markdown among them.

    Each block is read once, however many variants show it.
    """
    inside = [(path, text) for path, text in texts if "#" in text]
    found = {
        path: tuple(_headings(document, path, block, inside))
        for path, block in document.issue.walk()
        if not isinstance(block, Columns)
    }
    for variant in variants(document.issue.conditions):
        shown = (path for path, _ in document.issue.walk(variant))
        yield tuple(heading for path in shown for heading in found.get(path, ()))


def _headings(
    document: Document, path: Path, block: Block, texts: Iterable[tuple[Path, str]]
) -> Iterator[FoundHeading]:
    if isinstance(block, Heading):
        yield FoundHeading(block.level, document.place((*path, "text")))
    elif getattr(block, "title", None):
        yield FoundHeading(getattr(block, "level", _TITLE), document.place((*path, "title")))
    for below, text in texts:
        if below[: len(path)] == path:
            for heading in markdown.headings(text):
                yield FoundHeading(IN_TEXT, document.place(below, heading.offset), in_text=True)
