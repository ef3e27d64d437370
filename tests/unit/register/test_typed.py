from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.i18n import number as written_number
from newsletter.register import typed

TYPES: tuple[typed.Type, ...] = ("number", "date", "yes_no")


@pytest.mark.parametrize(
    ("kind", "text", "kept"),
    [
        ("number", "12", "12"),
        ("number", "12,5", "12.5"),
        ("number", "12.50", "12.5"),
        ("number", "+007", "7"),
        ("number", "-0,0", "0"),
        ("number", "\u22123", "-3"),
        ("number", "1 234 567,25", "1234567.25"),
        ("number", "1\u00a0234", "1234"),
        ("date", "2026-03-02", "2026-03-02"),
        ("date", "2.3.2026", "2026-03-02"),
        ("date", "02.03.2026", "2026-03-02"),
        ("date", "2. 3. 2026", "2026-03-02"),
        ("yes_no", "Kyllä", "yes"),
        ("yes_no", "EI", "no"),
        ("yes_no", "ja", "yes"),
        ("yes_no", "nej", "no"),
        ("yes_no", "TRUE", "yes"),
        ("yes_no", "EPÄTOSI", "no"),
    ],
)
def test_what_people_write_is_kept_in_one_way(kind: typed.Type, text: str, kept: str) -> None:
    assert typed.read(kind, text) == kept


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("number", "kaksi"),
        ("number", "1,234.5"),
        ("number", "1.234,5"),
        ("number", "12 34"),
        ("number", "1e3"),
        ("number", "5."),
        ("number", "٣"),
        ("number", "nan"),
        ("date", "30.2.2026"),
        ("date", "3/2/2026"),
        ("date", "2.3.26"),
        ("date", "20260302"),
        ("date", "0000-01-01"),
        ("date", "2026-3-2"),
        ("yes_no", "ehkä"),
        ("yes_no", ""),
    ],
)
def test_what_could_mean_several_things_or_none_is_refused(kind: typed.Type, text: str) -> None:
    assert typed.read(kind, text) is None


@given(st.sampled_from(TYPES), st.text(alphabet="0123456789.,- +kyläeinjTRUE\u00a0", max_size=12))
def test_what_was_read_is_read_again_as_the_same(kind: typed.Type, text: str) -> None:
    kept = typed.read(kind, text)

    if kept is not None:
        assert typed.read(kind, kept) == kept


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=3, max_value=10**12, min_value=-(10**12)
    ),
    st.sampled_from(["fi", "sv"]),
)
def test_a_number_survives_the_way_that_a_language_writes_it(value: Decimal, language: str) -> None:
    kept = typed.read("number", written_number(value, language))

    assert kept is not None
    assert Decimal(kept) == value


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4), st.integers(0, 3))
def test_equal_numbers_are_kept_as_equal_texts(value: Decimal, zeros: int) -> None:
    plain = f"{value:f}"

    assert typed.read("number", plain) == typed.read("number", plain + "0" * zeros)


@given(st.dates(min_value=date(1000, 1, 1)))
def test_a_day_is_kept_the_same_however_it_is_written(day: date) -> None:
    finnish = f"{day.day}.{day.month}.{day.year}"

    assert typed.read("date", finnish) == typed.read("date", day.isoformat()) == day.isoformat()
