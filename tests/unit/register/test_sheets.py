import csv
import io
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.errors import FindingsError, InputError, Place
from newsletter.register import lines as text_lines
from newsletter.register import sheets
from newsletter.register.sheets import SheetRow


def read(tmp_path: Path, content: str | bytes) -> list[SheetRow]:
    """Read a file: the header row and those after it."""
    file = tmp_path / "people.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with sheets.opened(file) as sheet:
        return [sheet.header, *sheet.rows()]


def places(tmp_path: Path, content: str) -> list[Callable[[int], Place]]:
    """Read a file: for each row a function that finds its cells."""
    file = tmp_path / "people.csv"
    file.write_bytes(content.encode())
    with sheets.opened(file) as sheet:
        return [partial(sheet.place, row) for row in (sheet.header, *sheet.rows())]


def refusal(tmp_path: Path, content: str | bytes) -> tuple[str, str, str]:
    with pytest.raises(FindingsError) as caught:
        read(tmp_path, content)
    (finding,) = caught.value.findings
    place = str(finding.place).removeprefix(str(tmp_path / "people.csv"))
    return place, finding.message, finding.hint


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_what_spreadsheets_write_is_read(
    tmp_path: Path, delimiter: str, end: str, mark: str
) -> None:
    lines = [["email", "name"], ["a@example.com", "Äijä, Öhman; x"], ["b@example.com", ""]]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(lines)

    rows = read(tmp_path, mark + text.getvalue())

    assert [row.cells for row in rows] == lines
    assert [row.line for row in rows] == [1, 2, 3]


def test_one_column_needs_no_delimiter(tmp_path: Path) -> None:
    assert [row.cells for row in read(tmp_path, "email\na@example.com")] == [
        ["email"],
        ["a@example.com"],
    ]


def test_a_delimiter_inside_a_quoted_name_does_not_decide(tmp_path: Path) -> None:
    assert read(tmp_path, '"a,b,c";email\n')[0].cells == ["a,b,c", "email"]


def test_empty_rows_are_passed_over_and_still_counted_as_lines(tmp_path: Path) -> None:
    rows = read(tmp_path, "email;x\n\n;;\n  ; \na@example.com;\n")

    assert [(row.line, row.cells) for row in rows[1:]] == [(5, ["a@example.com", ""])]


def test_places_are_right_behind_quoted_line_breaks(tmp_path: Path) -> None:
    content = 'email;note;x\n"a";"one\ntwo ""q"";\nthree";z\nb;c;d\n'

    _, first, second = places(tmp_path, content)

    assert str(first(0)).endswith(":2:1")
    assert str(first(1)).endswith(":2:5")
    assert str(first(2)).endswith(":4:8")
    assert first(2).source == 'three";z'
    assert str(second(2)).endswith(":5:5")
    assert str(second(9)).endswith(":5:6")


cells = st.text(st.sampled_from('aä;,"\n \t'), max_size=6)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=5))
def test_every_place_is_where_the_cell_stands(
    tmp_path_factory: pytest.TempPathFactory, lines: list[list[str]]
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(lines)
    content = "h1;h2;h3\n" + text.getvalue()
    physical = content.split("\n")

    folder = tmp_path_factory.mktemp("sheet")

    rows = read(folder, content)[1:]

    assert [row.cells for row in rows] == [
        line for line in lines if any(cell.strip() for cell in line)
    ]
    for row, place_of in zip(rows, places(folder, content)[1:], strict=True):
        for index, cell in enumerate(row.cells):
            place = place_of(index)
            written = '"' + cell.replace('"', '""').split("\n")[0]
            assert physical[place.line - 1][place.column - 1 :].startswith(written)


def test_latin_1_is_refused_with_the_place_and_the_way_out(tmp_path: Path) -> None:
    place, message, hint = refusal(tmp_path, "email;kunta\na@b.fi;Sysmä\n".encode("cp1252"))

    assert (place, message) == (":2:12", "the file is not UTF-8 (byte 0xe4)")
    assert "CSV UTF-8" in hint
    assert "--encoding cp1252" in hint


def test_the_letter_that_is_meant_is_shown(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_bytes("sähköposti\r\n".encode("cp1252"))

    with (
        pytest.raises(FindingsError) as caught,
        sheets.opened(tmp_path / "people.csv"),
    ):
        pass

    assert caught.value.findings[0].place.source == "sähköposti"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("email\n".encode("utf-16"), "the file is UTF-16, not UTF-8"),
        (b"\n<html><table>", "the file is a web page or XML, whatever its name says"),
        (b"a" * 1_000_001, "a line of a million bytes is no CSV"),
        (b'"x"y;email\n', "the quotes in this row do not match"),
    ],
)
def test_other_kinds_of_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    place, told, _ = refusal(tmp_path, content)

    assert told == message
    assert place.startswith(":1")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path, content)[1] == "the file is empty"


