"""Whole mails for tests that look at them: the starter's own, and one that tries everything."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from newsletter import workspace
from newsletter.desk.files import SnippetFolders
from newsletter.issue import read
from newsletter.issue.edition import Edition
from newsletter.issue.issue import Issue
from newsletter.render import Gallery, render
from newsletter.render.page import Page
from newsletter.settings import Settings
from newsletter.testing.issues import make_issue
from newsletter.testing.samples import every_block

MEDIA: Final = "http://127.0.0.1:8000/media"
"""Where the mails' images are; a test's browser serves them from `Mail.files`."""
VALUES: Final = {
    "first_name": "Aino",
    "municipality": "Sysmä",
    "unsubscribe_url": "https://kirje.example.fi/u/abc",
    "preferences_url": "https://kirje.example.fi/preferences/abc",
}
"""What the open places are filled with."""

_LONG: Final = "Monipaikkaisuusselvityksen loppuraportti"


@dataclass(frozen=True, slots=True)
class Mail:
    """One rendered variant of an issue, and what it was made from."""

    issue: Issue
    page: Page
    edition: Edition
    files: dict[str, bytes]
    """Images and calendar files by name, below MEDIA."""

    @property
    def html(self) -> str:
        """The mail as one subscriber gets it."""
        return self.edition.html.fill(VALUES)

    @property
    def text(self) -> str:
        """Its plain text."""
        return self.edition.text.fill(VALUES)


def starter_issue(stem: str) -> Issue:
    """Read one of the starter's issues, e.g. "esittely.fi"."""
    starter = workspace.load(workspace.starter())
    file = starter.issues / f"{stem}.yaml"
    return read(
        file.read_bytes(),
        file.name,
        fields=starter.settings.field_names,
        default_language="fi",
        snippets=SnippetFolders([starter.issues / "snippets"]),
    ).issue


def starter_mail(stem: str, variant: str | None = None, **changes: Any) -> Mail:  # noqa: ANN401
    """Render one of the starter's issues, every condition true unless a variant is named.

    `changes` replaces sections of the settings.
    """
    return make_mail(starter_issue(stem), variant, name=stem.partition(".")[0], **changes)


def sampler_mail(**changes: Any) -> Mail:  # noqa: ANN401 - as above
    """Render every kind of block across the card, in two columns and in three, with long words."""
    blocks = [{kind: value} for kind, value in every_block(_LONG, image="images/tori.png").items()]
    inner = [block for block in blocks if "divider" not in block]
    columns = [{"columns": [inner[at::count] for at in range(count)]} for count in (2, 3)]
    issue = make_issue(blocks=[{"heading": "Kaikki osat"}, *blocks, *columns], contents=True)
    return make_mail(issue, **changes)


def make_mail(
    issue: Issue, variant: str | None = None, *, name: str = "kirje",
    folders: Sequence[Path] = (), **changes: Any,  # noqa: ANN401 - settings
) -> Mail:  # fmt: skip
    """Render an issue with the starter's theme, settings and images."""
    starter = workspace.load(workspace.starter())
    settings = Settings.model_validate(
        starter.settings.model_dump(by_alias=True, exclude_unset=True) | changes
    )
    gallery = Gallery([starter.issues, starter.root], MEDIA)
    parts: dict[str, Any] = {
        "name": name,
        "settings": settings,
        "folders": [*folders, starter.templates],
        "gallery": gallery,
        "variant": "1" * len(issue.conditions) if variant is None else variant,
    }
    page, edition = Page(issue, **parts), render(issue, **parts)
    return Mail(issue, page, edition, dict(gallery.files))
