"""Beginning an issue, from nothing or from a former one."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from newsletter import desk, workspace
from newsletter.desk import beginning
from newsletter.errors import InputError
from newsletter.workspace import Workspace


@pytest.fixture
def opened(tmp_path: Path) -> Workspace:
    workspace.create(tmp_path)
    return workspace.load(tmp_path)


def texts(made: dict[Path, str]) -> dict[str, str]:
    return {file.name: text for file, text in made.items()}


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Kevään kuulumiset", "kevaan-kuulumiset"),
        ("  Öinen  työ: 2/2026 ", "oinen-tyo-2-2026"),
        ("x" * 200, "x" * 60),
    ],
)
def test_the_name_is_made_of_the_title(title: str, name: str) -> None:
    assert beginning.name_of(title) == name


def test_a_title_without_letters_needs_a_name() -> None:
    with pytest.raises(InputError, match="no file's name") as error:
        beginning.name_of("???")
    assert "--name" in error.value.hint


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_a_skeleton_has_nothing_to_mend_but_its_own_words(opened: Workspace, language: str) -> None:
    for file, text in beginning.begin(opened, "Kevät: #1", languages=(language,)).items():
        file.write_text(text, encoding="utf-8")

    prepared = desk.prepare(opened, "kevat-1")

    assert {finding.rule for finding in prepared.findings} == {"NL444"}
    assert len(prepared.findings) == 4


def test_a_skeleton_names_its_schema(opened: Workspace) -> None:
    (text,) = beginning.begin(opened, "Kevät", languages=("fi",)).values()
    assert text.startswith("# yaml-language-server: $schema=../.schemas/issue.json\n")


def test_a_former_issue_comes_in_all_its_languages(opened: Workspace) -> None:
    made = beginning.begin_from(opened, "Syksy", "esittely")
    assert sorted(texts(made)) == ["syksy.en.yaml", "syksy.fi.yaml", "syksy.sv.yaml"]


def test_its_comments_and_blocks_stay_its_subject_preheader_and_number_go(
    opened: Workspace,
) -> None:
    before = (opened.issues / "esittely.fi.yaml").read_text(encoding="utf-8")
    made = texts(beginning.begin_from(opened, "Syksy", "esittely"))["syksy.fi.yaml"]

    def comments(text: str) -> list[str]:
        return [line for line in text.splitlines() if line.lstrip().startswith("#")]

    assert set(comments(before)) <= set(comments(made))
    old, new = yaml.safe_load(before), yaml.safe_load(made)
    assert new == {
        **{key: value for key, value in old.items() if key not in {"preheader", "number"}},
        "subject": "Syksy",
    }


def test_a_subject_of_several_lines_goes_whole(opened: Workspace) -> None:
    (opened.issues / "koe.fi.yaml").write_text(
        "subject:\n  a: Yksi\n  # miksi b\n  b: Kaksi\n  split: 20%\nblocks:\n- text: Hei\n"
    )
    (text,) = beginning.begin_from(opened, "Uusi", "koe").values()

    assert yaml.safe_load(text) == {"subject": "Uusi", "blocks": [{"text": "Hei"}]}
    assert "# miksi b" in text


@pytest.mark.parametrize("name", ["Kevät", "a.b", "../x", "snippets/x", "x" * 101])
def test_a_name_that_cannot_be_an_address_is_refused(opened: Workspace, name: str) -> None:
    with pytest.raises(InputError, match="cannot be an issue's name"):
        beginning.begin(opened, "Kevät", name=name)


def test_an_issue_that_is_there_is_left_alone(opened: Workspace) -> None:
    with pytest.raises(InputError, match="there is an issue 'esittely' already"):
        beginning.begin(opened, "Esittely")


STARTER = workspace.load(workspace.starter())
PRINTABLE = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), min_size=1)


@given(title=PRINTABLE.filter(str.strip))
def test_any_title_is_read_back(title: str) -> None:
    (text,) = beginning.begin(STARTER, title, name="koe", languages=("fi",)).values()

    assert yaml.safe_load(text)["subject"] == " ".join(title.split())
