import json
import os
import signal
from pathlib import Path

import pytest
from openpyxl import Workbook

from newsletter.register import importing as slices
from tests.unit.cli.conftest import Newsletter

TERMS = ("--basis", "consent", "--source", "fair, 2 March")
CREAMAILER = (
    "Sähköposti;Etunimi;Kunta;Tila;Liittymispäivä\n"
    "aino@example.com;Aino;Sysmä;aktiivinen;2.3.2024 14:30\n"
    "eero@example.com;Eero;Hartola;poistettu;1.1.2023\n"
    "hilja@b.fi;Hilja;Joutsa;palautunut;\n"
)


@pytest.fixture
def export(root: Path) -> str:
    (root / "vienti.csv").write_text(CREAMAILER, encoding="utf-8")
    return "vienti.csv"


def test_a_dry_run_shows_what_each_column_is_taken_for(newsletter: Newsletter, export: str) -> None:
    done = newsletter("subscribers", "import", export, *TERMS, "--dry-run")

    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "dry run: nothing was changed",
        "  address       from “Sähköposti”: aino@example.com · eero@example.com · hilja@b.fi",
        "  first_name    from “Etunimi”: Aino · – · –",
        "  municipality  from “Kunta”: Sysmä · – · –",
        "  status        from “Tila”: active · left · bounced",
        "  asked_at      from “Liittymispäivä”: 2024-03-02 12:30Z · – · –",
        "3 rows of vienti.csv",
        "       1 added",
        "       1 recorded as bounced",
        "       1 recorded as left",
    ]


def test_who_is_gone_in_the_export_is_not_brought_back(newsletter: Newsletter, export: str) -> None:
    first = newsletter("subscribers", "import", export, *TERMS)
    again = newsletter("subscribers", "import", export, *TERMS, "--column", "ignore=Tila", "--json")

    assert "1 added" in first.stdout
    report = json.loads(again.stdout)
    assert report["kept_out"] == {"left": 1, "suppressed": 1}
    assert report["already"] == 1


def test_several_columns_can_be_passed_over(newsletter: Newsletter, export: str) -> None:
    words = ("--column", "ignore=Tila", "--column", "ignore=Kunta")

    done = newsletter("subscribers", "import", export, *TERMS, "--dry-run", "--json", *words)

    assert list(json.loads(done.stdout)["columns"]) == ["address", "first_name", "asked_at"]


def test_a_workbook_is_imported_by_the_name_of_its_sheet(
    newsletter: Newsletter, root: Path
) -> None:
    book = Workbook()
    book.create_sheet("Tilaajat").append(["email"])
    book["Tilaajat"].append(["aino@example.com"])
    book["Tilaajat"].append(["bad"])
    book.save(root / "people.xlsx")

    done = newsletter("subscribers", "import", "people.xlsx", *TERMS, "--sheet", "Tilaajat")

    assert done.exit_code == 1
    assert "1 added" in done.stdout
    assert "people.xlsx, sheet “Tilaajat”, A3: error import: 'bad' is no address" in done.stderr


def test_excels_csv_is_read_when_its_encoding_is_said(newsletter: Newsletter, root: Path) -> None:
    (root / "vienti.csv").write_bytes(CREAMAILER.encode("cp1252"))

    wrong = newsletter("subscribers", "import", "vienti.csv", *TERMS)
    right = newsletter("subscribers", "import", "vienti.csv", *TERMS, "--encoding", "cp1252")

    assert wrong.exit_code == 1
    assert "--encoding cp1252" in wrong.stderr
    assert right.exit_code == 0


def test_bad_rows_are_written_to_be_mended(newsletter: Newsletter, root: Path) -> None:
    (root / "people.csv").write_text("email\nbad\n" + "worse\n" * 60)

    done = newsletter("subscribers", "import", "people.csv", *TERMS, "--report", "bad.csv")

    assert "the bad rows are in bad.csv" in done.stdout
    assert "… and 11 more findings; --report FILE.csv has every bad row" in done.stderr
    assert len((root / "bad.csv").read_text(encoding="utf-8").splitlines()) == 62


def test_ctrl_c_stops_between_slices_and_says_what_is_missing(
    newsletter: Newsletter, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "_SLICE", 1)
    (root / "people.csv").write_text("email\na@example.com\nb@example.com\nc@example.com\n")
    take = slices._Writing.take

    def interrupted(*words: object) -> None:
        take(*words)  # type: ignore[arg-type] # as they come
        os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(slices._Writing, "take", interrupted)
        stopped = newsletter("subscribers", "import", "people.csv", *TERMS)
    again = newsletter("subscribers", "import", "people.csv", *TERMS)

    assert stopped.exit_code == 130
    assert "1 added" in stopped.stdout
    assert "stopping after the rows in hand" in stopped.stderr
    assert "stopped: 2 rows not in yet; import the file again to go on" in stopped.stderr
    assert "2 added" in again.stdout
