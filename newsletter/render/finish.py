"""From MJML to the HTML of a mail: mrml, then what mrml leaves to do, then a strict look."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from mjml import mjml2html

from newsletter.errors import InputError
from newsletter.i18n import direction
from newsletter.render.encoding import encode_source
from newsletter.render.inspection import VOID, faults

_HINT: Final = "look at the templates that were changed last"
_MOST_NESTED: Final = 200
"""mrml overflows its stack at some thousands; the theme nests ten."""
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
    if found := faults(html, markers):
        raise InputError(f"the templates make broken HTML: {'; '.join(found[:3])}", hint=_HINT)
    return html


def _speak(html: str, marker: str, language: str) -> str:
    """Put lang and dir on the outermost elements of a block."""
    pattern = rf'(<(?:td|div)\b[^<>]*?)( class="(?:[^"]* )?{marker}(?: [^"]*)?")'
    return re.sub(pattern, rf'\1 lang="{language}" dir="{direction(language)}"\2', html)


def _refuse_depth(source: str) -> None:
    depth = 0
    for tag in re.finditer(r"<(/?)([a-zA-Z][\w-]*)[^<>]*?(/?)>", source):
        if tag[2] not in VOID and not tag[3]:
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
