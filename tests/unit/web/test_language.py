import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.i18n import LANGUAGES
from newsletter.web.language import accepted, spoken


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("", "fi"),
        ("sv", "sv"),
        ("sv-FI, fi;q=0.8", "sv"),
        ("fi;q=0.5, en;q=0.9", "en"),
        ("fi;q=0.5,en;q=0.5", "fi"),
        ("EN-us", "en"),
        ("sv;q=0", "fi"),
        ("de, fr;q=0.9", "fi"),
        ("*", "fi"),
        ("sv;q=2", "fi"),
        (";;;,,,q=1", "fi"),
        ("de," * 1000 + "sv", "fi"),
    ],
)
def test_the_readers_own_language_is_chosen(header: str, chosen: str) -> None:
    assert accepted(header, "fi") == chosen


def test_a_site_in_a_language_without_catalogue_speaks_english() -> None:
    assert accepted("de", "et") == "en"
    assert spoken("et", "sv") == "sv"


@given(st.text())
def test_whatever_the_header_is_a_language_comes_out(header: str) -> None:
    assert accepted(header, "fi") in LANGUAGES
