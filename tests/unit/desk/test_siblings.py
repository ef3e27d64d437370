import os
from pathlib import Path

import pytest

from newsletter import workspace
from newsletter.desk import prepare
from newsletter.errors import Finding, Level
from newsletter.workspace import Workspace

FINNISH = """\
subject: Kevään uutiset
preheader: Mitä kunnissa tapahtuu?
blocks:
  - heading: Kevään uutiset
  - text: Tervetuloa torille. [Torin sivut](https://example.fi/tori) kertovat lisää.
  - image: {src: "https://example.fi/kuva.png", alt: Tori}
  - button: {label: Katso ohjelma, url: "https://example.fi/ohjelma"}
"""
SWEDISH = """\
subject: Vårens nyheter
preheader: Vad händer i kommunerna?
blocks:
  - heading: Vårens nyheter
  - text: Välkommen till torget. [Torgets sidor](https://example.fi/torget) berättar mer.
  - image: {src: "https://example.fi/bild.png", alt: Torget}
  - button: {label: Se programmet, url: "https://example.fi/programmet"}
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a workspace outside of any git checkout, with one issue in Finnish."""
    monkeypatch.setenv("PATH", "")
    workspace.create(tmp_path)
    for file in (tmp_path / "issues").glob("*.yaml"):
        file.unlink()
    write(tmp_path, "fi", FINNISH)
    return tmp_path


def write(root: Path, language: str, text: str, *, minutes: int = 0) -> None:
    file = root / "issues" / f"kevat.{language}.yaml"
    file.write_text(text, encoding="utf-8")
    os.utime(file, (1_770_000_000, 1_770_000_000 + 60 * minutes))


def opened(root: Path, *languages: str) -> Workspace:
    wanted = ", ".join(f'"{language}"' for language in languages)
    file = root / "newsletter.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(f"languages = [{wanted}]\n{text}", encoding="utf-8")
    return workspace.load(root)


def found(root: Path, *languages: str) -> list[Finding]:
    findings = prepare(opened(root, *languages), "kevat").findings
    return [finding for finding in findings if finding.rule.startswith("NL51")]


def test_a_version_that_every_issue_should_have_is_missed(root: Path) -> None:
    [finding] = found(root, "fi", "sv", "fi")

    assert (finding.rule, finding.level) == ("NL511", Level.WARNING)
    assert finding.place.file.endswith("kevat.fi.yaml")
    assert "'sv'" in finding.message
    assert "kevat.sv.yaml" in finding.hint


def test_without_a_wish_in_the_settings_nothing_is_missed(root: Path) -> None:
    assert found(root) == []


def test_versions_that_say_the_same_have_no_findings(root: Path) -> None:
    write(root, "sv", SWEDISH)

    assert found(root, "fi", "sv") == []


def test_an_original_that_was_changed_later_is_a_warning_at_the_translation(root: Path) -> None:
    write(root, "sv", SWEDISH)
    write(root, "fi", FINNISH, minutes=30)

    [finding] = found(root)

    assert (finding.rule, finding.level) == ("NL512", Level.WARNING)
    assert finding.place.file.endswith("kevat.sv.yaml")
    assert "kevat.fi.yaml was changed after" in finding.message


def test_a_translation_may_be_newer_than_its_original(root: Path) -> None:
    write(root, "sv", SWEDISH, minutes=30)

    assert found(root) == []


def test_blocks_that_differ_are_noted_where_they_begin_to(root: Path) -> None:
    write(root, "sv", SWEDISH.replace("  - image:", "  - divider\n  - image:"))

    [finding] = found(root)

    assert (finding.rule, finding.level) == ("NL513", Level.NOTE)
    assert finding.place.line == 6
    assert "here divider, there nothing" in finding.message


def test_a_block_that_is_missing_at_the_end_is_noted_at_the_last_one(root: Path) -> None:
    write(root, "sv", "".join(SWEDISH.splitlines(keepends=True)[:-1]))

    blocks, links = found(root)

    assert blocks.place.line == 6
    assert "here nothing, there button" in blocks.message
    assert "links here: 1, in" in links.message


def test_blocks_inside_columns_are_compared_too(root: Path) -> None:
    columns = "  - columns: [[{text: A}], [{%s: B}]]\n"
    write(root, "fi", FINNISH + columns % "text")
    write(root, "sv", SWEDISH + columns % "heading")

    assert "NL513" in [finding.rule for finding in found(root)]


def test_an_image_that_only_one_version_has_is_noted_by_name(root: Path) -> None:
    more = '  - image: {src: "https://example.fi/toinen.png", alt: Toinen}\n'
    write(root, "sv", SWEDISH + more)

    blocks, images = found(root)

    assert blocks.rule == "NL513"
    assert (images.rule, images.level) == ("NL514", Level.NOTE)
    assert "images here: 2, in" in images.message
    assert "https://example.fi/toinen.png" in images.message


def test_many_links_are_not_all_named(root: Path) -> None:
    links = "".join(f"[Linkki {n}](https://example.fi/{n}) " for n in range(5))
    write(root, "fi", FINNISH + f"  - text: '{links}'\n")
    write(root, "sv", SWEDISH + "  - text: Inga länkar\n")

    [finding] = found(root)

    assert "only there" in finding.message
    assert "and 4 more" in finding.message  # two have other addresses in Swedish
