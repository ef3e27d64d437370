"""Links of issues that lead nowhere: asked over the network, remembered for a while."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from newsletter.checks.parts import FoundLink, links
from newsletter.errors import Entry, Family, Finding, Level
from newsletter.issue.document import Document
from newsletter.probing import OFFLINE, Answer, Prober, State

DEAD: Final = Entry(
    "NL515",
    Level.WARNING,
    Family.LINKS,
    "links lead to a page that is there (with --online)",
    why="who clicks and gets an error page trusts the next link less",
    hint="open it in a browser; write the address that the page has now, or take the link out",
)
UNSURE: Final = Entry(
    "NL516",
    Level.NOTE,
    Family.LINKS,
    "links lead to their page at once, and answer (with --online)",
    why="a page that moved may be gone by the time the mail is read",
    hint="open it in a browser; write the address that you come to",
)
ONLINE: Final = frozenset({DEAD.code, UNSURE.code})
"""The codes that only asking over the network can say."""

_GOOD_FOR: Final = {State.THERE: timedelta(days=1), State.MOVED: timedelta(days=1)}
_ELSE: Final = timedelta(hours=1)
"""What was not there may be soon."""


@dataclass
class Links:
    """What is known of links; `file` remembers it between runs, None forgets it."""

    now: datetime
    file: Path | None = None
    prober: Prober = field(default_factory=Prober)
    _known: dict[str, Answer] | None = None

    def look(self, documents: Iterable[Document]) -> Iterator[Finding]:
        """Ask for the links of some documents, each address once, and say which do not work."""
        found = [link for document in documents for link in links(document)]
        answers = self.ask({_address(link) for link in found} - {""})
        for link in found:
            if answer := answers.get(_address(link)):
                yield from _finding(link, answer)

    def ask(self, urls: Iterable[str]) -> Mapping[str, Answer]:
        """Give what is known of the addresses, after asking for those that are not."""
        if self._known is None:
            self._known = self._remembered()
        if missing := [url for url in urls if url not in self._known]:
            asked = self.prober.ask_all(missing)
            if OFFLINE in self._known.values():  # one host alone does not tell that
                unknown = [url for url, answer in asked.items() if answer.state is State.NO_HOST]
                asked |= dict.fromkeys(unknown, OFFLINE)
            self._known |= asked
            self._remember(asked)
        return self._known

    def _stored(self) -> dict[str, Any]:
        try:
            found = json.loads(self.file.read_text(encoding="utf-8")) if self.file else {}
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _remembered(self) -> dict[str, Answer]:
        known: dict[str, Answer] = {}
        for url, stored in self._stored().items():
            try:
                state, words, at = stored
                answer, age = Answer(State(state), words), self.now - datetime.fromisoformat(at)
            except (TypeError, ValueError):
                continue  # written by another version, or by hand
            if timedelta() <= age < _GOOD_FOR.get(answer.state, _ELSE):
                known[url] = answer
        return known

    def _remember(self, asked: Mapping[str, Answer]) -> None:
        if self.file is None:
            return
        at = self.now.isoformat()
        new = {
            url: [answer.state, answer.words, at]
            for url, answer in asked.items()
            if answer != OFFLINE
        }
        self.file.parent.mkdir(parents=True, exist_ok=True)
        beside = self.file.with_name(f"{self.file.name}.{os.getpid()}")
        beside.write_text(json.dumps(self._stored() | new, ensure_ascii=False), encoding="utf-8")
        beside.replace(self.file)


def _address(link: FoundLink) -> str:
    """Give what can be asked for: a web address that is the same for all readers."""
    url = link.url.partition("#")[0]
    return url if url.lower().startswith(("http://", "https://")) and "{{" not in url else ""


def _finding(link: FoundLink, answer: Answer) -> Iterator[Finding]:
    if answer.state in {State.GONE, State.NO_HOST}:
        yield DEAD.finding(link.url_place, f"the link leads nowhere: {answer.words}")
    elif answer.state is State.MOVED:
        yield UNSURE.finding(link.url_place, f"the page has moved to {answer.words}")
    elif answer.state in {State.UNSURE, State.INNER}:
        yield UNSURE.finding(link.url_place, f"nobody can tell if the link works: {answer.words}")
