import csv
import io
import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Newsletter

TERMS = ("--basis", "consent", "--source", "x")


@pytest.fixture
def sent(newsletter: Newsletter) -> Newsletter:
    newsletter("subscribers", "add", "aino@example.com", *TERMS)
    newsletter("send", "loppuraportti", "--yes")
    return newsletter


def test_a_report_fits_sixty_columns_and_names_nobody(sent: Newsletter) -> None:
    done = sent("report", "1")

    assert done.exit_code == 0
    assert "Longest gap between leaving and a later hand-over: none" in done.stdout
    assert "In the audience: 1. Handed over: 1." in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 60
    assert "aino" not in done.stdout


def test_the_page_json_and_csv_hold_the_same(sent: Newsletter, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    told = json.loads(sent("report", "1", "--json", "--html", str(file)).stdout)
    rows = list(csv.reader(io.StringIO(sent("report", "1", "--csv").stdout), delimiter=";"))
    page = file.read_text(encoding="utf-8")

    assert told["accounts"]["accepted"] == 1
    assert told["leaving"]["promise_kept"] is True
    assert ["promise", "", "longest_gap", "none"] in rows
    assert ["report", "", "audience", "1"] in rows
    assert '<html lang="fi"' in page
    assert "http" not in page
    assert "<script" not in page


def test_mailings_of_an_issue_together(sent: Newsletter) -> None:
    assert "loppuraportti: mailing 1" in sent("report", "--issue", "loppuraportti").stdout


def test_the_name_of_an_issue_mailed_once_names_its_mailing(sent: Newsletter) -> None:
    assert sent("report", "loppuraportti").stdout == sent("report", "1").stdout


def test_a_name_that_was_mailed_more_than_once_lists_the_numbers(sent: Newsletter) -> None:
    sent("subscribers", "add", "eino@example.com", *TERMS)
    sent("send", "loppuraportti", "--yes")
    done = sent("report", "loppuraportti")

    assert done.exit_code == 2
    assert "mailed 2 times: 1, 2" in done.stderr
    assert "hint: newsletter report 2;" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("report",),
        ("report", "1", "--issue", "loppuraportti"),
        ("report", "9"),
        ("report", "loppuraport"),
        ("report", "1", "--json", "--csv"),
        ("report", "1", "--language", "fi"),
        ("report", "1", "--language", "de", "--html", "x.html"),
    ],
)
def test_wrong_words_get_a_hint(sent: Newsletter, words: tuple[str, ...]) -> None:
    done = sent(*words)

    assert done.exit_code == 2
    assert "hint:" in done.stderr
