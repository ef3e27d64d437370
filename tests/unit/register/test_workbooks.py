import base64
import io
import os
import zipfile
import zlib
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from newsletter.errors import FindingsError, InputError
from newsletter.register import unpacking, workbooks
from newsletter.register.sheets import SheetRow

# Written by xlwt 1.3: "Sähköposti" and "n" in B3 and C3, "a@example.com" and 12345 in row 4,
# TRUE and 2 March 2026 in row 6.
XLS = zlib.decompress(
    base64.b64decode(
        "eNrtWE1oE0EU/maTbX5ofhpToRVKKFhtLYHixUu7VdCeLPUHFBE0bQKW/BIrWA9arTkKgifFS6EevFS9+IMe6s2D0KIH"
        "QRASFS+eCioe2qxv3u5qGn9oQAuV+ZZ58+bNm5m382be7OziQkt55l57BXUYgAtV04emGpmg5HMKYVC9aUrWyb2UTIUN"
        "BZ+XHNmk43HguUf6UPq7Ag133U+JAm8pHUcBw/lcKraO2MM2JIS0oZ+owE2SBNHGVkWYjjHdxPQOaz5hOsiSK0z7Sbcs"
        "jmHBGO7ZZa/io1on1wUh+33AbV6zpA+teCZX8YWrwtLVsbs4nshssIoOdzNmQQ4dSuVSRVkO4Jbcn8l4Nj5JKCNKrp7F"
        "ZzMGfHL29HxMyddXLkDyr6vlnt/IveTCevk1zQ1MwTzJW6SEAEJuWaPjcOJMpm8Z3RTHwckPHHp/Kv2lkD89MU7LJRcA"
        "EoOps4lsIZOKj+WzfhneORyEV4WDAG+TZqJJhJhv4c0SJouWby+92D86YpxgyRQfAdZBsVVaBhMXZQtqHGSNJq6V5vRw"
        "eQfTS9zrFubbmUbpDSjvGmm1mX3TrHOZa7tonJ2Ml8a2Gn478aWPBx52lN4Z3cTPDVXORedeGTPopIMrSe3lM41e0Stu"
        "XJd4ZDi5sIPKG6ZtPwUYrxbm3AXTPg1DWKFJteZDwippVBK2vusX+q7v83dekyWp/2He0tfr9HXNSzLBPUptORURBBc1"
        "DGgR3JedULD7AT8UFBQUFBQUFBQU/gj5qarZNwQ3Xxysj3SP/V9nhVJV/Sb5b3EQeXom6Fq5FznKi5hsaP1shi6cvsQa"
        "2zj/CyWO0OhFpDHKdqQbXr90aRO177PmhuG/t4UaHb/aiJ3/ePxvWcvWWQ=="
    )
)

ODS = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
  xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
  xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">
<office:body><office:spreadsheet><table:table table:name="Taul1">
<table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row>
<table:table-row><table:table-cell/><table:table-cell office:value-type="string"
  ><text:p>Sähköposti</text:p></table:table-cell></table:table-row>
<table:table-row><table:table-cell/><table:table-cell office:value-type="string"
  ><text:p>a@example.com</text:p></table:table-cell></table:table-row>
<table:table-row table:number-rows-repeated="1048570"><table:table-cell/></table:table-row>
</table:table></office:spreadsheet></office:body></office:document-content>"""

Rows = Sequence[Sequence[Any]]


def save(file: Path, **sheets: Rows) -> Path:
    """Write a workbook: rows of each sheet."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(file)
    return file


def read(file: Path, sheet: str = "") -> list[SheetRow]:
    """Read a sheet: its header row and those after it."""
    with workbooks.opened(file, sheet=sheet) as opened:
        return [opened.header, *opened.rows()]


def refusal(file: Path) -> tuple[str, str]:
    with pytest.raises(FindingsError) as caught:
        read(file)
    (finding,) = caught.value.findings
    assert str(finding.place) == str(file)
    return finding.message, finding.hint


