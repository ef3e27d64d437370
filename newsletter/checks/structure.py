"""What assistive technology makes of a finished mail (standards C01–C04; EMC report 2025).

Each rule looks at the HTML as it is, and as Gmail may leave it.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from newsletter.checks.outline import no_skipped_level, one_title
from newsletter.checks.page import Element, Page
from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Family, Level

Fault = tuple[Element | None, str]
"""An element (None: the whole page) and what is wrong with it."""

_LAYOUT_ROLES: Final = {"presentation", "none"}
_SCOPES: Final = {"col", "row", "colgroup", "rowgroup"}
_HEADING: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_TEMPLATE: Final = "look at the template that was changed last"


def _look(matter: Matter, faults: Callable[[Page], Iterator[Fault]], hint: str) -> Iterator[Remark]:
    """Look at every page, and at what Gmail may leave of it."""
    for page in matter.looks:
        for element, message in faults(page):
            yield Remark(matter.place(element), message, hint)


@rule(
    "NL461",
    Level.ERROR,
    Family.ACCESSIBILITY,
    "every part of the body says its language and direction",
    why="mail clients take <html> away, and the language with it",
    hint="give each part of the body lang and dir in the layout template",
)
def parts_say_language(matter: Matter) -> Iterator[Remark]:
    """Look at what stands directly in the body: clients take <html> away (standards C01)."""
    languages = {edition.language for edition in matter.editions}

    def faults(page: Page) -> Iterator[Fault]:
        for part in page.parts:
            lang, direction = part.attributes.get("lang"), part.attributes.get("dir")
            if lang not in languages or direction not in {"ltr", "rtl"}:
                yield part, f"<{part.tag}> in the body does not say its language and direction"

    hint = f'give it lang="{min(languages, default="")}" and dir'
    yield from _look(matter, faults, hint)


@rule(
    "NL462",
    Level.ERROR,
    Family.ACCESSIBILITY,
    "tables are for layout and say so, or hold data and have headers",
    why="screen readers read every other table aloud cell by cell",
    hint='layout: role="presentation"; data: a caption, th with a scope, and no role',
)
def tables_say_what_they_are(matter: Matter) -> Iterator[Remark]:
    """Look at role, caption and headers of every table, those for Outlook too (standards C02)."""
    yield from _look(
        matter,
        _table_faults,
        'layout: role="presentation"; data: a caption, th with scope="col" or "row", and no role',
    )


def _table_faults(page: Page) -> Iterator[Fault]:
    for table in page.all("table"):
        own = list(_own(table))
        headers = [element for element in own if element.tag == "th"]
        caption = any(element.tag == "caption" and element.words() for element in own)
        role = table.attributes.get("role", "")
        if role in _LAYOUT_ROLES:
            if headers or caption or "summary" in table.attributes:
                yield table, "a table for layout has headers or a caption"
        elif role:
            yield table, f'a table has the role "{role}"'
        elif not headers and not caption:
            yield table, "a table does not say that it is for layout"
        elif not caption:
            yield table, "a table of data has no caption"
        elif not headers or any(th.attributes.get("scope") not in _SCOPES for th in headers):
            yield table, "a table of data has no headers with a scope"
    for comment in page.comments:
        if re.search(r"<table\b(?![^>]*\srole=\"(?:presentation|none)\")", comment):
            yield None, "a table for Outlook does not say that it is for layout"


def _own(table: Element) -> Iterator[Element]:
    """Give what belongs to the table itself and to no table inside."""
    for child in table.elements:
        if child.tag != "table":
            yield child
            yield from _own(child)


@rule(
    "NL463",
    Level.ERROR,
    Family.ACCESSIBILITY,
    "images have an alt text, linked ones a text that says where",
    why="whoever does not see the image hears its file name instead",
    hint='write alt in the template; alt="" only for what decorates',
)
def images_have_alt(matter: Matter) -> Iterator[Remark]:
    """Look at alt of every image (standards C04; WCAG 1.1.1)."""
    yield from _look(matter, _image_faults, 'write alt; alt="" only for what decorates')


def _image_faults(page: Page) -> Iterator[Fault]:
    for image in page.all("img"):
        if "alt" not in image.attributes:
            yield image, "an image has no alt text"


@rule(
    "NL464",
    Level.ERROR,
    Family.ACCESSIBILITY,
    "links and buttons have words",
    why="a link without words is read aloud as its address",
    hint="write what the link leads to, in it or as alt",
)
def links_have_words(matter: Matter) -> Iterator[Remark]:
    """Look for text or alt inside every link; ARIA does not count: Yahoo drops it (C10)."""
    yield from _look(matter, _link_faults, "write what the link leads to, in it or as alt")


def _link_faults(page: Page) -> Iterator[Fault]:
    for link in page.all("a"):
        if "href" in link.attributes and not link.words(alt=True):
            yield link, "a link has no words"


@rule(
    "NL465",
    Level.ERROR,
    Family.ACCESSIBILITY,
    "the HTML has one h1, and headings skip no level",
    why="people who hear a mail jump from heading to heading",
    hint="look at the template that was changed last",
)
def headings_are_in_order(matter: Matter) -> Iterator[Remark]:
    """Look at the headings as they come out (standards C03; WCAG 1.3.1, 2.4.6).

    Where the issue itself has them wrong, that is told there, and enough.
    """
    if any(one_title(matter)) or any(no_skipped_level(matter)):
        return
    yield from _look(matter, _heading_faults, _TEMPLATE)


def _heading_faults(page: Page) -> Iterator[Fault]:
    last = 0
    titles = page.all("h1")
    if not titles:
        yield None, "the HTML has no h1"
    for title in titles[1:]:
        yield title, "the HTML has a second h1"
    for heading in (element for element in page.elements if element.tag in _HEADING):
        level = int(heading.tag[1])
        if not heading.words(alt=True):
            yield heading, f"an <{heading.tag}> is empty"
        if level > last + 1 and (last or level > 1):
            after = f"<h{last}>" if last else "nothing"
            yield heading, f"<{heading.tag}> comes after {after}"
        last = level


@rule(
    "NL466",
    Level.ERROR,
    Family.ACCESSIBILITY,
    "ids are there once",
    why="links and labels find only the first of two equal ids",
    hint="look at the template that was changed last",
)
def ids_are_unique(matter: Matter) -> Iterator[Remark]:
    """Look for ids that several elements have: links to them lead to the first only."""

    def faults(page: Page) -> Iterator[Fault]:
        seen: set[str] = set()
        for element in page.elements:
            if (name := element.attributes.get("id")) is not None:
                if not name.strip() or name in seen:
                    yield element, f"the id {name!r} is there twice, or empty"
                seen.add(name)

    yield from _look(matter, faults, _TEMPLATE)


@rule(
    "NL474",
    Level.ERROR,
    Family.LINKS,
    "links within the mail lead to a place in it",
    why="who clicks on a line of the contents must get there",
    hint="look at the template that was changed last",
)
def links_inside_arrive(matter: Matter) -> Iterator[Remark]:
    """Look for the id that each '#…' names: those of the table of contents."""
    for page in matter.pages:
        ids = {element.attributes.get("id") for element in page.elements}
        for link in page.all("a"):
            target = link.attributes.get("href", "")
            if target.startswith("#") and target[1:] not in ids:
                yield Remark(
                    matter.place(link), f"nothing in the mail has the id of {target!r}", _TEMPLATE
                )


@rule(
    "NL467",
    Level.ERROR,
    Family.ACCESSIBILITY,
    "readers can make the mail larger",
    why="people with low vision make text larger (WCAG 1.4.4)",
    hint="leave user-scalable and maximum-scale out of the viewport",
)
def readers_can_zoom(matter: Matter) -> Iterator[Remark]:
    """Look at the viewport (standards C06; WCAG 1.4.4)."""

    def faults(page: Page) -> Iterator[Fault]:
        for meta in page.all("meta"):
            content = meta.attributes.get("content", "").replace(" ", "").lower()
            if meta.attributes.get("name", "").lower() == "viewport" and re.search(
                r"user-scalable=(?:no|0)|maximum-scale=[01](?:\.\d*)?(?:,|$)", content
            ):
                yield None, "the viewport keeps readers from zooming"

    yield from _look(matter, faults, "leave user-scalable and maximum-scale out")
