"""A raw mail cut into the few parts that machines read. Whatever the bytes are, nothing is raised.

The standard library's parser overflows its stack on deeply nested mails and trips over broken
parameters; reports need header fields and the parts of one multipart, and no more.
"""

import binascii
import quopri
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Final

LARGEST: Final = 10 * 1024 * 1024
"""Octets of a mail that are looked at; what follows is left out."""

_HEAD: Final = 256 * 1024
_MOST_PARTS: Final = 50
_MOST_DEPTH: Final = 4
"""Multiparts within multiparts: some gateways wrap what they pass on."""
_EMPTY_LINE: Final = re.compile(rb"\r?\n[ \t]*\r?\n")
_FOLD: Final = re.compile(rb"\r?\n[ \t]+")
_FIELD: Final = re.compile(r"([!-9;-~]{1,100})[ \t]*:[ \t]*(.*)")
_TYPE: Final = re.compile(r"\s*([\w.+-]+/[\w.+-]+)")
_BOUNDARY: Final = re.compile(
    r";\s*boundary\s*=\s*(?:\"([^\"]{1,200})\"|([^\s;\"]{1,200}))", re.IGNORECASE
)

Fields = Mapping[str, Sequence[str]]
"""Header fields by their names in small letters, unfolded."""


@dataclass(frozen=True)
class Part:
    """A mail, or a part of one: its header fields, and what follows them."""

    fields: Fields
    raw: bytes

    @classmethod
    def read(cls, data: bytes) -> "Part":
        """Cut the head off; a first line of an mbox file is none of its fields."""
        data = data[:LARGEST].lstrip(b"\r\n")
        if data.startswith(b"From "):
            data = data.partition(b"\n")[2]
        end = _EMPTY_LINE.search(data)
        if end is None:
            return cls(fields_of(data[:_HEAD]), b"")
        return cls(fields_of(data[: min(end.start(), _HEAD)]), data[end.end() :])

    def first(self, name: str) -> str:
        """Give the first field of that name, in small letters; empty when there is none."""
        return next(iter(self.fields.get(name, ())), "")

    @property
    def kind(self) -> str:
        """The content type in small letters, without parameters; text/plain by default."""
        found = _TYPE.match(self.first("content-type"))
        return found[1].lower() if found else "text/plain"

    @cached_property
    def body(self) -> bytes:
        """What follows the head, decoded as the head says."""
        encoding = self.first("content-transfer-encoding").strip().lower()
        if encoding == "quoted-printable":
            return quopri.decodestring(self.raw)
        if encoding == "base64":
            try:
                return binascii.a2b_base64(self.raw)
            except binascii.Error:
                return b""
        return self.raw

    @cached_property
    def children(self) -> "Sequence[Part]":
        """The parts of a multipart, the first fifty."""
        found = _BOUNDARY.search(self.first("content-type"))
        if not self.kind.startswith("multipart/") or found is None:
            return ()
        boundary = re.escape((found[1] or found[2]).rstrip().encode("utf-8", "replace"))
        pieces = re.split(rb"(?:^|\r?\n)--" + boundary + rb"(--)?[ \t]*(?=\r?\n|$)", self.raw)
        parts: list[Part] = []
        # Each boundary splits into what stands before it and whether it is the last one.
        for last, piece in zip(pieces[1::2], pieces[2::2], strict=False):
            if last or len(parts) == _MOST_PARTS:
                break
            # A part without fields begins with its empty line.
            parts.append(Part.read(re.sub(rb"\A\r?\n", b"", piece, count=1)))
        return parts


def fields_of(head: bytes) -> Fields:
    """Read header fields, or fields of a report, which look the same."""
    found: dict[str, list[str]] = {}
    for line in _FOLD.sub(b" ", head).decode("utf-8", "replace").split("\n"):
        if field := _FIELD.fullmatch(line.rstrip("\r")):
            found.setdefault(field[1].lower(), []).append(field[2].strip())
    return found


def groups_of(body: bytes) -> list[Fields]:
    """Read a report's groups of fields, with empty lines between them (RFC 3464 §2.1)."""
    pieces = _EMPTY_LINE.split(body.strip(b"\r\n"), maxsplit=_MOST_PARTS)[:_MOST_PARTS]
    return [fields for piece in pieces if (fields := fields_of(piece[:_HEAD]))]


def multiparts(mail: Part) -> Iterator[Part]:
    """Give the mail, if it is a multipart, and the multiparts within; never attached mails."""
    waiting = [(mail, 0)]
    while waiting:
        part, depth = waiting.pop()
        if part.kind.startswith("multipart/"):
            yield part
            if depth < _MOST_DEPTH:
                waiting += [(child, depth + 1) for child in part.children]


def moment_of(date: str) -> datetime | None:
    """Read a date of RFC 5322; None for what is none."""
    try:
        found = parsedate_to_datetime(date[:100])
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
