"""The starter's issues, as they would be mailed; golden files of the first one."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter import workspace
from newsletter.desk.files import SnippetFolders
from newsletter.issue import read
from newsletter.issue.blocks import BLOCKS
from newsletter.issue.condition import variants
from newsletter.issue.document import Document
from newsletter.issue.edition import Edition
from newsletter.render import Gallery, render
from newsletter.render.page import Page
from newsletter.settings import Settings
from newsletter.testing.outline import Outline

STARTER = workspace.starter()
ISSUES = sorted((STARTER / "issues").glob("*.yaml"))
KINDS = sorted(set(BLOCKS) - {"snippet"})
"""Reading puts blocks in the place of a snippet: it is never rendered."""
GOLDEN = Path(__file__).parents[2] / "golden"
VALUES = {
    "first_name": "Aino",
    "municipality": "Sysmä",
    "unsubscribe_url": "https://kirje.example.fi/u/" + "x" * 120,
    "preferences_url": "https://kirje.example.fi/preferences/" + "x" * 60,
}


@pytest.fixture
def starter() -> Settings:
    return Settings.read(STARTER / "newsletter.toml")


def document(file: Path, settings: Settings) -> Document:
    return read(
        file.read_bytes(), file.name, fields=settings.field_names, default_language="fi",
        snippets=SnippetFolders([file.parent / "snippets"]),
    )  # fmt: skip


def gallery() -> Gallery:
    return Gallery([STARTER / "issues"], "http://127.0.0.1:8000/media")


def editions(file: Path, settings: Settings) -> Iterator[Edition]:
    issue = document(file, settings).issue
    for variant in variants(issue.conditions):
        yield render(
            issue,
            name=file.name.split(".")[0],
            settings=settings,
            folders=[STARTER / "templates"],
            gallery=gallery(),
            variant=variant,
        )


@pytest.mark.parametrize("file", ISSUES, ids=lambda file: file.stem)
def test_every_edition_is_whole_light_and_within_the_columns(file: Path, starter: Settings) -> None:
    for edition in editions(file, starter):
        html = edition.html.fill(VALUES)
        page, text = Outline(html), edition.text.fill(VALUES)
        assert len(html.encode()) < 80_000
        assert len(page.all("h1")) == 1
        assert Outline(edition.web).all("h1")
        data = [table for table in page.all("table") if table.get("class") == "data"]
        assert len(data) == len(page.all("caption"))
        layout = [table.get("role") for table in page.all("table") if table not in data]
        assert set(layout) == {"presentation"}
        long = [line for line in text.split("\n") if len(line) > 76 and " " in line.strip()]
        assert long == []


def test_the_real_newsletter_weighs_less_than_35_kilobytes(starter: Settings) -> None:
    (edition,) = editions(STARTER / "issues" / "loppuraportti.fi.yaml", starter)

    assert len(edition.html.fill(VALUES).encode()) < 35_000


def test_the_display_issue_shows_every_kind_of_block(starter: Settings) -> None:
    issue = document(STARTER / "issues" / "esittely.fi.yaml", starter).issue

    text = (STARTER / "issues" / "esittely.fi.yaml").read_text(encoding="utf-8")
    # Reading puts a snippet's blocks in its place.
    assert {block.kind for _, block in issue.walk()} | {"snippet"} == set(BLOCKS)
    assert "- snippet: " in text
    assert issue.contents
    assert issue.conditions
    assert any(block.lang == "sv" for block in issue.blocks)


def test_every_kind_of_block_has_its_own_templates() -> None:
    folder = STARTER / "templates" / "blocks"

    assert [kind for kind in KINDS if not (folder / f"{kind}.mjml.j2").is_file()] == []
    assert [kind for kind in KINDS if not (folder / f"{kind}.txt.j2").is_file()] == []


@pytest.mark.parametrize(
    ("name", "languages"), [("loppuraportti", "fi sv"), ("esittely", "fi sv en")]
)
def test_the_siblings_tell_the_same_story(name: str, languages: str, starter: Settings) -> None:
    original, *others = (
        document(STARTER / "issues" / f"{name}.{language}.yaml", starter).issue
        for language in languages.split()
    )

    for other in others:
        kinds = [[block.kind for _, block in issue.walk()] for issue in (original, other)]
        assert kinds[0] == kinds[1]
        assert original.number == other.number


@pytest.mark.parametrize("kind", ["mjml", "txt"])
@pytest.mark.parametrize("name", ["loppuraportti", "esittely"])
def test_a_starter_issue_is_written_as_before(
    name: str, kind: str, starter: Settings, *, update_golden: bool
) -> None:
    issue = document(STARTER / "issues" / f"{name}.fi.yaml", starter).issue
    page = Page(
        issue, name=name, settings=starter, folders=[STARTER / "templates"],
        gallery=gallery(), variant="1" * len(issue.conditions),
    )  # fmt: skip
    written = page.mjml() if kind == "mjml" else page.text()
    # Tokens and the emblem's bytes depend on text and library versions, the mail's shape does not.
    written = re.sub(r"zq[a-p]{12}x(\d+)qz", r"{{ field \1 }}", written)
    written = re.sub(r"/media/[0-9a-f]{24}", "/media/HASH", written)
    file = GOLDEN / f"{name}.fi.{kind}"

    if update_golden:
        file.write_text(written, encoding="utf-8")

    assert written == file.read_text(encoding="utf-8")
