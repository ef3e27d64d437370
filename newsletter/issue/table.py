"""A table of data: rectangular, short, with a caption and a header: it can be listened to."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

from newsletter.issue.rules import Rule
from newsletter.issue.texts import Line, LineOrNothing, fault, some
from newsletter.issue.values import BaseBlock

MOST_COLUMNS: Final = 6
"""More do not fit beside each other on a telephone, nor in 76 characters of plain text."""
MOST_ROWS: Final = 100


def _wide_enough(header: tuple[str, ...]) -> tuple[str, ...]:
    if not 2 <= len(header) <= MOST_COLUMNS:  # noqa: PLR2004 - one column is a list
        fault(
            Rule.COUNT,
            f"a table has 2 to {MOST_COLUMNS} columns; this one has {len(header)}",
            "make it a list" if len(header) == 1 else "leave a column out, or make two tables",
        )
    return header


def _short_enough(rows: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    if len(rows) > MOST_ROWS:
        message = f"a table has at most {MOST_ROWS} rows; this one has {len(rows)}"
        fault(Rule.COUNT, message, "link to the whole table instead")
    return some(rows)


def _rectangular(row: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    """Keep the row as long as the header, and give it a name."""
    header: tuple[str, ...] | None = info.data.get("header")
    if header is not None and len(row) != len(header):
        fault(
            Rule.COUNT,
            f"this row has {_cells(len(row))}, the header has {len(header)}",
            'write an empty cell as ""' if len(row) < len(header) else "put commas in quotes",
        )
    if not row[0]:
        fault(Rule.EMPTY, "the first cell of a row is its name; this one is empty", "name the row")
    return row


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _as_row(value: object) -> object:
    if isinstance(value, str):
        fault(Rule.TYPE, "a row is a list of cells", "write it in brackets: [ …, … ]")
    return value


Row = Annotated[
    tuple[LineOrNothing, ...],
    AfterValidator(some),
    AfterValidator(_rectangular),
    BeforeValidator(_as_row),
]


class Table(BaseBlock):
    """Data in rows and columns; the first cell of a row names it."""

    short: ClassVar[str | None] = None
    kind: Literal["table"] = "table"
    caption: Line
    """What the table shows."""
    header: Annotated[tuple[Line, ...], AfterValidator(_wide_enough)]
    """The names of the columns."""
    rows: Annotated[tuple[Row, ...], AfterValidator(_short_enough)]
    """Each as long as the header; cells are texts, numbers as written."""
