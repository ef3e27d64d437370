"""Read, render and check all languages and variants of an issue."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from newsletter import checks, hosting, render
from newsletter.desk import judging, trials, weight
from newsletter.desk.dead_links import Links
from newsletter.desk.faults import AUDIENCE, unrendered
from newsletter.desk.files import SnippetFolders, read_bytes, shown
from newsletter.desk.naming import SNIPPETS, Files, find
from newsletter.desk.refusing import Look, PartlyReadError
from newsletter.desk.siblings import compare
from newsletter.errors import Finding, FindingsError, InputError, Level
from newsletter.issue import read
from newsletter.issue.condition import Condition, variants
from newsletter.issue.document import Document, FaultyError
from newsletter.issue.edition import Edition, Editions, Sibling
from newsletter.issue.trial import Trial
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
    host: hosting.Host
    """Where they lie."""
    files: Files
    """What it was read from."""

    @property
    def lists(self) -> tuple[str, ...]:
        """The lists that the issue names; empty when it leaves that to whoever sends it."""
        return tuple(self.documents[self.editions.fallback].issue.lists)

    @property
    def condition(self) -> Condition:
        """The audience's condition, as the issue has it."""
        return self.documents[self.editions.fallback].issue.where

    @property
    def trial(self) -> Trial | None:
        """The trial of several subjects, if the issue has one."""
        return self.documents[self.editions.fallback].issue.trial

    def refuse_errors(self) -> None:
        """Raise FindingsError when there is an error: it must not be sent so."""
        if any(finding.level is Level.ERROR for finding in self.findings):
            raise FindingsError(self.findings)


def prepare(
    workspace: Workspace, wanted: str, *, now: datetime | None = None, links: Links | None = None
) -> Prepared:
    """Make an issue ready; raises FindingsError when it cannot even be read or rendered.

    With `now`, what is over is found too; with `links`, links that lead nowhere.
    """
    gate = judging.gate(workspace)
    files = find(wanted, workspace.issues)
    look = Look(workspace, image_folders(workspace, files), gate, now, links)
    try:
        documents = read_documents(workspace, files)
    except PartlyReadError as error:
        raise look.refusal(error.findings, error.rest) from error
    host = hosting.load(workspace, environment=os.environ)
    gallery = render.Gallery(image_folders(workspace, files), host.url, cache=workspace.exports)
    fallback = _fallback(workspace, documents)
    try:
        arms = {
            arm: _siblings(workspace, files.name, documents, gallery, host, arm=arm)
            for arm in documents[fallback].issue.subjects
        }
    except FindingsError as error:
        raise look.refusal(error.findings, list(documents.values())) from error
    only, *others = arms.values()
    editions = Editions(files.name, fallback, only, arms if others else {})
    findings = [*_findings(workspace, documents, editions, gallery, now)]
    findings += compare(files, documents, fallback, workspace.settings)
    findings += look.words_and_pages(list(documents.values()))
    return Prepared(
        name=files.name,
        editions=editions,
        documents=documents,
        findings=gate.judge(findings, documents.values(), asked=judging.asked(now, links)),
        media=dict(gallery.files),
        host=host,
        files=files,
    )


def _findings(
    workspace: Workspace,
    documents: Mapping[str, Document],
    editions: Editions,
    gallery: render.Gallery,
    now: datetime | None,
) -> Iterator[Finding]:
    """Find what is wrong with each language, and where they disagree."""
    for language, document in documents.items():
        own = [edition for edition in editions if edition.language == language]
        yield from checks.check(document, own, workspace.settings, now=now)
        yield from weight.heavy(document, gallery)
        yield from weight.together(document, own, gallery.files)
    yield from _disagreements(documents, editions.fallback)
    yield from trials.disagreements(documents, editions.fallback)


