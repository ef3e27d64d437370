"""A welcome to who joins, at the command line."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Newsletter

TERMS = ("--basis", "consent", "--source", "x")
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
starts: 2025-01-01
include: [staff]
steps:
  - {issue: tervetuloa, after: 0 minutes}
  - {issue: vinkit, after: 3 days, at: "09:00"}
"""


@pytest.fixture
def welcome(newsletter: Newsletter, root: Path) -> Newsletter:
    for file in (root / "issues").glob("*.yaml"):
        file.unlink()
    (root / "sequences").mkdir()
    write(root, "sequences/tervetulo.yaml", SEQUENCE)
    for name in ("tervetuloa", "vinkit"):
        write(root, f"issues/{name}.fi.yaml", ISSUE)
    return newsletter


def write(root: Path, name: str, text: str) -> None:
    (root / name).write_text(text, encoding="utf-8")


def test_each_step_goes_to_who_is_due_and_is_shown(welcome: Newsletter, root: Path) -> None:
    assert "nobody is due" in welcome("sequences", "send").stderr
    welcome("subscribers", "add", "aino@example.com", *TERMS)

    before = welcome("sequences").stdout
    dry = welcome("sequences", "send", "--dry-run").stdout
    planned = list((root / "outbox").rglob("*.eml")) if (root / "outbox").exists() else []
    sent = welcome("sequences", "send")
    again = welcome("sequences", "send")
    after = welcome("sequences", "show").stdout
    data = json.loads(welcome("sequences", "--json").stdout)
    status = welcome("status").stdout

    assert "tervetulo → uutiskirje: who joins since 2025-01-01" in before
    assert "1  tervetuloa, at once\n     0 had it, 1 due now" in before
    assert "2  vinkit, 3 days after joining, at 09:00 of that day" in before
    assert (dry, planned) == ("tervetulo/tervetuloa: 1 person\n", [])
    assert (sent.exit_code, sent.stdout) == (0, "1 mail handed over in 1 mailing\n")
    assert (again.exit_code, again.stdout) == (0, "")
    assert "1 had it, 0 due now" in after
    assert "1 person waits; the next one is due on " in after
    assert [step["waiting"] for step in data["steps"]] == [0, 1]
    assert data["steps"][1]["after"] == "3 days"
    assert "sequence tervetulo/tervetuloa: 1 had it; 1 mailing, the last on" in status
    assert "mailing 1" not in status


def test_a_faulty_issue_is_told_and_the_exit_code_says_so(welcome: Newsletter, root: Path) -> None:
    welcome("subscribers", "add", "aino@example.com", *TERMS)
    write(root, "issues/tervetuloa.fi.yaml", ISSUE.replace("Kiva", "Hei {{ first_name }}"))

    checked = welcome("check")
    done = welcome("sequences", "send", "--json")

    assert checked.exit_code == 1
    assert "sequences/tervetulo.yaml:5:13: error NL507" in checked.stdout
    assert done.exit_code == 1
    assert json.loads(done.stdout) == {
        "planned": [],
        "mailings": [],
        "faults": ["tervetulo/tervetuloa"],
    }
    assert "without a default" in done.stderr
    assert not (root / "outbox").exists()


def test_a_faulty_sequence_is_told_by_each_command(welcome: Newsletter, root: Path) -> None:
    write(root, "sequences/tervetulo.yaml", SEQUENCE.replace("vinkit", "vinkki"))

    for words in (("check",), ("sequences",), ("sequences", "send")):
        done = welcome(*words)
        assert done.exit_code == 1
        assert "no issue named 'vinkki'" in done.output


def test_without_any_sequence_the_next_step_is_said(newsletter: Newsletter) -> None:
    done = newsletter("sequences")

    assert done.exit_code == 2
    assert "sequences/tervetulo.yaml" in done.stderr
