"""The main job by the command line alone, on the starter workspace."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Newsletter

IMPORT = ("subscribers", "import", "subscribers/sample.csv", "--basis", "consent", "--source", "x")


def mails(root: Path) -> set[str]:
    return {file.name for file in (root / "outbox").rglob("*.eml")}


@pytest.mark.slow
def test_an_issue_is_checked_mailed_and_accounted_for(newsletter: Newsletter, root: Path) -> None:
    imported = newsletter(*IMPORT)
    checked = newsletter("check")
    sent = newsletter("send", "loppuraportti", "--yes", "--json")

    assert imported.exit_code == 1
    assert "sample.csv:" in imported.stderr
    assert checked.exit_code == 0, checked.stdout
    assert sent.exit_code == 0, sent.stderr
    [mailing] = json.loads(sent.stdout)["mailings"]
    assert mailing["accepted"] == mailing["audience"] == len(mails(root)) > 30


@pytest.mark.slow
def test_sending_again_mails_only_who_is_missing(newsletter: Newsletter, root: Path) -> None:
    newsletter(*IMPORT)
    newsletter("send", "loppuraportti", "--yes")
    before = mails(root)

    again = newsletter("send", "loppuraportti", "--yes")
    newsletter("subscribers", "add", "uusi@example.com", "--basis", "consent", "--source", "y")
    rest = newsletter("send", "loppuraportti", "--yes")

    assert "nobody is left" in again.stdout + again.stderr
    assert rest.exit_code == 0
    assert len(mails(root) - before) == 1


def test_who_left_is_not_mailed_and_not_brought_back(newsletter: Newsletter, root: Path) -> None:
    newsletter(*IMPORT)
    told = json.loads(newsletter("status", "--json").stdout)
    assert told == {"mailings": [], "steps": [], "more": False}
    newsletter("subscribers", "add", "lahtija@example.com", "--basis", "consent", "--source", "y")

    removed = newsletter("subscribers", "remove", "lahtija@example.com", "--yes")
    added = newsletter(
        "subscribers", "add", "lahtija@example.com", "--basis", "consent", "--source", "z"
    )
    newsletter("send", "loppuraportti", "--yes")

    assert removed.exit_code == 0
    assert "has left" in added.stdout
    assert not [name for name in mails(root) if "lahtija" in name]


def test_a_question_without_anybody_there_is_no_yes(newsletter: Newsletter, root: Path) -> None:
    newsletter(*IMPORT)

    asked = newsletter("send", "loppuraportti")
    dry = newsletter("send", "loppuraportti", "--dry-run")

    assert asked.exit_code == 2
    assert "--yes" in asked.stderr
    assert dry.exit_code == 0
    assert "to be mailed" in dry.stdout
    assert not mails(root)


def test_a_faulty_issue_is_not_sent_and_every_fault_is_named(
    newsletter: Newsletter, root: Path
) -> None:
    (root / "issues" / "vika.fi.yaml").write_text(
        "subject: Hei\nblocks:\n  - artcle: {title: x}\n  - button: {label: x}\n", encoding="utf-8"
    )

    sent = newsletter("send", "vika", "--yes")

    assert sent.exit_code == 1
    assert "issues/vika.fi.yaml:3:5" in sent.stderr
    assert "unknown block 'artcle'" in sent.stderr
    assert "issues/vika.fi.yaml:4" in sent.stderr
    assert "Traceback" not in sent.stderr


def test_wrong_words_get_a_hint_and_exit_code_2(newsletter: Newsletter) -> None:
    for words, hint in (
        (("send", "lopuraportti", "--yes"), "loppuraportti"),
        (("subscribers", "show", "kukaan@example.com"), "subscribers add"),
        (("subscribers", "import", "ei.csv", "--basis", "consent", "--source", "x"), "ei.csv"),
        (("subscribers", "import", "subscribers/sample.csv"), "where the addresses come from"),
        (("subscribers", "add", "ei osoite", "--basis", "consent", "--source", "x"), "osoite"),
        (("status", "99"), "newsletter status"),
    ):
        done = newsletter(*words)

        assert done.exit_code == 2, (words, done)
        assert hint in done.stderr, (words, done.stderr)
        assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_rendering_writes_files_to_look_at(newsletter: Newsletter, root: Path) -> None:
    done = newsletter("render", "esittely", "--to", "look")

    assert done.exit_code == 0, done.stderr
    html = next((root / "look").glob("*.html")).read_text(encoding="utf-8")
    images = [part.split('"')[0] for part in html.split('src="')[1:]]
    assert images
    assert all((root / "look" / image).is_file() for image in images)
