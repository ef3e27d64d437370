import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.errors import FindingsError, InputError
from newsletter.register import ImportReport, badrows
from newsletter.store import Store
from newsletter.store.schema import subscribers
from newsletter.testing.readers import rows as all_rows

Imports = Callable[..., ImportReport]

CONTENT = (
    "Sähköposti;Etunimi;Kunta\n"
    "a@example.com;Aino;Sysmä\n"
    "b@example.com;=HYPERLINK(1);Sysma\n"
    "bad;Eero;Hartola\n"
    'c@example.com;"x"y;\n'
    "d@example.com;D\n"
    "A@example.com;Anna;Sysmä\n"
)


@given(st.text())
@example("'=1")
@example("''+1")
def test_a_guarded_cell_is_no_formula_and_comes_back(cell: str) -> None:
    guarded = badrows.guard(cell)

    assert not guarded.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert badrows.unguard(guarded) == cell


def test_bad_rows_are_written_as_they_were_with_line_and_reason(
    import_csv: Imports, tmp_path: Path
) -> None:
    report = import_csv(CONTENT, report=tmp_path / "bad.csv")

    text = (tmp_path / "bad.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))
    assert text.startswith("\ufeff")
    assert report.bad == 5
    assert rows == [
        ["import_line", "import_reason", "Sähköposti", "Etunimi", "Kunta"],
        ["3", "unknown municipality 'Sysma'", "b@example.com", "'=HYPERLINK(1)", "Sysma"],
        [
            "4",
            "'bad' is no address: an email address must have an @-sign",
            "bad",
            "Eero",
            "Hartola",
        ],
        ["5", "the quotes in this row do not match", 'c@example.com;"x"y;'],
        ["6", "the row has 2 cells, the header 3", "d@example.com", "D"],
        ["7", "the same address stands in line 2", "A@example.com", "Anna", "Sysmä"],
    ]


def test_only_its_owner_may_read_the_report(import_csv: Imports, tmp_path: Path) -> None:
    import_csv(CONTENT, report=tmp_path / "bad.csv")

    assert (tmp_path / "bad.csv").stat().st_mode & 0o777 == 0o600
    assert sorted(item.name for item in tmp_path.glob("*.csv")) == ["bad.csv", "people.csv"]


def test_a_mended_report_can_be_imported_as_it_is(
    store: Store, import_csv: Imports, tmp_path: Path
) -> None:
    import_csv(CONTENT, report=tmp_path / "bad.csv")
    text = (tmp_path / "bad.csv").read_text(encoding="utf-8")
    mended = text.replace("Sysma", "Sysmä").replace(";bad;", ";e@example.com;")

    report = import_csv(mended)

    assert (report.added, report.already, report.bad) == (2, 1, 2)
    assert [finding.message for finding in report.findings if finding.level == "warning"] == []
    names = {row[1]: row[5] for row in all_rows(store)[subscribers.name]}
    assert names["b@example.com"] == "=HYPERLINK(1)"


def test_an_older_report_is_replaced_and_nothing_else(import_csv: Imports, tmp_path: Path) -> None:
    import_csv(CONTENT, report=tmp_path / "bad.csv", dry_run=True)
    import_csv("email\nbad\n", report=tmp_path / "bad.csv")
    (tmp_path / "other.csv").write_text("email\nx@example.com\n")

    with pytest.raises(InputError, match="no report of bad rows"):
        import_csv(CONTENT, report=tmp_path / "other.csv")

    assert (tmp_path / "other.csv").read_text() == "email\nx@example.com\n"
    assert len((tmp_path / "bad.csv").read_text(encoding="utf-8").splitlines()) == 2


def test_the_file_itself_is_never_replaced_by_its_report(
    import_csv: Imports, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="replace the file itself"):
        import_csv("import_line;import_reason;email\n", report=tmp_path / "people.csv")


def test_a_file_that_is_refused_leaves_no_report(import_csv: Imports, tmp_path: Path) -> None:
    with pytest.raises(FindingsError):
        import_csv(CONTENT + 'e@example.com;"', report=tmp_path / "bad.csv")

    assert [item.name for item in tmp_path.glob("*bad*")] == []


def test_a_report_that_cannot_be_written_is_told_before_anything_happens(
    store: Store, import_csv: Imports, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="cannot write"):
        import_csv(CONTENT, report=tmp_path / "nowhere" / "bad.csv")
    with pytest.raises(InputError, match="cannot write"):
        import_csv(CONTENT, report=tmp_path)

    assert all_rows(store)[subscribers.name] == []
