"""An issue: one newsletter as written, in one language."""

from typing import Annotated

from pydantic import AfterValidator, Field

from newsletter.issue.blocks import Block, Heading, Value
from newsletter.issue.condition import Condition
from newsletter.issue.texts import LanguageCode, Line, Values, When, some


def _levels(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Give headings without a level theirs: 1 to the first of the issue, 2 to later ones."""
    headings = [block for block in blocks if isinstance(block, Heading)]
    if all(heading.level for heading in headings):
        return blocks
    return tuple(
        block.model_copy(update={"level": 1 if block is headings[0] else 2})
        if isinstance(block, Heading) and not block.level
        else block
        for block in blocks
    )


class Issue(Value):
    """What a file of issues/ says."""

    subject: Line
    preheader: Line | None = None
    """What inboxes show beside the subject."""
    language: LanguageCode
    lists: Values = ()
    """Empty: the lists that the command or the settings name."""
    where: When = Field(default_factory=dict)
    """Who gets the issue, beside being on the lists; empty: everybody."""
    number: Line | None = None
    """As in "2/2025"."""
    blocks: Annotated[tuple[Block, ...], AfterValidator(some), AfterValidator(_levels)]

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The distinct conditions of blocks, in order of appearance."""
        found: list[Condition] = []
        for block in self.blocks:
            if block.when and block.when not in found:
                found.append(block.when)
        return tuple(found)

    def visible(self, variant: str) -> list[tuple[int, Block]]:
        """Give the blocks of a variant (as `condition.outcomes` writes it) with their indexes.

        Raises ValueError when the variant does not have one digit per condition.
        """
        conditions = self.conditions
        if len(variant) != len(conditions):
            raise ValueError(
                f"variant {variant!r} does not fit an issue with {len(conditions)} conditions"
            )
        return [
            (index, block)
            for index, block in enumerate(self.blocks)
            if not block.when or variant[conditions.index(block.when)] == "1"
        ]
