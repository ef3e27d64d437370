import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.mailing.trials.intervals import NOTHING_KNOWN, Interval, wilson


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        # The first five stand in R. G. Newcombe, "Two-sided confidence intervals for the single
        # proportion", Statistics in Medicine 17 (1998), table I, method 3; the others follow from
        # the formula by hand: 5 of 10 is (7.8415 ± 5.6768 …) / 13.8415, 1 of 1 is 1 / 4.8415.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
        (5, 10, 0.2366, 0.7634),
        (1, 1, 0.2065, 1.0),
    ],
)
def test_known_intervals_come_out(count: int, total: int, low: float, high: float) -> None:
    found = wilson(count, total)

    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_of_none_nothing_is_known() -> None:
    assert wilson(0, 0) == NOTHING_KNOWN


@pytest.mark.parametrize(("count", "total"), [(-1, 5), (6, 5), (0, -1)])
def test_what_is_no_part_is_refused(count: int, total: int) -> None:
    with pytest.raises(ValueError, match="is no part of"):
        wilson(count, total)


@given(st.integers(1, 10**7).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_the_share_and_stays_between_0_and_1(seen: tuple[int, int]) -> None:
    count, total = seen
    found = wilson(count, total)
    mirrored = wilson(total - count, total)

    assert 0 <= found.low <= count / total <= found.high <= 1
    assert found.low == pytest.approx(1 - mirrored.high)


@given(st.integers(1, 1000))
def test_more_people_make_it_narrower(total: int) -> None:
    few, many = wilson(total // 2, total), wilson(total // 2 * 100, total * 100)

    assert many.high - many.low < few.high - few.low


def test_intervals_overlap_where_both_may_be_the_same() -> None:
    assert Interval(0.1, 0.3).overlaps(Interval(0.3, 0.5))
    assert Interval(0.1, 0.9).overlaps(Interval(0.3, 0.5))
    assert not Interval(0.1, 0.2).overlaps(Interval(0.3, 0.5))
    assert not Interval(0.3, 0.5).overlaps(Interval(0.1, 0.2))


def test_an_interval_is_said_in_per_cent() -> None:
    assert str(wilson(0, 20)) == "0.0–16.1 %"
    assert str(wilson(3, 1000)) == "0.10–0.88 %"
