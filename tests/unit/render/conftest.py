"""Rendering with the starter's own templates."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from newsletter import workspace
from newsletter.desk.files import SnippetFolders
from newsletter.issue import read
from newsletter.issue.condition import variants
from newsletter.issue.edition import Edition
from newsletter.render import Gallery, render
from newsletter.render.page import Page
from newsletter.settings import Settings
from newsletter.testing import make_settings
from newsletter.testing.issues import make_issue

Render = Callable[..., Edition]

SOCIAL = {
    "website": "https://www.example.fi/",
    "facebook": "https://www.facebook.com/esimerkki",
    "linkedin": "https://www.linkedin.com/company/esimerkki",
}


@pytest.fixture
def settings() -> Settings:
    return make_settings(social=SOCIAL)


@pytest.fixture
def templates() -> Path:
    return workspace.starter() / "templates"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "issues" / "images"
    folder.mkdir(parents=True)
    Image.new("RGB", (1040, 520), "#0e5a78").save(folder / "torit.jpg")
    Image.new("RGB", (400, 100), "#2f6b3f").save(folder / "kunta.png")
    Image.new("P", (30, 40)).save(folder / "pieni.gif")
    return folder.parent


@pytest.fixture
def gallery(images: Path) -> Gallery:
    return Gallery([images], "https://kirje.example.fi/media")


@pytest.fixture
def edition(settings: Settings, templates: Path, gallery: Gallery) -> Render:
    """Render an issue made of the given parts, with the starter's templates."""

    def make(*blocks: Any, variant: str = "", **changes: Any) -> Edition:  # noqa: ANN401 - as YAML
        parts = {"blocks": list(blocks)} | changes if blocks else changes
        return render(
            make_issue(**parts),
            name="kevatkirje",
            settings=settings,
            folders=[templates],
            gallery=gallery,
            variant=variant,
        )

    return make


@dataclass(frozen=True)
class Rendered:
    """One variant of a starter issue: as its templates see it, and as it is mailed."""

    page: Page
    edition: Edition


@pytest.fixture(
    params=sorted((workspace.starter() / "issues").glob("*.yaml")), ids=lambda file: str(file.stem)
)
def starter_issue(request: pytest.FixtureRequest) -> list[Rendered]:
    """Render every variant of one of the starter's issues; the test runs for each issue."""
    return list(_rendered(request.param))


@cache
def _rendered(file: Path) -> tuple[Rendered, ...]:
    return tuple(_variants(file))


def _variants(file: Path) -> Iterator[Rendered]:
    starter = workspace.load(workspace.starter())
    fields = starter.settings.field_names
    snippets = SnippetFolders([file.parent / "snippets"])
    issue = read(
        file.read_bytes(), file.name, fields=fields, default_language="fi", snippets=snippets
    ).issue
    for variant in variants(issue.conditions):
        parts: dict[str, Any] = {
            "name": file.name.partition(".")[0],
            "settings": starter.settings,
            "folders": [starter.templates],
            "gallery": Gallery([starter.issues], "http://127.0.0.1:8000/media"),
            "variant": variant,
        }
        yield Rendered(Page(issue, **parts), render(issue, **parts))
