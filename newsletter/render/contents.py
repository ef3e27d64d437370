"""The table of contents: the headings of level 2, and the names by which links find them."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from newsletter.issue.blocks import Article, Block, Contacts, Heading, Links, Logos
from newsletter.issue.event import Event
from newsletter.render.spots import Spot

_LEVEL: Final = 2
_FEWEST: Final = 2
"""One heading needs no table."""
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Entry:
    """A heading as the table of contents has it."""

    text: str
    anchor: str
    """Its id: unique on the page, and the same as long as its words are."""
    language: str
    """Its language, where it is not the issue's; else empty."""
    marker: str


class Contents:
    """The entries, and which block's heading carries which id.

    `plain` gives the text that makes an id: without personal fields, an id is nobody's.
    """

    def __init__(self, spots: Iterable[Spot], plain: Callable[[str], str]) -> None:
        entries: list[Entry] = []
        taken: set[str] = set()
        for spot in spots:
            if text := _heading(spot.block):
                anchor = _free(_slug(plain(text)), taken)
                entries.append(Entry(text, anchor, spot.block.lang or "", spot.marker))
        self.entries = tuple(entries) if len(entries) >= _FEWEST else ()

    @property
    def marker(self) -> str:
        """The block that the table stands before; empty when there is none."""
        return self.entries[0].marker if self.entries else ""

    def anchor(self, marker: str) -> str:
        """Give the id of a block's heading; empty when it has none."""
        return next((entry.anchor for entry in self.entries if entry.marker == marker), "")


def _heading(block: Block) -> str | None:
    if isinstance(block, Heading):
        return block.text if block.level == _LEVEL else None
    if isinstance(block, Article | Event):
        return block.title if block.level == _LEVEL else None
    return block.title if isinstance(block, Links | Contacts | Logos) else None


def _slug(text: str) -> str:
    """Make a word of letters, digits and hyphens that begins with a letter."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_only)[:_LONGEST].strip("-")
    return slug if slug[:1].isalpha() else f"h-{slug}".rstrip("-")


def _free(slug: str, taken: set[str]) -> str:
    number, free = 1, slug
    while free in taken:
        number += 1
        free = f"{slug}-{number}"
    taken.add(free)
    return free
