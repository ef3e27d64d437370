"""Read, render and check all languages and variants of an issue."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from newsletter import checks, render
from newsletter.desk.naming import Files, find
from newsletter.errors import Finding, FindingsError, InputError, Level, Place
from newsletter.issue import read
from newsletter.issue.condition import Condition, variants
from newsletter.issue.document import Document
from newsletter.issue.edition import Edition, Editions, Sibling
from newsletter.workspace import Workspace, starter


@dataclass(frozen=True, slots=True)
class Prepared:
    """An issue ready to be looked at, approved and sent, with everything found about it."""

    name: str
    editions: Editions
    documents: Mapping[str, Document]
    """By language."""
    findings: tuple[Finding, ...]
    media: Mapping[str, bytes]
    """Images that the mails link to, by their public names."""
    media_url: str
    """Where they are served."""

    @property
    def lists(self) -> tuple[str, ...]:
        """The lists that the issue names; empty when it leaves that to whoever sends it."""
        return tuple(self.documents[self.editions.fallback].issue.lists)

    @property
    def condition(self) -> Condition:
        """The audience's condition, as the issue has it."""
        return self.documents[self.editions.fallback].issue.where

    def refuse_errors(self) -> None:
        """Raise FindingsError when there is an error: it must not be sent so."""
        if any(finding.level is Level.ERROR for finding in self.findings):
            raise FindingsError(self.findings)


def prepare(workspace: Workspace, wanted: str) -> Prepared:
    """Make an issue ready; raises FindingsError when it cannot even be read or rendered."""
    files = find(wanted, workspace.issues)
    documents = _read(workspace, files)
    media_url = f"{workspace.settings.public_url}/media"
    gallery = render.Gallery(_image_folders(workspace, files), media_url)
    fallback = _fallback(workspace, documents)
    siblings = {
        language: Sibling(
            document.issue.conditions,
            _editions(workspace, files.name, document, gallery),
        )
        for language, document in documents.items()
    }
    findings = [
        finding
        for language, document in documents.items()
        for finding in checks.check(
            document, siblings[language].variants.values(), workspace.settings
        )
    ]
    findings += _disagreements(documents, fallback)
    return Prepared(
        name=files.name,
        editions=Editions(files.name, fallback, siblings),
        documents=documents,
        findings=tuple(findings),
        media=dict(gallery.files),
        media_url=media_url,
    )


def publish(workspace: Workspace, prepared: Prepared) -> None:
    """Put the images where the web app serves them; a name is a content hash, so it stays true."""
    workspace.media.mkdir(parents=True, exist_ok=True)
    for name, content in prepared.media.items():
        target = workspace.media / name
        if not target.exists():
            temporary = target.with_name(f".{name}.{os.getpid()}")
            temporary.write_bytes(content)
            temporary.replace(target)


def _read(workspace: Workspace, files: Files) -> dict[str, Document]:
    """Read every sibling; the faults of all of them come at once."""
    documents: dict[str, Document] = {}
    faults: list[Finding] = []
    for named, path in files.siblings.items():
        try:
            document = read(
                _bytes(path),
                _shown(path),
                fields=workspace.settings.field_names,
                default_language=named or workspace.settings.language,
            )
        except FindingsError as error:
            faults += error.findings
            continue
        documents[document.issue.language] = document
    if faults:
        raise FindingsError(faults)
    return documents


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def _shown(path: Path) -> str:
    """Name a file as a person at this prompt would."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _image_folders(workspace: Workspace, files: Files) -> list[Path]:
    beside = {path.parent for path in files.siblings.values()}
    return [*beside, workspace.issues, workspace.root]


def _template_folders(workspace: Workspace) -> Iterator[Path]:
    yield workspace.templates
    yield starter() / "templates"


def _fallback(workspace: Workspace, documents: Mapping[str, Document]) -> str:
    """Choose the language for whoever reads none of those that there are."""
    preferred = workspace.settings.language
    return preferred if preferred in documents else next(iter(documents))


def _editions(
    workspace: Workspace, name: str, document: Document, gallery: render.Gallery
) -> dict[str, Edition]:
    try:
        return {
            variant: render.render(
                document.issue,
                name=name,
                settings=workspace.settings,
                folders=list(_template_folders(workspace)),
                gallery=gallery,
                variant=variant,
            )
            for variant in variants(document.issue.conditions)
        }
    except InputError as error:
        place = _place_of(document, error.message)
        raise FindingsError(
            [Finding("NL501", Level.ERROR, place, error.message, error.hint)]
        ) from error


def _place_of(document: Document, message: str) -> Place:
    """Find the image that a message of the renderer speaks of; else the file as a whole."""
    for path, text in document.texts():
        if path[-1] == "src" and repr(text) in message:
            return document.place(path)
    return Place(document.name)


def _disagreements(documents: Mapping[str, Document], fallback: str) -> Iterator[Finding]:
    """One mailing has one audience: siblings must not name different ones."""
    first = documents[fallback]
    for document in documents.values():
        for key in ("lists", "where"):
            if getattr(document.issue, key) != getattr(first.issue, key):
                yield Finding(
                    "NL502",
                    Level.ERROR,
                    document.place((key,)),
                    f"{key} differs from {first.name}; one issue has one audience",
                    f"say the same {key} in every language of the issue",
                )
