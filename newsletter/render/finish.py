"""From MJML to the HTML of a mail: mrml, then what mrml leaves to do, then a strict look."""

import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import Final

from mjml import mjml2html

from newsletter.errors import InputError
from newsletter.render.encoding import encode_source
from newsletter.render.imprint import direction

_HINT: Final = "look at the templates that were changed last"
_MOST_NESTED: Final = 200
"""mrml overflows its stack at some thousands; the theme nests ten."""
_VOID: Final = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"}
_PREVIEW: Final = '<div style="display:none;'
_ARTICLE: Final = 'aria-roledescription="email"'


def to_html(mjml: str, *, language: str, markers: Sequence[str], languages: Mapping[str, str],
            web: bool = False) -> str:  # fmt: skip
    """Render MJML; every marker must show, those in `languages` get their own lang.

    Raises InputError when the templates make something that a mail cannot be.
    """
    source = encode_source(mjml)
    _refuse_depth(source)
    try:
        html = mjml2html(source, fonts={})
    except ValueError as error:
        raise InputError(
            f"the templates make no MJML: {_place(error, source)}", hint=_HINT
        ) from error
    spoken = f'lang="{language}" dir="{direction(language)}"'
    html = html.replace(_PREVIEW, f'<div {spoken} style="mso-hide:all;display:none;', 1)
    if web:
        # On a web page the letter is the page's main part; in a mail client it is an article.
        html = html.replace(f" {_ARTICLE}", "", 1).replace('role="article"', 'role="main"', 1)
    for marker, own in languages.items():
        html = _speak(html, marker, own)
    _inspect(html, markers)
    return html


def _speak(html: str, marker: str, language: str) -> str:
    """Put lang and dir on the outermost elements of a block."""
    pattern = rf'(<(?:td|div)\b[^<>]*?)( class="(?:[^"]* )?{marker}(?: [^"]*)?")'
    return re.sub(pattern, rf'\1 lang="{language}" dir="{direction(language)}"\2', html)


def _refuse_depth(source: str) -> None:
    depth = 0
    for tag in re.finditer(r"<(/?)([a-zA-Z][\w-]*)[^<>]*?(/?)>", source):
        if tag[2] not in _VOID and not tag[3]:
            depth += -1 if tag[1] else 1
        if depth > _MOST_NESTED:
            raise InputError(f"the templates nest more than {_MOST_NESTED} elements", hint=_HINT)


def _place(error: ValueError, source: str) -> str:
    """Say where mrml stopped; its positions are byte offsets."""
    message = str(error).rstrip(".")
    if found := re.search(r" at position (\d+):(\d+)| position (\d+):(\d+)", message):
        offset = int(found[1] or found[3])
        line = source.encode()[:offset].count(b"\n")
        text = source.split("\n")[line].strip()
        return f"{message[: found.start()]}, near {text[:80]!r}"
    return message


class _Outline(HTMLParser):
    """Reads HTML strictly: what is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.classes: set[str] = set()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.classes.update((values.get("class") or "").split())
        if tag.startswith("mj-"):
            self.faults.append(f"<{tag}> is left over")
        if self.open == ["html", "body"] and not (values.get("lang") and values.get("dir")):
            self.faults.append(f"<{tag}> in the body has no lang and dir")
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> closes <{self.open[-1] if self.open else 'nothing'}>")
        else:
            self.open.pop()


def _inspect(html: str, markers: Sequence[str]) -> None:
    """Refuse HTML that lost a block, kept MJML, or closes what it did not open."""
    outline = _Outline()
    outline.feed(html)
    outline.close()
    faults = [*outline.faults, *(f"<{tag}> stays open" for tag in outline.open)]
    faults += [f"{marker} is missing" for marker in markers if marker not in outline.classes]
    if faults:
        raise InputError(f"the templates make broken HTML: {'; '.join(faults[:3])}", hint=_HINT)
