"""An issue for which there is no mail: its faults, and everything else that is wrong with it.

Whoever mends one mistake is not to find the next one only then.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from newsletter import checks
from newsletter.desk import spelling, weight
from newsletter.desk.dead_links import Links
from newsletter.desk.faults import absent
from newsletter.desk.judging import Gate
from newsletter.errors import Finding, FindingsError
from newsletter.issue.document import Document
from newsletter.render import Gallery
from newsletter.workspace import Workspace


class PartlyReadError(FindingsError):
    """Languages of an issue have faults; `rest` is what could be read of all of them."""

    def __init__(self, findings: Sequence[Finding], rest: Sequence[Document]) -> None:
        super().__init__(findings)
        self.rest = rest


@dataclass(frozen=True, slots=True)
class Look:
    """How an issue is looked at: where, by which gate, when, and with the network or without."""

    workspace: Workspace
    folders: Sequence[Path]
    """Of images."""
    gate: Gate
    now: datetime | None
    links: Links | None

    def words_and_pages(self, documents: Sequence[Document]) -> Iterator[Finding]:
        """Find links that lead nowhere and words that no dictionary has, where that is wanted."""
        if self.links:
            yield from self.links.look(documents)
        if self.workspace.settings.check.spelling:
            own = spelling.own_words(self.workspace.root)
            settings = self.workspace.settings
            languages = dict.fromkeys((settings.language, *settings.languages))
            for document in documents:
                yield from spelling.misspelt(document, own, tuple(languages))

    def refusal(self, faults: Sequence[Finding], documents: Sequence[Document]) -> FindingsError:
        """Tell of faults for which there is no mail, and what else is wrong with what was read."""
        beside = [*self._readable(documents), *self.words_and_pages(documents)]
        told = self.gate.judge([*faults, *beside], documents)
        return FindingsError(sorted(told, key=lambda item: item.place))

    def _readable(self, documents: Sequence[Document]) -> Iterator[Finding]:
        """Find what can be found without a mail."""
        gallery = Gallery(self.folders, str, cache=self.workspace.exports)
        for document in documents:
            yield from checks.check(document, (), self.workspace.settings, now=self.now)
            yield from absent(document, gallery)
            yield from weight.heavy(document, gallery)
