import subprocess
import sys

import pytest
from babel import Locale, localedata
from hypothesis import given
from hypothesis import strategies as st

from newsletter.i18n import direction, primary, spoken


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("fi", "ltr"), ("sv-FI", "ltr"), ("en", "ltr"), ("so", "ltr"), ("et", "ltr"),
        ("ar", "rtl"), ("he-IL", "rtl"), ("fa", "rtl"), ("ur", "rtl"), ("ckb", "rtl"),
        ("ku", "ltr"), ("ku-Arab", "rtl"), ("az-arab", "rtl"), ("ar-Latn", "ltr"), ("xx", "ltr"),
    ],
)  # fmt: skip
def test_languages_know_their_direction(language: str, expected: str) -> None:
    assert direction(language) == expected


@pytest.mark.slow
def test_the_direction_is_that_of_babel_wherever_babel_has_one() -> None:
    for tag in localedata.locale_identifiers():
        mirrored = Locale.parse(tag).text_direction == "rtl"
        assert (direction(tag.replace("_", "-")) == "rtl") == mirrored, tag


@pytest.mark.parametrize(
    ("language", "expected"),
    [("fi", "fi"), ("sv-FI", "sv"), ("EN", "en"), ("et", "en"), ("so", "en"), ("", "en")],
)
def test_the_tool_speaks_english_where_it_has_no_catalogue(language: str, expected: str) -> None:
    assert spoken(language) == expected


@given(st.text(max_size=20))
def test_any_text_has_a_direction(language: str) -> None:
    assert direction(language) in {"ltr", "rtl"}
    assert primary(language) == primary(language).lower()


def test_settings_load_without_the_weight_of_babel() -> None:
    code = "import sys, newsletter.settings; sys.exit('babel' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
