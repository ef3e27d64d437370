"""Charts as SVG that stretch with the page: places are per cent, letters keep their size.

A chart is one picture to a screen reader, with a title and a sentence; its figures are in the table
beside it. Parts are told apart by their place and by gaps, never by colour alone.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from markupsafe import Markup, escape

from newsletter.reporting.sections import Chart, Section

_ROW: Final = 46
"""Height of a bar with its label, in px."""
_COLUMNS: Final = 180
"""Height of the columns, in px."""
_LONGEST: Final = 36
"""Characters of a label beside its number, on a phone."""


def drawn(section: Section) -> Markup:
    """Draw a section's chart; nothing where it has none."""
    if not section.chart:
        return Markup("")
    height, shapes = _CHARTS[section.chart](section)
    name = section.key.replace(" ", "-")
    head = Markup(
        '<svg class="chart" role="img" width="100%" height="{}" aria-labelledby="{}-t {}-d">'
        '<title id="{}-t">{}</title><desc id="{}-d">{}</desc>'
    ).format(height, name, name, name, section.title, name, section.text)
    return head + Markup("").join(shapes) + Markup("</svg>")


def _bars(section: Section) -> tuple[int, Iterator[Markup]]:
    most = max(row.values[0] for row in section.rows)

    def shapes() -> Iterator[Markup]:
        for place, row in enumerate(section.rows):
            top = place * _ROW
            yield from _labels(row.label, f"{row.cells[0]} · {row.cells[1]}", top)
            yield _rect("track", 0, top + 24, 100, 12)
            yield _rect("fill", 0, top + 24, _percent(row.values[0], most), 12)

    return len(section.rows) * _ROW, shapes()


def _stacks(section: Section) -> tuple[int, Iterator[Markup]]:
    most = max(row.values[0] for row in section.rows)

    def shapes() -> Iterator[Markup]:
        for place, row in enumerate(section.rows):
            top, left = place * _ROW, 0.0
            yield from _labels(row.label, row.cells[0], top)
            yield _rect("track", 0, top + 24, 100, 12)
            for name, value in zip(section.names[1:], row.values[1:], strict=True):
                width = _percent(value, most)
                if value:
                    yield _rect(f"part {name}", left, top + 24, width, 12)
                left += width

    return len(section.rows) * _ROW, shapes()


def _columns(section: Section) -> tuple[int, Iterator[Markup]]:
    rows = section.rows
    most = max(row.values[0] for row in rows)
    wide = 100 / len(rows)

    def shapes() -> Iterator[Markup]:
        top = next(row for row in rows if row.values[0] == most).cells[0]
        yield _text(0, 12, top, "quiet")
        for line in (20, 20 + _COLUMNS / 2):
            yield Markup('<line class="grid" x1="0" x2="100%" y1="{0}" y2="{0}"></line>').format(
                f"{line:g}"
            )
        for place, row in enumerate(rows):
            tall = _COLUMNS * row.values[0] / most
            gap = wide * 0.15
            yield _rect("fill", place * wide + gap / 2, 20 + _COLUMNS - tall, wide - gap, tall)
        base = 20 + _COLUMNS
        yield Markup('<line class="axis" x1="0" x2="100%" y1="{0}" y2="{0}"></line>').format(base)
        yield _text(0, base + 20, rows[0].label, "quiet")
        if len(rows) > 1:
            yield _text(100, base + 42, rows[-1].label, "quiet end")

    return 20 + _COLUMNS + 50, shapes()


def _ranges(section: Section) -> tuple[int, Iterator[Markup]]:
    most = max(row.values[-1] for row in section.rows) or 1

    def shapes() -> Iterator[Markup]:
        for place, row in enumerate(section.rows):
            top, (low, high) = place * _ROW, row.values[-2:]
            middle = row.values[4] / row.values[0] if row.values[0] else 0
            yield from _labels(row.label, f"{row.cells[-2]} ({row.cells[-1]})", top)
            yield _rect("track", 0, top + 24, 100, 12)
            yield _rect("range", _percent(low, most), top + 24, _percent(high - low, most), 12)
            yield Markup('<circle class="dot" cx="{}%" cy="{}" r="5"></circle>').format(
                f"{_percent(middle, most):.3f}", top + 30
            )

    return len(section.rows) * _ROW, shapes()


_CHARTS: Final[Mapping[Chart, Callable[[Section], tuple[int, Iterator[Markup]]]]] = {
    "bars": _bars,
    "stacks": _stacks,
    "columns": _columns,
    "ranges": _ranges,
}


def _percent(value: float, most: float) -> float:
    return 100 * value / most if most else 0


def _labels(label: str, value: str, top: int) -> Iterator[Markup]:
    most = max(_LONGEST - max(len(value) - 6, 0), 12)
    short = label if len(label) <= most else label[: most - 1].rstrip() + "…"
    yield _text(0, top + 16, short, "")
    yield _text(100, top + 16, value, "quiet end")


def _text(left: float, top: float, text: str, style: str) -> Markup:
    return Markup('<text class="{}" x="{}%" y="{}">{}</text>').format(
        style, f"{left:g}", f"{top:g}", escape(text)
    )


def _rect(style: str, left: float, top: float, width: float, height: float) -> Markup:
    return Markup('<rect class="{}" x="{}%" y="{}" width="{}%" height="{}"></rect>').format(
        style, f"{left:.3f}", f"{top:.1f}", f"{width:.3f}", f"{height:.1f}"
    )
