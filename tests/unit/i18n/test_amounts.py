from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.i18n import LANGUAGES, number


@pytest.mark.parametrize(
    ("value", "fi", "sv", "en"),
    [
        (1234567, "1\xa0234\xa0567", "1\xa0234\xa0567", "1,234,567"),
        (1234.5, "1\xa0234,5", "1\xa0234,5", "1,234.5"),
        (-5, "\u22125", "\u22125", "-5"),
        (Decimal("0.125"), "0,125", "0,125", "0.125"),
        (0, "0", "0", "0"),
    ],
)
def test_a_number_is_written_as_each_language_writes_it(
    value: float | Decimal, fi: str, sv: str, en: str
) -> None:
    assert [number(value, language) for language in ("fi", "sv", "en")] == [fi, sv, en]


@given(
    st.integers()
    | st.floats()
    | st.decimals(allow_nan=False, max_value=10**30, min_value=-(10**30)),
    st.sampled_from([*LANGUAGES, "et", "ar", "xx"]),
)
def test_any_number_can_be_written(value: float | Decimal, language: str) -> None:
    assert number(value, language)


@given(st.integers(), st.sampled_from(["fi", "sv", "en", "et", "de"]))
def test_no_digit_of_a_whole_number_is_lost(value: int, language: str) -> None:
    digits = "".join(sign for sign in number(value, language) if sign.isdigit())

    assert digits == str(abs(value))