def test_rows_come_with_their_numbers_and_empty_ones_are_passed_over(tmp_path: Path) -> None:
    people: Rows = [["a@example.com", "Sysmä"], [], [None, " "], ["b@c.fi", None]]

    found = read(save(tmp_path / "a.xlsx", Taul1=[["Sähköposti", "Kunta"], *people]))

    assert found == [
        SheetRow(1, ["Sähköposti", "Kunta"]),
        SheetRow(2, ["a@example.com", "Sysmä"]),
        SheetRow(5, ["b@c.fi", ""]),
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12345.0, "12345"),
        (12345, "12345"),
        (0.1 + 0.2, "0.3"),
        (-2.5, "-2.5"),
        (358401234567, "358401234567"),
        (True, "yes"),
        (False, "no"),
        (date(2026, 3, 2), "2026-03-02"),
        (datetime(2026, 3, 2), "2026-03-02"),  # noqa: DTZ001 - a cell knows no zone
        (datetime(2026, 3, 2, 14, 30), "2026-03-02 14:30:00"),  # noqa: DTZ001
        (time(14, 30), "14:30:00"),
        ("00123", "00123"),
        ("=1+1", ""),
    ],
)
def test_values_are_what_one_would_type(tmp_path: Path, value: object, text: str) -> None:
    found = read(save(tmp_path / "a.xlsx", Taul1=[["email", "x"], ["a@b.fi", value]]))

    assert found[1].cells == ["a@b.fi", text]


@pytest.mark.parametrize("name", ["people.xls", "people.xlsx", "people.csv"])
def test_an_old_workbook_is_read_whatever_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(XLS)

    assert read(tmp_path / name) == [
        SheetRow(3, ["", "Sähköposti", "n"]),
        SheetRow(4, ["", "a@example.com", "12345"]),
        SheetRow(6, ["", "yes", "2026-03-02"]),
    ]


def test_an_open_document_is_read(tmp_path: Path) -> None:
    file = tmp_path / "people.ods"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("content.xml", ODS)
        packed.writestr("META-INF/manifest.xml", "<manifest/>")

    assert read(file) == [SheetRow(3, ["", "Sähköposti"]), SheetRow(4, ["", "a@example.com"])]


def test_the_first_sheet_that_is_to_be_seen_is_read_and_the_others_are_named(
    tmp_path: Path,
) -> None:
    book = Workbook()
    book.worksheets[0].title = "Piilo"
    book.worksheets[0].sheet_state = "hidden"
    for name in ("Tilaajat", "Muut"):
        book.create_sheet(name).append(["email", name])
    book.create_chartsheet("Kaavio")
    book.save(tmp_path / "a.xlsx")

    with workbooks.opened(tmp_path / "a.xlsx") as sheet:
        assert (sheet.name, sheet.header.cells) == ("Tilaajat", ["email", "Tilaajat"])
        (remark,) = sheet.remarks

    assert remark.message == "only this sheet is read, not “Muut”"
    assert read(tmp_path / "a.xlsx", "Muut")[0].cells == ["email", "Muut"]


def test_a_cell_is_named_as_excel_names_it(tmp_path: Path) -> None:
    file = save(tmp_path / "a.xlsx", Taul1=[["email"], ["x"]])

    with workbooks.opened(file) as sheet:
        (row,) = sheet.rows()
        place = sheet.place(row, 27)

    assert str(place) == f"{file}, sheet “Taul1”, AB2"
    assert (place.line, place.column, place.excerpt()) == (2, 28, "")


@pytest.mark.parametrize(
    ("column", "letters"), [(1, "A"), (26, "Z"), (27, "AA"), (702, "ZZ"), (703, "AAA")]
)
def test_columns_have_letters(column: int, letters: str) -> None:
    assert workbooks.letters(column) == letters


