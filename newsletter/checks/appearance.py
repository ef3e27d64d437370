"""What readers see of a finished mail: contrast, hidden text, links, the way out, style sheets."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from newsletter import contrast
from newsletter.checks import css
from newsletter.checks.cascade import DARK, LIGHT, Cascade, Look, colour, hides, looks
from newsletter.checks.page import Element, Page, named
from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Family, Level
from newsletter.issue.fields import Field, parse
from newsletter.settings.register import UNSUBSCRIBE

_EVERYWHERE: Final = frozenset(["", "all", "screen"])
"""Media that every screen is."""
_UNSUBSCRIBE: Final = f"[{UNSUBSCRIBE}|"
_MOST_STYLE: Final = 16_000
"""Gmail drops a style element beyond 16 kB in all (caniemail, html-style)."""
_LARGE: Final = 24
_LARGE_BOLD: Final = 18.66
"""Pixels from which text is large (WCAG 2.2, definition of large text: 18 and 14 point)."""
_SMALLEST: Final = 2
"""Pixels up to which text is hidden rather than small."""
_BLANKS: Final = re.compile(r"[\s\u00ad\u034f\u200b-\u200f\u2060\ufeff]+")
"""What holds a place after a preheader without being text."""
_VISIBLE: Final = frozenset(["color", "background", "background-color", "font-size", "font-weight"])
_GROUNDS: Final = frozenset(["background", "background-color", "border"])
_LINK_STYLES: Final = _GROUNDS | {"text-decoration", "text-decoration-line"}


@rule(
    "NL468",
    Level.ERROR,
    Family.LAW,
    "the unsubscribe link can be seen",
    why="a link that nobody can see is no way out (Gmail's and Yahoo's rules for senders)",
    hint="the footer of the templates must show it as text",
)
def way_out_is_seen(matter: Matter) -> Iterator[Remark]:
    """Look for a link with words that nothing hides (standards P03)."""
    for page in matter.pages:
        links = [
            link
            for link in page.all("a")
            if link.attributes.get("href", "").startswith(_UNSUBSCRIBE)
        ]
        if links and not any(link.words() and not _hidden(link) for link in links):
            yield Remark(
                matter.place(),
                "the unsubscribe link has no words that can be seen",
                "the footer of the templates must show it as text",
            )


@rule(
    "NL469",
    Level.ERROR,
    Family.SAFETY,
    "no text is hidden but the preheader",
    why="Gmail and Yahoo show or punish hidden text: spam hides words in this way",
    hint="take it out of the template",
)
def nothing_is_hidden(matter: Matter) -> Iterator[Remark]:
    """Look for text that styles hide, in the mail or in its style sheets (standards P09)."""
    allowed = {"", _preheader(matter)}
    for page, sheets, plain in zip(matter.pages, matter.sheets, matter.plain, strict=True):
        for element in _hidden_elements(page, sheets, plain):
            if _BLANKS.sub(" ", element.words()).strip() not in allowed:
                yield Remark(
                    matter.place(element),
                    f"the text {_short(element.words())} is hidden, for some or for all",
                    "Gmail and Yahoo show or punish it; take it out of the template",
                )


@rule(
    "NL470",
    Level.ERROR,
    Family.ACCESSIBILITY,
    "links can be told from text without seeing colours",
    why="one man in twelve does not see some colours (WCAG 1.4.1)",
    hint="style links with text-decoration:underline, or as a button",
)
def links_are_underlined(matter: Matter) -> Iterator[Remark]:
    """Look for links without an underline that are no buttons (standards C05; WCAG 1.4.1)."""
    for page, sheets in zip(matter.pages, matter.sheets, strict=True):
        cascade = Cascade(
            rule for sheet in sheets for rule in sheet.rules if rule.styles.keys() & _LINK_STYLES
        )
        for link in page.all("a"):
            if "href" in link.attributes and link.words() and not _told_apart(link, cascade):
                yield Remark(
                    matter.place(link),
                    f"the link {_short(link.words())} is told from text by its colour alone",
                    "style it with text-decoration:underline, or as a button",
                )


@rule(
    "NL471",
    Level.ERROR,
    Family.ACCESSIBILITY,
    "text can be read: contrast of 4.5:1, large text 3:1",
    why="pale text cannot be read in sunlight or with ageing eyes (WCAG 1.4.3)",
    hint="change the colours in the template or in [theme] of newsletter.toml",
)
def contrast_by_day(matter: Matter) -> Iterator[Remark]:
    """Compute it with inline styles alone, and with style sheets (standards C05; WCAG 1.4.3)."""
    for page, sheets, plain in zip(matter.pages, matter.sheets, matter.plain, strict=True):
        yield from _weak(matter, plain, "")
        if rules := [rule for rule in _rules(sheets) if rule.media in _EVERYWHERE]:
            yield from _weak(matter, looks(page, rules, LIGHT), "")


@rule(
    "NL472",
    Level.ERROR,
    Family.ACCESSIBILITY,
    "text can be read in dark mode: contrast of 4.5:1, large text 3:1",
    why="many phones show mails dark, at night or always",
    hint="change the colours in the template or in [theme.dark] of newsletter.toml",
)
def contrast_by_night(matter: Matter) -> Iterator[Remark]:
    """Compute it with the rules of the dark media query, where there are any."""
    for page, sheets in zip(matter.pages, matter.sheets, strict=True):
        rules = list(_rules(sheets))
        if any(_is_dark(rule.media) for rule in rules):
            shown = [rule for rule in rules if rule.media in _EVERYWHERE or _is_dark(rule.media)]
            yield from _weak(matter, looks(page, shown, DARK), " in dark mode")


@rule(
    "NL473",
    Level.WARNING,
    Family.CLIENTS,
    "style sheets survive in Gmail",
    why="Gmail drops a style sheet that is too long, misplaced, or has one bad rule",
    hint="look at mj-style in the templates",
)
def styles_survive(matter: Matter) -> Iterator[Remark]:
    """Look for what makes Gmail drop them (standards K06): place, size, syntax, addresses."""
    for sheets in matter.sheets:
        size = sum(len(sheet.text.encode()) for sheet in sheets)
        messages = [
            f"a style sheet is lost in Gmail: {fault}" for s in sheets for fault in s.faults
        ]
        if size > _MOST_STYLE:
            messages.append(f"the style sheets have {size:,} bytes; Gmail takes {_MOST_STYLE:,}")
        if any(all(up.tag != "head" for up in sheet.element.ancestors) for sheet in sheets):
            messages.append("a style sheet stands outside of <head>")
        for message in messages:
            yield Remark(matter.place(), message, "look at mj-style in the templates")


def _weak(matter: Matter, elements: Iterable[tuple[Element, Look]], mode: str) -> Iterator[Remark]:
    for element, look in elements:
        if look.hidden:
            continue
        if look.front is None or look.back is None:
            yield Remark(
                matter.place(element),
                f"{_short(element.own_words)}: the colour of its "
                f"{'text' if look.front is None else 'background'} is not understood{mode}",
                "write it as #rrggbb, which all mail clients understand",
            )
            continue
        large = look.size >= (_LARGE_BOLD if look.bold else _LARGE)
        least = contrast.LARGE_TEXT if large else contrast.TEXT
        found = contrast.ratio(look.front, look.back)
        if found < least:
            yield Remark(
                matter.place(element),
                f"{_short(element.own_words)}: {look.front} on {look.back} has a contrast of "
                f"{contrast.shown(found)}:1{mode}; {least:g}:1 is needed",
                "change the colours in the template or in [theme] of newsletter.toml",
            )


def _rules(sheets: Iterable[css.Sheet]) -> Iterator[css.StyleRule]:
    """Give the rules that change how text can be read, as far as they are understood."""
    for sheet in sheets:
        for found in sheet.rules:
            counts = found.styles.keys() & _VISIBLE or hides(found.styles)
            if counts and any(item.steps for item in found.selectors):
                yield found


def _is_dark(media: str) -> bool:
    return re.search(r"prefers-color-scheme\s*:\s*dark", media) is not None


def _hidden(element: Element) -> bool:
    return any(
        hides(up.styles) or "hidden" in up.attributes for up in (element, *element.ancestors)
    )


def _hidden_elements(
    page: Page, sheets: Iterable[css.Sheet], plain: Iterable[tuple[Element, Look]]
) -> Iterator[Element]:
    """Give what is hidden by its own style, by a rule of any medium, or by its size."""
    cascade = Cascade(rule for sheet in sheets for rule in sheet.rules if hides(rule.styles))
    for element in page.elements:
        if "hidden" in element.attributes or hides(cascade.styles(element)):
            yield element
    for element, look in plain:
        if look.size <= _SMALLEST:
            yield element


def _preheader(matter: Matter) -> str:
    text = matter.document.issue.preheader or ""
    parts = parse(text, matter.settings.field_names)
    said = "".join(
        named(part.name, part.fallback) if isinstance(part, Field) else part for part in parts
    )
    return _BLANKS.sub(" ", said).strip()


def _told_apart(link: Element, cascade: Cascade) -> bool:
    styles = cascade.styles(link)
    said = styles.get("text-decoration", styles.get("text-decoration-line", "underline"))
    return said.startswith("underline") or _is_button(styles)


def _is_button(styles: Mapping[str, str]) -> bool:
    """Tell whether a link has a ground or a border of its own."""
    return any(colour(styles.get(name, "")) for name in _GROUNDS)


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")  # noqa: PLR2004 - fits on a line