@pytest.mark.parametrize("rest", ["", "x" * 200_000])
def test_a_quote_that_is_never_closed_refuses_the_file(tmp_path: Path, rest: str) -> None:
    content = f'email;x\na@example.com;ok\nb@example.com;"oops\nc@example.com;{rest}\n'

    place, message, _ = refusal(tmp_path, content)

    assert (place, message) == (":3:1", "a quote is opened in this row and never closed")


def test_a_row_with_wrong_quotes_is_bad_and_the_next_one_is_read(tmp_path: Path) -> None:
    rows = read(tmp_path, 'email;x\na;"b"c\nd;"e\nf"g\nh;i\n')

    assert [(row.line, row.cells, row.fault) for row in rows[1:]] == [
        (2, [], "the quotes in this row do not match"),
        (3, [], "the quotes in lines 3 to 4 do not match"),
        (5, ["h", "i"], ""),
    ]


def test_a_lone_carriage_return_is_a_fault_of_its_row(tmp_path: Path) -> None:
    rows = read(tmp_path, "email;x\na\rb;c\nd;e\n")

    assert rows[1].fault == "the row has a carriage return that ends no line"
    assert rows[2].cells == ["d", "e"]


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot read"), sheets.opened(tmp_path / name):
        pass


def test_cp1252_is_read_when_it_is_said(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes("email;kunta\na@b.fi;Sysmä\n".encode("cp1252"))

    with sheets.opened(file, encoding="cp1252") as sheet:
        rows = list(sheet.rows())

    assert rows[0].cells == ["a@b.fi", "Sysmä"]


def test_utf_8_is_not_read_as_cp1252(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("email;kunta\na@b.fi;Sysmä\n", encoding="utf-8")

    with (
        pytest.raises(FindingsError) as caught,
        sheets.opened(file, encoding="cp1252") as sheet,
    ):
        list(sheet.rows())

    (finding,) = caught.value.findings
    assert (finding.message, finding.place.line) == ("the file is UTF-8, not cp1252", 2)
    assert finding.place.source == "a@b.fi;Sysmä"


def test_a_byte_that_cp1252_does_not_have_is_told_by_its_place(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(b"email\n\xe4\x81@b.fi\n")

    with pytest.raises(FindingsError) as caught, sheets.opened(file, encoding="cp1252") as sheet:
        list(sheet.rows())

    (finding,) = caught.value.findings
    assert finding.message == "the file is not cp1252 (byte 0x81)"
    assert (finding.place.line, finding.place.column) == (2, 2)


@pytest.mark.parametrize("part", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_however_the_file_is_cut_the_rows_and_places_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int, end: str
) -> None:
    content = f'email;n{end}"ä";"o\nö"{end}{end}c;"d{end}"{end}é@x;f'
    whole = read(tmp_path, content)
    at_once = [str(place(1)) for place in places(tmp_path, content)]

    monkeypatch.setattr(text_lines, "_PART", part)

    assert read(tmp_path, content) == whole
    assert [str(place(1)) for place in places(tmp_path, content)] == at_once
    assert [row.line for row in whole] == [1, 2, 5, 7]


@pytest.mark.parametrize("part", [1, 5, 1000])
def test_however_the_file_is_cut_a_wrong_byte_has_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    monkeypatch.setattr(text_lines, "_PART", part)

    place, message, _ = refusal(
        tmp_path, "email;kunta\nä@b.fi;ok\na@b.fi;Sysm".encode() + b"\xe4\n"
    )

    assert (place, message) == (":3:12", "the file is not UTF-8 (byte 0xe4)")


def test_a_quote_that_swallows_the_file_in_pieces_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_lines, "_PART", 100)
    monkeypatch.setattr(text_lines, "_LONGEST_ROW", 1000)
    content = 'email;x\na;"' + 'b";"\n' * 1000

    place, message, _ = refusal(tmp_path, content)

    assert (place, message) == (":2:1", "a quote is opened in this row and never closed")
