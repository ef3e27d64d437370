"""Editions as files, to look at: images beside them, personal fields as their fallbacks."""

from pathlib import Path
from typing import Final

from newsletter.desk.prepare import Prepared
from newsletter.issue.edition import Edition

_MEDIA: Final = "media"


def write(prepared: Prepared, folder: Path) -> list[Path]:
    """Write every edition's HTML, text and public copy into `folder`; give the files written."""
    media = folder / _MEDIA
    media.mkdir(parents=True, exist_ok=True)
    for name, content in prepared.media.items():
        (media / name).write_bytes(content)
    return [path for edition in prepared.editions for path in _write(prepared, edition, folder)]


def stem_of(edition: Edition) -> str:
    """Name the files of an edition, without their suffix."""
    parts = (edition.issue, edition.language, edition.variant, edition.arm)
    return ".".join(part for part in parts if part)


def _write(prepared: Prepared, edition: Edition, folder: Path) -> list[Path]:
    stem = stem_of(edition)
    parts = {
        f"{stem}.html": edition.html.fill({}),
        f"{stem}.txt": edition.text.fill({}),
        f"{stem}.web.html": edition.web,
    }
    written = []
    for name, text in parts.items():
        (folder / name).write_text(_beside(text, prepared), encoding="utf-8")
        written.append(folder / name)
    return written


def _beside(text: str, prepared: Prepared) -> str:
    """Let a text find its images where they lie on this disk, not where they are hosted."""
    for image in prepared.media:
        for address in (prepared.host.url(image), prepared.host.copy_url(image)):
            text = text.replace(address, f"{_MEDIA}/{image}")
    return text
