"""What servers say, and what it means for the reader."""

from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.register.bounces import Failure, Verdict, classify, judge, status_of
from newsletter.settings import Bounces
from newsletter.testing import NOW

SAMPLES = Path(__file__).with_name("bounces.txt")
SAID = [
    [part.strip() for part in line.split("|")]
    for line in SAMPLES.read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]

moments = st.integers(0, 400).map(lambda hours: NOW + timedelta(hours=hours * 7))
failures = st.builds(
    Failure, moments, st.sampled_from("ab"), st.sampled_from(["hard", "soft", "policy", "unknown"])
)
RULES = {
    "a": Bounces(hard=3, soft=4, soft_days=20, probe_days=10),
    "b": Bounces(hard=2, soft=2, soft_days=3, probe_days=40),
}


@pytest.mark.parametrize(("meaning", "code", "text"), SAID)
def test_what_a_server_says_is_understood(meaning: str, code: str, text: str) -> None:
    assert classify(code, text) == meaning


@pytest.mark.parametrize(
    ("code", "text", "status"),
    [
        ("5.1.1", "", "5.1.1"),
        ("5.0.0", "550 5.1.1 unknown", "5.1.1"),
        ("550", "550-5.1.10 unknown", "5.1.10"),
        ("smtp;550", "no", "550"),
        ("", "host mx.example.fi[192.0.2.1] said: 550 no", "550"),
        ("5.5.0", "550 no", "5.5.0"),
        ("", "at 5.1.1.8", ""),
        ("", "on 5.12.2026", ""),
    ],
)
def test_the_most_telling_code_is_found(code: str, text: str, status: str) -> None:
    assert status_of(code, text) == status


@given(st.text(max_size=300), st.text(max_size=3000))
def test_any_words_mean_something(code: str, text: str) -> None:
    assert classify(code, text) in ("hard", "soft", "policy", "unknown")


def at(day: float, bounce: str = "soft", list_id: str = "a") -> Failure:
    return Failure(NOW + timedelta(days=day), list_id, bounce)


def verdict(*found: Failure, **rules: int) -> Verdict:
    return judge(found, lambda _: Bounces(**rules))


def until(day: float) -> datetime:
    return NOW + timedelta(days=day)


def test_one_hard_bounce_is_enough_by_the_usual_rules() -> None:
    assert verdict(at(0, "hard")) == Verdict(suppress=True)


def test_of_one_day_hard_bounces_count_once() -> None:
    assert verdict(at(0, "hard"), at(0.2, "hard"), hard=2) == Verdict()
    assert verdict(at(0, "hard"), at(1, "hard"), hard=2) == Verdict(suppress=True)


def test_soft_bounces_pause_when_they_are_five_and_span_thirty_days() -> None:
    four = [at(0), at(10), at(20), at(29)]

    assert verdict(*four) == Verdict()
    assert verdict(*four, at(29.9)) == Verdict()
    assert verdict(*four, at(30)) == Verdict(pause_until=until(44))
    assert verdict(*(at(day) for day in (0, 1, 2, 3))) == Verdict()
    assert verdict(*(at(day) for day in (0, 1, 2, 3, 4, 5, 6))) == Verdict()


def test_a_bounce_after_the_pause_suppresses_and_one_in_it_does_not() -> None:
    five = [at(day) for day in (0, 10, 20, 25, 30)]

    assert verdict(*five, at(40)) == Verdict(pause_until=until(44))
    assert verdict(*five, at(44)) == Verdict(suppress=True, pause_until=until(44))


def test_of_one_day_soft_bounces_count_once() -> None:
    assert verdict(at(0), *[at(30 + hour / 24) for hour in range(9)]) == Verdict()


def test_what_is_not_known_counts_as_soft_and_policy_and_unproved_never() -> None:
    assert verdict(at(0, "unknown"), at(1, "soft"), soft=2, soft_days=0).pause_until == until(15)
    for weightless in ("policy", "unproved"):
        assert (
            verdict(*(at(day, weightless) for day in range(90)), soft=1, soft_days=0) == Verdict()
        )


def test_a_hard_bounce_that_does_not_suffice_counts_as_a_soft_one() -> None:
    assert verdict(at(0, "hard"), at(1), hard=2, soft=2, soft_days=1).pause_until == until(15)


def test_each_list_has_its_own_rules() -> None:
    rules = {"a": Bounces(hard=2), "b": Bounces(hard=1)}

    assert judge([at(0, "hard", "a")], rules.__getitem__) == Verdict()
    assert judge([at(0, "hard", "b")], rules.__getitem__) == Verdict(suppress=True)


def weight(verdict: Verdict) -> tuple[bool, float]:
    """Give a larger value for a stricter verdict."""
    until = verdict.pause_until
    return verdict.suppress, -until.timestamp() if until else float("-inf")


@given(st.lists(failures, max_size=12), st.randoms())
def test_the_order_of_failures_does_not_matter(found: list[Failure], random: Random) -> None:
    told = list(found)
    random.shuffle(told)

    assert judge(told, RULES.__getitem__) == judge(found, RULES.__getitem__)
    assert judge([*found, *found], RULES.__getitem__) == judge(found, RULES.__getitem__)


@given(st.lists(failures, max_size=12), failures)
def test_one_more_failure_never_makes_a_milder_verdict(found: list[Failure], more: Failure) -> None:
    before, after = judge(found, RULES.__getitem__), judge([*found, more], RULES.__getitem__)

    assert after.suppress >= before.suppress
    assert after.suppress or weight(after) >= weight(before)
