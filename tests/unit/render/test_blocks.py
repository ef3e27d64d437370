"""What each of the larger blocks looks like in HTML and in text."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from newsletter.issue.edition import Edition
from newsletter.render import Gallery
from newsletter.testing.mails import VALUES
from newsletter.testing.outline import Outline

Render = Callable[..., Edition]
IMAGE = {"src": "images/torit.jpg", "alt": "Väkeä torilla"}


def html_of(edition: Edition) -> str:
    return edition.html.fill(VALUES)


def text_of(edition: Edition) -> str:
    return edition.text.fill(VALUES)


def words_of(edition: Edition) -> str:
    """Give what a reader sees, a space between any two elements."""
    return " ".join(unescape(re.sub(r"<[^<>]*>", " ", html_of(edition))).split())


def block(edition: Edition, marker: str = "block-1") -> str:
    """Cut the HTML from a block's first mark to the footer."""
    html = html_of(edition).partition("<body")[2]
    return html[html.index(marker) : html.index("foot")]


def test_an_article_is_a_picture_a_title_that_is_a_link_a_text_and_a_link(edition: Render) -> None:
    made = edition(
        {"heading": "Uutisia"},
        {"article": {"title": "Tori avautui", "image": IMAGE, "body": "Väkeä **riitti**.",
                     "url": "https://example.fi/tori", "label": "Lue lisää: työtori"}},
    )  # fmt: skip

    html = block(made)
    assert re.search(
        r"<h2[^>]*><a href=\"https://example.fi/tori\"[^>]*>Tori avautui</a></h2>", html
    )
    assert html.index("<img") < html.index("Tori avautui") < html.index("<strong>riitti</strong>")
    assert html.index("riitti") < html.index("Lue lisää: työtori</a>")
    text = text_of(made)
    assert "Tori avautui\n------------\n\n[Kuva: Väkeä torilla]\n\nVäkeä riitti." in text
    assert "Lue lisää: työtori:\nhttps://example.fi/tori" in text


def test_an_image_says_how_high_it_is_and_stays_as_wide_as_its_column(edition: Render) -> None:
    made = edition(
        {"heading": "O"}, {"image": IMAGE}, {"image": IMAGE | {"src": "https://example.fi/x.png"}}
    )

    known, unknown = re.findall(r"<img [^>]*>", block(made))
    assert re.search(r' width="\d+" height="\d+" ', known)
    assert " height=" not in unknown
    assert "width:100%" in known
    assert "height:auto" in known


def test_a_logo_keeps_its_shape_and_one_of_unknown_size_its_height(edition: Render) -> None:
    made = edition(
        {"heading": "O"}, {"logos": [IMAGE, IMAGE | {"src": "https://example.fi/x.png"}]}
    )

    known, unknown = re.findall(r"<img [^>]*>", block(made))
    assert ";height:auto" in known
    assert ";height:48px" in unknown


def test_no_image_stands_on_dark_in_dark_mode_nor_its_alt(edition: Render) -> None:
    made = edition({"heading": "O"}, {"image": IMAGE}, {"logos": [IMAGE]})

    night = html_of(made).partition("@media (prefers-color-scheme:dark)")[2]
    for image in re.findall(r"<img [^>]*>", block(made)):
        assert re.search(r"background:#[ef]", image)
        assert re.search(r"[;\"]color:#[012]", image)
        classes = re.findall(r'class="([^"]*)"', image)
        assert not any(f".{name}" in night for name in " ".join(classes).split())


def test_an_article_without_a_link_or_picture_is_a_title_and_a_text(edition: Render) -> None:
    made = edition({"heading": "Uutisia"}, {"article": {"title": "Tori", "body": "Väkeä riitti."}})

    assert "<img" not in block(made)
    assert "<a " not in block(made)
    assert "Tori\n----\n\nVäkeä riitti." in text_of(made)


def test_the_title_of_an_article_is_one_level_below_the_heading_above_it(edition: Render) -> None:
    made = edition({"heading": "O"}, {"heading": "Alla"}, {"article": {"title": "Juttu"}})

    assert "Juttu</h3>" in html_of(made)


