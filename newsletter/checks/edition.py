"""What must be true of every mail that leaves, looked at in the finished editions."""

import binascii
from collections.abc import Iterator
from typing import Final

from newsletter.checks.page import marked
from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Family, Level, Place
from newsletter.i18n import direction
from newsletter.issue.edition import Edition
from newsletter.issue.template import Slot
from newsletter.settings.register import PREFERENCES, UNSUBSCRIBE

_WARN_BYTES: Final = 80_000
_MOST_BYTES: Final = 100_000
"""Gmail cuts a mail at about 102 kB of HTML; the unsubscribe link goes first (standards P11)."""
_MOST_ENCODED: Final = 102_400
_GROWS: Final = 3
"""A byte of the HTML is at most so many when quoted."""
_SLOT_BYTES: Final = {UNSUBSCRIBE: 300, PREFERENCES: 200}
_OTHER_SLOT_BYTES: Final = 40
"""How long values are when they are filled in, on the safe side."""


@rule(
    "NL451",
    Level.WARNING,
    Family.SIZE,
    "the HTML has less than 80,000 bytes",
    why="Gmail cuts mails at 102,000 bytes, and a little more text gets there",
    hint="make texts shorter and link to the rest",
)
def html_is_light(matter: Matter) -> Iterator[Remark]:
    """Measure the heaviest edition."""
    size = max(map(_size, matter.editions), default=0)
    if _WARN_BYTES <= size < _MOST_BYTES:
        yield Remark(
            Place(matter.document.name),
            f"the HTML has {size:,} bytes; Gmail cuts mails at 102,000",
            "make texts shorter and link to the rest",
        )


@rule(
    "NL452",
    Level.ERROR,
    Family.SIZE,
    "the HTML has less than 100,000 bytes",
    why="Gmail would cut off the end with the unsubscribe link, which the law wants to be seen",
    hint="shorten texts and link to the rest",
)
def html_is_not_cut(matter: Matter) -> Iterator[Remark]:
    """Measure the heaviest edition."""
    size = max(map(_size, matter.editions), default=0)
    if size >= _MOST_BYTES:
        yield Remark(
            Place(matter.document.name),
            f"the HTML has {size:,} bytes; Gmail would cut off the end with the unsubscribe link",
            f"make it smaller than {_MOST_BYTES:,}: shorten texts and link to the rest",
        )


@rule(
    "NL458",
    Level.WARNING,
    Family.SIZE,
    "the HTML as it is sent has at most 102,400 bytes",
    why="some say that Gmail counts the bytes as they are sent, where ä takes six",
    hint="make texts shorter and link to the rest",
)
def encoded_html_is_light(matter: Matter) -> Iterator[Remark]:
    """Measure the quoted-printable part, in which ä takes six bytes (standards P11)."""
    size = max((_encoded_size(edition) for edition in matter.editions), default=0)
    if size > _MOST_ENCODED:
        yield Remark(
            matter.place(),
            f"the HTML has {size:,} bytes when it is encoded; some say that Gmail counts these",
            "make texts shorter and link to the rest",
        )


@rule(
    "NL453",
    Level.ERROR,
    Family.LAW,
    "HTML and text have the unsubscribe link",
    why="everybody must be able to leave by a click in the mail (917/2014 §203; Gmail, Yahoo)",
    hint="the footer of the templates must hold {{ unsubscribe_url }}",
)
def can_be_left(matter: Matter) -> Iterator[Remark]:
    """Look for the link's open place in both parts."""
    for edition in matter.editions:
        for name, part in (("HTML", edition.html), ("text", edition.text)):
            if not any(slot.field == UNSUBSCRIBE for slot in part.slots):
                yield Remark(
                    Place(matter.document.name),
                    f"the {name} part has no unsubscribe link",
                    "the footer of the templates must hold {{ unsubscribe_url }}",
                )


@rule(
    "NL454",
    Level.ERROR,
    Family.ACCESSIBILITY,
    "the HTML says its language and direction",
    why="screen readers choose their voice by the language (WCAG 3.1.1)",
    hint="the layout template must give lang and dir to mjml",
)
def language_is_said(matter: Matter) -> Iterator[Remark]:
    """Look at lang and dir of <html> (standards C01; WCAG 3.1.1)."""
    for edition, page in zip(matter.editions, matter.pages, strict=True):
        root = page.first("html")
        said = (root.attributes.get("lang"), root.attributes.get("dir")) if root else None
        wanted = (edition.language, direction(edition.language))
        if said != wanted:
            yield Remark(
                matter.place(),
                f'the HTML does not begin with <html lang="{wanted[0]}" dir="{wanted[1]}">',
                "the layout template must give lang and dir to mjml",
            )


@rule(
    "NL455",
    Level.ERROR,
    Family.CLIENTS,
    "no MJML is left over in the HTML",
    why="no mail client shows MJML: what stands in the tag is lost",
    hint="look for a misspelt tag in the template that was changed last",
)
def no_mjml_left(matter: Matter) -> Iterator[Remark]:
    """Look for tags that the renderer passed through because it does not know them."""
    for page in matter.pages:
        left = next((e for e in page.elements if e.tag.startswith(("mjml", "mj-"))), None)
        if left:
            yield Remark(
                matter.place(left),
                f"the HTML still has <{left.tag}>, which no mail client shows",
                "a template has a misspelt MJML tag",
            )


@rule(
    "NL456",
    Level.ERROR,
    Family.ACCESSIBILITY,
    "the title of the HTML is the subject",
    why="the title is what a browser's tab and a screen reader say first (WCAG 2.4.2)",
    hint="the layout template must have mj-title with the subject",
)
def title_is_subject(matter: Matter) -> Iterator[Remark]:
    """Compare <title> with the subject, personal fields included (standards C08)."""
    for edition, page in zip(matter.editions, matter.pages, strict=True):
        title = page.first("title")
        if (title.words() if title else "") != _words(marked(edition.subject)):
            yield Remark(
                matter.document.place(("subject", edition.arm)),
                "the title of the HTML is not the subject",
                "the layout template must have mj-title with the subject",
            )


def _size(edition: Edition) -> int:
    return sum(
        _slot_bytes(part) if isinstance(part, Slot) else len(part.encode()) for part in edition.html
    )


def _encoded_size(edition: Edition) -> int:
    text = edition.html.fill({}).encode()
    if _GROWS * len(text) < _MOST_ENCODED:
        return 0  # cannot be too much: no need to write it
    return len(binascii.b2a_qp(text, istext=True))


def _slot_bytes(slot: Slot) -> int:
    usual = _SLOT_BYTES.get(slot.field, _OTHER_SLOT_BYTES)
    return max(usual, len(slot.escape.apply(slot.fallback or "").encode()))


def _words(text: str) -> str:
    return " ".join(text.split())
