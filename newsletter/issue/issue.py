"""An issue: one newsletter as written, in one language."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final

from pydantic import AfterValidator, Field, TypeAdapter, ValidationInfo, WrapValidator

from newsletter.issue.blocks import Block, Columns
from newsletter.issue.condition import Condition
from newsletter.issue.levels import levelled
from newsletter.issue.source import Path
from newsletter.issue.texts import LanguageCode, Line, Values, When, some
from newsletter.issue.trial import Trial
from newsletter.issue.values import Value

_LINE: Final[TypeAdapter[str]] = TypeAdapter(Line)


def _subject(value: object, _handler: object, info: ValidationInfo) -> str | Trial:
    """Read one subject, or several; the faults of either are told at their own places."""
    if isinstance(value, dict):
        return Trial.model_validate(value, context=info.context)
    return value if isinstance(value, Trial) else _LINE.validate_python(value)


Subject = Annotated[Line | Trial, WrapValidator(_subject)]


class Issue(Value):
    """What a file of issues/ says."""

    subject: Subject
    """One, or several that are tried on a sample."""
    preheader: Line | None = None
    """What inboxes show beside the subject."""
    language: LanguageCode
    """Of the texts: fi, sv or en; the file's name says it too: kevat.fi.yaml."""
    lists: Values = ()
    """Empty: the lists that the command or the settings name."""
    where: When = Field(default_factory=dict)
    """Who gets the issue, beside being on the lists; empty: everybody."""
    number: Line | None = None
    """As in "2/2025"."""
    contents: bool = False
    """Whether a table of contents, made of the headings of level 2, stands at the beginning."""
    blocks: Annotated[tuple[Block, ...], AfterValidator(some), AfterValidator(levelled)]
    """What the mail is made of, from top to bottom."""

    @property
    def trial(self) -> Trial | None:
        """The trial of several subjects, if there is one."""
        return self.subject if isinstance(self.subject, Trial) else None

    @property
    def subjects(self) -> Mapping[str, str]:
        """The subjects by the letters of their arms; under an empty one where it is the only."""
        return self.subject.subjects if isinstance(self.subject, Trial) else {"": self.subject}

    def of_arm(self, arm: str) -> "Issue":
        """Give the issue with that one subject; with its first where it has no such arm."""
        subject = self.subjects.get(arm) or next(iter(self.subjects.values()))
        return self.model_copy(update={"subject": subject})

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The distinct conditions of blocks, of those inside columns too, in order."""
        found: list[Condition] = []
        for _, block in self.walk():
            if block.when and block.when not in found:
                found.append(block.when)
        return tuple(found)

    def visible(self, variant: str) -> list[tuple[int, Block]]:
        """Give the blocks of a variant (as `condition.outcomes` writes it) with their indexes.

        Columns hold only what the variant shows; there may be one of them left.
        Raises ValueError when the variant does not have one digit per condition.
        """
        hidden = self._hidden(variant)
        shown = ((index, _shown(block, hidden)) for index, block in enumerate(self.blocks))
        return [(index, block) for index, block in shown if block is not None]

    def walk(self, variant: str | None = None) -> Iterator[tuple[Path, Block]]:
        """Give every block with its path, columns before the blocks inside them.

        With a variant, only what it shows; then raises ValueError like `visible`.
        """
        hidden = [] if variant is None else self._hidden(variant)
        for index, block in enumerate(self.blocks):
            yield from _walk(("blocks", index, block.kind), block, hidden)

    def _hidden(self, variant: str) -> list[Condition]:
        """Give the conditions that do not hold in a variant."""
        conditions = self.conditions
        if len(variant) != len(conditions):
            raise ValueError(
                f"variant {variant!r} does not fit an issue with {len(conditions)} conditions"
            )
        digits = zip(conditions, variant, strict=True)
        return [condition for condition, digit in digits if digit != "1"]


def _shown(block: Block, hidden: Sequence[Condition]) -> Block | None:
    """Give what is left of a block when some conditions do not hold."""
    if block.when in hidden:
        return None
    if not isinstance(block, Columns):
        return block
    shown = (tuple(each for each in column if each.when not in hidden) for column in block.columns)
    columns = tuple(column for column in shown if column)
    return block.model_copy(update={"columns": columns}) if columns else None


def _walk(path: Path, block: Block, hidden: Sequence[Condition]) -> Iterator[tuple[Path, Block]]:
    if block.when in hidden:
        return
    yield path, block
    if isinstance(block, Columns):
        for number, column in enumerate(block.columns):
            for index, inner in enumerate(column):
                yield from _walk((*path, "columns", number, index, inner.kind), inner, hidden)
