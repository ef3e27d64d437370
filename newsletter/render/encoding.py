"""The one place where text becomes MJML and HTML.

mrml writes attribute values with Rust's debug formatting: a backslash is doubled, a line break
becomes a backslash and an n, a no-break space a backslash and u{a0}. Character references
pass through it untouched, so everything that it would change is written as one.
(mrml 6.0.1, src/prelude/render/buffer.rs; swept over all code points.)
"""

import re
from typing import Final

from markupsafe import Markup

_PLAIN: Final = r"\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0377\u2010-\u2027\u2030-\u205e\u20a0-\u20bf"
"""Beyond ASCII, what mrml writes as it is; a superset of what Finnish and Swedish need."""
_REFERENCED: Final = re.compile(rf"[^\x00-\x7f{_PLAIN}]|[&<>\"'\\\n\t]")
_UNUSUAL: Final = re.compile(rf"[^\x00-\x7f{_PLAIN}]")
_NONCHARACTERS: Final = "\ufdd0-\ufdef" + "".join(
    chr(plane * 0x10000 + last) for plane in range(17) for last in (0xFFFE, 0xFFFF)
)
_FORBIDDEN: Final = re.compile(
    f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff{_NONCHARACTERS}]"
)
"""What HTML may not hold (HTML standard, 13.2.3.5)."""
_TAG: Final = re.compile(r"""<[a-zA-Z](?:[^"'<>]|"[^"]*"|'[^']*')*>""")
_QUOTED: Final = re.compile(r""""[^"]*"|'[^']*'""")
_CHANGED: Final = re.compile(r"[\\\n\t']")
"""What mrml would change in an attribute; a single-quoted one may hold double quotes."""


def clean(text: str) -> str:
    """Drop what neither HTML nor a mail may hold: control and non-characters, lone surrogates."""
    return _FORBIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def encode(value: object) -> str:
    """Write a value so that it is only text, in an element as in a quoted attribute.

    Jinja calls this for every `{{ … }}`. What is Markup already stays; None is nothing.
    """
    if isinstance(value, Markup):
        return value
    text = "" if value is None else clean(str(value))
    return Markup(_REFERENCED.sub(_reference, text))  # noqa: S704 - just made safe


def encode_source(mjml: str) -> str:
    """Make finished MJML safe for mrml: what the templates themselves and Markdown contribute."""
    return _UNUSUAL.sub(_reference, _TAG.sub(_encode_tag, clean(mjml)))


def _encode_tag(tag: re.Match[str]) -> str:
    return _QUOTED.sub(_encode_attribute, tag[0]) if _CHANGED.search(tag[0]) else tag[0]


def _encode_attribute(quoted: re.Match[str]) -> str:
    value = re.sub(r"\s*\n\s*", " ", quoted[0][1:-1]).replace("\t", " ")
    value = value.replace("\\", "&#92;").replace('"', "&#34;")
    return f'"{value}"'


def _reference(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"
