from pathlib import Path

import pytest

from newsletter import desk, workspace
from newsletter.errors import Finding

ISSUE = """\
subject: Tervetuloa
preheader: Kiitos tilauksesta
lists: [uutiskirje]
blocks:
  - heading: Tervetuloa
  - text: Kiva, kun tilasit kirjeen.
"""
SEQUENCE = """\
list: uutiskirje
starts: 2026-12-01
steps:
  - {issue: tervetuloa, after: 0 minutes}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    workspace.create(tmp_path)
    (tmp_path / "sequences").mkdir()
    write(tmp_path, "issues/tervetuloa.fi.yaml", ISSUE)
    write(tmp_path, "sequences/tervetulo.yaml", SEQUENCE)
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    (root / name).write_text(text, encoding="utf-8")


def faults(root: Path) -> list[Finding]:
    return desk.check_sequences(workspace.load(root))


def test_a_workspace_needs_no_sequences(tmp_path: Path) -> None:
    workspace.create(tmp_path)

    assert desk.sequences(workspace.load(tmp_path)).files == {}
    assert faults(tmp_path) == []


def test_good_ones_are_read_and_the_faults_of_others_told(root: Path) -> None:
    write(root, "sequences/vika.yaml", SEQUENCE.replace("tervetuloa", "tervetulloa"))

    found = desk.sequences(workspace.load(root))

    assert list(found.files) == ["tervetulo"]
    [finding] = found.findings
    assert str(finding.place).endswith("sequences/vika.yaml:4:13")
    assert "tervetuloa" in finding.hint


@pytest.mark.parametrize("name", ["Tervetulo.yaml", "tervetulo.yml", "ter vetulo.yaml"])
def test_a_name_that_cannot_stand_in_the_ledger_is_told(root: Path, name: str) -> None:
    write(root, f"sequences/{name}", SEQUENCE)

    assert [finding.rule for finding in faults(root)] == ["NL506"]


@pytest.mark.parametrize(
    ("issue", "message"),
    [
        ("where: {municipality: Sysmä}\n" + ISSUE, "says who gets it (where)"),
        (
            ISSUE.replace("subject: Tervetuloa", "subject: {a: Hei, b: Moi}"),
            "tries several subjects",
        ),
        (ISSUE.replace("Kiva", "Hei {{ first_name }}"), "has 'first_name' without a default"),
    ],
)
def test_an_issue_that_does_not_fit_is_told_at_its_step(
    root: Path, issue: str, message: str
) -> None:
    write(root, "issues/tervetuloa.fi.yaml", issue)

    [finding] = faults(root)

    assert finding.rule == "NL507"
    assert message in finding.message
    assert finding.place.line == 4


def test_an_issue_of_other_lists_does_not_fit(root: Path) -> None:
    text = (root / "newsletter.toml").read_text(encoding="utf-8")
    write(root, "newsletter.toml", f'{text}\n[[lists]]\nid = "kutsut"\nname = "Kutsut"\n')
    write(root, "issues/tervetuloa.fi.yaml", ISSUE.replace("uutiskirje", "kutsut"))

    [finding] = faults(root)

    assert "is for other lists" in finding.message


def test_an_issue_that_cannot_be_read_is_told_where_issues_are_checked(root: Path) -> None:
    write(root, "issues/tervetuloa.fi.yaml", "subject: Hei\nblocks: 3\n")

    assert faults(root) == []
