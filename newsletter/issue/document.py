"""A document: an issue together with the file that it was read from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from newsletter.errors import Finding, FindingsError, Place
from newsletter.issue.issue import Issue
from newsletter.issue.source import Path, Source


@dataclass(frozen=True)
class Document:
    """An issue, and where in its file everything stands."""

    issue: Issue
    source: Source
    left_out: tuple[Path, ...] = ()
    """What could not be read; other things stand in the issue in its place."""

    @property
    def whole(self) -> bool:
        """Whether every block could be read: only then can it be told what an issue lacks."""
        return not any(
            path[:1] == ("blocks",) and (len(path) == 1 or isinstance(path[-1], int))
            for path in self.left_out
        )

    @property
    def name(self) -> str:
        """The file's name as shown to people."""
        return self.source.name

    def place(self, path: Path, offset: int | None = None) -> Place:
        """Find what a path of the issue leads to: ("blocks", 1, "button", "url").

        The nearest known ancestor when the file does not have it; with `offset`, that character of
        the text as it is written.
        """
        return self.source.place(path, offset)

    def key_place(self, path: Path) -> Place:
        """Find the key of what a path leads to."""
        return self.source.key_place(path)

    def texts(self) -> Iterator[tuple[Path, str]]:
        """Give every text of the file, as written, with its path; none of what is left out."""
        for path, text in self.source.texts():
            if not any(path[: len(out)] == out for out in self.left_out):
                yield path, text


class FaultyError(FindingsError):
    """An issue has faults: nobody can be mailed it, but `rest` is what could be read of it."""

    def __init__(self, findings: Sequence[Finding], rest: Document | None) -> None:
        super().__init__(findings)
        self.rest = rest
