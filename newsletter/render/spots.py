"""Where each block stands: across the card or in a column, after which other, in which language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from newsletter.i18n import primary
from newsletter.issue.blocks import (
    Article,
    Block,
    Columns,
    Contacts,
    Facts,
    Heading,
    Image,
    List,
    Note,
    Quote,
)
from newsletter.issue.event import Event
from newsletter.issue.funding import statement
from newsletter.issue.table import Table
from newsletter.render.imprint import translator

CARD: Final = 520
"""Pixels between the edges of the text."""
GUTTER: Final = 24
"""Pixels between columns; half of it stands on either side of each."""
_GRID: Final = 8
"""Pixels of the unit that templates count in."""
_LARGE: Final = Contacts | Image | List | Article | Event | Facts | Note | Quote | Table | Columns
"""What text after it keeps some distance from."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A block in its place."""

    block: Block
    marker: str
    """The class that its outermost elements carry in MJML and HTML."""
    language: str
    width: int = CARD
    """Pixels from edge to edge."""
    inside: bool = False
    """Whether it stands in a column, where no section can be."""
    before: Block | None = None
    last: bool = False

    @property
    def own_language(self) -> dict[str, str]:
        """Its marker and language, when that is said of the block itself."""
        return {self.marker: self.block.lang} if self.block.lang else {}

    def columns(self) -> list[list["Spot"]]:
        """Lay out what stands inside; nothing, unless the block is columns."""
        if not isinstance(self.block, Columns):
            return []
        count = len(self.block.columns)
        width = (CARD + GUTTER) // count - GUTTER
        return [
            lay_out(
                [(f"{self.marker}-{number}-{index}", each) for index, each in enumerate(column)],
                self.language, width=width, inside=True,
            )
            for number, column in enumerate(self.block.columns)
        ]  # fmt: skip

    def walk(self) -> Iterator["Spot"]:
        """Give the spot, and those of the blocks inside."""
        yield self
        for column in self.columns():
            yield from column

    def context(self, spacing: int) -> dict[str, Any]:
        """Give what the block's template reads beside what stands on every page.

        `spacing` is the theme's unit of air, in px.
        """
        air = partial(self._air, spacing)
        return {
            "block": self.block,
            "marker": self.marker,
            "after": self.before.kind if self.before else "",
            "gap": air(_gap(self.before)),
            "air": air,
            "width": self.width,
            "inside": self.inside,
            "last": self.last,
            "spoken": self.language,
            "t": translator(self.language),
            "statement": partial(statement, language=primary(self.language)),
        }

    def _air(self, spacing: int, pixels: int) -> int:
        """Say how much air stands above: `pixels` on a grid of 8 px; none at a column's top."""
        return 0 if self.inside and self.before is None else pixels * spacing // _GRID


def lay_out(
    blocks: Sequence[tuple[str, Block]], language: str, *, width: int = CARD, inside: bool = False
) -> list[Spot]:
    """Give each of the blocks, named by their markers, its spot."""
    return [
        Spot(
            block,
            marker,
            block.lang or language,
            width,
            inside,
            before=blocks[position - 1][1] if position else None,
            last=position == len(blocks) - 1,
        )
        for position, (marker, block) in enumerate(blocks)
    ]


def _gap(after: Block | None) -> int:
    """Say how many pixels of air a text has above it."""
    if after is None:
        return 40
    if isinstance(after, Heading):
        return 16 if after.level == 1 else 8
    return 24 if isinstance(after, _LARGE) else 16
