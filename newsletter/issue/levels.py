"""The levels of headings and titles that do not say theirs, so that the outline skips none."""

from dataclasses import dataclass, replace
from typing import Final

from newsletter.issue.blocks import Article, Block, Columns, Heading
from newsletter.issue.event import Event

_SECTION: Final = 2


def levelled(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Give headings without a level theirs: 1 to the first of the issue, 2 to later ones.

    Titles inside blocks are of level 3 when everybody has a heading of level 2 above them, else 2.
    """
    first = next((block for block in blocks if isinstance(block, Heading)), None)
    outline = _Outline(first)
    return tuple(outline.place(block) for block in blocks)


@dataclass
class _Outline:
    """How far down the headings are, while going through the blocks."""

    title: Heading | None
    in_section: bool = False
    """Whether everybody has a heading of level 2 above."""
    for_all: bool = True
    """Whether everybody sees what is around the block."""

    def place(self, block: Block) -> Block:
        """Give a block, and those inside it, their levels."""
        if isinstance(block, Heading):
            level = block.level or (1 if block is self.title else _SECTION)
            seen = self.for_all and not block.when
            self.in_section = self.in_section or (level == _SECTION and seen)
            return block.model_copy(update={"level": level})
        if isinstance(block, Article | Event) and not block.level:
            return block.model_copy(update={"level": _SECTION + self.in_section})
        if isinstance(block, Columns):
            inside = replace(self, for_all=not block.when)
            columns = tuple(tuple(map(inside.place, column)) for column in block.columns)
            self.in_section = inside.in_section
            return block.model_copy(update={"columns": columns})
        return block
