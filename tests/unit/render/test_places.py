import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import InputError
from newsletter.issue.template import Escape, Slot
from newsletter.render.places import Places

FIELDS = ("first_name", "last_name", "municipality")


def places() -> Places:
    return Places("all the text of an issue", FIELDS)


def test_a_field_becomes_an_inert_token_and_the_same_field_the_same_token() -> None:
    these = places()

    frozen = these.freeze_text('{{ first_name }}, {{ first_name }}{{ last_name | default("x") }}')

    first, rest = frozen.split(", ")
    assert first.isalnum()
    assert first.islower()
    assert rest.startswith(first)
    assert rest != first


def test_other_content_has_other_tokens() -> None:
    assert places().token("first_name") != Places("other text", FIELDS).token("first_name")
    assert places().token("first_name") == places().token("first_name")


@given(st.text())
def test_no_text_contains_the_token_made_for_it(text: str) -> None:
    assert Places(text, FIELDS).token("first_name")[:-3] not in text


@pytest.mark.parametrize(
    ("html", "escape"),
    [
        ("<p>Hei {}!</p>", Escape.HTML),
        ("<title>{}</title>", Escape.HTML),
        ('<img alt="Kuva: {}">', Escape.HTML),
        ("<img alt='{}'>", Escape.HTML),
        ('<a href="{}">x</a>', Escape.HTML),
        ('<a href="https://example.fi/?n={}">x</a>', Escape.URL),
        ("<a href='https://example.fi/{}/x'>x</a>", Escape.URL),
        ('<a href="mailto:x@example.fi?subject={}">x</a>', Escape.URL),
        ('<!--[if mso]><td background="https://example.fi/{}"><![endif]-->', Escape.URL),
        ("<style>a{b:c}</style><p>{}</p>", Escape.HTML),
    ],
)
def test_where_a_field_stands_in_html_decides_its_escape(html: str, escape: Escape) -> None:
    these = places()
    token = these.token("first_name", "lukija")

    template = these.cut_html(html.replace("{}", token))

    assert template.slots == (Slot("first_name", escape, "lukija"),)
    assert template.write(lambda _: "{}") == html


@pytest.mark.parametrize(
    "html",
    ["<style>p{{color:{}}}</style>", "<script>{}</script>", '<p style="color:{}">', "<p {}>",
     '<p onclick="{}">'],
)  # fmt: skip
def test_a_field_where_no_value_can_stand_is_refused(html: str) -> None:
    these = places()

    with pytest.raises(InputError, match="field 'first_name' stands in a"):
        these.cut_html(html.replace("{}", these.token("first_name")))


@pytest.mark.parametrize(
    ("text", "escape"),
    [
        ("Hei {}!", Escape.TEXT),
        ("Katso https://example.fi/?n={}&x=1 heti", Escape.URL),
        ("https://example.fi/ {}", Escape.TEXT),
        ("mailto:x@example.fi?subject={}", Escape.URL),
    ],
)
def test_in_plain_text_a_field_in_an_address_is_a_part_of_it(text: str, escape: Escape) -> None:
    these = places()

    template = these.cut_text(text.replace("{}", these.token("last_name")))

    assert template.slots == (Slot("last_name", escape),)


def test_text_without_fields_is_one_constant() -> None:
    assert places().cut_text("Hei").segments == ("Hei",)
    assert places().cut_text("").segments == ()


def test_an_unknown_field_is_refused_with_the_near_names() -> None:
    with pytest.raises(InputError, match="frist_name") as caught:
        places().freeze_text("{{ frist_name }}")

    assert "first_name" in caught.value.hint
