"""The kinds of text that an issue is made of, each with what it may hold.

Values come as written: the reader leaves numbers as text, so that 0401234567 keeps its zero.
"""

import re
import unicodedata
from collections.abc import Sequence
from enum import Enum
from typing import Annotated, Final, Never, TypeVar, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from newsletter.errors import near
from newsletter.issue.fields import mask
from newsletter.issue.funding import PROGRAMMES
from newsletter.issue.rules import Rule

_Item = TypeVar("_Item")

AT_KEY: Final = "key"
AT_VALUE: Final = "value"

_LINE_BREAK: Final = re.compile(r"[\n\r\t]")
_WEB: Final = re.compile(
    r"https?://(?:[^\s/?#<>\"'{}\\@]+)(?:[/?#][^\s<>\"'{}\\]*)?", re.IGNORECASE
)
_MAIL: Final = re.compile(
    r"mailto:[^\s<>\"'{}\\@]+@[^\s<>\"'{}\\@?.]+\.[^\s<>\"'{}\\@]+", re.IGNORECASE
)
_HOST_LABEL: Final = re.compile(r"[\w-]+")
"""Part of a host's name, in any script."""
_PHONE_LINK: Final = re.compile(r"tel:\+?[0-9().-]{3,}", re.IGNORECASE)
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`|~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_BARE: Final = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:/|$)", re.IGNORECASE)
"""A web address without its beginning."""
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
_LANGUAGE_TAG: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_SNIPPET_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
TONES: Final = ("info", "warning")
"""What a note can be."""
_LINKS_BEGIN: Final = "links begin with https://, mailto: or tel:"
_LONGEST_URL: Final = 2000
"""Characters; Outlook and some web servers cut longer ones."""


class Marker(Enum):
    """What a type of text is beside its rules; stands in its annotation."""

    MARKDOWN = "Markdown"


def is_markdown(annotation: object, metadata: Sequence[object] = ()) -> bool:
    """Tell whether a field of a model holds Markdown, alone or as a list."""
    if Marker.MARKDOWN in metadata:
        return True
    inner = getattr(annotation, "__metadata__", ())
    return any(is_markdown(part, inner) for part in get_args(annotation))


def fault(
    rule: Rule, message: str, hint: str = "", *, at: str = AT_VALUE,
    below: tuple[str | int, ...] = (), lacks: str = "",
) -> Never:  # fmt: skip
    """Refuse a value inside a pydantic validator; the reader makes a finding of it.

    It points at the value or its key, or at the key that `below` leads to from there. `lacks` is
    the key beside it that is not there: nothing is said when that one is misspelt.
    """
    at = AT_KEY if below else at
    context = {"message": message, "hint": hint, "at": at, "below": below, "lacks": lacks}
    raise PydanticCustomError(rule.value, "{message}", context)


_INVISIBLE: Final = frozenset({"Zs", "Zl", "Zp", "Cf", "Cc"})
"""Unicode's categories of white space, format and control characters."""


def blank(text: str) -> bool:
    """Tell whether a reader sees nothing: white space, zero-width spaces and the like.

    Letters newer than this Python's tables have no category yet: those count as something.
    """
    return all(unicodedata.category(letter) in _INVISIBLE for letter in text)


def _present(text: str) -> str:
    if blank(text):
        fault(Rule.EMPTY, "the text is empty", "write something, or leave the key out")
    return text


def _one_line(text: str) -> str:
    stripped = _present(text).strip()
    if _LINE_BREAK.search(stripped):
        fault(
            Rule.ONE_LINE,
            "this text must stand on one line",
            "take out the line break or tab; > instead of | joins lines",
        )
    return stripped


def _one_line_or_nothing(text: str) -> str:
    return _one_line(text) if text.strip() else ""


def _plain(text: str) -> str:
    if "{{" in text:
        fault(Rule.FIELD_PLACE, "no personal field can stand here", "write it out")
    return text


def url_fault(url: str) -> tuple[str, str] | None:
    """Say what is wrong with a link's target and how to mend it; None when it is usable."""
    if len(url) > _LONGEST_URL:
        return f"the address has more than {_LONGEST_URL} characters", "shorten it"
    bare = mask(url)
    if _WEB.fullmatch(bare) and _has_host(bare):
        # A field may fill a part of the path or query, never choose where the link leads.
        head = url.partition("{{")[0]
        if head == url or re.match(r"https?://[^/?#]+[/?#]", head, re.IGNORECASE):
            return None
        return (
            "a personal field may not choose where a link leads",
            "write the address up to its path, e.g. https://example.fi/?name={{ first_name }}",
        )
    if _MAIL.fullmatch(bare) or _PHONE_LINK.fullmatch(bare):
        return None
    return _what_is_wrong(url)


def _has_host(url: str) -> bool:
    """Tell whether the host of a web address can be one; its port, too."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    return ":" in host or all(map(_HOST_LABEL.fullmatch, host.removesuffix(".").split(".")))


def _what_is_wrong(url: str) -> tuple[str, str]:
    scheme = _SCHEME.match(url)
    name = scheme[1].lower() if scheme and "." not in scheme[1] else ""
    if not name:
        begin = "mailto:" if _ADDRESS.fullmatch(url) else "https://" if _BARE.match(url) else ""
        hint = f"did you mean '{begin}{url}'?" if begin else _LINKS_BEGIN
        return f"the link {_short(url)} does not say where it leads", hint
    if name not in {"https", "http", "mailto", "tel"}:
        return f"a link cannot begin with '{name}:'", _LINKS_BEGIN
    if re.search(r"\s", mask(url)):
        return f"the link {_short(url)} has a space in it", "write %20 for a space"
    return (
        f"the link {_short(url)} is not complete or has characters that no link can have",
        "copy it from the browser's address line",
    )


def _url(text: str) -> str:
    url = text.strip()
    if wrong := url_fault(url):
        fault(Rule.ADDRESS, *wrong)
    return url


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "…")  # noqa: PLR2004 - fits on a line


def _image_source(text: str) -> str:
    if _SCHEME.match(text) and not re.match(r"https://[^\s<>\"']+$", text):
        fault(
            Rule.ADDRESS,
            f"an image cannot come from {_short(text)}",
            "name a file beside the issue, e.g. images/x.jpg, or an address with https://",
        )
    if text.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", text) or "\\" in text:
        fault(
            Rule.ADDRESS,
            f"the image {_short(text)} is not inside the workspace",
            "name a file beside the issue, e.g. images/x.jpg",
        )
    return text


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        fault(Rule.ADDRESS, f"{_short(text)} is no mail address", "e.g. name@example.fi")
    return text


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        fault(Rule.CHOICE, f"{_short(text)} is no language code", "e.g. fi, sv or en")
    return text


def _language_tag(text: str) -> str:
    if not _LANGUAGE_TAG.fullmatch(text):
        fault(Rule.CHOICE, f"{_short(text)} is no language code", "e.g. fi, sv or en")
    return text


def _programme(text: str) -> str:
    if text not in PROGRAMMES:
        fault(Rule.CHOICE, f"no funding programme {_short(text)}", near(text, PROGRAMMES))
    return text


def _tone(text: str) -> str:
    if text not in TONES:
        fault(Rule.CHOICE, f"no tone {_short(text)}", near(text, TONES))
    return text


def _snippet_name(text: str) -> str:
    name = text.removesuffix(".yaml").removeprefix("snippets/")
    if not _SNIPPET_NAME.fullmatch(text):
        fault(
            Rule.SNIPPET,
            f"{_short(text)} cannot be a snippet's name",
            f"write its file's name without folder and .yaml: {name}"
            if _SNIPPET_NAME.fullmatch(name)
            else "small letters a–z, digits, - and _, e.g. contacts-sysma",
        )
    return text


def _level(value: object) -> object:
    if isinstance(value, str) and value.strip() in {"1", "2", "3"}:
        return int(value)
    if value not in (1, 2, 3) or isinstance(value, bool):
        fault(Rule.LEVEL, "a heading's level is 1, 2 or 3", "1 is the issue's title: only one")
    return value


def _title_level(value: object) -> object:
    if isinstance(value, str) and value.strip() in {"2", "3"}:
        return int(value)
    if value not in (2, 3) or isinstance(value, bool):
        fault(Rule.LEVEL, "a title's level is 2 or 3", "leave it out: it follows the headings")
    return value


def _known_field(name: str, info: ValidationInfo) -> str:
    known: tuple[str, ...] | None = (info.context or {}).get("fields")
    if known is not None and name not in known:
        fault(
            Rule.CONDITION,
            f"subscribers have no field {_short(name)}",
            near(name, known),
            at=AT_KEY,
        )
    return name


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def some(values: tuple[_Item, ...]) -> tuple[_Item, ...]:
    """Refuse an empty list."""
    if not values:
        fault(Rule.EMPTY, "the list is empty", "add something, or leave the key out")
    return values


Line = Annotated[str, AfterValidator(_one_line)]
"""Text of one line, personal fields allowed; stripped."""
LineOrNothing = Annotated[str, AfterValidator(_one_line_or_nothing)]
"""Like Line, but may be empty."""
PlainLine = Annotated[str, AfterValidator(_one_line), AfterValidator(_plain)]
"""Text of one line without personal fields."""
Markdown = Annotated[str, AfterValidator(_present), Marker.MARKDOWN]
"""Emphasis, links, lists, breaks and headings of level 3; as written, not stripped."""
Url = Annotated[
    str,
    AfterValidator(_one_line),
    AfterValidator(_url),
    WithJsonSchema({"type": "string", "pattern": "^\\s*(https?:|mailto:|tel:)"}),
]
"""https, http (checks warn), mailto or tel; personal fields only after the host."""
ImageSource = Annotated[PlainLine, AfterValidator(_image_source)]
"""A file inside the workspace, relative, or an https address."""
MailAddress = Annotated[PlainLine, AfterValidator(_address)]
LanguageCode = Annotated[
    PlainLine,
    AfterValidator(_language),
    WithJsonSchema({"type": "string", "pattern": f"^{_LANGUAGE.pattern}$"}),
]
LanguageTag = Annotated[PlainLine, AfterValidator(_language_tag)]
Programme = Annotated[
    PlainLine, AfterValidator(_programme), WithJsonSchema({"enum": list(PROGRAMMES)})
]
Tone = Annotated[PlainLine, AfterValidator(_tone), WithJsonSchema({"enum": list(TONES)})]
"""One of TONES."""
SnippetName = Annotated[
    PlainLine,
    AfterValidator(_snippet_name),
    WithJsonSchema({"type": "string", "pattern": f"^{_SNIPPET_NAME.pattern}$"}),
]
HeadingLevel = Annotated[int, BeforeValidator(_level), WithJsonSchema({"enum": [1, 2, 3]})]
TitleLevel = Annotated[int, BeforeValidator(_title_level), WithJsonSchema({"enum": [2, 3]})]
"""The level of a title inside a block; 0 until the issue as a whole decides."""

FieldName = Annotated[str, AfterValidator(_known_field)]
"""A field of subscribers, known from the validation context's `fields`."""
Values = Annotated[
    tuple[PlainLine, ...],
    AfterValidator(some),
    BeforeValidator(_as_list, json_schema_input_type=str | tuple[str, ...]),
]
"""One text, or a list of texts; not empty."""
When = dict[FieldName, Values]
"""A condition as in `newsletter.issue.condition`, checked."""
