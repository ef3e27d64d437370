"""What must be true of every mail that leaves, looked at in the finished editions."""

import html
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Level, Place
from newsletter.issue.edition import Edition
from newsletter.issue.template import Slot, Template

_WARN_BYTES: Final = 80_000
_MOST_BYTES: Final = 100_000
"""Gmail cuts a mail at about 102 kB of HTML; the unsubscribe link goes first (standards P11)."""
_UNSUBSCRIBE: Final = "unsubscribe_url"
_SLOT_BYTES: Final = {_UNSUBSCRIBE: 300}
_OTHER_SLOT_BYTES: Final = 40
"""How long values are when they are filled in, on the safe side."""


@rule("NL451", Level.WARNING, "the HTML has less than 80,000 bytes")
def html_is_light(matter: Matter) -> Iterator[Remark]:
    """Measure the heaviest edition."""
    size = max(map(_size, matter.editions), default=0)
    if _WARN_BYTES <= size < _MOST_BYTES:
        yield Remark(
            Place(matter.document.name),
            f"the HTML has {size:,} bytes; Gmail cuts mails at 102,000",
            "make texts shorter and link to the rest",
        )


@rule("NL452", Level.ERROR, "the HTML has less than 100,000 bytes")
def html_is_not_cut(matter: Matter) -> Iterator[Remark]:
    """Measure the heaviest edition."""
    size = max(map(_size, matter.editions), default=0)
    if size >= _MOST_BYTES:
        yield Remark(
            Place(matter.document.name),
            f"the HTML has {size:,} bytes; Gmail would cut off the end with the unsubscribe link",
            f"make it smaller than {_MOST_BYTES:,}: shorten texts and link to the rest",
        )


@rule("NL453", Level.ERROR, "HTML and text have the unsubscribe link")
def can_be_left(matter: Matter) -> Iterator[Remark]:
    """Look for the link's open place in both parts."""
    for edition in matter.editions:
        for name, part in (("HTML", edition.html), ("text", edition.text)):
            if not any(slot.field == _UNSUBSCRIBE for slot in part.slots):
                yield Remark(
                    Place(matter.document.name),
                    f"the {name} part has no unsubscribe link",
                    "the footer of the templates must hold {{ unsubscribe_url }}",
                )


@rule("NL454", Level.ERROR, "the HTML says its language and direction")
def language_is_said(matter: Matter) -> Iterator[Remark]:
    """Look at lang and dir of <html> (standards C01; WCAG 3.1.1)."""
    for edition in matter.editions:
        page = _Page.of(edition)
        if page.root.get("lang") != edition.language or page.root.get("dir") not in {"ltr", "rtl"}:
            yield Remark(
                Place(matter.document.name),
                f'the HTML does not begin with <html lang="{edition.language}" dir="ltr">',
                "the layout template must give lang and dir to mjml",
            )


@rule("NL455", Level.ERROR, "no MJML is left over in the HTML")
def no_mjml_left(matter: Matter) -> Iterator[Remark]:
    """Look for tags that the renderer passed through because it does not know them."""
    for edition in matter.editions:
        if left := _Page.of(edition).left_over:
            yield Remark(
                Place(matter.document.name),
                f"the HTML still has <{left}>, which no mail client shows",
                "a template has a misspelt MJML tag",
            )


@rule("NL456", Level.ERROR, "the title of the HTML is the subject")
def title_is_subject(matter: Matter) -> Iterator[Remark]:
    """Compare <title> with the subject, personal fields included (standards C08)."""
    for edition in matter.editions:
        subject = _words(edition.subject.write(_mark))
        if _words(_Page.of(edition).title) != subject:
            yield Remark(
                matter.document.place(("subject",)),
                "the title of the HTML is not the subject",
                "the layout template must have mj-title with the subject",
            )


def _size(edition: Edition) -> int:
    return sum(
        _slot_bytes(part) if isinstance(part, Slot) else len(part.encode()) for part in edition.html
    )


def _slot_bytes(slot: Slot) -> int:
    usual = _SLOT_BYTES.get(slot.field, _OTHER_SLOT_BYTES)
    return max(usual, len(slot.escape.apply(slot.fallback or "").encode()))


def _mark(slot: Slot) -> str:
    return f"[{slot.field}|{slot.fallback}]"


def _words(text: str) -> str:
    return " ".join(text.split())


class _Page(HTMLParser):
    """What the rules want to know of an HTML page."""

    def __init__(self) -> None:
        super().__init__()
        self.root: dict[str, str | None] = {}
        self.title = ""
        self.left_over = ""
        self._in_title = False

    @classmethod
    def of(cls, edition: Edition) -> "_Page":
        page = cls()
        page.feed(_written(edition.html))
        page.close()
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_title = tag == "title"
        if tag == "html":
            self.root = dict(attrs)
        if tag == "mjml" or tag.startswith("mj-"):
            self.left_over = self.left_over or tag

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - HTMLParser's signature
        self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data


def _written(template: Template) -> str:
    return template.write(lambda slot: html.escape(_mark(slot)))
