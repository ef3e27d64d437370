"""The lines of a text file, decoded many at a time, with the place of every wrong byte."""

import codecs
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import BinaryIO, Final, Literal, NoReturn

from newsletter.errors import Place
from newsletter.register.reports import refuse

LONGEST_LINE: Final = 1_000_000
"""Bytes; a longer line is no CSV, and would fill the memory."""

Encoding = Literal["utf-8", "cp1252"]

_LONGEST_ROW: Final = 4_000_000
_PART: Final = 1 << 17
"""Bytes that are decoded at a time."""

_UTF8_HINT: Final = (
    "if it comes from Excel: --encoding cp1252; or save it as UTF-8: in Excel “Save as… CSV "
    "UTF-8”, in LibreOffice “Character set: Unicode (UTF-8)”"
)


class Lines:
    """The lines of a stream as text, decoded many at a time; the latest can be had again."""

    def __init__(self, file: str, stream: BinaryIO, encoding: Encoding) -> None:
        self.file = file
        self.row = 1
        """The line where the row begins that is being read: what is before it may be forgotten."""
        self._stream = stream
        self._encoding = encoding
        self._begun = False
        self._told_apart = encoding == "utf-8"
        self._kept: list[str] = []
        self._passed = 0
        """Lines before those that are kept."""

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(self._parts())

    def between(self, first: int, last: int) -> str:
        """Give lines again, as one text; the row that is being read is always there."""
        start = first - 1 - self._passed
        return "".join(self._kept[start : last - self._passed])

    def _parts(self) -> Iterator[list[str]]:
        rest = b""
        while read := self._stream.read(_PART):
            whole, end, rest = (rest + read).rpartition(b"\n")
            if len(rest) > LONGEST_LINE:
                refuse(
                    Place(self.file, self._next + whole.count(b"\n") + len(end)),
                    "a line of a million bytes is no CSV",
                )
            if end:
                yield self._part(whole + end)
        if rest:
            yield self._part(rest)

    @property
    def _next(self) -> int:
        return self._passed + len(self._kept) + 1

    def _part(self, raw: bytes) -> list[str]:
        if not self._begun:
            raw = _without_mark(self.file, raw)
            self._begun = bool(raw.strip())
        if not self._told_apart and not raw.isascii():
            self._tell_apart(raw)
        try:
            lines = raw.decode(self._encoding).split("\n")
        except UnicodeDecodeError as error:
            self._refuse_bytes(raw, error)
        last = lines.pop()
        lines = [line + "\n" for line in lines]
        if last:
            lines.append(last)
        done = max(0, self.row - 1 - self._passed)
        self._kept = self._kept[done:] + lines
        self._passed += done
        if sum(map(len, self._kept)) > _LONGEST_ROW:
            refuse_open(self.file, self.row, self._kept[0])
        return lines

    def _tell_apart(self, raw: bytes) -> None:
        """Refuse to read UTF-8 as cp1252: the first letters that differ show it."""
        self._told_apart = True
        number, line = next(
            (number, line) for number, line in enumerate(raw.split(b"\n")) if not line.isascii()
        )
        with suppress(UnicodeDecodeError):
            place = Place(self.file, self._next + number, 1, line.decode("utf-8").rstrip("\r"))
            refuse(place, "the file is UTF-8, not cp1252", "leave out --encoding")

    def _refuse_bytes(self, raw: bytes, error: UnicodeDecodeError) -> NoReturn:
        before = raw[: error.start]
        start = before.rfind(b"\n") + 1
        column = len(before[start:].decode(self._encoding)) + 1
        # What most such files are in: it shows the letter that is meant.
        source = raw[start:].partition(b"\n")[0].decode("cp1252", errors="replace").rstrip("\r")
        place = Place(self.file, self._next + before.count(b"\n"), column, source)
        wrong = f"byte 0x{raw[error.start]:02x}"
        if self._encoding == "utf-8":
            refuse(place, f"the file is not UTF-8 ({wrong})", _UTF8_HINT)
        refuse(place, f"the file is not cp1252 ({wrong})", "save it as “CSV UTF-8”")


def _without_mark(file: str, raw: bytes) -> bytes:
    """Take off the mark of UTF-8; refuse what begins as other kinds of files do."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        refuse(Place(file, 1), "the file is UTF-16, not UTF-8", "save it as “CSV UTF-8”")
    if raw.lstrip()[:1] == b"<":
        refuse(
            Place(file, 1),
            "the file is a web page or XML, whatever its name says",
            "open it in Excel or LibreOffice and save it as a workbook or as “CSV UTF-8”",
        )
    return raw.removeprefix(codecs.BOM_UTF8)


def refuse_open(file: str, line: int, text: str) -> NoReturn:
    """Refuse a file for a row that may have swallowed all others."""
    refuse(
        Place(file, line, 1, text.rstrip("\r\n")),
        "a quote is opened in this row and never closed",
        'close it, or write a quote inside a cell twice: ""',
    )
