"""Tables: numbers to the right, plain text in line, and what fits on a phone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.issue.table import Table
from newsletter.issue.values import Fact
from newsletter.render import fitting
from newsletter.render.tables import Data


def table(header: list[str], *rows: list[str]) -> Table:
    return Table.model_validate({"caption": "Otsikko", "header": header, "rows": list(rows)})


@pytest.mark.parametrize(
    ("cells", "numeric"),
    [
        (["1", "2,5"], True),
        (["1 004", "75 %"], True),
        (["\u22123", "+4", ""], True),
        (["12 kg", "8–10", "–"], True),
        (["€ 100", "1.250,00 €"], True),
        (["18.00", "4.3.2026"], True),
        (["kolme", "4"], False),
        (["4 kuntaa"], False),
        (["", ""], False),
    ],
)
def test_a_column_of_numbers_is_known_as_one(cells: list[str], numeric: bool) -> None:
    data = Data(table(["A", "B"], *[["x", cell] for cell in cells]))

    assert data.numeric == [False, numeric]


def test_the_first_column_names_rows_even_when_its_names_are_numbers() -> None:
    assert Data(table(["Vuosi", "Kävijöitä"], ["2029", "12"])).numeric == [False, True]


def test_in_plain_text_the_columns_are_in_line() -> None:
    data = Data(table(["Kunta", "Määrä"], ["Hartola", "3"], ["Joutsa", "1 004"]))

    assert data.text() == "Kunta    Määrä\n-------  -----\nHartola      3\nJoutsa   1 004"


def test_long_cells_are_wrapped_in_their_column_with_air_between_rows() -> None:
    long = "aika pitkä selitys siitä, mitä päivän aikana tehdään ja miksi se kannattaa"
    data = Data(
        table(["Aika", "Ohjelma", "Paikka"], ["9.00", long, "sali"], ["10.00", "kahvi", "x"])
    )

    lines = data.text().split("\n")
    assert max(map(len, lines)) <= 76
    assert len({line.find("sali") for line in lines if "sali" in line}) == 1
    assert "" in lines
    assert " ".join(" ".join(line.split()) for line in lines).count("kannattaa") == 1


def test_what_cannot_stand_side_by_side_is_written_row_by_row() -> None:
    word = "yhteistyömahdollisuuksista"
    data = Data(table(["Kunta", "Aihe", "Toinen", "Kolmas"], ["Hartola", word, word, word]))

    assert data.text() == f"Kunta: Hartola\nAihe: {word}\nToinen: {word}\nKolmas: {word}"


CELLS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=40).map(
    lambda text: " ".join(text.split())
)


@given(st.integers(2, 6).flatmap(
    lambda count: st.lists(st.lists(CELLS, min_size=count, max_size=count), min_size=2, max_size=6)
))  # fmt: skip
def test_no_cell_is_lost_and_no_line_of_words_is_too_long(rows: list[list[str]]) -> None:
    named = [[row[0] or "x", *row[1:]] for row in rows]
    header = [name or "y" for name in named[0]]

    text = Data(table(header, *named[1:])).text()

    words = [
        word for row in [header, *named[1:]] for cell in row for word in cell.split(" ") if word
    ]
    for word in words:
        assert word in text
    assert all(len(line) <= 76 or len(line.split()) < 7 for line in text.split("\n"))


def test_a_table_that_fits_on_a_phone_breaks_no_word() -> None:
    data = Data(table(["Kunta", "Nyt", "Ennen"], ["Hartola", "12", "9"]))

    assert data.widths == []
    assert data.broken("Koulutuksia") == "Koulutuksia"


def test_in_a_table_too_wide_for_a_phone_words_may_break_between_syllables() -> None:
    data = Data(
        table(["Kunta", "Koulutuksia", "Osallistujia", "Tyytyväisiä"], ["A", "1", "2", "3"])
    )

    assert sum(data.widths) == 100
    assert data.broken("Koulutuksia nyt").replace("\u00ad", "-") == "Kou-lu-tuk-sia nyt"
    assert data.broken("zq12qz") == "zq12qz"


def test_a_narrow_column_makes_a_table_too_wide_sooner() -> None:
    small = table(["Kunta", "Määrä"], ["Pertunmaa", "1 004"])

    assert Data(small).widths == []
    assert Data(small, 100).widths != []


def test_long_numbers_make_a_table_too_wide_though_they_have_spaces_inside() -> None:
    money = "1 234 567 890,00 €"

    assert Data(table(["Kunta", "Budjetti", "Toteuma"], ["Hartola", money, money])).widths != []
    assert Data(table(["Kunta", "Kuvaus"], ["Hartola", "monta lyhyttä sanaa"])).widths == []


def test_only_the_widest_columns_of_a_table_too_wide_give_way() -> None:
    long = "Lentokonesuihkuturbiinimoottori"
    data = Data(table(["Kunta", "Laji", "Aihe", "€"], ["Iitti", long, long, "1 234"]))

    narrowest = 320 - 2 * 48 + 12
    name, first, second, euros = (percent * narrowest / 100 for percent in data.widths)
    assert name - 12 >= fitting.width("Iitti", 16) - 2
    assert euros - 12 >= fitting.width("1 234", 16) - 2
    assert first == pytest.approx(second, abs=3)
    assert first > name


def test_words_are_measured_as_a_font_would() -> None:
    narrow, wide = fitting.width("illi", 14), fitting.width("MMMM", 14)

    assert narrow < 15
    assert wide > 40
    assert fitting.width("abc", 14, bold=True) > fitting.width("abc", 14)
    assert fitting.width("漢字", 10) > 20
    assert fitting.longest_word(["aa bbbb", "c"], 14) == fitting.width("bbbb", 14)
    assert fitting.longest_word([], 14) == 0


def test_a_long_figure_is_stacked_on_every_phone() -> None:
    money = [Fact(value="1 250 000 €", label="tukea"), Fact(value="4", label="kuntaa")]

    assert fitting.facts(money) == "stack"
