"""`newsletter new`, `schema` and `init`: from an empty folder to an issue that passes."""

import json
from pathlib import Path

from tests.unit.cli.conftest import Newsletter


def test_a_new_issue_is_refused_until_it_is_written(newsletter: Newsletter, root: Path) -> None:
    made = newsletter("new", "Kevään kuulumiset")

    assert made.stdout.strip() == str(root / "issues" / "kevaan-kuulumiset.fi.yaml")
    assert "newsletter check kevaan-kuulumiset" in made.stderr
    checked = newsletter("check", "kevaan-kuulumiset")
    assert (checked.exit_code, "still the text of the skeleton" in checked.output) == (1, True)
    assert newsletter("send", "kevaan-kuulumiset", "--yes").exit_code == 1


def test_an_issue_that_is_there_is_never_written_over(newsletter: Newsletter, root: Path) -> None:
    file = root / "issues" / "esittely.fi.yaml"
    before = file.read_bytes()

    assert newsletter("new", "Esittely").exit_code == 2
    assert newsletter("new", "x", "--name", "esittely", "--from", "loppuraportti").exit_code == 2
    assert file.read_bytes() == before


def test_two_ways_to_choose_languages_are_one_too_many(newsletter: Newsletter, root: Path) -> None:
    said = newsletter("new", "x", "--from", "esittely", "--language", "sv")

    assert said.exit_code == 2
    assert "leave --language out" in said.stderr


def test_the_files_are_told_as_json(newsletter: Newsletter, root: Path) -> None:
    said = newsletter("new", "Syksy", "--language", "fi", "--language", "sv", "--json")
    assert json.loads(said.stdout) == {
        "files": [str(root / "issues" / f"syksy.{language}.yaml") for language in ("fi", "sv")]
    }


def test_one_schema_is_printed(newsletter: Newsletter) -> None:
    assert json.loads(newsletter("schema", "issue").stdout)["title"] == "An issue"


def test_an_unknown_schema_is_refused_with_the_near_one(newsletter: Newsletter) -> None:
    said = newsletter("schema", "isue")
    assert (said.exit_code, "did you mean 'issue'" in said.stderr) == (2, True)


def test_all_are_written_and_files_marked(newsletter: Newsletter, root: Path) -> None:
    said = newsletter("schema", "--mark", "--json")

    told = json.loads(said.stdout)
    assert len(told["written"]) == 4
    assert str(root / "newsletter.toml") in told["marked"]


def test_a_fresh_workspace_is_ready_for_an_editor(newsletter: Newsletter, tmp_path: Path) -> None:
    newsletter("init", str(tmp_path / "uusi"))

    first = (tmp_path / "uusi" / "issues" / "esittely.fi.yaml").read_text(encoding="utf-8")
    assert first.startswith("# yaml-language-server: $schema=../.schemas/issue.json\n")
    assert (tmp_path / "uusi" / ".schemas" / "issue.json").is_file()
