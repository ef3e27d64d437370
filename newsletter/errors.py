"""What can go wrong, and how it is told.

NewsletterError            a person can mend it; carries a hint and an exit code
├── InputError             exit 2: wrong words, files, settings
├── FindingsError          exit 1: files with faults, each with its place
├── StoreError             exit 2: the database refused (locked, read-only, full, too new)
└── ProviderError          exit 3: the provider or the network refused

Anything else is a bug of ours and keeps its traceback.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import ClassVar, Final

_WIDTH: Final = 100
"""How much of a source line an excerpt shows, in characters."""


class Level(StrEnum):
    """How serious a finding is: an error stops a mailing, a warning does not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Family(StrEnum):
    """What a rule is about; settings may speak of all rules of a family at once."""

    SCHEMA = "schema"
    PERSONAL = "personal"
    NAMES = "names"
    ACCESSIBILITY = "accessibility"
    SUBJECT = "subject"
    LINKS = "links"
    IMAGES = "images"
    LANGUAGE = "language"
    TRANSLATION = "translation"
    DATES = "dates"
    WRITING = "writing"
    SIZE = "size"
    CLIENTS = "clients"
    SAFETY = "safety"
    LAW = "law"
    SEQUENCES = "sequences"
    EXCEPTIONS = "exceptions"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be known of a rule: one entry of the catalogue, which documentation is made of."""

    code: str
    """Stable: NL and three digits."""
    level: Level
    """How serious a breach is, unless the settings say otherwise."""
    family: Family
    demand: str
    """What is so when all is well; half a sentence."""
    why: str
    """What goes wrong otherwise; one sentence."""
    hint: str
    """How it is usually mended; one sentence."""
    fixed: bool = False
    """Whether neither settings nor a comment in the file can change it."""

    def finding(self, place: "Place", message: str, hint: str = "") -> "Finding":
        """Say that it was not kept; without a hint of its own, with the usual one."""
        return Finding(self.code, self.level, place, message, hint or self.hint)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in a file: line and column count from 1, in characters; 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0
    source: str = ""
    """The text of that line, for the excerpt."""

    def __str__(self) -> str:
        parts = [self.file, str(self.line) if self.line else "", str(self.column or "")]
        return ":".join(part for part in parts if part)

    def excerpt(self, width: int = _WIDTH) -> str:
        """Show the source line with a caret under the column; empty without a line.

        A line of more than `width` characters is cut around the caret.
        """
        if not self.line or not self.source.strip():
            return ""
        before = width * 3 // 5
        start = max(0, self.column - before) if len(self.source) > width else 0
        text = self.source[start : start + width].rstrip()
        lead = "".join(
            " " if char != "\t" else "\t" for char in self.source[start:][: self.column - 1 - start]
        )
        number = f"{self.line:>4}"
        return f"{number} | {text}\n{' ' * len(number)} | {lead}^"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault or remark: the rule, how serious, where, what, and how to mend it."""

    rule: str
    level: Level
    place: Place
    message: str
    hint: str = ""

    def __str__(self) -> str:
        lines = [f"{self.place}: {self.level} {self.rule}: {self.message}"]
        if excerpt := self.place.excerpt():
            lines.append(excerpt)
        if self.hint:
            lines.append(f"     hint: {self.hint}")
        return "\n".join(lines)


class NewsletterError(Exception):
    """Something that a person can mend; the message names the thing and its place."""

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(NewsletterError):
    """The words of a command, a file or a setting are wrong; nothing was changed."""


class StoreError(NewsletterError):
    """The database cannot do what was asked; nothing was changed."""


class ProviderError(NewsletterError):
    """The provider or the network refused in a way that trying again at once cannot mend."""

    exit_code = 3


class FindingsError(NewsletterError):
    """Files have faults; all of them are listed, each with its place."""

    exit_code = 1

    def __init__(self, findings: Sequence[Finding]) -> None:
        count = sum(finding.level is Level.ERROR for finding in findings)
        super().__init__(f"{count} {'error' if count == 1 else 'errors'} found")
        self.findings = tuple(findings)


def near(word: str, known: Iterable[str]) -> str:
    """Make the hint for a misspelt word: the near ones, else all there are."""
    words = sorted(set(known))
    if close := get_close_matches(word, words, n=3, cutoff=0.6):
        return f"did you mean {' or '.join(repr(match) for match in close)}?"
    return f"known are: {', '.join(words)}" if words else ""
