"""A finished mail as a tree of elements: read once per edition, looked at by every rule.

The standard library's parser is enough: rendering has refused what is not well-formed, it takes
2 ms for 35 kB, and it needs no dependency.
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator
from html.parser import HTMLParser
from typing import Final

from newsletter.issue.edition import Edition
from newsletter.issue.template import Slot, Template

VOID: Final = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"]
)
_NONE: Final[frozenset[str]] = frozenset()
_BLOCK: Final = re.compile(r"(?:^|\s)block-(\d+)(?=\s|$)")


class Element:
    """One element: its tag, attributes, children and where it stands."""

    __slots__ = (
        "around", "attributes", "block", "children", "classes", "parent", "speaks", "styles", "tag",
        "within",
    )  # fmt: skip

    def __init__(
        self,
        tag: str,
        attributes: dict[str, str],
        parent: "Element | None",
        styles: dict[str, str] | None = None,
    ) -> None:
        self.tag = tag
        self.attributes = attributes
        self.parent = parent
        self.children: list[Element | str] = []
        self.speaks = False
        """Whether text stands directly in it."""
        named = attributes.get("class", "")
        self.classes = frozenset(named.split()) if named else _NONE
        self.around: frozenset[str] = parent.within if parent else _NONE
        """The classes of the elements around it."""
        self.within: frozenset[str] = self.around | self.classes if named else self.around
        self.styles = declarations(attributes.get("style", "")) if styles is None else styles
        """What the element's own style attribute says."""
        found = _BLOCK.search(named) if "block-" in named else None
        self.block: int | None = int(found[1]) if found else parent.block if parent else None
        """The index of the issue's block that it belongs to."""

    @property
    def elements(self) -> "Iterator[Element]":
        """The children that are elements."""
        return (child for child in self.children if isinstance(child, Element))

    @property
    def ancestors(self) -> "Iterator[Element]":
        """The elements around it, the nearest first."""
        above = self.parent
        while above is not None:
            yield above
            above = above.parent

    @property
    def own_words(self) -> str:
        """The text that stands directly in the element."""
        return _words(child for child in self.children if isinstance(child, str))

    def words(self, *, alt: bool = False) -> str:
        """Give the text inside; with `alt`, what images say instead of themselves, too."""
        return _words(_texts(self, alt=alt))


def _texts(element: Element, *, alt: bool) -> Iterator[str]:
    for child in element.children:
        if isinstance(child, str):
            yield child
        elif child.tag == "img" and alt:
            yield f" {child.attributes.get('alt', '')} "
        else:
            yield from _texts(child, alt=alt)


class Page:
    """The whole tree, with its elements in order and by tag."""

    def __init__(
        self, root: Element, elements: Iterable[Element], comments: Iterable[str] = ()
    ) -> None:
        self.root = root
        self.elements = tuple(elements)
        """All of them, in the order of the page."""
        self.comments = tuple(comments)
        """What mail clients other than Outlook do not see, `[if mso]` among it."""
        self._by_tag: dict[str, list[Element]] = {}
        for element in self.elements:
            self._by_tag.setdefault(element.tag, []).append(element)

    def all(self, *tags: str) -> list[Element]:
        """Give the elements of one of the tags; those of one tag are in order."""
        return [element for tag in tags for element in self._by_tag.get(tag, ())]

    def first(self, tag: str) -> Element | None:
        """Give the first element of that tag."""
        return next(iter(self._by_tag.get(tag, ())), None)

    @property
    def parts(self) -> list[Element]:
        """What stands directly in the body."""
        body = self.first("body")
        return list(body.elements) if body else []


def read(text: str) -> Page:
    """Read HTML; never fails, a browser's parser does not either."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return Page(reader.root, reader.elements, reader.comments)


def page_of(edition: Edition) -> Page:
    """Read an edition's HTML, its open places marked as `mark` does."""
    return read(edition.html.write(lambda slot: html.escape(mark(slot))))


def mark(slot: Slot) -> str:
    """Write an open place so that it can be found and compared."""
    return named(slot.field, slot.fallback)


def named(field: str, fallback: str | None) -> str:
    """Write the mark of a field."""
    return f"[{field}|{fallback}]"


def marked(template: Template, escape: Callable[[str], str] = str) -> str:
    """Write a template with its open places marked."""
    return template.write(lambda slot: escape(mark(slot)))


def declarations(style: str) -> dict[str, str]:
    """Read the declarations of a style attribute or rule, the last of a name wins."""
    found: dict[str, str] = {}
    if not style:
        return found
    for piece in style.split(";"):
        name, colon, value = piece.partition(":")
        if colon:
            found[name.strip().lower()] = value.strip()
    return found


def _words(texts: Iterator[str]) -> str:
    return " ".join("".join(texts).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {}, None)
        self.elements: list[Element] = []
        self.comments: list[str] = []
        self._here = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in reversed(attrs)}  # the first one counts
        element = Element(tag, attributes, self._here)
        self._here.children.append(element)
        self.elements.append(element)
        if tag not in VOID:
            self._here = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        for above in (self._here, *self._here.ancestors):
            if above.tag == tag and above.parent is not None:
                self._here = above.parent
                return

    def handle_data(self, data: str) -> None:
        self._here.children.append(data)
        self._here.speaks = self._here.speaks or not data.isspace()

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)
