from hypothesis import given
from hypothesis import strategies as st

from newsletter.issue.template import Escape, Slot
from newsletter.testing import make_template


def test_a_value_is_escaped_for_where_it_stands() -> None:
    template = make_template(
        "<b>", Slot("x", Escape.HTML), '</b><a href="?q=', Slot("x", Escape.URL), '">', Slot("x")
    )

    assert template.fill({"x": "a&b <c>"}) == (
        '<b>a&amp;b &lt;c&gt;</b><a href="?q=a%26b%20%3Cc%3E">a&b <c>'
    )


def test_a_missing_value_takes_the_fallback() -> None:
    template = make_template("Hei ", Slot("name", Escape.HTML, "lukija & ystävä"))

    assert template.fill({}) == template.fill({"name": ""}) == "Hei lukija &amp; ystävä"


def test_what_nothing_fills_is_named() -> None:
    template = make_template(Slot("a", fallback="x"), Slot("b"), Slot("c"))

    assert template.missing({"c": "there"}) == {"b"}


def test_a_provider_writes_its_own_places() -> None:
    template = make_template("50 % of ", Slot("x"))

    text = template.write(lambda slot: f"%{slot.field}%", lambda constant: constant.upper())

    assert text == "50 % OF %x%"


@given(st.text())
def test_no_value_opens_a_tag_or_leaves_an_attribute(value: str) -> None:
    written = make_template(Slot("x", Escape.HTML), Slot("x", Escape.URL)).fill({"x": value})

    assert not set("<>\"'") & set(written)
