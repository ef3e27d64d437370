import re
import sys
from datetime import UTC, datetime, timedelta

import pytest

from newsletter import mailing
from newsletter.cli.progress import Tally, sentence_of, settled, shown
from newsletter.testing import NOW

ZONE = "Europe/Helsinki"
STEPS: list[tuple[mailing.Step, str, int]] = [
    (mailing.Waiting(NOW + timedelta(minutes=2), "asked to wait"), "asked to wait", 0),
    (mailing.Uncertain(1, 7, "cut"), "7 unknown: cut", 7),
    (mailing.Resting("later"), "stopping here: later", 0),
    (mailing.Lost(1), "another run", 0),
    (mailing.Answered(1, accepted=5, refused=2, open=1), "2 refused", 7),
    (mailing.Answered(1, accepted=5, refused=0, open=0), "", 5),
    (mailing.HandedOver(1, 5, again=True), "5 over again", 0),
    (mailing.HandedOver(1, 5, again=False), "", 0),
    (mailing.Excluded(3), "", 3),
]


@pytest.mark.parametrize(("step", "words", "people"), STEPS, ids=lambda value: repr(value)[:20])
def test_each_step_is_told_and_counted(step: mailing.Step, words: str, people: int) -> None:
    assert words in sentence_of(step, ZONE)
    assert bool(sentence_of(step, ZONE)) == bool(words)
    assert settled(step) == people


def test_times_are_those_of_the_workspace(capsys: pytest.CaptureFixture[str]) -> None:
    until = datetime(2026, 7, 1, 21, 30, tzinfo=UTC)
    with shown(10, zone=ZONE) as progress:
        progress(mailing.Waiting(until, "slow down"))
        progress(mailing.Resting("quiet hours", until))

    assert capsys.readouterr().err.splitlines() == [
        "waiting until 00:30:00: slow down",
        "stopping here: quiet hours; not before Thu 2026-07-02 00:30",
    ]


class Seconds:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def answered(count: int) -> mailing.Answered:
    return mailing.Answered(1, accepted=count, refused=0, open=0)


def test_a_tally_knows_speed_and_time_left() -> None:
    seconds = Seconds()
    tally = Tally(100, seconds)
    assert (tally.speed, tally.line()) == (0, "0 of 100")

    for number in range(1, 5):
        seconds.now = 5.0 * number
        tally.take(answered(10))

    assert tally.speed == 2
    assert tally.line() == "40 of 100; 40 accepted; 2 a second, 30 s left"


def test_the_speed_is_that_of_late() -> None:
    seconds = Seconds()
    tally = Tally(10_000, seconds)
    tally.take(answered(5000))
    for number in range(30):
        seconds.now = 10.0 * number
        tally.take(answered(10))

    assert tally.speed == pytest.approx(1)


def test_without_a_terminal_a_line_comes_only_every_few_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seconds = Seconds()
    with shown(100, zone=ZONE, now=seconds) as progress:
        for number in range(20):
            seconds.now = float(number)
            progress(answered(5))

    assert capsys.readouterr().err.splitlines() == ["55 of 100; 55 accepted; 6 a second, 8 s left"]


def test_without_a_terminal_the_same_wait_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    wait = mailing.Waiting(NOW, "quiet hours")
    with shown(10, zone=ZONE) as progress:
        for step in (wait, wait, wait, answered(1), wait):
            progress(step)

    assert capsys.readouterr().err.count("quiet hours") == 2


def test_on_a_narrow_terminal_all_fits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")

    with shown(1_000_000, zone=ZONE) as progress:
        progress(mailing.Answered(1, accepted=400_000, refused=90_000, open=0))
        progress(mailing.Waiting(NOW, "a very long reason " * 9))

    err = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "\n", capsys.readouterr().err)
    assert "490,000 of 1,000,000" in err
    assert "400,000 accepted, 90,000 refused" in err
    assert "waiting until" in err
    assert max(map(len, err.splitlines())) <= 60


@pytest.mark.parametrize("terminal", [True, False])
def test_a_run_is_shown_on_standard_error(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)

    with shown(12, zone=ZONE) as progress:
        for step, _, _ in STEPS:
            progress(step)

    out, err = capsys.readouterr()
    assert out == ""
    assert "7 unknown: cut" in err