def test_a_sheet_that_is_not_there_gets_the_near_names(tmp_path: Path) -> None:
    file = save(tmp_path / "a.xlsx", Tilaajat=[["email"]], Muut=[])

    with pytest.raises(InputError, match="no sheet named 'Tilajat'") as caught:
        read(file, "Tilajat")

    assert caught.value.hint == "did you mean 'Tilaajat'?"


def test_an_empty_sheet_is_refused(tmp_path: Path) -> None:
    file = save(tmp_path / "a.xlsx", Taul1=[[]])

    with pytest.raises(FindingsError) as caught:
        read(file)

    assert caught.value.findings[0].message == "the sheet is empty"


def test_a_workbook_with_a_password_is_refused_saying_so(tmp_path: Path) -> None:
    file = tmp_path / "a.xlsx"
    file.write_bytes(workbooks._OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"))

    message, hint = refusal(file)

    assert message == "the workbook is locked by a password"
    assert "without a password" in hint


@pytest.mark.parametrize("size", [10, 2000, -30])
def test_half_a_workbook_is_refused(tmp_path: Path, size: int) -> None:
    whole = save(tmp_path / "whole.xlsx", Taul1=[["email"], ["a@b.fi"]]).read_bytes()
    (tmp_path / "half.xlsx").write_bytes(whole[:size])

    assert "cannot be read" in refusal(tmp_path / "half.xlsx")[0]


def test_another_kind_of_archive_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as packed:
        packed.writestr("hello.txt", "hello")

    assert "damaged, locked or something else" in refusal(tmp_path / "a.xlsx")[0]


def test_a_stray_cell_far_away_is_refused_and_harms_nobody(tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0]["A1"] = "email"
    book.worksheets[0]["XFD1048576"] = "x"
    book.save(tmp_path / "a.xlsx")

    message, hint = refusal(tmp_path / "a.xlsx")

    assert message == "the sheet is too large to be read"
    assert "far to the right" in hint


def test_a_workbook_that_unpacks_to_too_much_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 10_000_000)
    (tmp_path / "a.xlsx").write_bytes(packed.getvalue())
    monkeypatch.setattr(workbooks, "LARGEST", 9_000_000)
    monkeypatch.setattr(workbooks, "_READER", Path("/nowhere"))

    assert len(packed.getvalue()) < 100_000
    assert refusal(tmp_path / "a.xlsx")[0].startswith("the workbook unpacks to")


def test_a_reader_that_dies_midway_refuses_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying = tmp_path / "dying.py"
    dying.write_text(
        'print(\'{"sheet": "Taul1", "others": []}\\n[1, ["email"]]\\n[2, ["a@b.fi"]]\')\n'
        "raise SystemExit(3)\n"
    )
    monkeypatch.setattr(workbooks, "_READER", dying)

    assert "cannot be read" in refusal(save(tmp_path / "a.xlsx", Taul1=[["email"]]))[0]


def test_csv_is_told_from_workbooks_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_text("email\n")
    save(tmp_path / "b.csv.xlsx", Taul1=[["email"]]).rename(tmp_path / "b.csv")

    assert not workbooks.is_one(tmp_path / "a.xlsx")
    assert workbooks.is_one(tmp_path / "b.csv")
    with pytest.raises(InputError, match="cannot read"):
        workbooks.is_one(tmp_path / "missing.xlsx")


def test_a_pipe_is_refused_at_once_instead_of_being_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "people.csv")

    with pytest.raises(InputError, match="it is no file"):
        workbooks.is_one(tmp_path / "people.csv")


def test_the_reader_itself_tells_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "limit", lambda _kind, _most: None)
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04")
    good = save(tmp_path / "good.xlsx", Taul1=[["email"], [3]])

    unpacking.main(str(good), "")
    with pytest.raises(SystemExit):
        unpacking.main(str(tmp_path / "broken.xlsx"), "")

    assert capsys.readouterr().out.splitlines() == [
        '{"sheet": "Taul1", "others": []}',
        '[1, ["email"]]',
        '[2, ["3"]]',
        '{"fault": "broken"}',
    ]
