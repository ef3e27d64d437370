"""What is on the table: one workspace, read anew at every look, and who reads its issues."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from newsletter import desk
from newsletter import workspace as workspaces
from newsletter.desk.glancing import Glance, glance
from newsletter.desk.personas import Persona, invented
from newsletter.errors import Finding, FindingsError, InputError, Level, NewsletterError, Place
from newsletter.issue.condition import Condition
from newsletter.workspace import SETTINGS_FILE, Workspace

Subscriber = Callable[[Workspace, str], Persona]
"""Finds a person of the register by address; raises InputError when there is none."""

SHOWN: Final = 10
"""People who are listed; whoever looks for somebody can write more of the name."""


@dataclass(frozen=True, slots=True)
class Match:
    """Somebody of the register who was found."""

    address: str
    name: str


Finder = Callable[[Workspace, str, int], tuple[Sequence[Match], int]]
"""Finds people by a part of their name or address: so many of them, and how many there are; raises
InputError when nothing is asked for."""

_KEPT: Final = 16
"""Looks that stand in while the files give none: two for each open page, and room."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Whose mail is looked at."""

    issue: str
    language: str = ""
    """Empty: the reader's, else the workspace's."""
    reader: str = ""
    """The name of an invented reader; the first one where there is none of that name."""
    address: str = ""
    """Of a person of the register; wins over `reader`."""
    arm: str = ""
    """The letter of a subject, where several are tried."""


def nobody(_workspace: Workspace, address: str) -> Persona:
    """Know nobody: for whoever has no register."""
    raise InputError(f"nobody has the address {address}: there is no register here")


def nothing(_workspace: Workspace, _text: str, _most: int) -> tuple[Sequence[Match], int]:
    """Find nobody: for whoever has no register."""
    return (), 0


class NobodyError(InputError):
    """Nobody in the register has that address."""


class Table:
    """The issues of a workspace, and the last looks at them.

    Raises InputError when there is no workspace, FindingsError when its settings have faults.
    """

    def __init__(
        self,
        root: Path,
        *,
        wanted: str = "",
        subscriber: Subscriber = nobody,
        finder: Finder = nothing,
    ) -> None:
        self.workspace: Workspace = workspaces.load(root)
        """As it was when its settings could last be read."""
        self._subscriber: Final = subscriber
        self._finder: Final = finder
        self.wanted: Final = wanted
        """The issue that was asked for, as it was written; empty: whichever."""
        self._own: Final = {desk.find(wanted, self.workspace.issues).name: wanted} if wanted else {}
        self._people: Final[dict[tuple[str, str], list[Persona]]] = {}
        self._glances: Final[dict[Choice, Glance]] = {}
        self._media: Final[dict[str, bytes]] = {}

    @property
    def places(self) -> list[Path]:
        """The files and folders whose changes matter."""
        space = self.workspace
        named = [path.parent for path in map(Path, self._own.values()) if len(path.parts) > 1]
        return [space.root / SETTINGS_FILE, space.issues, space.templates, *named]

    @property
    def issues(self) -> list[str]:
        """The issues by name; first the one that was asked for."""
        return list(dict.fromkeys([*self._own, *desk.names(self.workspace.issues)]))

    def inside(self, place: str) -> str:
        """Write a place as seen from the workspace, wherever the command was given."""
        return place.removeprefix(f"{self.workspace.root}{os.sep}")

    def look(self, choice: Choice) -> Glance:
        """Look at one mail; raises NobodyError for an address that nobody has.

        Raises another NewsletterError, with findings if files are at fault, when there is no mail.
        """
        space = self._read()
        person = self._person(space, choice.address) if choice.address else None

        def choose(conditions: Sequence[Condition], language: str) -> Persona:
            found = self._readers(conditions, language)
            return person or next((one for one in found if one.name == choice.reader), found[0])

        language = choice.language or (person.language if person else "")
        seen = glance(space, self._wanted(choice.issue), language, choose, arm=choice.arm)
        self._keep(choice, seen)
        return seen

    def last(self, choice: Choice) -> Glance:
        """Look, or give the last look that gave a mail; raises as `look` if there was none."""
        try:
            return self.look(choice)
        except NewsletterError:
            if choice in self._glances:
                return self._glances[choice]
            raise

    def find(self, text: str) -> tuple[Sequence[Match], int]:
        """Find people of the register; raises InputError when nothing is asked for."""
        return self._finder(self.workspace, text, SHOWN)

    def readers(self, seen: Glance) -> list[Persona]:
        """Invent readers for what was looked at."""
        return self._readers(seen.document.issue.conditions, seen.document.issue.language)

    def image(self, name: str) -> bytes | None:
        """Give an image of a mail that was looked at."""
        return self._media.get(name)

    def check(self, issue: str) -> tuple[Finding, ...]:
        """Render and check everything; what keeps it from that is a finding like the others."""
        try:
            return desk.prepare(self._read(), self._wanted(issue), now=datetime.now(UTC)).findings
        except NewsletterError as error:
            return as_findings(error, issue)

    def _keep(self, choice: Choice, seen: Glance) -> None:
        for key in (choice, replace(choice, language=seen.language)):
            self._glances.pop(key, None)
            self._glances[key] = seen
        for old in list(self._glances)[:-_KEPT]:
            del self._glances[old]
        self._media.update(seen.media)

    def _read(self) -> Workspace:
        self.workspace = workspaces.load(self.workspace.root)
        return self.workspace

    def _person(self, space: Workspace, address: str) -> Persona:
        try:
            return self._subscriber(space, address)
        except InputError as error:
            raise NobodyError(error.message, hint=error.hint) from error

    def _wanted(self, issue: str) -> str:
        return self._own.get(issue, issue)

    def _readers(self, conditions: Sequence[Condition], language: str) -> list[Persona]:
        """Invent them once for the same conditions: many may have to be tried."""
        settings = self.workspace.settings
        key = language, f"{conditions!r}{settings.fields!r}"
        if key not in self._people:
            self._people.clear()
            self._people[key] = invented(conditions, language, settings)
        return self._people[key]


def as_findings(error: NewsletterError, issue: str) -> tuple[Finding, ...]:
    """Say what went wrong as findings, also where no file is to blame."""
    if isinstance(error, FindingsError):
        return error.findings
    where = issue if isinstance(error, InputError) else SETTINGS_FILE
    return (Finding("", Level.ERROR, Place(where), error.message, error.hint),)
