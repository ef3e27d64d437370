"""A document: an issue together with the file that it was read from."""

from collections.abc import Iterator
from dataclasses import dataclass

from newsletter.errors import Place
from newsletter.issue.issue import Issue
from newsletter.issue.source import Path, Source


@dataclass(frozen=True)
class Document:
    """An issue, and where in its file everything stands."""

    issue: Issue
    source: Source

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
        """Give every text of the file, as written, with its path."""
        return self.source.texts()
