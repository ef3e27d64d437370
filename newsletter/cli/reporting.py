"""A report on the terminal: 60 columns, with colours where the terminal has them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from newsletter.reporting import Report, Row, Section, Words

_WIDTH: Final = 60
_BAR: Final = 16
_MOST_SLOTS: Final = 24
"""Stretches of time that are listed; the page and the CSV file have finer ones."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line, and how it is shown where there are colours."""

    text: str = ""
    style: str = ""


def written(report: "Report", words: "Words") -> Iterator[Line]:
    """Write a report line by line."""
    from newsletter.reporting import promise, sections

    number = len(report.mailings)
    which = f"mailing {report.mailings[0]}" if number == 1 else f"{number} mailings together"
    yield Line(f"{report.issue}: {which}", "bold")
    yield Line(f"as of {words.moment(report.made_at)}", "dim")
    yield Line()
    style = "green" if report.leaving.is_kept else "bold red"
    for sentence in promise(report, words):
        yield from (Line(part, style) for part in wrap(sentence, _WIDTH))
    for section in sections(report, words):
        yield Line()
        yield Line(section.title, "bold")
        yield from (Line(part, "dim") for part in wrap(section.text, _WIDTH))
        yield from _rows(section)
    yield Line()
    last = "no opens: there is no pixel; no clicks: no provider counts them for us"
    yield from (Line(part, "dim") for part in wrap(last, _WIDTH))


def coloured(lines: Iterable[Line]) -> None:
    """Show lines on a terminal; NO_COLOR is obeyed."""
    from rich.text import Text

    from newsletter.cli.drawing import console

    screen = console(error=False)
    for line in lines:
        screen.print(Text(line.text, style=line.style))


def _rows(section: "Section") -> Iterator[Line]:
    if section.chart in ("stacks", "ranges"):
        yield from _detailed(section)
        return
    rows = _together(section.rows) if section.chart == "columns" else section.rows
    most = max(row.values[0] for row in rows)
    numbers = max(len(row.cells[0]) for row in rows)
    for row in rows:
        share = f" {row.cells[1]:>8}" if len(row.cells) > 1 else ""
        bar = "█" * max(round(_BAR * row.values[0] / most), 1 if row.values[0] else 0)
        room = _WIDTH - numbers - len(share) - _BAR - 5
        for line, label in enumerate(wrap(row.label, room) or [""]):
            tail = f" {row.cells[0]:>{numbers}}{share}  {bar}" if not line else ""
            yield Line(f"  {label:<{room}}{tail}".rstrip())


def _together(rows: "Sequence[Row]") -> "Sequence[Row]":
    """Put neighbouring stretches of time together until they fit a screen."""
    from newsletter.reporting import Row

    each = -(-len(rows) // _MOST_SLOTS)
    found = []
    for start in range(0, len(rows), each):
        people = sum(row.values[0] for row in rows[start : start + each])
        found.append(Row(rows[start].label, (f"{people:,.0f}",), (people,)))
    return found


def _detailed(section: "Section") -> Iterator[Line]:
    """Write a label, and what there is of it below: too much for a table of 60 columns."""
    for row in section.rows:
        room = _WIDTH - len(row.cells[0]) - 3
        label = row.label if len(row.label) <= room else row.label[: room - 1] + "…"
        yield Line(f"  {label:<{room}} {row.cells[0]}")
        yield from (Line(f"    {part}", "dim") for part in wrap(_parts(section, row), _WIDTH - 4))


def _parts(section: "Section", row: "Row") -> str:
    named = zip(section.header[2:], row.cells[1:], row.values[1:], strict=False)
    return ", ".join(f"{name.lower()} {cell}" for name, cell, value in named if value)
