import re
from pathlib import Path

import pytest

from newsletter import desk, workspace
from newsletter.desk import trials
from newsletter.errors import Finding
from newsletter.mailing.control.approval import digest
from newsletter.testing import make_settings
from newsletter.testing.issues import make_document

ISSUE = """\
subject: {a: Kevään uutiset, b: "Hei {{ first_name | default('lukija') }}!", split: 50%}
preheader: Mitä kunnissa tapahtuu?
blocks:
  - heading: Kevään uutiset
  - text: {body: Sysmässä on tori., when: {municipality: Sysmä}}
"""

REST = ISSUE[ISSUE.index("preheader") :]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", "")
    workspace.create(tmp_path)
    for file in (tmp_path / "issues").glob("*.yaml"):
        file.unlink()
    write(tmp_path, "fi", ISSUE)
    return tmp_path


def write(root: Path, language: str, text: str) -> None:
    (root / "issues" / f"kevat.{language}.yaml").write_text(text, encoding="utf-8")


def prepared(root: Path) -> desk.Prepared:
    return desk.prepare(workspace.load(root), "kevat")


def found(root: Path, rule: str) -> list[Finding]:
    return [finding for finding in prepared(root).findings if finding.rule == rule]


def test_every_arm_is_rendered_in_every_language_and_variant(root: Path) -> None:
    write(root, "sv", ISSUE)

    made = prepared(root).editions

    assert sorted((one.arm, one.language, one.variant) for one in made) == [
        (arm, language, variant) for arm in "ab" for language in ("fi", "sv") for variant in "01"
    ]
    assert made.choose("fi", {}).arm == "a"


def test_the_arms_differ_in_their_subject_alone(root: Path) -> None:
    made = prepared(root).editions
    first, second = (made.of_arm(arm).choose("fi", {}) for arm in "ab")

    assert first.subject.fill({}) == "Kevään uutiset"
    assert second.subject.fill({}) == "Hei lukija!"
    assert first.text == second.text
    assert untitled(first.html.fill({})) == untitled(second.html.fill({}))
    assert untitled(first.web) == untitled(second.web)


def untitled(page: str) -> str:
    """Leave out where a page says its title, which is the subject."""
    return re.sub(r"<title>.*?</title>|aria-label=\".*?\"", "", page)


def test_an_approval_stands_for_all_arms_also_when_one_goes_to_the_rest(root: Path) -> None:
    before = prepared(root).editions
    write(root, "fi", ISSUE.replace("Hei {{", "Moi {{"))
    after = prepared(root).editions

    settings = make_settings()
    assert digest(before, settings) != digest(after, settings)
    assert digest(after, settings) == digest(after.of_arm("b"), settings)


@pytest.mark.parametrize(
    ("subject", "rule"),
    [("Re: Moi", "NL406"), ("x" * 151, "NL405"), ("!!", "NL404")],
)
def test_each_subject_keeps_the_rules_of_subjects(root: Path, subject: str, rule: str) -> None:
    write(root, "fi", f'subject: {{a: Kevään uutiset, b: "{subject}"}}\n' + REST)

    [finding] = found(root, rule)

    assert finding.place.line == 1
    assert finding.place.column >= 33


@pytest.mark.parametrize(
    "subject",
    [
        "Vårens nyheter",
        "{a: Vårens nyheter, b: Hej!, c: Våren, split: 50%}",
        "{a: Vårens nyheter, b: Hej!, split: 20%}",
        "{a: Vårens nyheter, b: Hej!, split: 50%, winner: {by: complaints, after: 1h}}",
    ],
)
def test_languages_that_try_differently_are_an_error(subject: str) -> None:
    [finding] = between(subject)

    assert finding.rule == "NL505"
    assert finding.place.file.endswith("kevat.sv.yaml")
    assert "kevat.fi.yaml subjects a, b, 50 %, winner by hand" in finding.message


def test_languages_that_try_alike_are_none() -> None:
    assert between("{a: Vårens nyheter, b: Hej!, split: 50%}") == []


def between(subject: str) -> list[Finding]:
    """Compare the Finnish version with a Swedish one of that subject."""
    documents = {
        "fi": make_document(ISSUE, name="kevat.fi.yaml"),
        "sv": make_document(f"subject: {subject}\n{REST}", name="kevat.sv.yaml"),
    }
    return list(trials.disagreements(documents, "fi"))


def test_the_desk_tells_of_languages_that_try_differently(root: Path) -> None:
    write(root, "sv", f"subject: Vårens nyheter\n{REST}")

    assert len(found(root, "NL505")) == 1


def test_an_issue_with_one_subject_has_no_arms(root: Path) -> None:
    write(root, "fi", ISSUE.replace(ISSUE.splitlines()[0], "subject: Kevään uutiset"))

    made = prepared(root)

    assert made.trial is None
    assert {edition.arm for edition in made.editions} == {""}
    assert not made.editions.arms


def test_each_arm_is_written_to_files_of_its_own(root: Path, tmp_path: Path) -> None:
    written = desk.write(prepared(root), tmp_path / "look")

    assert {file.name for file in written if file.suffix == ".txt"} == {
        f"kevat.fi.{variant}.{arm}.txt" for variant in "01" for arm in "ab"
    }
