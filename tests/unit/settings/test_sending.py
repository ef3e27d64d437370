from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from newsletter.errors import FindingsError
from newsletter.settings import Settings
from newsletter.settings.sending import SendingRules, duration, window
from newsletter.testing import make_settings


def test_without_a_word_nothing_is_quiet_and_no_approval_is_needed() -> None:
    rules = SendingRules()

    assert rules.windows == ()
    assert (rules.latest, rules.approval, rules.threads) == ("2h", "none", 4)


@pytest.mark.parametrize("text", ["21:00-07:00", "mon-sun 21:00–7:00", "  21:00 - 07:00 "])
def test_hours_may_go_over_midnight(text: str) -> None:
    found = window(text)

    assert (str(found.start), str(found.end)) == ("21:00:00", "07:00:00")
    assert len(found.days) == 7


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("fri 18:00-24:00", {4}),
        ("sat,sun 00:00-24:00", {5, 6}),
        ("sat-mon 00:00-06:00", {5, 6, 0}),
        ("Mon-Wed, fri 00:00-06:00", {0, 1, 2, 4}),
    ],
)
def test_days_are_those_of_the_start(text: str, days: set[int]) -> None:
    assert window(text).days == days


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("late", "does not fit"),
        ("21:00", "does not fit"),
        ("21:70-07:00", "no time 21:70"),
        ("25:00-07:00", "no time 25:00"),
        ("24:00-07:00", "begins at 00:00"),
        ("21:00-21:00", "is empty"),
        ("ma-pe 21:00-07:00", "no day 'ma'"),
    ],
)
def test_what_is_no_time_of_day_is_told_in_words(text: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        SendingRules.model_validate({"quiet": text})


def test_hours_that_leave_no_time_to_send_in_are_refused() -> None:
    with pytest.raises(ValidationError, match="leave no time"):
        SendingRules.model_validate({"quiet": ["00:00-12:00", "11:00-24:00"]})


@pytest.mark.parametrize(
    ("text", "minutes"), [("2h", 120), ("90m", 90), ("1h30m", 90), ("1d", 1440), ("1d 2H 5m", 1565)]
)
def test_lengths_are_written_short(text: str, minutes: int) -> None:
    assert duration(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "2", "soon", "0h", "-1h", "9999h"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        duration(text)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('quiet = "night"', "sending.quiet: 'night' does not fit"),
        ('latest = "soon"', "sending.latest: 'soon' does not fit"),
        ("quiet = 9", "sending.quiet: a list in brackets is expected"),
        ('approval = "yes"', "sending.approval"),
        ("threads = 17", "sending.threads"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path: Path, line: str, words: str) -> None:
    starter = Path("newsletter.toml").read_text(encoding="utf-8")
    file = tmp_path / "newsletter.toml"
    file.write_text(f"{starter}\n[sending]\n{line}\n", encoding="utf-8")

    with pytest.raises(FindingsError) as caught:
        Settings.read(file)

    [fault] = caught.value.findings
    assert words in fault.message
    assert fault.place.source == line


def test_one_window_may_stand_without_brackets() -> None:
    settings = make_settings(sending={"quiet": "21:00-07:00"})

    assert settings.sending.quiet == ("21:00-07:00",)
