"""Personal fields while an issue is rendered: frozen into inert tokens, cut out at the end.

A token is lower-case letters and digits, so Markdown, the sanitiser, mrml and line wrapping carry
it along unchanged. Where it stands in the finished text decides how its value will be escaped.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from pydantic import BaseModel

from newsletter.errors import InputError
from newsletter.issue.fields import Field, parse
from newsletter.issue.template import Escape, Slot, Template
from newsletter.render.encoding import clean

_Value = TypeVar("_Value")
_EscapeAt = Callable[[str, int, str], Escape]

_ATTRIBUTE: Final = re.compile(r"""([a-zA-Z][a-zA-Z0-9:-]*)\s*=\s*(?:"([^"]*)|'([^']*))$""")
_LETTERS: Final = str.maketrans("0123456789", "ghijklmnop")
_ADDRESSES: Final = {"href", "src", "background"}
_ADDRESS_BEFORE: Final = re.compile(r"(?:https?://|mailto:|tel:)[^\s<>\"]*$", re.IGNORECASE)
_HINT: Final = "personal fields may stand in text, in alt and other texts, and in the path of links"


class Places:
    """The open places of one edition; `content` is all text that a token must not occur in."""

    def __init__(self, content: str, known: Sequence[str]) -> None:
        self._known = known
        self._mark = _mark(content)
        self._pattern = re.compile(rf"{self._mark}(\d+)qz")
        self._tokens: dict[tuple[str, str | None], str] = {}
        self._fields: list[tuple[str, str | None]] = []

    def token(self, field: str, fallback: str | None = None) -> str:
        """Give the token that stands for a field; equal fields have equal tokens."""
        key = (field, fallback)
        if key not in self._tokens:
            self._tokens[key] = f"{self._mark}{len(self._fields)}qz"
            self._fields.append(key)
        return self._tokens[key]

    def freeze_text(self, text: str) -> str:
        """Replace every personal field of a text by its token."""
        if "{" not in text:
            return clean(text)
        parts = parse(text, self._known)
        return "".join(
            self.token(part.name, part.fallback) if isinstance(part, Field) else clean(part)
            for part in parts
        )

    def freeze(self, value: _Value) -> _Value:
        """Freeze every text in a block, however deep, and leave the rest as it is."""
        frozen: object = value
        if isinstance(value, str):
            frozen = self.freeze_text(value)
        elif isinstance(value, tuple):
            frozen = tuple(self.freeze(item) for item in value)
        elif isinstance(value, BaseModel):
            frozen = value.model_copy(
                update={name: self.freeze(getattr(value, name)) for name in _texts(value)}
            )
        return frozen  # type: ignore[return-value]  # each branch gives back what it was given

    def cut_html(self, html: str) -> Template:
        """Cut finished HTML at its tokens; raises InputError where no field can stand."""
        return self._cut(html, _escape_in_html)

    def cut_text(self, text: str) -> Template:
        """Cut finished plain text, or a header, at its tokens."""
        return self._cut(text, _escape_in_text)

    def _cut(self, text: str, escape_at: _EscapeAt) -> Template:
        segments: list[str | Slot] = []
        end = 0
        for match in self._pattern.finditer(text):
            name, fallback = self._fields[int(match[1])]
            segments.append(text[end : match.start()])
            segments.append(Slot(name, escape_at(text, match.start(), name), fallback))
            end = match.end()
        segments.append(text[end:])
        return Template(tuple(segment for segment in segments if segment != ""))


def _texts(model: BaseModel) -> list[str]:
    return [name for name in type(model).model_fields if name not in {"kind", "when", "lang"}]


def _mark(content: str) -> str:
    """Make a mark that no content can hold, since it is made from a hash of all of it."""
    digits = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"zq{digits.translate(_LETTERS)}x"


def _escape_in_html(html: str, offset: int, field: str) -> Escape:
    opened = html.rfind("<", 0, offset)
    if opened < html.rfind(">", 0, offset):
        inside = html.rfind("<style", 0, offset) > html.rfind("</style", 0, offset)
        if inside or html.rfind("<script", 0, offset) > html.rfind("</script", 0, offset):
            raise InputError(f"field {field!r} stands in a style or script", hint=_HINT)
        return Escape.HTML
    attribute = _ATTRIBUTE.search(html, opened, offset)
    name = attribute[1].lower() if attribute else ""
    if not attribute or name == "style" or name.startswith("on"):
        raise InputError(f"field {field!r} stands in a tag where no value can", hint=_HINT)
    if name in _ADDRESSES and (attribute[2] or attribute[3]):
        return Escape.URL
    return Escape.HTML


def _escape_in_text(text: str, offset: int, field: str) -> Escape:  # noqa: ARG001 - as in HTML
    start = max(0, offset - 2100)
    return Escape.URL if _ADDRESS_BEFORE.search(text, start, offset) else Escape.TEXT
