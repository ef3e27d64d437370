"""`newsletter diff`: between two issues, and between revisions of one."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Newsletter


@pytest.fixture
def committed(root: Path) -> Path:
    who = ["-c", "user.name=Aino", "-c", "user.email=aino@example.fi"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "Begin"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    return root / "issues" / "loppuraportti.fi.yaml"


def test_an_issue_as_committed_has_no_difference(newsletter: Newsletter, committed: Path) -> None:
    said = newsletter("diff", "loppuraportti")

    assert (said.exit_code, said.stdout) == (0, "")
    assert "no difference" in said.stderr


def test_what_was_written_since_is_marked(newsletter: Newsletter, committed: Path) -> None:
    text = committed.read_text(encoding="utf-8")
    committed.write_text(text.replace("subject: Pienten", "subject: Suurten"), encoding="utf-8")
    said = newsletter("diff", "loppuraportti")

    assert said.exit_code == 1
    assert "fi: subject\n  [-Pienten-] {+Suurten+} kuntien" in said.stdout


def test_it_is_told_as_json(newsletter: Newsletter, committed: Path) -> None:
    said = newsletter("diff", "loppuraportti", "esittely", "--json")

    told = json.loads(said.stdout)
    assert told["before"] == "loppuraportti"
    assert {change["language"] for change in told["changes"]} == {"fi", "sv", "en"}


@pytest.mark.parametrize("revision", ["nope", "--output=/tmp/x", "HEAD~5"])
def test_a_revision_that_is_none_is_refused(
    newsletter: Newsletter, committed: Path, revision: str
) -> None:
    said = newsletter("diff", f"loppuraportti@{revision}")
    assert (said.exit_code, "no such revision" in said.stderr) == (2, True)


@pytest.mark.parametrize("named", ["nope", "nope@HEAD"])
def test_a_wrong_name_is_what_is_wrong(newsletter: Newsletter, committed: Path, named: str) -> None:
    said = newsletter("diff", named)

    assert said.exit_code == 2
    assert "no issue named 'nope'" in said.stderr
    assert "known are: esittely, loppuraportti" in said.stderr.replace("\n", " ")
    assert "/tmp" not in said.stderr.replace(str(committed.parent.parent), "")


def test_a_wrong_name_is_not_laid_to_git(newsletter: Newsletter, root: Path) -> None:
    assert "no issue named 'nope'" in newsletter("diff", "nope").stderr


def test_a_path_is_compared_with_what_was_committed(
    newsletter: Newsletter, committed: Path
) -> None:
    text = committed.read_text(encoding="utf-8")
    committed.write_text(text.replace("subject: Pienten", "subject: Suurten"), encoding="utf-8")

    assert "[-Pienten-] {+Suurten+}" in newsletter("diff", str(committed)).stdout


def test_without_git_there_are_no_revisions(newsletter: Newsletter, root: Path) -> None:
    said = newsletter("diff", "loppuraportti")
    assert (said.exit_code, "git" in said.stderr) == (2, True)
    assert "newsletter diff A B" in said.stderr


def test_a_link_in_a_revision_leads_nowhere(
    newsletter: Newsletter, root: Path, tmp_path: Path
) -> None:
    """Also where Python's own guard against such archives is missing, as in Debian 12."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "issues" / "away").symlink_to(outside)
    who = ["-c", "user.name=Aino", "-c", "user.email=aino@example.fi"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "Begin"]):
        subprocess.run(["git", *words], cwd=root, check=True)

    assert newsletter("diff", "loppuraportti").exit_code == 0
    assert list(outside.iterdir()) == []