def source(workspace: Workspace, prepared: Prepared, edition: Edition) -> str:
    """Write the MJML that an edition's HTML is made of; personal fields are open places."""
    return render.source(
        prepared.documents[edition.language].issue,
        name=prepared.name,
        settings=workspace.settings,
        folders=list(template_folders(workspace)),
        gallery=render.Gallery(
            image_folders(workspace, prepared.files), prepared.host.url, cache=workspace.exports
        ),
        variant=edition.variant,
        arm=edition.arm,
    )


def publish(prepared: Prepared) -> None:
    """Put the images where the mails will look for them; what is there already stays."""
    prepared.host.publish(prepared.media)


def read_documents(workspace: Workspace, files: Files) -> dict[str, Document]:
    """Read every sibling, by language; the faults of all of them come at once.

    Raises PartlyReadError with them.
    """
    documents: dict[str, Document] = {}
    faults: list[Finding] = []
    rest: list[Document] = []
    for named, path in files.siblings.items():
        try:
            document = read(
                read_bytes(path),
                shown(path),
                fields=workspace.settings.field_names,
                default_language=named or workspace.settings.language,
                snippets=SnippetFolders([path.parent / SNIPPETS, workspace.issues / SNIPPETS]),
                time_zone=workspace.settings.time_zone,
            )
        except FindingsError as error:
            faults += error.findings
            rest += [error.rest] if isinstance(error, FaultyError) and error.rest else []
            continue
        documents[document.issue.language] = document
    if faults:
        raise PartlyReadError(faults, [*rest, *documents.values()])
    return documents


def image_folders(workspace: Workspace, files: Files) -> list[Path]:
    """Give the folders in which an issue's images are looked for; the first that has one wins."""
    beside = {path.parent for path in files.siblings.values()}
    return [*beside, workspace.issues, workspace.root]


def template_folders(workspace: Workspace) -> Iterator[Path]:
    """Give the folders of templates; the first that has one wins."""
    yield workspace.templates
    yield starter() / "templates"


def _fallback(workspace: Workspace, documents: Mapping[str, Document]) -> str:
    """Choose the language for whoever reads none of those that there are."""
    preferred = workspace.settings.language
    return preferred if preferred in documents else next(iter(documents))


def _siblings(
    workspace: Workspace,
    name: str,
    documents: Mapping[str, Document],
    gallery: render.Gallery,
    host: hosting.Host,
    *,
    arm: str,
) -> dict[str, Sibling]:
    """Render every language; the faults of all of them come at once."""
    siblings: dict[str, Sibling] = {}
    faults: list[Finding] = []
    for language, document in documents.items():
        try:
            editions = {
                variant: _with_copy(edition, gallery, host)
                for variant, edition in _editions(workspace, name, document, gallery, arm).items()
            }
            siblings[language] = Sibling(document.issue.conditions, editions)
        except InputError as error:
            faults += unrendered(document, gallery, workspace.settings, error)
    if faults:
        raise FindingsError(faults)
    return siblings


def _editions(
    workspace: Workspace, name: str, document: Document, gallery: render.Gallery, arm: str
) -> dict[str, Edition]:
    return {
        variant: render.render(
            document.issue,
            name=name,
            settings=workspace.settings,
            folders=list(template_folders(workspace)),
            gallery=gallery,
            variant=variant,
            arm=arm,
        )
        for variant in variants(document.issue.conditions)
    }


def _with_copy(edition: Edition, gallery: render.Gallery, host: hosting.Host) -> Edition:
    """Let the public copy show its images from the web, also where the mail carries them."""
    web = edition.web
    for name in gallery.files:
        web = web.replace(host.url(name), host.copy_url(name))
    return replace(edition, web=web)


def _disagreements(documents: Mapping[str, Document], fallback: str) -> Iterator[Finding]:
    """One mailing has one audience: siblings must not name different ones."""
    first = documents[fallback]
    for document in documents.values():
        for key in ("lists", "where"):
            if getattr(document.issue, key) != getattr(first.issue, key):
                yield AUDIENCE.finding(
                    document.place((key,)),
                    f"{key} differs from {first.name}; one issue has one audience",
                    f"say the same {key} in every language of the issue",
                )
