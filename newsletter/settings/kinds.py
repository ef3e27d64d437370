"""Kinds of values that settings have, each with what it says to a person who got it wrong."""

import re
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag

from newsletter.errors import near
from newsletter.toml_reading import BRANCH


class Section(BaseModel):
    """A table of newsletter.toml: what it does not know is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def like(pattern: str, words: str) -> AfterValidator:
    """Demand a pattern, and say it to people in words."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"{value!r} does not fit; {words}")
        return value

    return AfterValidator(check)


def _line(value: str) -> str:
    if re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", value):
        raise ValueError("the text must stand on one line, without control characters")
    if not value.strip():
        raise ValueError("the text is empty")
    return value.strip()


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"[\s<>\"'\x00-\x1f]", value):
        raise ValueError(f"{value!r} is no web address, e.g. https://kirje.example.fi")
    return value


def _base(value: str) -> str:
    if value.endswith("/"):
        raise ValueError("the address ends with a slash; leave it out")
    if re.search(r"[?#@]", value):
        raise ValueError("the address must have no ?, # or @: pages are added at its end")
    parts = urlsplit(value)
    if parts.scheme != "https" and parts.hostname not in _THIS_MACHINE:
        raise ValueError("https:// is needed: mail services take no other link to unsubscribe")
    return value


_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
"""Where http:// does for a trial: RFC 8058 wants https of everybody else."""
_DOMAIN = r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"

Word = Annotated[
    str,
    like(r"[a-z][a-z0-9_-]{0,62}", "use small letters a–z, digits, - and _, a letter first"),
]
Language = Annotated[str, like(r"[a-z]{2,3}", "name a language by its code: fi, sv, en …")]
Line = Annotated[str, AfterValidator(_line)]
"""Text of one line: what stands in a header may hold no line break and no control character."""
Domain = Annotated[str, like(_DOMAIN, "a domain is e.g. kirje.example.fi")]
Address = Annotated[
    str,
    like(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_DOMAIN}", "a mail address is e.g. me@example.fi"),
]
LeaveAddress = Annotated[
    Address,
    like(
        r"[A-Za-z0-9._-]{1,15}@.+",
        "before the @ there may be 15 letters, digits, dots, _ and - at most: a token of 47 joins "
        "them, and some mail systems take 63 in all",
    ),
]
"""A mailbox whose name can be extended: PART+TOKEN@DOMAIN (RFC 5321 §4.5.3.1.1)."""
WebAddress = Annotated[str, AfterValidator(_web_address)]
PublicAddress = Annotated[WebAddress, AfterValidator(_base)]
Lines = Annotated[
    Annotated[Line, Tag(f"{BRANCH}one")]
    | Annotated[dict[Language, Line], Field(min_length=1), Tag(f"{BRANCH}each")],
    Discriminator(lambda value: f"{BRANCH}{'each' if isinstance(value, dict) else 'one'}"),
]
"""A line that is the same in every language, or one per language: it stands in headers, too."""


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        hint = near(name, available_timezones()) if name else ""
        hint = hint if hint.startswith("did you mean") else "e.g. Europe/Helsinki"
        raise ValueError(f"no time zone {name!r}; {hint}") from error
    return name


TimeZone = Annotated[str, AfterValidator(_time_zone)]
"""A name of the IANA time zone database."""
