from pathlib import Path

import pytest

from newsletter import desk, workspace
from newsletter.desk.files import SnippetFolders
from newsletter.desk.naming import find
from newsletter.errors import FindingsError, InputError

ISSUE = "subject: A\npreheader: B\nblocks:\n  - heading: A\n  - snippet: yhteystiedot\n"
SNIPPET = "- contacts: [{name: Aino Esimerkki, email: aino@example.fi}]\n"


@pytest.fixture
def opened(tmp_path: Path) -> workspace.Workspace:
    workspace.create(tmp_path)
    return workspace.load(tmp_path)


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_an_issue_is_sent_with_the_blocks_of_its_snippets(opened: workspace.Workspace) -> None:
    write(opened.issues, "a.fi.yaml", ISSUE)
    write(opened.issues, "snippets/yhteystiedot.yaml", SNIPPET)

    prepared = desk.prepare(opened, "a")

    (edition,) = prepared.editions
    assert "Aino Esimerkki" in edition.text.fill({})


def test_a_snippet_beside_the_issue_comes_before_that_of_the_workspace(
    opened: workspace.Workspace, tmp_path: Path
) -> None:
    write(opened.issues, "snippets/yhteystiedot.yaml", SNIPPET)
    elsewhere = write(tmp_path / "muualla", "a.yaml", ISSUE)
    assert "Aino" in next(iter(desk.prepare(opened, str(elsewhere)).editions)).text.fill({})

    write(elsewhere.parent, "snippets/yhteystiedot.yaml", "- text: Toinen\n")

    assert "Toinen" in next(iter(desk.prepare(opened, str(elsewhere)).editions)).text.fill({})


def test_a_snippet_may_end_in_yml_as_issues_may(opened: workspace.Workspace) -> None:
    write(opened.issues, "a.fi.yml", ISSUE)
    write(opened.issues, "snippets/yhteystiedot.yml", SNIPPET)
    (opened.issues / "snippets" / "kansio.yaml").mkdir()

    (edition,) = desk.prepare(opened, "a").editions

    assert "Aino Esimerkki" in edition.text.fill({})
    names = SnippetFolders([opened.issues / "snippets"]).names()
    assert "yhteystiedot" in names
    assert "kansio" not in names


def test_a_fault_names_the_file_of_the_snippet_as_a_person_would(
    opened: workspace.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(opened.root)
    write(opened.issues, "a.yaml", ISSUE)
    write(opened.issues, "snippets/yhteystiedot.yaml", "- tekst: A\n")

    with pytest.raises(FindingsError) as caught:
        desk.prepare(opened, "a")

    places = [str(one.place) for one in caught.value.findings if one.rule == "NL203"]
    assert places == ["issues/snippets/yhteystiedot.yaml:1:3"]


def test_snippets_are_not_issues(opened: workspace.Workspace) -> None:
    before = desk.names(opened.issues)
    file = write(opened.issues, "snippets/yhteystiedot.yaml", SNIPPET)

    assert desk.names(opened.issues) == before
    with pytest.raises(InputError, match="is a snippet"):
        find(str(file), opened.issues)


def test_folders_list_and_load_only_their_own_snippets(tmp_path: Path) -> None:
    write(tmp_path, "one/b.yaml", "- text: A\n")
    write(tmp_path, "two/b.yaml", "- text: B\n")
    write(tmp_path, "two/a.yaml", "- text: C\n")
    folders = SnippetFolders([tmp_path / "one", tmp_path / "two", tmp_path / "none"])

    assert folders.names() == ["a", "b"]
    assert folders.load("b") == (str(tmp_path / "one" / "b.yaml"), b"- text: A\n")
    assert folders.load("c") is None
