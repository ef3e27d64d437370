"""What an edition holds, with the starter's templates."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from newsletter.errors import InputError
from newsletter.issue.edition import Edition
from newsletter.issue.template import Escape, Slot
from newsletter.issue.texts import blank
from newsletter.render import Gallery
from newsletter.render.encoding import clean
from newsletter.testing.mails import VALUES
from newsletter.testing.outline import Outline
from tests.examples import some

Render = Callable[..., Edition]

NASTY = """<b>&amp; "x" 'y' \\ </td> {"""


def outline(edition: Edition) -> Outline:
    return Outline(edition.html.fill(VALUES))


def element(edition: Edition, marker: str) -> tuple[str, dict[str, str | None]]:
    """Find the first element of a block."""
    return next(
        (tag, attributes)
        for tag, attributes in outline(edition).elements
        if marker in (attributes.get("class") or "").split()
    )


def test_the_same_issue_gives_the_same_bytes(edition: Render) -> None:
    assert edition(variant="1").digest == edition(variant="1").digest


def test_an_edition_survives_being_written_and_read(edition: Render) -> None:
    made = edition(variant="0")

    assert Edition.load(made.dump()) == made


def test_fields_stay_open_in_subject_html_and_text_and_are_escaped_for_their_place(
    edition: Render,
) -> None:
    made = edition(
        {"heading": "Hei {{ first_name }}"},
        {"text": "Terve **{{ first_name }}**, [omat](https://example.fi/?n={{ first_name }})"},
        {"button": {"label": "Avaa", "url": "https://example.fi/{{ first_name }}"}},
        {"image": {"src": "images/torit.jpg", "alt": "{{ first_name }} torilla"}},
        subject='{{ first_name | default("Lukija") }}, hei',
        preheader="Sinulle, {{ first_name }}",
    )  # fmt: skip

    values = VALUES | {"first_name": "<Å & 'b'>"}
    html, text = made.html.fill(values), made.text.fill(values)
    page = Outline(html)
    assert made.subject.segments == (Slot("first_name", Escape.TEXT, "Lukija"), ", hei")
    assert "Terve <strong>&lt;Å &amp; &#x27;b&#x27;&gt;</strong>" in html
    assert "https://example.fi/?n=%3C%C3%85%20%26%20%27b%27%3E" in page.values("a", "href")
    assert "https://example.fi/%3C%C3%85%20%26%20%27b%27%3E" in page.values("a", "href")
    assert "<Å & 'b'> torilla" in page.values("img", "alt")
    assert "Hei <Å & 'b'>\n======" in text
    assert "https://example.fi/%3C%C3%85%20%26%20%27b%27%3E" in text
    assert "zq" not in html + text + made.web


def test_the_way_out_stands_in_html_and_text_but_not_in_the_public_copy(edition: Render) -> None:
    made = edition({"heading": "Otsikko"})

    assert VALUES["unsubscribe_url"] in outline(made).values("a", "href")
    assert f"Peru tilaus:\n{VALUES['unsubscribe_url']}\n" in made.text.fill(VALUES)
    assert "Peru tilaus" not in made.web
    assert "Avaa selaimessa" not in made.web
    assert "Osoitelähde" not in made.web


def test_the_footer_says_who_sends_why_and_where_the_address_is_from(edition: Render) -> None:
    made = edition({"heading": "Otsikko"})

    words = " ".join(outline(made).text.split())
    assert "Esimerkkikunta, Rantatie 1, 19700 Esimerkkilä" in words
    assert "Saat tämän kirjeen, koska osoitteesi on tilaajalistalla: Uutiskirje." in words
    assert "Osoitelähde: Asiakasrekisteri, Esimerkkikunta, tietosuoja@example.fi." in words
    text = " ".join(made.text.fill(VALUES).split())
    assert "Osoitelähde: Asiakasrekisteri, Esimerkkikunta, tietosuoja@example.fi." in text


def test_the_view_in_browser_address_names_issue_language_and_variant(edition: Render) -> None:
    plain = edition({"heading": "Otsikko"})
    varied = edition({"heading": "O"}, {"text": {"body": "x", "when": {"municipality": "Sysmä"}}},
                     variant="0")  # fmt: skip

    address = "https://kirje.example.fi/issues/kevatkirje/fi"
    assert address in outline(plain).values("a", "href")
    assert f"{address}/0" in outline(varied).values("a", "href")
    assert f"{address}/0" in varied.text.fill(VALUES)


def test_a_variant_shows_its_blocks_only(edition: Render) -> None:
    blocks = [
        {"heading": "O"},
        {"text": {"body": "Vain Sysmään", "when": {"municipality": "Sysmä"}}},
    ]

    with_it, without = edition(*blocks, variant="1"), edition(*blocks, variant="0")

    for part in (with_it.html.fill({}), with_it.text.fill({}), with_it.web):
        assert "Vain Sysmään" in part
    for part in (without.html.fill({}), without.text.fill({}), without.web):
        assert "Vain Sysmään" not in part


def test_language_and_direction_are_said_on_html_and_all_that_stands_in_the_body(
    edition: Render,
) -> None:
    made = edition({"heading": "Rubrik"}, language="sv", preheader="Kort sagt")

    html = made.html.fill(VALUES)
    assert (
        Outline(html).all("html")[0] | {"lang": "sv", "dir": "ltr"} == Outline(html).all("html")[0]
    )
    assert '<div lang="sv" dir="ltr" style="mso-hide:all;display:none;' in html
    assert 'role="article" lang="sv" dir="ltr"' in html
    assert "Avsluta prenumerationen" in html


@pytest.mark.parametrize(
    ("language", "direction"), [("sv", "ltr"), ("ar", "rtl"), ("sv-FI", "ltr")]
)
@pytest.mark.parametrize(
    "block",
    [
        {"text": {"body": "Hej"}},
        {"list": {"items": ["a"]}},
        {"image": {"src": "images/torit.jpg", "alt": "torg", "caption": "Torget"}},
        {"contacts": {"people": [{"name": "Aino"}]}},
        {"funding": {"programme": "esr-plus"}},
        {"button": {"label": "Läs", "url": "https://example.fi/"}},
    ],
    ids=lambda block: next(iter(block)),
)
def test_a_block_in_another_language_says_so(
    edition: Render, block: dict[str, dict[str, object]], language: str, direction: str
) -> None:
    kind, content = next(iter(block.items()))

    made = edition({"heading": "Otsikko"}, {kind: {**content, "lang": language}})

    _, attributes = element(made, "block-1")
    assert (attributes["lang"], attributes["dir"]) == (language, direction)
    _, other = element(made, "block-0")
    assert "lang" not in other


def test_the_tool_s_own_words_in_a_block_follow_the_block_s_language(edition: Render) -> None:
    made = edition({"heading": "Otsikko"}, {"funding": {"programme": "esr-plus", "lang": "sv"}})

    assert "Medfinansieras av Europeiska unionen" in outline(made).text
    assert "Europeiska unionens flagga" in outline(made).values("img", "alt")


def test_headings_are_headings(edition: Render) -> None:
    made = edition(
        {"heading": {"text": "Ensin", "kicker": "Aihe"}},
        {"heading": "Sitten"},
        {"heading": {"text": "Alla", "level": 3}},
    )

    assert [len(outline(made).all(f"h{level}")) for level in (1, 2, 3)] == [1, 1, 1]
    assert "Aihe\nEnsin\n=====" in made.text.fill(VALUES)


def test_every_image_has_its_text_and_size(edition: Render, gallery: Gallery) -> None:
    made = edition(
        {"heading": "O"},
        {"image": {"src": "images/torit.jpg", "alt": "Torilla", "url": "https://example.fi/tori"}},
        {"image": {"src": "images/pieni.gif", "decorative": True}},
        {"image": {"src": "https://example.fi/x.jpg", "alt": "Muualta", "caption": "Kuvateksti"}},
        {"logos": {"title": "Mukana", "items": [
            {"src": "images/kunta.png", "alt": "Kunta", "url": "https://example.fi/"},
            {"src": "https://example.fi/l.png", "alt": "Toinen"}]}},
        {"funding": "esr-plus"},
    )  # fmt: skip

    page = outline(made)
    assert page.values("img", "alt") == [
        "Torilla", "", "Muualta", "Kunta", "Toinen", "Euroopan unionin lippu",
    ]  # fmt: skip
    assert page.values("img", "width")[:4] == ["520", "30", "520", "192"]
    assert "https://example.fi/tori" in page.values("a", "href")
    assert len(gallery.files) == 4
    assert all(str(src).startswith("https://") for src in page.values("img", "src"))


def test_the_eu_statement_stands_alone_beside_the_emblem_and_in_the_text(edition: Render) -> None:
    made = edition(
        {"heading": "O"},
        {"funding": {"programme": "esr-plus", "period": "2023–2025", "body": "ESR 75 %"}},
        {"text": "Lopuksi"},
    )

    html = made.html.fill(VALUES)
    assert "background:#ffffff" in html
    assert "Euroopan unionin osarahoittama" in made.text.fill(VALUES)
    assert html.index("ESR 75") < html.index("Euroopan unionin osarahoittama")
    assert html.index("Euroopan unionin osarahoittama") < html.index("Lopuksi")


def test_contacts_stand_two_in_a_row_with_working_links(edition: Render) -> None:
    people = [
        {"name": f"Nimi {n}", "phone": "+358 (0)40 123-456", "email": f"n{n}@example.fi"}
        for n in range(3)
    ]
    made = edition({"heading": "O"}, {"contacts": {"title": "Kysy", "people": people}})

    page = outline(made)
    rows = [a for _, a in page.elements if "block-1" in (a.get("class") or "").split()]
    assert len(rows) == 3
    assert "tel:+358040123456" in page.values("a", "href")
    assert "mailto:n2@example.fi" in page.values("a", "href")


def test_channels_are_spelled_as_they_spell_themselves(edition: Render) -> None:
    made = edition({"heading": "O"}, {"social": ["linkedin", "website"]})

    assert "LinkedIn: https://www.linkedin.com/company/esimerkki" in made.text.fill(VALUES)
    assert "Example.fi: https://www.example.fi/" in made.text.fill(VALUES)


@pytest.mark.parametrize(
    ("block", "message", "hint"),
    [
        ({"social": ["facebok"]}, "no channel named 'facebok'", "'facebook'"),
        (
            {"image": {"src": "images/puuttuu.jpg", "alt": "x"}},
            r"no image 'images/puuttuu\.jpg'",
            "",
        ),
    ],
)
def test_what_does_not_exist_is_named(
    edition: Render, block: dict[str, object], message: str, hint: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        edition({"heading": "O"}, block)

    assert hint in caught.value.hint


def test_a_list_that_does_not_exist_is_named(edition: Render) -> None:
    with pytest.raises(InputError, match="no list named 'utiskirje'"):
        edition({"heading": "O"}, lists=["utiskirje"])


def test_no_remote_font_and_no_script_is_asked_for(edition: Render) -> None:
    made = edition(variant="1").html.fill(VALUES)

    assert "<link" not in made
    assert "<script" not in made
    assert "@import" not in made
    assert "googleapis" not in made


def test_the_public_copy_is_a_page_with_a_main_part_and_fallbacks_filled(edition: Render) -> None:
    web = edition(
        {"heading": "O"}, {"text": 'Hei {{ first_name | default("lukija") }}{{ last_name }}!'}
    ).web

    page = Outline(web)
    assert "Hei lukija!" in page.text
    assert "main" in page.values("div", "role")
    assert web.startswith("<!doctype html>")


def test_the_card_ends_with_air_unless_it_ends_with_the_white_plate(edition: Render) -> None:
    contacts = {"contacts": [{"name": "Aino"}]}
    heading = {"heading": "O"}
    spacer = '<div style="height:40px'

    assert spacer not in edition(heading).html.fill(VALUES)
    assert "padding:0px 39px 40px" in edition(heading).html.fill(VALUES)
    assert edition(heading, contacts).html.fill(VALUES).count(spacer) == 1
    assert edition(heading, {"funding": "esr-plus"}).html.fill(VALUES).count(spacer) == 1


def test_a_variant_that_shows_no_block_is_still_a_whole_mail(edition: Render) -> None:
    made = edition({"text": {"body": "x", "when": {"municipality": "Sysmä"}}}, variant="0")

    assert "Peru tilaus" in outline(made).text


def test_text_that_begins_an_issue_has_air_above_it(edition: Render) -> None:
    made = edition({"text": "Ensin"})

    assert "padding:40px 0px 0px" in str(element(made, "block-0")[1]["style"])


BLOCKS: list[Callable[[str], dict[str, object]]] = [
    lambda text: {"heading": {"text": text, "kicker": text, "level": 2}},
    lambda text: {"image": {"src": "images/torit.jpg", "alt": text, "caption": text}},
    lambda text: {"button": {"label": text, "url": "https://example.fi/"}},
    lambda text: {"byline": {"author": text, "role": text}},
    lambda text: {
        "links": {"title": text, "items": [{"label": text, "url": "https://example.fi/"}]}
    },
    lambda text: {"contacts": {"title": text, "people": [{"name": text, "role": text}]}},
    lambda text: {"logos": {"title": text, "items": [{"src": "images/kunta.png", "alt": text}]}},
    lambda text: {"funding": {"programme": "esr-plus", "period": text}},
]
LINES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1).filter(
    lambda text: (
        not blank(text)
        and clean(text) == text
        and not any(sign in text for sign in ("{{", "{%", "{#", "}}"))
    )
)


def test_hostile_text_in_every_kind_of_block_is_text(edition: Render) -> None:
    made = edition(
        {"heading": NASTY}, *[block(NASTY) for block in BLOCKS], subject=NASTY, preheader=NASTY,
        number=NASTY,
    )  # fmt: skip

    page, web = outline(made), Outline(made.web)
    assert page.text.count(NASTY.strip()) == web.text.count(NASTY.strip()) + 2
    assert page.values("img", "alt").count(NASTY.strip()) == 2
    assert "&amp;lt;" not in made.html.fill(VALUES)
    assert made.text.fill(VALUES).count(NASTY.strip()) >= 10
    assert not page.all("b")


@given(text=LINES)
@hypothesis_settings(
    max_examples=some(25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_text_stands_escaped_once_in_any_block(edition: Render, text: str) -> None:
    made = edition({"heading": "O"}, *[block(text) for block in BLOCKS], subject=text)

    page = outline(made)
    seen = text.strip()
    assert page.text.count(seen) >= 11
    assert page.values("img", "alt")[:2] == [seen, seen]
    markers = {name for _, a in page.elements for name in (a.get("class") or "").split()}
    assert {f"block-{n}" for n in range(len(BLOCKS) + 1)} <= markers
    assert made.subject.fill({}) == seen


@given(text=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1))
@hypothesis_settings(
    max_examples=some(25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_markdown_gives_a_whole_mail(edition: Render, text: str) -> None:
    body = text.replace("{", "(").replace("}", ")") + " x"

    made = edition({"heading": "O"}, {"text": body}, {"list": {"intro": body, "items": [body]}})

    page = outline(made)
    assert "Peru tilaus" in page.text
    assert "block-2" in str([a.get("class") for _, a in page.elements])
