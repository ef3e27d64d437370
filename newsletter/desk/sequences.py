"""The sequences of a workspace: sequences/NAME.yaml, and whether their issues fit."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from newsletter.desk.faults import FITTING, NAMED
from newsletter.desk.files import read_bytes, shown
from newsletter.desk.naming import find, names
from newsletter.desk.prepare import read_documents
from newsletter.errors import Finding, FindingsError, InputError, Place
from newsletter.issue import fields as personal
from newsletter.issue import sequence as reading
from newsletter.issue.document import Document
from newsletter.issue.sequence import SequenceFile
from newsletter.workspace import Workspace

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")


@dataclass(frozen=True, slots=True)
class Sequences:
    """What there is, and what is wrong with the rest."""

    files: Mapping[str, SequenceFile]
    """Those that can be read, by name."""
    findings: tuple[Finding, ...]


def sequences(workspace: Workspace) -> Sequences:
    """Read all sequences; the faults of one do not keep the others from being read."""
    files: dict[str, SequenceFile] = {}
    findings: list[Finding] = []
    issues = names(workspace.issues)
    for path in sorted(workspace.sequences.glob("*.y*ml")):
        if not _NAME.fullmatch(path.stem) or path.suffix != ".yaml":
            findings.append(NAMED.finding(Place(shown(path)), NAMED.demand))
            continue
        try:
            files[path.stem] = reading.read(
                read_bytes(path),
                shown(path),
                name=path.stem,
                fields=workspace.settings.field_names,
                lists=[item.id for item in workspace.settings.lists],
                issues=issues,
            )
        except FindingsError as error:
            findings += error.findings
    return Sequences(files, tuple(findings))


def check_sequences(workspace: Workspace) -> list[Finding]:
    """Find what is wrong with the sequences themselves; their issues are checked as such."""
    found = sequences(workspace)
    findings = list(found.findings)
    for file in found.files.values():
        for index, step in enumerate(file.sequence.steps):
            try:
                documents = read_documents(workspace, find(step.issue, workspace.issues))
            except (FindingsError, InputError):
                continue  # told where the issue is checked
            findings += misfits(file, index, documents, workspace.settings.field_names)
    return findings


def misfits(
    file: SequenceFile, index: int, documents: Mapping[str, Document], fields: Sequence[str]
) -> Iterator[Finding]:
    """Find what an issue says that a sequence decides for it, and what would hold it up."""
    place = file.source.place(("steps", index, "issue"))
    for document in documents.values():
        issue = document.issue
        if issue.where:
            hint = "take it out there; a sequence has a 'where' of its own"
            yield _misfit(place, f"{document.name} says who gets it (where)", hint)
        if issue.lists and file.sequence.list_id not in issue.lists:
            hint = f"its footer would name them; write lists: [{file.sequence.list_id}] there"
            yield _misfit(place, f"{document.name} is for other lists", hint)
        if issue.trial:
            hint = "each gets it on a day of their own; leave one subject in it"
            yield _misfit(place, f"{document.name} tries several subjects", hint)
        for name in _bare_fields(document, fields):
            hint = f'write {{{{ {name} | default("…") }}}} there: nobody is there to ask'
            yield _misfit(place, f"{document.name} has {name!r} without a default", hint)


def _bare_fields(document: Document, fields: Sequence[str]) -> list[str]:
    """Name the personal fields that one person without a value would stop the step at."""
    parts = (part for _, text in document.texts() for part in personal.parse(text, fields))
    found = (part for part in parts if isinstance(part, personal.Field) and part.fallback is None)
    return list(dict.fromkeys(part.name for part in found if part.name != "language"))


def _misfit(place: Place, message: str, hint: str) -> Finding:
    return FITTING.finding(place, message, hint)