def test_a_quote_is_a_quotation_with_its_source(edition: Render) -> None:
    made = edition({"heading": "O"}, {"quote": {"text": "Kannatti *lähteä*!", "source": "Aino E."}})

    html = block(made)
    assert re.search(r"<blockquote[^>]*><p[^>]*>Kannatti <em>lähteä</em>!</p></blockquote>", html)
    assert html.index("</blockquote>") < html.index("Aino E.")
    assert "    Kannatti lähteä!\n\n    – Aino E." in text_of(made)


def test_a_note_says_with_a_word_what_it_is(edition: Render) -> None:
    made = edition(
        {"heading": "O"},
        {"note": "Kahvia riittää."},
        {"note": {"tone": "warning", "body": "Ovi on kiinni."}},
        {"note": {"tone": "warning", "body": "Dörren är stängd.", "lang": "sv"}},
    )

    words = words_of(made)
    assert "Huomaa Kahvia riittää. Tärkeää Ovi on kiinni. Viktigt Dörren" in words
    assert "! Huomaa\n\n  Kahvia riittää.\n\n! Tärkeää\n\n  Ovi on kiinni." in text_of(made)


def facts(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {"facts": [{"value": value, "label": label} for value, label in pairs]}


def test_facts_stand_in_a_row_four_of_them_two_by_two(edition: Render) -> None:
    three = edition({"heading": "O"}, facts(*[(str(n), "kuntaa") for n in range(3)]))
    four = edition({"heading": "O"}, facts(*[(str(n), "kuntaa") for n in range(4)]))

    def rows(made: Edition) -> list[int]:
        table = re.search(r"table-layout:fixed.*?</table>", block(made), re.DOTALL)
        return [row.count("<td") for row in table[0].split("<tr>")[1:]] if table else []

    assert rows(three) == [3]
    assert rows(four) == [2, 2]
    assert "- 0 kuntaa\n- 1 kuntaa\n- 2 kuntaa\n" in text_of(three)


@pytest.mark.parametrize(
    ("label", "way"),
    [("kuntaa", ""), ("maakunnasta ja", "tight"), ("monipaikkaisuusselvitystä", "stack")],
)
def test_facts_are_stacked_on_phones_where_their_words_do_not_fit(
    edition: Render, label: str, way: str
) -> None:
    made = edition({"heading": "O"}, facts(("4", "kuntaa"), ("2", label), ("75 %", "tukea")))

    table = re.search(r"<table role=\"presentation\"( class=\"(\w+)\")?", block(made))
    assert table
    assert (table[2] or "") == way


def test_a_figure_may_break_where_a_client_leaves_too_little_room(edition: Render) -> None:
    made = edition({"heading": "O"}, facts(("1 234 567", "asukasta"), ("9 012 456", "käyntiä")))

    assert re.search(r"<p [^>]*>1 234 567</p>", block(made))
    assert "nowrap" not in block(made)


def test_a_table_of_data_has_a_caption_and_scopes_and_no_role(edition: Render) -> None:
    made = edition(
        {"heading": "O"},
        {"table": {"caption": "Osallistujat", "header": ["Kunta", "Nyt", "Ennen"],
                   "rows": [["Hartola", "12", "9"], ["Joutsa", "1 004", ""]]}},
    )  # fmt: skip

    html = block(made)
    (table,) = [tag for tag in re.findall(r"<table [^>]*>", html) if 'class="data"' in tag]
    assert "role=" not in table
    assert re.search(r"<caption[^>]*>Osallistujat</caption>", html)
    assert len(re.findall(r"<th scope=\"col\"", html)) == 3
    assert re.search(r"<th scope=\"row\"[^>]*>Hartola</th>", html)
    assert re.search(r"<td[^>]*text-align:right[^>]*>1 004</td>", html)
    assert (
        "Osallistujat\n\nKunta      Nyt  Ennen\n-------  -----  -----\n"
        "Hartola     12      9\nJoutsa   1 004\n"
    ) in text_of(made)


def test_an_event_says_when_in_the_reader_s_language_and_offers_its_file(
    edition: Render, gallery: Gallery
) -> None:
    made = edition(
        {"heading": "O"},
        {"event": {"title": "Seminaari", "starts": "2026-03-04T18:00", "ends": "2026-03-04T20:00",
                   "place": "Sysmän kirjasto", "body": "Kahvia.", "url": "https://example.fi/s"}},
        {"event": {"title": "Öppet hus", "starts": "2026-05-04", "lang": "sv"}},
    )  # fmt: skip

    page, text = Outline(html_of(made)), text_of(made)
    words = words_of(made)
    assert "4 maalis Seminaari ke 4.3.2026 klo 18.00–20.00" in words
    assert "4 maj Öppet hus mån 4 maj 2026" in words
    files = [url for url in page.values("a", "href") if str(url).endswith(".ics")]
    assert len(files) == 2
    assert {str(url).rpartition("/")[2] for url in files} <= set(gallery.files)
    assert all(str(url) in text for url in files)
    assert "Lisää kalenteriin: Seminaari" in words
    assert "Lägg till i kalendern: Öppet hus" in words
    assert (
        "Seminaari\n---------\n\nke 4.3.2026 klo 18.00–20.00\nSysmän kirjasto\n"
        "https://example.fi/s\n\nKahvia.\n"
    ) in text
    hours = re.search(r"<h2[^>]*><a [^>]*>Seminaari</a></h2>", html_of(made))
    assert hours


def test_blocks_in_columns_are_laid_out_for_their_column(edition: Render) -> None:
    made = edition(
        {"heading": "O"},
        {"columns": [
            [{"image": IMAGE}, {"contacts": [{"name": "Aino"}, {"name": "Eero"}]}],
            [{"heading": "Toinen"}, {"text": "Alla"}, {"funding": "esr-plus"}],
        ]},
        {"text": "Lopuksi"},
    )  # fmt: skip

    page = Outline(html_of(made))
    markers = {name for _, a in page.elements for name in (a.get("class") or "").split()}
    assert {"block-1", "block-1-0-0", "block-1-0-1", "block-1-1-0", "block-1-1-1"} <= markers
    assert page.values("img", "width")[0] == "248"
    assert "Euroopan unionin osarahoittama" in page.text
    assert page.text.index("Eero") < page.text.index("Toinen") < page.text.index("Lopuksi")
    assert re.search(
        r"Kuva: Väkeä torilla\]\n\nAino\n\nEero\n\nToinen\n------\n\nAlla\n\nEuroo", text_of(made)
    )


def test_what_begins_a_column_has_no_air_above_it(edition: Render) -> None:
    made = edition({"heading": "O"}, {"columns": [[{"heading": "A"}], [{"quote": "B"}]]})

    cells = re.findall(r'class="block-1-\d-0" style="([^"]*)"', html_of(made))
    assert len(cells) == 2
    assert all("padding:0px 0px 0px" in cell for cell in cells)


def test_a_block_in_a_column_that_nobody_sees_is_left_out_and_its_column_too(
    edition: Render,
) -> None:
    columns = {"columns": [[{"text": {"body": "Vain", "when": {"municipality": "Sysmä"}}}],
                           [{"text": "Kaikille"}]]}  # fmt: skip

    both, one = (edition({"heading": "O"}, columns, variant=variant) for variant in ("1", "0"))

    assert "mj-column-per-50" in html_of(both)
    assert "Vain" in html_of(both)
    assert "mj-column-per-50" not in block(one)
    assert "Vain" not in html_of(one) + text_of(one)


def test_a_language_holds_for_what_stands_in_columns_too(edition: Render) -> None:
    made = edition(
        {"heading": "O"},
        {"columns": {"columns": [[{"note": "Hej"}],
                                 [{"text": {"body": "Hello", "lang": "en"}}]], "lang": "sv"}},
    )  # fmt: skip

    html = html_of(made)
    assert re.search(r'lang="sv" dir="ltr"[^>]*class="block-1 s"', html)
    assert re.search(r'lang="en" dir="ltr"[^>]*class="block-1-1-0"', html)
    assert "Observera" in html


def test_the_addresses_of_links_follow_their_own_column(edition: Render) -> None:
    link = "[tästä kunnasta](https://example.fi/{})"
    made = edition(
        {"heading": "O"},
        {"columns": [[{"text": link.format(1)}], [{"text": link.format(2)}]]},
    )

    text = text_of(made).replace("\u00a0", " ")
    assert text.index("[1] https://example.fi/1") < text.index("tästä kunnasta [2]")
