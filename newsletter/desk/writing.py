"""Editions as files, to look at: images beside them, personal fields as their fallbacks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from newsletter.desk.personas import Persona
from newsletter.desk.prepare import Prepared, source
from newsletter.issue.edition import Edition
from newsletter.workspace import Workspace

_MEDIA: Final = "media"


def write(prepared: Prepared, folder: Path, *, reader: Persona | None = None) -> list[Path]:
    """Write every edition's HTML, text and public copy into `folder`; give the files written.

    With a reader, only what they get, with their own fields in it.
    """
    media = folder / _MEDIA
    media.mkdir(parents=True, exist_ok=True)
    for name, content in prepared.media.items():
        (media / name).write_bytes(content)
    values = reader.fields if reader else {}
    chosen = editions_for(prepared, reader)
    return [path for edition in chosen for path in _write(prepared, edition, folder, values)]


def editions_for(prepared: Prepared, reader: Persona | None) -> list[Edition]:
    """Give the edition that a reader gets; all of them without one."""
    if reader is None:
        return list(prepared.editions)
    return [prepared.editions.choose(reader.language, reader.fields)]


def stem_of(edition: Edition) -> str:
    """Name the files of an edition, without their suffix."""
    parts = (edition.issue, edition.language, edition.variant, edition.arm)
    return ".".join(part for part in parts if part)


def _write(
    prepared: Prepared, edition: Edition, folder: Path, values: Mapping[str, str]
) -> list[Path]:
    stem = stem_of(edition)
    parts = {
        f"{stem}.html": edition.html.fill(values),
        f"{stem}.txt": edition.text.fill(values),
        f"{stem}.web.html": edition.web,
    }
    written = []
    for name, text in parts.items():
        (folder / name).write_text(_beside(text, prepared), encoding="utf-8")
        written.append(folder / name)
    return written


def write_source(
    workspace: Workspace, prepared: Prepared, folder: Path, *, reader: Persona | None = None
) -> list[Path]:
    """Write the MJML of every edition, or of a reader's; give the files written."""
    written = []
    for edition in editions_for(prepared, reader):
        file = folder / f"{stem_of(edition)}.mjml"
        file.write_text(_beside(source(workspace, prepared, edition), prepared), encoding="utf-8")
        written.append(file)
    return written


def _beside(text: str, prepared: Prepared) -> str:
    """Let a text find its images where they lie on this disk, not where they are hosted."""
    for image in prepared.media:
        for address in (prepared.host.url(image), prepared.host.copy_url(image)):
            text = text.replace(address, f"{_MEDIA}/{image}")
    return text
