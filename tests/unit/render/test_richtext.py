import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.render import richtext
from newsletter.testing.outline import Outline

CSS = "p{margin:16px 0px 0px}p:first-child{margin:0px}a{color:#0e5a78}li{color:#123456}"


def test_paragraphs_lists_links_and_breaks_are_written_with_inline_styles() -> None:
    made = richtext.blocks("Yksi **vahva** *korostus*\\\nrivi\n\nKaksi\n\n- a\n- b", CSS)

    assert '<p style="margin:0px">Yksi <strong>vahva</strong> <em>korostus</em><br' in made
    assert '<p style="margin:16px 0px 0px">Kaksi</p>' in made
    assert made.count('<li style="color:#123456"><span>') == 2


def test_headings_of_any_level_become_level_three() -> None:
    assert "<h3>Otsikko</h3>" in richtext.blocks("# Otsikko", CSS)


@pytest.mark.parametrize(
    "url", ["https://example.fi/?a=1&b=2", "mailto:x@example.fi", "tel:+358401"]
)
def test_links_to_the_web_mail_and_phone_are_links(url: str) -> None:
    assert Outline(richtext.blocks(f"[nimi]({url})", CSS)).values("a", "href") == [url]


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "sivu.html"],
)
def test_any_other_link_stays_text_that_everybody_sees(url: str) -> None:
    made = Outline(richtext.blocks(f"[nimi]({url})", CSS))

    assert made.all("a") == []
    assert made.text == f"[nimi]({url})"


def test_html_is_text() -> None:
    made = Outline(richtext.blocks('<script>alert(1)</script> <b onclick="x">b</b>', CSS))

    assert made.text == '<script>alert(1)</script> <b onclick="x">b</b>'
    assert {tag for tag, _ in made.elements} == {"p"}


def test_what_is_not_in_the_subset_stays_text() -> None:
    made = Outline(richtext.blocks("`koodi` ~~yli~~\n\n> lainaus\n\n    sisennys", CSS))

    assert {tag for tag, _ in made.elements} == {"p"}
    assert "`koodi` ~~yli~~" in made.text


def test_a_list_of_texts_is_one_list() -> None:
    plain = richtext.items(["yksi", "[kaksi](https://example.fi/)"], CSS, ordered=False)
    numbered = richtext.items(["yksi\n\njatkuu", "- sisä"], CSS, ordered=True)

    assert plain.startswith("<ul><li")
    assert plain.count("<li") == 2
    assert "<p" not in plain
    assert numbered.startswith("<ol><li")
    assert numbered.count("<p") == 2
    assert "<ul>" in numbered


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])))
def test_any_text_becomes_well_formed_html_of_known_elements(text: str) -> None:
    made = Outline(richtext.blocks(text, CSS))

    assert {tag for tag, _ in made.elements} <= {
        "p", "br", "strong", "em", "a", "ul", "ol", "li", "h3", "span",
    }  # fmt: skip
    for link in made.all("a"):
        assert str(link["href"]).lower().startswith(("https:", "http:", "mailto:", "tel:"))
