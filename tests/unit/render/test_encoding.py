import html

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from mjml import mjml2html

from newsletter.render.encoding import clean, encode, encode_source


def through_mrml(attribute: str, text: str) -> str:
    mjml = (
        "<mjml><mj-body><mj-section><mj-column>"
        f'<mj-image alt="{attribute}" src="https://example.fi/x.png" />'
        f"<mj-text>{text}</mj-text>"
        "</mj-column></mj-section></mj-body></mjml>"
    )
    return mjml2html(encode_source(mjml), fonts={})


@pytest.mark.parametrize("nasty", ["\\", "\n", "\t", '"', "'", "&", "<", ">", "\u00a0", "\u00ad",
                                   "\u200d", "\ufe0f", "e\u0301", "\u202e", "\U0001f600",
                                   "&amp;", "\\u{a0}", "</td>", "ä€–”…"])  # fmt: skip
def test_what_mrml_would_change_arrives_unchanged(nasty: str) -> None:
    made = through_mrml(encode(nasty), encode(nasty))

    alt = made.split('alt="')[1].split('"')[0]
    assert html.unescape(alt) == nasty
    assert f">{encode(nasty)}<" in made


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_comes_back_whole_from_an_attribute_and_from_text(text: str) -> None:
    encoded = encode(text)

    made = through_mrml(encoded, f"<b>{encoded}</b>")

    assert html.unescape(made.split('alt="')[1].split('"')[0]) == clean(text)
    assert html.unescape(made.split("<b>")[1].split("</b>")[0]) == clean(text)


def test_nothing_is_written_as_nothing_and_markup_as_it_is() -> None:
    assert encode(None) == ""
    assert encode(Markup("<b>x</b>")) == "<b>x</b>"
    assert encode(7) == "7"


def test_control_characters_and_halves_of_surrogates_are_dropped() -> None:
    assert clean("a\x00b\x1bc\x85d\ud800e\uffff\ufdd0\U0002fffe") == "abcde"
    assert clean("a\r\nb\rc\td") == "a\nb\nc\td"


def test_what_a_template_breaks_over_lines_inside_an_attribute_is_joined() -> None:
    mjml = "<td style=\"margin:0px;\n     color:#111111\"\n alt='C:\\x\ty'>a\nb\\</td>"

    assert encode_source(mjml) == (
        '<td style="margin:0px; color:#111111"\n alt="C:&#92;x y">a\nb\\</td>'
    )


def test_double_quotes_inside_single_ones_do_not_end_the_attribute() -> None:
    made = through_mrml("", """<p style='font-family:"Open Sans"'>x</p>""")

    assert '<p style="font-family:&#34;Open Sans&#34;">x</p>' in made
