"""What counts of all that was found: levels by the settings, exceptions by comments in the files.

`check`, `send`, `approve` and `preview` ask here, so that what one of them lets pass, all do.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from newsletter.checks import clients
from newsletter.desk import allowing, dead_links
from newsletter.desk.allowing import Exemption
from newsletter.desk.catalogue import catalogue
from newsletter.desk.dead_links import Links
from newsletter.errors import Entry, Finding, FindingsError, Level, near
from newsletter.issue.document import Document
from newsletter.issue.source import File
from newsletter.toml_reading import fault_at
from newsletter.workspace import SETTINGS_FILE, Workspace

_OFF: Final = "off"


@dataclass(frozen=True, slots=True)
class Gate:
    """How serious each rule is taken in a workspace, as far as its settings say."""

    chosen: Mapping[str, str]
    """off, note, warning or error, by code; the others are what the catalogue says."""

    def judge(
        self,
        findings: Iterable[Finding],
        documents: Iterable[Document],
        *,
        asked: Collection[str] = (),
    ) -> tuple[Finding, ...]:
        """Leave out what is off or allowed, and give the rest its level; each finding once.

        An exception that nothing needs is told for rules that were `asked`.
        """
        own, others = _files(documents)
        exempt = [one for file in (*own, *others) for one in allowing.exemptions(file)]
        used: set[tuple[Exemption, str]] = set()
        kept = list(self._kept(findings, exempt, used))
        known = catalogue()
        allowable = [code for code, entry in known.items() if not entry.fixed]
        # Another issue may need what stands in a snippet.
        for files, told in ((own, asked), (others, ())):
            here = [one for one in exempt if one.file in files]
            kept += self._levelled(
                allowing.remarks(here, used, known.keys(), allowable, asked=told)
            )
        return tuple(dict.fromkeys(kept))

    def _kept(
        self,
        findings: Iterable[Finding],
        exempt: Sequence[Exemption],
        used: set[tuple[Exemption, str]],
    ) -> Iterator[Finding]:
        known = catalogue()
        for finding in findings:
            entry = known.get(finding.rule)
            found = [one for one in exempt if one.allows(finding)]
            if entry and not entry.fixed and found:
                used.update((one, finding.rule) for one in found)
                continue
            yield from self._levelled([finding])

    def _levelled(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        for finding in findings:
            level = self.chosen.get(finding.rule)
            if level != _OFF:
                yield replace(finding, level=Level(level)) if level else finding


def asked(now: datetime | None, links: Links | None) -> Collection[str]:
    """Name the rules that were looked for: all only when the day is known, and the network asked.

    Whether a page is there is asked only over the network.
    """
    return () if now is None else catalogue().keys() - (set() if links else dead_links.ONLINE)


def gate(workspace: Workspace) -> Gate:
    """Read the levels of a workspace; raises FindingsError for rules that cannot be set."""
    wanted = workspace.settings.check.rules
    faults = [fault for name in wanted for fault in _faults(workspace, name)]
    faults += _unknown_clients(workspace)
    if faults:
        raise FindingsError(faults)
    chosen: dict[str, str] = {}
    for code, entry in catalogue().items():
        level = wanted.get(code) or wanted.get(entry.family)
        if level and not entry.fixed:
            chosen[code] = level
    return Gate(chosen)


def _faults(workspace: Workspace, name: str) -> Iterator[Finding]:
    file, setting = workspace.root / SETTINGS_FILE, f"check.rules.{name}"
    meant = _meant(name)
    if not meant:
        yield fault_at(file, setting, f"no rule {name!r}", allowing.near_codes(name, catalogue()))
    elif all(entry.fixed for entry in meant):
        why = meant[0].why if name == meant[0].code else "without them there is nothing to send"
        message = f"{name} cannot be set otherwise than error: {why}"
        yield fault_at(file, setting, message, "take the line out")


def _unknown_clients(workspace: Workspace) -> Iterator[Finding]:
    for name in workspace.settings.check.clients:
        if name not in clients.families():
            message = f"no mail client {name!r}"
            hint = near(name, clients.families())
            yield fault_at(workspace.root / SETTINGS_FILE, "check.clients", message, hint)


def _meant(name: str) -> list[Entry]:
    return [entry for entry in catalogue().values() if name in {entry.code, entry.family}]


def _files(documents: Iterable[Document]) -> tuple[list[File], list[File]]:
    """Give the files of issues, and those of the snippets in them."""
    documents = list(documents)
    own = [document.source.file for document in documents]
    spans = (span for document in documents for span in document.source.spans.values())
    others = dict.fromkeys(span.file for span in spans if span.file and span.file not in own)
    return own, list(others)
