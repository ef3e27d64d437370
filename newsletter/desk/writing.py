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


def _write(prepared: Prepared, edition: Edition, folder: Path) -> list[Path]:
    stem = ".".join(part for part in (edition.issue, edition.language, edition.variant) if part)
    parts = {
        f"{stem}.html": edition.html.fill({}),
        f"{stem}.txt": edition.text.fill({}),
        f"{stem}.web.html": edition.web,
    }
    written = []
    for name, text in parts.items():
        for image in prepared.media:
            # The mail names the public address; on disk the images lie beside it.
            text = text.replace(f"{prepared.media_url}/{image}", f"{_MEDIA}/{image}")  # noqa: PLW2901
        (folder / name).write_text(text, encoding="utf-8")
        written.append(folder / name)
    return written
