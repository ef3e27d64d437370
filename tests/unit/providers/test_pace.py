from datetime import timedelta

from newsletter.providers.pace import backoff, is_fresh


def test_waits_double_up_to_a_quarter_of_an_hour() -> None:
    waits = [backoff(tries).total_seconds() for tries in range(1, 12)]

    assert all(
        0.75 * want <= wait <= 1.25 * want
        for wait, want in zip(waits, [4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900], strict=True)
    )


def test_a_key_is_trusted_for_three_quarters_of_its_life() -> None:
    hour = timedelta(hours=1)

    assert is_fresh(timedelta(minutes=44), hour)
    assert not is_fresh(timedelta(minutes=45), hour)
    assert not is_fresh(timedelta(0), None)


def test_a_key_made_when_the_clock_was_wrong_is_not_trusted() -> None:
    day = timedelta(hours=24)

    assert is_fresh(timedelta(seconds=-1), day)
    assert not is_fresh(timedelta(hours=-1), day)


def test_whoever_is_in_less_of_a_hurry_begins_with_a_longer_wait() -> None:
    half = timedelta(seconds=30)

    assert half * 0.75 <= backoff(1, first=half) <= half * 1.25
    assert half * 2 * 0.75 <= backoff(2, first=half) <= half * 2 * 1.25
