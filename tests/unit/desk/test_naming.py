from pathlib import Path

import pytest

from newsletter.desk import find, names
from newsletter.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("kevat.fi.yaml", "kevat.sv.yaml", "yksi.yaml", "README.md", "kevat.fi.yaml.bak"):
        (tmp_path / name).touch()
    (tmp_path / "images").mkdir()
    return tmp_path


def test_language_siblings_are_one_issue(folder: Path) -> None:
    files = find("kevat", folder)

    assert files.name == "kevat"
    assert {language: path.name for language, path in files.siblings.items()} == {
        "fi": "kevat.fi.yaml",
        "sv": "kevat.sv.yaml",
    }


@pytest.mark.parametrize("wanted", ["kevat", "kevat.fi", "kevat.sv.yaml"])
def test_an_issue_is_found_by_any_of_its_names(folder: Path, wanted: str) -> None:
    assert set(find(wanted, folder).siblings) == {"fi", "sv"}


def test_an_issue_is_found_by_a_path_anywhere(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    assert find(str(folder / "yksi.yaml"), elsewhere).siblings == {"": folder / "yksi.yaml"}


def test_a_name_with_a_folder_is_looked_for_there_only(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    assert find(str(folder / "yksi"), elsewhere).siblings == {"": folder / "yksi.yaml"}
    with pytest.raises(InputError, match="no issue named 'yksi' in"):
        find(str(elsewhere / "yksi"), folder)


def test_a_folder_lists_its_issues(folder: Path) -> None:
    assert names(folder) == ["kevat", "yksi"]


@pytest.mark.parametrize("wanted", ["kevad", "issues/kevad.yaml"])
def test_a_misspelt_issue_gets_a_hint(folder: Path, wanted: str) -> None:
    with pytest.raises(InputError) as caught:
        find(wanted, folder)

    assert "did you mean 'kevat'?" in caught.value.hint


@pytest.mark.parametrize("other", ["kevat.yaml", "kevat.fi.yml"])
def test_an_issue_that_is_there_twice_is_refused(folder: Path, other: str) -> None:
    (folder / other).touch()

    with pytest.raises(InputError, match="there twice"):
        find("kevat", folder)


def test_a_name_that_cannot_stand_in_an_address_is_refused(folder: Path) -> None:
    (folder / "Kevät uutiset.yaml").touch()

    with pytest.raises(InputError, match="public address"):
        find("Kevät uutiset", folder)


def test_signs_of_patterns_are_only_letters(folder: Path) -> None:
    with pytest.raises(InputError, match="no issue named"):
        find("kev*", folder)
