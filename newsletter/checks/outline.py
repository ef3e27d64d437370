"""Headings make an outline that can be listened to (standards C03; WCAG 1.3.1, 2.4.6)."""

from collections.abc import Iterator
from typing import Final

from newsletter.checks import markdown
from newsletter.checks.headings import IN_TEXT
from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Family, Level

_AS_BLOCK: Final = "make it a block of its own: '- heading: …'"


@rule(
    "NL401",
    Level.ERROR,
    Family.ACCESSIBILITY,
    "an issue has one heading of level 1, its title, and begins with it",
    why="screen readers begin with the title, and the public page is named by it",
    hint="begin with '- heading: …', without a condition, and give later headings level 2",
    whole=True,
)
def one_title(matter: Matter) -> Iterator[Remark]:
    """Look for the title in every variant."""
    for headings in matter.outlines:
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


@rule(
    "NL402",
    Level.ERROR,
    Family.ACCESSIBILITY,
    "headings skip no level",
    why="who hears a mail jumps from heading to heading; a gap sounds like a missing part",
    hint="leave the level out: it follows from where the heading stands",
    whole=True,
)
def no_skipped_level(matter: Matter) -> Iterator[Remark]:
    """Look at each heading and the one before it, in every variant."""
    for headings in matter.outlines:
        last = 1
        for heading in headings:
            if heading.level > last + 1:
                yield Remark(
                    heading.place,
                    f"a heading of level {heading.level} follows one of level {last}",
                    _AS_BLOCK if heading.in_text else f"use level {last + 1} here",
                )
            last = heading.level


@rule(
    "NL403",
    Level.WARNING,
    Family.ACCESSIBILITY,
    "headings inside a text are of level 3, written ###",
    why="all headings inside a text are of level 3, so the sign promises a size that nobody gets",
    hint=f"write ###, or {_AS_BLOCK}",
)
def written_as_level_three(matter: Matter) -> Iterator[Remark]:
    """Look for # and ## in texts, which do not make bigger headings."""
    for path, text in matter.texts:
        for heading in markdown.headings(text):
            if heading.level != IN_TEXT:
                yield Remark(
                    matter.document.place(path, heading.offset),
                    f"'{'#' * heading.level}' looks the same as '###' inside a text",
                    f"write ###, or {_AS_BLOCK}",
                )
